//! The folder of the daemon's socket: made for the user only, and checked, because under `/tmp` somebody
//! else may have made it first.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::paths::create_private;

/// The user that can do everything anyway.
const ROOT: u32 = 0;
/// In a folder with this bit, only a name's owner may rename or remove it.
const STICKY: u32 = 0o1000;

/// Why a folder is not one to listen in.
#[derive(Debug, thiserror::Error)]
pub enum SocketDirError {
    /// It could not be made or looked at.
    #[error("cannot prepare the socket folder {path}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A link could be turned to another place at any time.
    #[error("{path} is a symbolic link, which aiex does not follow; remove it and try again")]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// A file or something else.
    #[error("{path} is not a folder; move it away and try again")]
    NotAFolder {
        /// What is there.
        path: PathBuf,
    },
    /// Another user could replace the socket.
    #[error(
        "{path} belongs to user {owner}, not to you; move it away, or set AIEX_HOME to a shorter path of your own"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// The owner's number.
        owner: u32,
    },
    /// Others could reach or replace the socket.
    #[error("{path} is open to other users (mode {mode:o}); run `chmod 700 {path}` and try again")]
    Open {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

/// Makes the folder if it is missing and verifies that nobody else can get at what lies in it.
///
/// The folder itself must be a real one, ours, with mode 0700. A folder above it that lies directly in a
/// place where anybody may create names must be real, ours or the system's, and must not let others change
/// names in it: closed to their writing, or sticky as `/tmp` is.
pub fn prepare(path: &Path) -> Result<(), SocketDirError> {
    // What exists is checked before anything is made below it.
    check_existing(path)?;
    create_private(path).map_err(|source| io_error(path, source))?;
    check_existing(path)?;
    let metadata = look(path)?.ok_or_else(|| io_error(path, io::ErrorKind::NotFound.into()))?;
    check(path, &metadata, true)
}

fn check_existing(path: &Path) -> Result<(), SocketDirError> {
    for folder in path.ancestors() {
        let Some(parent) = folder.parent() else { break };
        let Some(metadata) = look(folder)? else { continue };
        let is_exposed = fs::metadata(parent)
            .map_err(|source| io_error(parent, source))?
            .mode()
            & 0o002
            != 0;
        if folder == path || is_exposed {
            check(folder, &metadata, folder == path)?;
        }
    }
    Ok(())
}

fn look(path: &Path) -> Result<Option<Metadata>, SocketDirError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(io_error(path, source)),
    }
}

fn check(path: &Path, metadata: &Metadata, is_socket_folder: bool) -> Result<(), SocketDirError> {
    let path = || path.to_owned();
    if metadata.is_symlink() {
        return Err(SocketDirError::Symlink { path: path() });
    }
    if !metadata.is_dir() {
        return Err(SocketDirError::NotAFolder { path: path() });
    }
    let owner = metadata.uid();
    let is_ours = owner == rustix::process::getuid().as_raw();
    if !is_ours && (is_socket_folder || owner != ROOT) {
        return Err(SocketDirError::Foreign { path: path(), owner });
    }
    let mode = metadata.mode() & 0o7777;
    let is_open = if is_socket_folder {
        mode & 0o077 != 0
    } else {
        mode & 0o022 != 0 && mode & STICKY == 0
    };
    if is_open {
        return Err(SocketDirError::Open { path: path(), mode });
    }
    Ok(())
}

fn io_error(path: &Path, source: io::Error) -> SocketDirError {
    SocketDirError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// A folder in which, as in `/tmp`, anybody may create names.
    fn shared_place() -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        set_mode(place.path(), 0o1777);
        place
    }

    #[test]
    fn makes_a_private_folder_and_accepts_it_again() {
        let place = shared_place();
        let path = place.path().join("aiex-0/abc/c1");
        prepare(&path).unwrap();
        prepare(&path).unwrap();
        for folder in path.ancestors().take(3) {
            assert_eq!(
                fs::metadata(folder).unwrap().mode() & 0o777,
                0o700,
                "{}",
                folder.display()
            );
        }
    }

    #[test]
    fn refuses_a_link_even_to_a_good_folder() {
        let place = shared_place();
        let target = place.path().join("target");
        prepare(&target.join("c1")).unwrap();
        symlink(&target, place.path().join("link")).unwrap();
        symlink(target.join("c1"), target.join("c1-link")).unwrap();
        assert!(matches!(
            prepare(&place.path().join("link")),
            Err(SocketDirError::Symlink { .. })
        ));
        assert!(matches!(
            prepare(&place.path().join("link/c1")),
            Err(SocketDirError::Symlink { .. })
        ));
        assert!(matches!(
            prepare(&target.join("c1-link")),
            Err(SocketDirError::Symlink { .. })
        ));
    }

    #[test]
    fn a_dangling_link_is_refused_and_nothing_is_made_behind_it() {
        let place = shared_place();
        let behind = place.path().join("behind");
        symlink(&behind, place.path().join("link")).unwrap();
        assert!(matches!(
            prepare(&place.path().join("link/c1")),
            Err(SocketDirError::Symlink { .. })
        ));
        assert!(!behind.exists());
    }

    #[test]
    fn refuses_an_open_mode_and_says_how_to_mend_it() {
        let place = shared_place();
        let path = place.path().join("dir");
        prepare(&path).unwrap();
        for mode in [0o755, 0o770, 0o701] {
            set_mode(&path, mode);
            let error = prepare(&path).unwrap_err();
            assert!(matches!(&error, SocketDirError::Open { mode: seen, .. } if *seen == mode));
            assert!(
                error
                    .to_string()
                    .contains(&format!("chmod 700 {}", path.display())),
                "{error}"
            );
        }
    }

    #[test]
    fn refuses_a_parent_that_others_may_write_to() {
        let place = shared_place();
        let parent = place.path().join("aiex-0");
        prepare(&parent.join("c1")).unwrap();
        set_mode(&parent, 0o777);
        assert!(matches!(
            prepare(&parent.join("c1")),
            Err(SocketDirError::Open { .. })
        ));
    }

    #[test]
    fn refuses_a_file() {
        let place = shared_place();
        let path = place.path().join("file");
        fs::write(&path, "").unwrap();
        assert!(matches!(prepare(&path), Err(SocketDirError::NotAFolder { .. })));
    }

    #[test]
    fn refuses_another_owner() {
        let place = shared_place();
        let path = place.path().join("dir");
        prepare(&path).unwrap();
        // Only the superuser can give a folder away; for anybody else the attack cannot be staged.
        if chown(&path, Some(12_345), None).is_ok() {
            assert!(matches!(
                prepare(&path),
                Err(SocketDirError::Foreign { owner: 12_345, .. })
            ));
        }
    }
}
