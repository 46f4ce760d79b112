//! What can go wrong with a history.

use std::path::{Path, PathBuf};

/// Why a history cannot be read or searched.
#[derive(thiserror::Error, Debug)]
#[non_exhaustive]
pub enum HistoryError {
    /// There is no git repository.
    #[error("{} is not a git repository", root.display())]
    NotARepository {
        /// The folder.
        root: PathBuf,
    },
    /// Objects are named by SHA-256.
    #[error("{} names its objects by {format}; only sha1 can be read", root.display())]
    ObjectFormat {
        /// The repository.
        root: PathBuf,
        /// The format that its configuration names.
        format: String,
    },
    /// Git's files cannot be read.
    #[error("cannot read the git repository {}", root.display())]
    Git {
        /// The repository.
        root: PathBuf,
        /// What gix said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store cannot be read or written.
    #[error("cannot use the history's store {}", path.display())]
    Store {
        /// The store's file.
        path: PathBuf,
        /// What the system or SQLite said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store holds what SQLite cannot make sense of. The next update begins it anew.
    #[error("the history's store {} is damaged", path.display())]
    Damaged {
        /// The store's file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The caller asked for it.
    #[error("the work on the history was cancelled")]
    Cancelled,
}

impl HistoryError {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotARepository { .. } => "leave `git` out of the sources, or run `git init`",
            Self::ObjectFormat { .. } => {
                "leave `git` out of the sources; the files themselves are searched all the same"
            }
            Self::Git { .. } => "run `git fsck` in the repository",
            Self::Store { .. } => "check the free space and the permissions of the state folder",
            Self::Damaged { .. } => "nothing: the store is a cache and is built anew",
            Self::Cancelled => "ask again",
        }
    }

    pub(crate) fn git<E>(root: &Path) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self::Git {
            root: root.into(),
            source: source.into(),
        }
    }

    pub(crate) fn store(path: &Path) -> impl Fn(rusqlite::Error) -> Self {
        move |source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => Self::Damaged {
                path: path.into(),
                source,
            },
            _ => Self::Store {
                path: path.into(),
                source: source.into(),
            },
        }
    }
}
