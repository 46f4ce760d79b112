//! Why a backup could not be written, read or brought back.

use std::io;
use std::path::{Path, PathBuf};

use aiex_config::lock::LockError;

/// Why a backup could not be written, read or brought back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or folder could not be used.
    #[error("cannot use `{}`", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A database could not be copied.
    #[error("cannot copy the database `{}`", path.display())]
    Database {
        /// Which.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A part, or a copy of it, is not as it was written.
    #[error("`{}` is damaged: {what}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// There is no backup.
    #[error("`{}` is no backup: it has no manifest.json", path.display())]
    NoBackup {
        /// The folder.
        path: PathBuf,
    },
    /// A newer version wrote it.
    #[error("`{}` is a backup of format {found}, and this version reads format {known}", path.display())]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format known.
        known: u32,
    },
    /// There is nothing to copy.
    #[error("there is nothing to back up: no settings, history, bookmarks, research or keys")]
    Nothing,
    /// What is restored would be written by two.
    #[error("the daemon is running")]
    DaemonRuns,
    /// Whether a daemon runs is not known.
    #[error("cannot find out whether a daemon is running")]
    Lock(#[from] LockError),
}

impl BackupError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn database(path: &Path, source: rusqlite::Error) -> Self {
        Self::Database {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            what: what.into(),
        }
    }
}
