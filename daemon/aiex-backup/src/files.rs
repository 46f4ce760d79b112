//! Files and folders that outlive a crash.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::BackupError;

/// Bytes at a time.
const BUFFER: usize = 1 << 16;

/// Copies a file for its owner alone, and puts it on the disk.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let mut source = File::open(from).map_err(|e| BackupError::io(from, e))?;
    let mut target = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(to)
        .map_err(|e| BackupError::io(to, e))?;
    io::copy(&mut source, &mut target)
        .and_then(|_| target.sync_all())
        .map_err(|e| BackupError::io(to, e))
}

/// Writes a file for its owner alone, and puts it on the disk.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| BackupError::io(path, e))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|e| BackupError::io(path, e))
}

/// Makes a folder for its owner alone, and those around it.
pub(crate) fn make_folder(path: &Path) -> Result<(), BackupError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).map_err(|e| BackupError::io(path, e))
}

/// Puts what a file holds, or the names in a folder, on the disk.
pub(crate) fn sync(path: &Path) -> Result<(), BackupError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|e| BackupError::io(path, e))
}

/// Gives a file another name, or a copy of it where that is on another disk.
pub(crate) fn set_aside(from: &Path, to: &Path) -> Result<(), BackupError> {
    match fs::rename(from, to) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::CrossesDevices => {
            copy(from, to)?;
            fs::remove_file(from).map_err(|e| BackupError::io(from, e))
        }
        Err(e) => Err(BackupError::io(from, e)),
    }
}

/// A path with something behind its name.
pub(crate) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The length and the digest of a file.
pub(crate) fn measure(path: &Path) -> Result<(u64, String), BackupError> {
    let failed = |e| BackupError::io(path, e);
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; BUFFER];
    let mut length = 0;
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok((length, hasher.finalize().to_hex().to_string())),
            read => {
                length += read as u64;
                hasher.update(&buffer[..read]);
            }
        }
    }
}
