//! What can go wrong with an index, told apart by what the caller can do about it.

use std::path::PathBuf;

use aiex_embed::EmbedError;
use aiex_lexical::LexicalError;
use aiex_vector::VectorError;

/// What the store of vectors is called in failures.
const VECTOR_STORE: &str = "vector";

/// A failure of opening or updating an index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A store cannot be written or read for a reason outside of aiex: a full disk, a read-only
    /// file system, missing permissions.
    #[error("the {store} store at {} cannot be used", path.display())]
    Storage {
        /// Which store.
        store: &'static str,
        /// Where it lies.
        path: PathBuf,
        /// What the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A store is damaged and could not be set aside and rebuilt.
    #[error("the {store} store at {} is damaged", path.display())]
    Damaged {
        /// Which store.
        store: &'static str,
        /// Where it lies.
        path: PathBuf,
        /// What was found.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The repository's folder is gone or cannot be entered.
    #[error("the folder {} cannot be listed", path.display())]
    RootGone {
        /// The root.
        path: PathBuf,
        /// What the walk said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another folder stands at the repository's path, and it is not the repository: a disk that is not mounted leaves such a
    /// one behind.
    #[error(
        "the folder {} is another one than was indexed and holds nothing of it",
        path.display()
    )]
    RootReplaced {
        /// The root.
        path: PathBuf,
    },
    /// The embedder failed; full text is not touched by it.
    #[error("vectors could not be made")]
    Embed(#[from] EmbedError),
    /// The server that keeps the vectors did not do its part; full text is not touched by it.
    #[error(transparent)]
    VectorServer(VectorError),
    /// The observer asked to stop.
    #[error("the update was cancelled")]
    Cancelled,
}

impl IndexError {
    /// Whether only the vectors are out of reach: everything but meaning is searched as well as ever, and they are tried
    /// again later.
    pub fn leaves_full_text(&self) -> bool {
        match self {
            Self::Embed(_) | Self::VectorServer(_) => true,
            Self::Storage { store, .. } => *store == VECTOR_STORE,
            Self::Damaged { .. } | Self::RootGone { .. } | Self::RootReplaced { .. } | Self::Cancelled => {
                false
            }
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Storage { path, .. } => Some(format!(
                "make room and check that {} can be written by you; the last index is served meanwhile",
                path.display()
            )),
            Self::Damaged { .. } => Some("run `aiex repos reindex` to build it anew".to_owned()),
            Self::RootGone { .. } => Some(
                "run `aiex repos remove` if the repository was deleted, or `aiex repos add` where it lies now"
                    .to_owned(),
            ),
            Self::RootReplaced { .. } => Some(
                "the last index is served; mount the disk if it lies on one, or run `aiex repos reindex` if the repository \
                 is to be empty, `aiex repos remove` if it was deleted"
                    .to_owned(),
            ),
            Self::Embed(error) => error.hint(),
            Self::VectorServer(error) => error.hint(),
            Self::Cancelled => None,
        }
    }

    pub(crate) fn sqlite(store: &'static str, path: &std::path::Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        if is_damage(&source) {
            Self::Damaged {
                store,
                path,
                source: Box::new(source),
            }
        } else {
            Self::Storage {
                store,
                path,
                source: Box::new(source),
            }
        }
    }

    pub(crate) fn io(store: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        Self::Storage {
            store,
            path: path.to_owned(),
            source: Box::new(source),
        }
    }

    pub(crate) fn lexical(path: &std::path::Path, source: LexicalError) -> Self {
        let (store, path) = ("full-text", path.to_owned());
        if source.calls_for_rebuild() {
            Self::Damaged {
                store,
                path,
                source: Box::new(source),
            }
        } else {
            Self::Storage {
                store,
                path,
                source: Box::new(source),
            }
        }
    }

    pub(crate) fn vector(path: &std::path::Path, source: VectorError) -> Self {
        if matches!(source, VectorError::Server { .. }) {
            return Self::VectorServer(source);
        }
        let (store, path) = (VECTOR_STORE, path.to_owned());
        if source.calls_for_rebuild() {
            Self::Damaged {
                store,
                path,
                source: Box::new(source),
            }
        } else {
            Self::Storage {
                store,
                path,
                source: Box::new(source),
            }
        }
    }
}

/// Whether SQLite says that the file itself is bad, rather than the disk around it.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => {
            matches!(failure.code, DatabaseCorrupt | NotADatabase)
                // A flipped bit in the schema page shows as a table or column that is not there.
                || message.as_deref().is_some_and(|text| {
                    text.contains("no such table") || text.contains("no such column") || text.contains("malformed")
                })
        }
        rusqlite::Error::SqlInputError { .. }
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..) => true,
        _ => false,
    }
}

/// A failure of a search.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The query cannot be read.
    #[error("the query cannot be read: {reason}")]
    InvalidQuery {
        /// What is wrong with it.
        reason: String,
    },
    /// The place or the name is not one that can be asked about.
    #[error("{message}")]
    InvalidSubject {
        /// What is wrong with it.
        message: String,
        /// What to do.
        hint: &'static str,
    },
    /// What was named is not in the index.
    #[error("{message}")]
    NotFound {
        /// What is missing, and why.
        message: String,
        /// What to do.
        hint: &'static str,
    },
    /// A store failed; it is checked and rebuilt by the next update.
    #[error("the index could not be read")]
    Index(#[from] IndexError),
    /// The caller asked to stop.
    #[error("the search was cancelled")]
    Cancelled,
}

impl SearchError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::InvalidQuery { .. } => {
                Some("check the pattern; `--literal` searches text as it stands".to_owned())
            }
            Self::InvalidSubject { hint, .. } | Self::NotFound { hint, .. } => Some((*hint).to_owned()),
            Self::Index(error) => error.hint(),
            Self::Cancelled => None,
        }
    }
}
