//! Whether the disk has room. It knows nothing of stores.
//!
//! The engine writes through memory maps of files with holes, and a process that touches such a page on a full
//! disk is killed by the system. Asking first is the only way to make a full disk an error.

use std::io;
use std::path::Path;

#[cfg(unix)]
pub(super) fn require(directory: &Path, bytes: u64) -> io::Result<()> {
    let disk = rustix::fs::statvfs(directory)?;
    if disk.f_bavail.saturating_mul(disk.f_frsize) < bytes {
        return Err(io::Error::new(
            io::ErrorKind::StorageFull,
            format!("less than {} MiB free", bytes / (1024 * 1024)),
        ));
    }
    Ok(())
}

/// Elsewhere files are allocated before they are mapped, and the engine reports the failure.
#[cfg(not(unix))]
pub(super) fn require(_directory: &Path, _bytes: u64) -> io::Result<()> {
    Ok(())
}
