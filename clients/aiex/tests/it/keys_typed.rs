//! Keys and passphrases as somebody types them: nothing is shown, and the terminal is left as it was.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::world::{World, wait_for};

/// Somebody at a terminal, and a program that runs in it.
struct Sitting {
    person: File,
    terminal: File,
    child: Child,
    shown: String,
}

impl Sitting {
    fn at(world: &World, args: &[&str]) -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap();
        let terminal = File::options()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let child = world
            .aiex(&world.home(), args)
            .stdin(terminal.try_clone().unwrap())
            .stderr(terminal.try_clone().unwrap())
            .spawn()
            .unwrap();
        Self {
            person: person.into(),
            terminal,
            child,
            shown: String::new(),
        }
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.terminal)
            .unwrap()
            .local_modes
            .contains(LocalModes::ECHO)
    }

    /// Waits until the program asks, and answers.
    fn answer(&mut self, question: &str, answer: &str) {
        self.wait_for(question);
        assert!(!self.echoes(), "what is typed would be shown");
        self.person.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }

    fn wait_for(&mut self, text: &str) {
        let from = self.shown.len();
        let mut buffer = [0; 4096];
        while !self.shown[from..].contains(text) {
            let read = self.person.read(&mut buffer).unwrap();
            self.shown.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    }
}

#[test]
fn a_passphrase_is_chosen_and_a_key_typed_without_being_shown() {
    let world = World::new();
    let mut sitting = Sitting::at(&world, &["keys", "set", "hosted", "--in", "file"]);
    sitting.answer("choose a passphrase for the new key file: ", "planted horse");
    sitting.answer("the same again: ", "planted horse");
    sitting.answer("key of hosted: ", "sk-planted");
    sitting.wait_for("kept the key of `hosted` in the key file");
    assert!(sitting.echoes());
    assert!(!sitting.shown.contains("planted"), "{}", sitting.shown);
    assert_eq!(wait_for(sitting.child).code, Some(0));

    // Locked, the passphrase is asked for where it is needed.
    world.ok(&world.home(), &["keys", "lock"]);
    let mut sitting = Sitting::at(&world, &["keys", "forget", "hosted"]);
    sitting.answer("passphrase of the key file: ", "planted horse");
    sitting.wait_for("forgot the key of `hosted`");
    assert_eq!(wait_for(sitting.child).code, Some(0));
}

#[test]
fn two_passphrases_that_differ_make_nothing() {
    let world = World::new();
    let mut sitting = Sitting::at(&world, &["keys", "unlock"]);
    sitting.answer("choose a passphrase for the new key file: ", "one");
    sitting.answer("the same again: ", "other");
    sitting.wait_for("the two passphrases differ");
    assert_eq!(wait_for(sitting.child).code, Some(2));
    assert!(!world.aiex_home().join("state/keys/sealed").exists());
}

#[test]
fn ctrl_c_at_the_question_leaves_a_terminal_that_shows_what_is_typed() {
    let world = World::new();
    let mut sitting = Sitting::at(&world, &["keys", "set", "hosted", "--in", "file"]);
    sitting.wait_for("choose a passphrase");
    assert!(!sitting.echoes());
    let pid = Pid::from_raw(i32::try_from(sitting.child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let echoes = sitting.terminal.try_clone().unwrap();
    assert_eq!(wait_for(sitting.child).code, Some(130));
    assert!(tcgetattr(&echoes).unwrap().local_modes.contains(LocalModes::ECHO));
}
