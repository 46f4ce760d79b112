//! What can go wrong, and what to do about it.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why history or bookmarks cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionsError {
    /// The file is damaged, or is something else.
    #[error("{path}, which holds the history and the bookmarks, is damaged: {message}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        message: String,
    },
    /// The file was written by a newer version.
    #[error("{path} is of a newer format ({found}; this version knows {known})")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format known.
        known: u32,
    },
    /// The file cannot be read or written now.
    #[error("{path} cannot be used: {message}")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        message: String,
    },
    /// There is no room for another bookmark.
    #[error("there are {max} bookmarks already, and more are not kept")]
    Full {
        /// How many there may be.
        max: u64,
    },
    /// There are no such bookmarks; nothing was removed.
    #[error("there is no bookmark {}", list(ids))]
    NoSuchBookmark {
        /// Their numbers.
        ids: Vec<u64>,
    },
}

impl SessionsError {
    /// What the user can do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => {
                "move the file away to begin anew; `sqlite3 FILE .recover` may save what is in it"
            }
            Self::Newer { .. } => "use the newer version of the program, or move the file away to begin anew",
            Self::Unusable { .. } => "check that the disk is not full and that the file belongs to you",
            Self::Full { .. } => "`aiex bookmark remove` makes room",
            Self::NoSuchBookmark { .. } => "`aiex bookmark list --all` shows them with their numbers",
        }
    }

    pub(crate) fn of(path: &std::path::Path, error: &rusqlite::Error) -> Self {
        let (path, message) = (path.to_owned(), error.to_string());
        let is_damaged = matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TypeMismatch)
        );
        if is_damaged {
            Self::Damaged { path, message }
        } else {
            Self::Unusable { path, message }
        }
    }
}

fn list(ids: &[u64]) -> String {
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    ids.join(", ")
}
