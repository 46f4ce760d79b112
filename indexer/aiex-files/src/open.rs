//! Opens regular files and nothing else: no link is followed, no pipe or device can block or be disturbed.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

/// Why a path was not opened.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is not there.
    Vanished,
    /// It, or a directory on the way to it, is a symbolic link.
    Symlink,
    /// It is not a regular file.
    Special,
    /// The system said no.
    Io(io::Error),
}

/// Opens `path` for reading when it is a regular file that no symbolic link leads to. `path` must begin with a
/// canonical directory.
pub(crate) fn regular(path: &Path) -> Result<(File, Metadata), Refused> {
    let file = no_links(path)?;
    let metadata = file.metadata().map_err(Refused::Io)?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(Refused::Special)
    }
}

/// The contents of a small regular file, at most `cap` bytes; none when it cannot be read for any reason.
/// Meant for files that programs such as git also read, where absence is normal.
pub(crate) fn small(path: &Path, cap: u64) -> Option<Vec<u8>> {
    let (file, _) = regular(path).ok()?;
    let mut bytes = Vec::new();
    file.take(cap).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(target_os = "linux")]
fn no_links(path: &Path) -> Result<File, Refused> {
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
    use rustix::io::Errno;

    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    match openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        Ok(fd) => Ok(File::from(fd)),
        // Kernels before 5.6 do not have the call, and some sandboxes forbid it.
        Err(Errno::NOSYS | Errno::PERM | Errno::INVAL) => no_links_portable(path),
        Err(errno) => Err(refusal(errno)),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn no_links(path: &Path) -> Result<File, Refused> {
    no_links_portable(path)
}

#[cfg(unix)]
fn no_links_portable(path: &Path) -> Result<File, Refused> {
    use rustix::fs::{Mode, OFlags, open};

    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let fd = open(path, flags, Mode::empty()).map_err(refusal)?;
    straight(path)?;
    Ok(File::from(fd))
}

#[cfg(unix)]
fn refusal(errno: rustix::io::Errno) -> Refused {
    use rustix::io::Errno;
    match errno {
        Errno::NOENT | Errno::NOTDIR => Refused::Vanished,
        Errno::LOOP | Errno::MLINK => Refused::Symlink,
        // What opening a socket or a device without a driver says.
        Errno::NXIO | Errno::NODEV | Errno::OPNOTSUPP => Refused::Special,
        other => Refused::Io(other.into()),
    }
}

#[cfg(not(unix))]
fn no_links(path: &Path) -> Result<File, Refused> {
    let metadata = std::fs::symlink_metadata(path).map_err(from_io)?;
    if metadata.is_symlink() {
        return Err(Refused::Symlink);
    }
    if !metadata.is_file() {
        return Err(Refused::Special);
    }
    let file = File::open(path).map_err(from_io)?;
    straight(path)?;
    Ok(file)
}

#[cfg(not(unix))]
fn from_io(error: io::Error) -> Refused {
    if error.kind() == io::ErrorKind::NotFound {
        Refused::Vanished
    } else {
        Refused::Io(error)
    }
}

/// Whether the directory of `path` is where it says it is.
fn straight(path: &Path) -> Result<(), Refused> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    match parent.canonicalize() {
        Ok(real) if real == parent => Ok(()),
        Ok(_) => Err(Refused::Symlink),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Refused::Vanished),
        Err(error) => Err(Refused::Io(error)),
    }
}

/// Like [`small`], for files that belong to the user's or git's own set-up, where links are common and trusted.
pub(crate) fn small_linked(path: &Path, cap: u64) -> Option<Vec<u8>> {
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(cap).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
