//! A daemon of one's own for one command (`--no-daemon`): its own folder, its own index, gone at the end.
//!
//! The daemon's standard input is a pipe that this process holds. When it closes, whether by the end of the
//! command or by the death of this process, the daemon drains, and removes its folder.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aiex_config::{Home, StartFailure, info};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// What the folder of a private daemon is called, before the process id of its client.
const PREFIX: &str = "private-";
/// A folder without this file is never removed.
const MARKER: &str = "PRIVATE";
/// What the daemon says before it can log.
const LAST_WORDS: &str = "stderr.txt";
/// Opening nothing but a new index takes much less, on the slowest disk.
const START_TIME: Duration = Duration::from_secs(30);
/// A drained daemon is gone sooner; one that is not is killed.
const STOP_TIME: Duration = Duration::from_secs(5);
/// Between two looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// A running private daemon. Dropping it ends it and removes what it wrote.
#[derive(Debug)]
pub(crate) struct PrivateDaemon {
    child: Child,
    root: PathBuf,
}

impl PrivateDaemon {
    /// Starts one beside the user's caches, with the user's settings, and waits until it listens.
    pub(crate) async fn start(users: &Home, interrupt: &mut Interrupt) -> Result<Self, Failure> {
        sweep(&users.cache);
        let root = users.cache.join(format!("{PREFIX}{}", std::process::id()));
        make_folder(&root, users).map_err(|error| {
            Failure::new(
                ExitCode::DaemonUnavailable,
                format!("cannot make {}", root.display()),
            )
            .because(&error)
        })?;
        let home = Home::at(&root);
        let child = spawn(&root).map_err(|error| {
            remove_folder(&root);
            Failure::new(
                ExitCode::DaemonUnavailable,
                "the private daemon cannot be started",
            )
            .because(&error)
        })?;
        let mut daemon = Self { child, root };
        let deadline = Instant::now() + START_TIME;
        while !matches!(info::read_info(&home), Ok(Some(_))) {
            if let Ok(Some(status)) = daemon.child.try_wait() {
                return Err(ended_early(&daemon.root, status));
            }
            if Instant::now() >= deadline {
                return Err(Failure::new(
                    ExitCode::DaemonUnavailable,
                    "the private daemon did not start in time",
                ));
            }
            interrupt
                .or(async {
                    tokio::time::sleep(LOOK_INTERVAL).await;
                    Ok(())
                })
                .await?;
        }
        Ok(daemon)
    }

    /// Its folders.
    pub(crate) fn home(&self) -> Home {
        Home::at(&self.root)
    }
}

impl Drop for PrivateDaemon {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + STOP_TIME;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() >= deadline {
                // It had its time; what it holds is about to be removed anyway.
                let _ = self.child.kill();
                let _ = self.child.wait();
                break;
            }
            std::thread::park_timeout(LOOK_INTERVAL);
        }
        remove_folder(&self.root);
    }
}

fn make_folder(root: &Path, users: &Home) -> io::Result<()> {
    remove_folder(root);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(root)?;
    fs::write(
        root.join(MARKER),
        "made by `aiex --no-daemon`; removed when the command ends\n",
    )?;
    // Its keys are the user's; those in the file are locked unless the environment opens it.
    let keys = Home::at(root).keys_dir();
    if users.keys_dir().is_dir() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(Home::at(root).state)?;
        std::os::unix::fs::symlink(users.keys_dir(), keys)?;
    }
    match fs::copy(&users.config_file, Home::at(root).config_file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn spawn(root: &Path) -> io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["daemon", "run", "--private"])
        .env("AIEX_HOME", root)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(fs::File::create(root.join(LAST_WORDS))?)
        .current_dir("/")
        .spawn()
}

fn ended_early(root: &Path, status: std::process::ExitStatus) -> Failure {
    let failure = Failure::new(
        ExitCode::DaemonUnavailable,
        format!("the private daemon ended at once ({status})"),
    );
    if let Some(reason) = StartFailure::read(&Home::at(root)) {
        let failure = failure.because(&io::Error::other(reason.message));
        return reason.hint.into_iter().fold(failure, Failure::hint);
    }
    match fs::read_to_string(root.join(LAST_WORDS)) {
        Ok(words) if !words.trim().is_empty() => failure.because(&io::Error::other(words.trim().to_owned())),
        _ => failure,
    }
}

/// Removes a private daemon's folder, and nothing that is not one. Links inside are not followed.
pub(crate) fn remove_folder(root: &Path) {
    if client_of(root).is_some() && root.join(MARKER).is_file() {
        // What cannot be removed now is in a cache folder, where it may lie.
        let _ = fs::remove_dir_all(root);
    }
}

/// Removes what clients left that were killed together with their daemons.
fn sweep(cache: &Path) {
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        let root = entry.path();
        let client = client_of(&root).and_then(rustix::process::Pid::from_raw);
        if client
            .is_some_and(|client| rustix::process::test_kill_process(client) == Err(rustix::io::Errno::SRCH))
        {
            remove_folder(&root);
        }
    }
}

/// The process id in the name of a private daemon's folder.
fn client_of(root: &Path) -> Option<i32> {
    root.file_name()?.to_str()?.strip_prefix(PREFIX)?.parse().ok()
}
