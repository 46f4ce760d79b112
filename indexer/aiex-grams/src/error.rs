//! What can go wrong with a segment.

use std::path::{Path, PathBuf};

/// A failure of reading or writing segments.
#[derive(Debug, thiserror::Error)]
pub enum GramsError {
    /// The file system refused.
    #[error("{} cannot be used", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A segment is not what was written: its documents count as not covered.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What was found.
        what: &'static str,
    },
    /// The caller asked to stop.
    #[error("it was cancelled")]
    Cancelled,
}

impl GramsError {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn damaged(path: &Path, what: &'static str) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            what,
        }
    }
}
