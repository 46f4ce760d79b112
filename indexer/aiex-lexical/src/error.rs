//! What can go wrong with an index, sorted by what the caller has to do about it: throw the index away, ask the
//! user for room or rights, or try again. It knows of the engine no more than its words.

use std::any::Any;
use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use tantivy::TantivyError;
use tantivy::directory::error::LockError;

/// Why an index refused.
#[derive(Debug, thiserror::Error)]
pub enum LexicalError {
    /// The files do not make sense. The index is of no use any more: set it aside and build another.
    #[error("lexical index {} is damaged: could not {doing}: {detail}", path.display())]
    Damaged {
        /// The index's directory.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the engine said.
        detail: String,
    },
    /// The disk is full, read-only, or not ours. The index may be as good as ever.
    #[error("could not {doing} in lexical index {}", path.display())]
    Storage {
        /// The index's directory.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The index was written by another version.
    #[error("lexical index {} has format {found}, not {expected}", path.display())]
    Incompatible {
        /// The index's directory.
        path: PathBuf,
        /// The version on disk.
        found: u32,
        /// The version that this program reads and writes.
        expected: u32,
    },
    /// Another writer is at work.
    #[error("lexical index {} is being written already", path.display())]
    Busy {
        /// The index's directory.
        path: PathBuf,
    },
}

impl LexicalError {
    /// Whether the index is to be set aside and built again; every other refusal leaves it as it is.
    pub fn calls_for_rebuild(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Incompatible { .. })
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

    pub(crate) fn damaged(path: &Path, doing: &'static str, detail: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            doing,
            detail: detail.into(),
        }
    }

    fn engine(path: &Path, doing: &'static str, error: &TantivyError) -> Self {
        if matches!(error, TantivyError::LockFailure(LockError::LockBusy, _)) {
            return Self::Busy {
                path: path.to_owned(),
            };
        }
        // The system's error is at another depth in each variant; their debug forms all quote its number.
        Self::from_words(path, doing, &format!("{error:?}"), error.to_string())
    }

    fn from_words(path: &Path, doing: &'static str, words: &str, detail: String) -> Self {
        match quoted_os_error(words) {
            Some(source) if is_circumstance(&source) => Self::Storage {
                path: path.to_owned(),
                doing,
                source,
            },
            _ => Self::Damaged {
                path: path.to_owned(),
                doing,
                detail,
            },
        }
    }
}

/// Runs the engine, and makes errors and panics of it into ours.
pub(crate) fn guarded<T, E: Into<TantivyError> + Debug>(
    path: &Path,
    doing: &'static str,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, LexicalError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(LexicalError::engine(path, doing, &error.into())),
        Err(payload) => {
            let words = panic_words(payload.as_ref());
            Err(LexicalError::from_words(path, doing, words, words.to_owned()))
        }
    }
}

fn panic_words(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("the engine panicked without a message")
}

/// Errors that tell of the machine and not of the files.
fn is_circumstance(error: &io::Error) -> bool {
    // EIO, ENFILE and EMFILE have no stable kind; their numbers are the same on every Unix.
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
    use std::sync::Arc;

    use super::*;

    fn sorted(error: TantivyError) -> LexicalError {
        LexicalError::engine(Path::new("index"), "commit", &error)
    }

    #[test]
    fn a_full_or_forbidden_disk_is_not_damage() {
        for code in [28, 13, 30, 24, 5] {
            let error = TantivyError::IoError(Arc::new(io::Error::from_raw_os_error(code)));
            assert!(matches!(sorted(error), LexicalError::Storage { .. }), "{code}");
        }
    }

    #[test]
    fn a_missing_file_and_nonsense_are_damage() {
        let missing = TantivyError::IoError(Arc::new(io::Error::from_raw_os_error(2)));
        assert!(sorted(missing).calls_for_rebuild());
        assert!(sorted(TantivyError::InternalError("nonsense".to_owned())).calls_for_rebuild());
    }

    #[test]
    fn a_panic_of_the_engine_is_damage() {
        let result = guarded(Path::new("index"), "search", || -> tantivy::Result<()> {
            panic!("index out of bounds")
        });
        assert!(result.unwrap_err().calls_for_rebuild());
    }
}
