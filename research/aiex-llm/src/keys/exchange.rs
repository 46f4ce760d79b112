//! Small files that several processes change: one at a time, each as a whole. It does not know what is in them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long another process is waited for. A change takes a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two tries to get the lock, which cannot be waited for with a deadline.
const RETRY: Duration = Duration::from_millis(5);
/// No file of keys is larger; what is was not written by this program.
const LARGEST: u64 = 1 << 20;

/// The right to change the file at a path, until it is dropped or its process dies. The lock is on a file beside it,
/// because the file itself is exchanged.
#[derive(Debug)]
pub(super) struct Turn {
    lock: File,
    path: PathBuf,
}

impl Turn {
    /// Waits for the right; `None` when another process kept it for too long. Makes the folder if there is none.
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        let folder = folder_of(path);
        if !folder.exists() {
            make_private(folder)?;
        }
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(beside(path, ".lock"))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match lock.try_lock() {
                Ok(()) => {
                    let path = path.to_owned();
                    return Ok(Some(Self { lock, path }));
                }
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => return Ok(None),
                Err(TryLockError::WouldBlock) => std::thread::park_timeout(RETRY),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// Puts `bytes` in the place of what is there, for the owner alone. Whoever dies in the midst of it leaves the old
    /// file; once this returns, the new one outlives a loss of power.
    pub(super) fn exchange(&self, bytes: &[u8]) -> io::Result<()> {
        let folder = folder_of(&self.path);
        let next = beside(&self.path, ".next");
        // What somebody left who died here.
        match fs::remove_file(&next) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options
            .open(&next)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&next, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&next);
        }
        written?;
        // Not every system lets a folder be opened; the exchange itself has happened.
        if let Ok(folder) = File::open(folder) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // At once, and not when the last copy of the handle is closed, which a child process may hold.
        let _ = self.lock.unlock();
    }
}

/// What is in the file; `None` when there is none. What is too large to be ours is an error.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::new(ErrorKind::InvalidData, "it is too large"));
    }
    Ok(Some(bytes))
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/count");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let turn = Turn::take(&path).unwrap().unwrap();
                        let count = read(&path).unwrap().map_or(0, |bytes| bytes.len());
                        turn.exchange(&vec![b'.'; count + 1]).unwrap();
                    }
                });
            }
        });
        assert_eq!(read(&path).unwrap().unwrap().len(), 160);
    }

    #[test]
    fn what_somebody_left_who_died_in_the_midst_of_it_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        Turn::take(&path).unwrap().unwrap().exchange(b"old").unwrap();
        fs::write(beside(&path, ".next"), "half of the n").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"old");
        Turn::take(&path).unwrap().unwrap().exchange(b"new").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"new");
    }

    #[test]
    fn it_does_not_read_without_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
        assert_eq!(read(&path).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
