//! What somebody types that nobody should see, or a pipe that carries it. It does not know what it is for.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::os::fd::AsFd as _;

use aiex_protocol::keys::Hidden;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::oneshot;

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::printer::Printer;

/// More than any key or passphrase has, in bytes: somebody piped in something else.
const LONGEST: usize = 64 << 10;

/// Whether somebody sits there who can be asked.
pub(crate) fn is_possible(printer: &Printer) -> bool {
    printer.is_notice_terminal && (io::stdin().is_terminal() || terminal().is_ok())
}

/// Whether standard input is a pipe or a file.
pub(crate) fn is_piped() -> bool {
    !io::stdin().is_terminal()
}

/// Asks, and reads a line that is not shown.
pub(crate) async fn typed(
    question: &str,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<Hidden, Failure> {
    let terminal = terminal().map_err(|error| unreadable(&error))?;
    let silence = Silence::on(&terminal).map_err(|error| unreadable(&error))?;
    printer.prompt(question);
    let outcome = interrupt.or(taken(terminal, Some(b'\n'))).await;
    // Also after Ctrl-C: a terminal that shows nothing is of no use to anybody.
    drop(silence);
    printer.prompt("\n");
    outcome
}

/// Reads all that standard input holds.
pub(crate) async fn piped(interrupt: &mut Interrupt) -> Result<Hidden, Failure> {
    let stdin = stdin().map_err(|error| unreadable(&error))?;
    interrupt.or(taken(stdin, None)).await
}

/// The terminal that somebody sits at: standard input, or the one that the program was started from.
fn terminal() -> io::Result<File> {
    if io::stdin().is_terminal() {
        return stdin();
    }
    File::options().read(true).write(true).open("/dev/tty")
}

/// Standard input without a buffer, in which a copy would stay.
fn stdin() -> io::Result<File> {
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// Reads up to `end`, on a thread of its own: one that waits for a terminal cannot be told to stop, and must not hold up
/// the end of the program.
async fn taken(mut from: File, end: Option<u8>) -> Result<Hidden, Failure> {
    let (sender, answer) = oneshot::channel();
    std::thread::Builder::new()
        .name("aiex-answer".to_owned())
        .spawn(move || {
            // Nobody waits for it any more when the question was interrupted.
            let _ = sender.send(read(&mut from, end));
        })
        .map_err(|error| unreadable(&error))?;
    match answer.await {
        Ok(read) => read.map_err(|error| unreadable(&error)),
        Err(_) => Err(unreadable(&io::Error::other("its reader ended early"))),
    }
}

fn read(from: &mut impl Read, end: Option<u8>) -> io::Result<Hidden> {
    // Made large enough at once: what grows leaves copies behind.
    let mut bytes = Vec::with_capacity(LONGEST);
    let mut byte = [0];
    while from.read(&mut byte)? == 1 && Some(byte[0]) != end {
        if bytes.len() == LONGEST {
            return Err(io::Error::other(format!("it is longer than {LONGEST} bytes")));
        }
        bytes.push(byte[0]);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Hidden::new(text)),
        Err(_) => Err(io::Error::other("it is not text")),
    }
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::new(ExitCode::Usage, "what was typed or piped in cannot be read").because(error)
}

/// As long as it lives, the terminal does not show what is typed.
struct Silence {
    terminal: File,
    before: Termios,
}

impl Silence {
    fn on(terminal: &File) -> io::Result<Self> {
        let terminal = terminal.try_clone()?;
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        // What was typed before the question is no answer to it.
        tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // The terminal may be gone; nobody is left to see what it shows then.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_where_it_ends_and_a_pipe_where_it_is_closed() {
        let taken = |text: &str, end| read(&mut text.as_bytes(), end).unwrap().expose().to_owned();
        assert_eq!(taken("one\ntwo\n", Some(b'\n')), "one");
        assert_eq!(taken("one\ntwo\n", None), "one\ntwo\n");
        assert_eq!(taken("", None), "");
    }

    #[test]
    fn what_no_key_can_be_is_refused_and_not_shown() {
        let long = vec![b'k'; LONGEST + 1];
        for (wrong, why) in [(&long[..], "longer than"), (b"k\xff", "not text")] {
            let error = read(&mut &*wrong, None).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
