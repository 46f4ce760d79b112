//! The two locks. The system gives them back when their holder dies, however it dies, so they never lie.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::build;
use crate::paths::{Home, create_private};

/// How long a daemon puts up with others that look at its lock. A look takes microseconds.
const PROBE_PATIENCE: Duration = Duration::from_secs(2);
/// Between two tries to take a lock that is busy.
const RETRY_INTERVAL: Duration = Duration::from_millis(5);

/// Why a lock could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The file could not be opened, locked or written.
    #[error("cannot lock {path}")]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process held it until the deadline.
    #[error("{path} stayed locked by another process")]
    Deadline {
        /// The lock file.
        path: PathBuf,
    },
}

/// Held by the daemon for as long as it lives. Dropping it, or dying, gives it back.
#[derive(Debug)]
pub struct DaemonLock {
    file: File,
    path: PathBuf,
}

impl DaemonLock {
    /// Takes the lock, or returns `None` when another daemon holds it.
    ///
    /// The file's content (process id and version) is for people, and tells one daemon from the next
    /// ([`daemon_lock_owner`]).
    pub fn try_acquire(home: &Home) -> Result<Option<Self>, LockError> {
        let path = home.lock_file();
        let at = |source| LockError::Io {
            path: path.clone(),
            source,
        };
        let deadline = Instant::now() + PROBE_PATIENCE;
        loop {
            let mut file = open(&path).map_err(at)?;
            if try_exclusive(&file).map_err(at)? {
                if !is_file_at(&file, &path) {
                    // Deleted between opening and locking: a lock that nobody else can see is none.
                    release(&file);
                    continue;
                }
                let build = build::current();
                let line = format!("{} {} {}\n", std::process::id(), build.version, build.digest);
                file.set_len(0)
                    .and_then(|()| file.write_all(line.as_bytes()))
                    .map_err(at)?;
                return Ok(Some(Self { file, path }));
            }
            // Those who look take the lock shared: if we can too, no daemon holds it.
            let is_probed_only = try_shared(&file).map_err(at)?;
            release(&file);
            if !is_probed_only {
                return Ok(None);
            }
            if Instant::now() >= deadline {
                return Err(LockError::Deadline { path });
            }
            pause();
        }
    }

    /// Whether the lock that others see is still this one. Not so after somebody deleted the file: then
    /// the daemon must go, because another may start.
    pub fn is_visible(&self) -> bool {
        is_file_at(&self.file, &self.path)
    }
}

impl Drop for DaemonLock {
    fn drop(&mut self) {
        release(&self.file);
    }
}

/// Held by the client that is about to start, or to replace, the daemon.
#[derive(Debug)]
pub struct StartLock {
    file: File,
}

impl StartLock {
    /// Takes the lock, or returns `None` when another client holds it.
    pub fn try_acquire(home: &Home) -> Result<Option<Self>, LockError> {
        let path = home.starting_lock();
        let at = |source| LockError::Io {
            path: path.clone(),
            source,
        };
        let file = open(&path).map_err(at)?;
        if !try_exclusive(&file).map_err(at)? {
            return Ok(None);
        }
        let lock = Self { file };
        Ok(is_file_at(&lock.file, &path).then_some(lock))
    }

    /// Waits for the lock until the deadline. Blocks: asynchronous callers repeat [`Self::try_acquire`].
    pub fn acquire(home: &Home, deadline: Instant) -> Result<Self, LockError> {
        loop {
            if let Some(lock) = Self::try_acquire(home)? {
                return Ok(lock);
            }
            if Instant::now() >= deadline {
                return Err(LockError::Deadline {
                    path: home.starting_lock(),
                });
            }
            pause();
        }
    }
}

impl Drop for StartLock {
    fn drop(&mut self) {
        release(&self.file);
    }
}

/// Whether a daemon holds its lock. Looks without disturbing: see [`DaemonLock::try_acquire`].
pub fn is_daemon_alive(home: &Home) -> bool {
    // No file, no daemon; and no file is made by looking.
    let Ok(file) = OpenOptions::new().read(true).open(home.lock_file()) else {
        return false;
    };
    let outcome = file.try_lock_shared();
    release(&file);
    matches!(outcome, Err(TryLockError::WouldBlock))
}

/// What the last daemon to hold the lock wrote into it, its process first: it tells one daemon from the next.
pub fn daemon_lock_owner(home: &Home) -> Option<String> {
    std::fs::read_to_string(home.lock_file()).ok()
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        create_private(folder)?;
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// Gives a lock back at once. Closing the file would not do: a child process that another thread is about to
/// start holds copies of all open files until it runs its program, and with them the lock.
fn release(file: &File) {
    // Nothing to give back, or nothing to be done about it: closing the file is next.
    let _ = file.unlock();
}

fn try_exclusive(file: &File) -> io::Result<bool> {
    taken(file.try_lock())
}

fn try_shared(file: &File) -> io::Result<bool> {
    taken(file.try_lock_shared())
}

fn taken(outcome: Result<(), TryLockError>) -> io::Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn is_file_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(held), Ok(seen)) => (held.dev(), held.ino()) == (seen.dev(), seen.ino()),
        _ => false,
    }
}

/// A file lock cannot be waited for with a deadline, so it is tried at intervals.
fn pause() {
    std::thread::park_timeout(RETRY_INTERVAL);
}
