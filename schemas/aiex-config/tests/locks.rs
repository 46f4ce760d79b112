//! The locks between processes: this test binary starts itself as the other process.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aiex_config::{DaemonLock, Home, StartLock, is_daemon_alive};

/// Set in the other process: what it should hold, and where.
const ROLE: &str = "AIEX_TEST_LOCK_ROLE";
const PLACE: &str = "AIEX_TEST_LOCK_PLACE";

/// Not a test in this process: the body of the other one. It holds a lock until its input closes.
#[test]
fn other_process() {
    let (Some(role), Some(place)) = (std::env::var_os(ROLE), std::env::var_os(PLACE)) else {
        return;
    };
    let home = Home::at(Path::new(&place));
    let (daemon, start);
    match role.to_str().unwrap() {
        "daemon" => {
            daemon = DaemonLock::try_acquire(&home).unwrap();
            assert!(daemon.is_some());
        }
        "start" => {
            start = StartLock::try_acquire(&home).unwrap();
            assert!(start.is_some());
        }
        "probe" => {
            let deadline = Instant::now() + Duration::from_secs(20);
            fs::write(home.state.join("probing"), "").unwrap();
            while !home.state.join("enough").exists() && Instant::now() < deadline {
                is_daemon_alive(&home);
            }
            return;
        }
        other => panic!("{other}"),
    }
    fs::write(home.state.join("held"), "").unwrap();
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).unwrap();
}

struct Other(Child);

impl Other {
    fn start(home: &Home, role: &str) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["other_process", "--exact", "--nocapture"])
            .env(ROLE, role)
            .env(PLACE, home.root.as_ref().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let sign = home.state.join(if role == "probe" { "probing" } else { "held" });
        eventually(|| sign.exists());
        Self(child)
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn eventually(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

fn scratch() -> (tempfile::TempDir, Home) {
    let place = tempfile::tempdir().unwrap();
    let home = Home::at(place.path());
    home.create().unwrap();
    (place, home)
}

#[test]
fn one_daemon_at_a_time_and_a_killed_one_leaves_no_trace() {
    let (_place, home) = scratch();
    assert!(!is_daemon_alive(&home));
    assert!(!home.lock_file().exists(), "looking makes no file");

    let other = Other::start(&home, "daemon");
    assert!(is_daemon_alive(&home));
    assert!(DaemonLock::try_acquire(&home).unwrap().is_none());
    let line = BufReader::new(fs::File::open(home.lock_file()).unwrap())
        .lines()
        .next()
        .unwrap()
        .unwrap();
    assert!(
        line.starts_with(&format!("{} {}", other.0.id(), env!("CARGO_PKG_VERSION"))),
        "{line}"
    );

    other.kill();
    assert!(!is_daemon_alive(&home));
    let ours = DaemonLock::try_acquire(&home).unwrap().unwrap();
    assert!(is_daemon_alive(&home));
    drop(ours);
    assert!(!is_daemon_alive(&home));
}

#[test]
fn looking_at_the_lock_never_keeps_a_daemon_from_starting() {
    let (_place, home) = scratch();
    drop(DaemonLock::try_acquire(&home).unwrap());
    let mut other = Other::start(&home, "probe");
    for _ in 0..200 {
        assert!(DaemonLock::try_acquire(&home).unwrap().is_some());
    }
    fs::write(home.state.join("enough"), "").unwrap();
    other.0.wait().unwrap();
}

#[test]
fn a_deleted_lock_file_is_noticed_by_its_holder() {
    let (_place, home) = scratch();
    let ours = DaemonLock::try_acquire(&home).unwrap().unwrap();
    assert!(ours.is_visible());
    fs::remove_file(home.lock_file()).unwrap();
    assert!(!ours.is_visible());
    let _theirs = DaemonLock::try_acquire(&home).unwrap().unwrap();
    assert!(!ours.is_visible());
}

#[test]
fn the_start_lock_is_waited_for_with_a_deadline_and_freed_by_death() {
    let (_place, home) = scratch();
    let other = Other::start(&home, "start");
    assert!(StartLock::try_acquire(&home).unwrap().is_none());
    let error = StartLock::acquire(&home, Instant::now() + Duration::from_millis(20)).unwrap_err();
    assert!(error.to_string().contains("starting.lock"), "{error}");
    other.kill();
    StartLock::acquire(&home, Instant::now() + Duration::from_secs(20)).unwrap();
}
