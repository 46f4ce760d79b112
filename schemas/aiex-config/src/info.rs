//! The info file: where the daemon listens. The lock, not this file, says whether it lives.

use std::io;
use std::path::PathBuf;

use aiex_protocol::DaemonInfo;

use crate::paths::Home;
use crate::private_file;

/// Why the info file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum InfoError {
    /// It could not be read or written, or belongs to another user.
    #[error("cannot use {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is half-written or was not written by a daemon.
    #[error("{path} is not a daemon's info file")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Publishes where the daemon listens. Only the holder of the daemon lock may.
pub fn write_info(home: &Home, info: &DaemonInfo) -> Result<(), InfoError> {
    let path = home.info_file();
    let bytes = serde_json::to_vec_pretty(info).map_err(|source| InfoError::Malformed {
        path: path.clone(),
        source,
    })?;
    private_file::replace(&path, &bytes).map_err(|source| InfoError::Io { path, source })
}

/// Reads it: `None` when there is none. For a client, an error is as good as none, with a reason to log.
pub fn read_info(home: &Home) -> Result<Option<DaemonInfo>, InfoError> {
    let path = home.info_file();
    let Some(bytes) = private_file::read(&path).map_err(|source| InfoError::Io {
        path: path.clone(),
        source,
    })?
    else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|source| InfoError::Malformed { path, source })
}

/// Takes it back, on a clean exit. A daemon that leaves it behind is one that crashed.
pub fn remove_info(home: &Home) -> Result<(), InfoError> {
    let path = home.info_file();
    private_file::remove(&path).map_err(|source| InfoError::Io { path, source })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::build;

    fn example() -> DaemonInfo {
        DaemonInfo {
            contract: 1,
            pid: 7,
            socket: "/x/aiexd.sock".into(),
            tcp: None,
            build: build::current(),
            token: "secret".into(),
            started_at_ms: 1,
        }
    }

    #[test]
    fn comes_back_as_written_and_goes() {
        let place = tempfile::tempdir().unwrap();
        let home = Home::at(place.path());
        home.create().unwrap();
        assert_eq!(read_info(&home).unwrap(), None);
        write_info(&home, &example()).unwrap();
        assert_eq!(read_info(&home).unwrap(), Some(example()));
        remove_info(&home).unwrap();
        assert_eq!(read_info(&home).unwrap(), None);
    }

    #[test]
    fn a_half_written_file_is_told_from_a_good_one() {
        let place = tempfile::tempdir().unwrap();
        let home = Home::at(place.path());
        home.create().unwrap();
        let whole = serde_json::to_vec(&example()).unwrap();
        for length in [0, 1, whole.len() / 2, whole.len() - 1] {
            fs::write(home.info_file(), &whole[..length]).unwrap();
            assert!(
                matches!(read_info(&home), Err(InfoError::Malformed { .. })),
                "{length} bytes"
            );
        }
    }
}
