//! Reads one file and decides whether it is text worth indexing. It knows nothing of trees: the ignore rules of
//! [`crate::rules`] have spoken before.

mod decode;
mod generated;
mod minified;
mod read;

use crate::relpath::RelPath;
use crate::rules::Force;
use crate::secret::Redaction;
use crate::stat::Stat;

pub use crate::reason::SkipReason;
pub use read::{bytes, read};

/// Of the rules by which a file is left out for what it holds. An index that was made by others is read again.
pub const VERSION: u32 = 2;

/// Source files beyond this are data or generated; the largest hand-written files in public repositories are smaller.
const DEFAULT_MAX_BYTES: u64 = 2 * 1024 * 1024;

/// Even a file that is forced in must fit into memory several times over.
const FORCED_MAX_BYTES: u64 = 32 * 1024 * 1024;

/// What is read and what not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadLimits {
    /// The largest file, in bytes.
    pub max_bytes: u64,
    /// The largest file that `.aiexignore` forces in.
    pub max_forced_bytes: u64,
    /// Whether this file is forced in; [`crate::rules::Rules::force`] knows, and the walk says it.
    pub force: Force,
}

impl Default for ReadLimits {
    fn default() -> ReadLimits {
        ReadLimits {
            max_bytes: DEFAULT_MAX_BYTES,
            max_forced_bytes: FORCED_MAX_BYTES,
            force: Force::No,
        }
    }
}

/// What became of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Read {
    /// Text to be indexed.
    Text(Text),
    /// Left out.
    Skipped {
        /// Why.
        reason: SkipReason,
        /// The rule, for people.
        detail: String,
        /// blake3 of the bytes, when they had to be read to find out.
        hash: Option<[u8; 32]>,
    },
}

/// A text with its secrets blotted out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    /// UTF-8. Of a UTF-8 file it has the same bytes at the same places, except that secrets are `*`, bytes that are
    /// no UTF-8 are `?`, and a byte order mark is gone. Lines are those of the file in every case.
    pub text: String,
    /// Where something was blotted out.
    pub redactions: Vec<Redaction>,
    /// blake3 of the raw bytes.
    pub hash: [u8; 32],
    /// The open file's fingerprint from before it was read: a change during the read makes the next scan differ.
    pub stat: Stat,
    /// Whether some bytes could not be decoded.
    pub was_lossy: bool,
}

/// Why a file could not be read at all.
#[derive(thiserror::Error, Debug)]
pub enum ReadError {
    /// It was there a moment ago.
    #[error("{path} is gone")]
    Vanished {
        /// The file.
        path: RelPath,
    },
    /// The system does not allow it.
    #[error("no permission to read {path}")]
    PermissionDenied {
        /// The file.
        path: RelPath,
    },
    /// Anything else.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: RelPath,
        /// What the system said.
        source: std::io::Error,
    },
}
