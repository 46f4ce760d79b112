//! What can go wrong with a store, sorted by what the caller has to do about it: throw the store away, ask the
//! user for room or rights, or mend its own call. It knows of no engine but through the engine's words.

use std::any::Any;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::server::Trouble;

/// What a store on disk is written in: two stores are compatible when these are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    /// The version of the layout on disk.
    pub version: u32,
    /// Components of every vector.
    pub dimensions: usize,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {} with {} dimensions", self.version, self.dimensions)
    }
}

/// Why a store refused.
#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    /// The files do not make sense. The store is of no use any more: set it aside and build another.
    #[error("vector store {} is damaged: could not {doing}: {detail}", path.display())]
    Damaged {
        /// The store's directory.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the engine said.
        detail: String,
    },
    /// The disk is full, read-only, or not ours. The store may be as good as ever.
    #[error("could not {doing} in vector store {}", path.display())]
    Storage {
        /// The store's directory.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The store was written by another version, or for other vectors.
    #[error("vector store {} has {found}, not {expected}", path.display())]
    Incompatible {
        /// The store's directory.
        path: PathBuf,
        /// What is on disk.
        found: Format,
        /// What this program reads and writes.
        expected: Format,
    },
    /// The call does not fit the store: a slice of another length than ids and dimensions ask for.
    #[error("expected {expected} vector components, got {found}")]
    Shape {
        /// Components given.
        found: usize,
        /// Components that would fit.
        expected: usize,
    },
    /// The server did not do its part. What it keeps may be as good as ever.
    #[error("the vector server at {url} could not {doing}: {trouble}")]
    Server {
        /// Its address, without credentials.
        url: String,
        /// What was asked of it.
        doing: &'static str,
        /// Why not.
        trouble: Trouble,
    },
}

impl VectorError {
    /// Whether the store is to be set aside and built again; every other refusal leaves it as it is.
    pub fn calls_for_rebuild(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Incompatible { .. })
    }

    /// What a user can do about a server.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Server { trouble, .. } => Some(trouble.hint()),
            _ => None,
        }
    }

    /// Whether the server is there, and the collection is not.
    pub fn is_missing_collection(&self) -> bool {
        matches!(
            self,
            Self::Server {
                trouble: Trouble::Missing,
                ..
            }
        )
    }

    pub(crate) fn io(path: &Path, doing: &'static str, source: io::Error) -> Self {
        if is_circumstance(&source) {
            Self::Storage {
                path: path.to_owned(),
                doing,
                source,
            }
        } else {
            Self::Damaged {
                path: path.to_owned(),
                doing,
                detail: source.to_string(),
            }
        }
    }

    /// Sorts what the engine said. Its errors are sentences, so the system's error number, which they quote, is
    /// the only thing in them that can be relied on.
    pub(crate) fn engine(path: &Path, doing: &'static str, words: String) -> Self {
        match quoted_os_error(&words) {
            Some(source) if is_circumstance(&source) => Self::Storage {
                path: path.to_owned(),
                doing,
                source,
            },
            _ => Self::Damaged {
                path: path.to_owned(),
                doing,
                detail: words,
            },
        }
    }

    pub(crate) fn panic(path: &Path, doing: &'static str, payload: &(dyn Any + Send)) -> Self {
        Self::engine(path, doing, panic_words(payload).to_owned())
    }
}

/// The message of a panic, where it has one.
pub(crate) fn panic_words(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("the engine panicked without a message")
}

/// Errors that tell of the machine and not of the files.
fn is_circumstance(error: &io::Error) -> bool {
    // EMFILE, ENFILE and EIO have no stable kind; their numbers are the same on every Unix.
    const MACHINE: [i32; 3] = [5, 23, 24];
    matches!(
        error.kind(),
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::FileTooLarge
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::OutOfMemory
            | ErrorKind::ResourceBusy
            | ErrorKind::WouldBlock
            | ErrorKind::Interrupted
    ) || (cfg!(unix) && error.raw_os_error().is_some_and(|code| MACHINE.contains(&code)))
}

/// Finds `os error 28` (how an `io::Error` displays) or `code: 28` (how it debugs).
fn quoted_os_error(words: &str) -> Option<io::Error> {
    ["os error ", "code: "].iter().find_map(|mark| {
        let rest = &words[words.find(mark)? + mark.len()..];
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok().map(io::Error::from_raw_os_error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_or_forbidden_disk_is_not_damage() {
        let path = Path::new("store");
        for words in [
            "Service runtime error: No space left on device (os error 28)",
            "segments flushed: ServiceError { description: Os { code: 28, kind: StorageFull } }",
            "IO Error: Permission denied (os error 13)",
            "Read-only file system (os error 30)",
            "Too many open files (os error 24)",
        ] {
            let error = VectorError::engine(path, "flush", words.to_owned());
            assert!(matches!(error, VectorError::Storage { .. }), "{words}: {error:?}");
        }
    }

    #[test]
    fn a_missing_file_and_nonsense_are_damage() {
        let path = Path::new("store");
        for words in [
            "No such file or directory (os error 2)",
            "invalid entry",
            "os error x",
            "",
        ] {
            let error = VectorError::engine(path, "open", words.to_owned());
            assert!(error.calls_for_rebuild(), "{words}: {error:?}");
        }
    }
}
