//! What is kept, under which name, and what it depends on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an entry is. Each kind has its own limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What a search service answered.
    Search,
    /// A page that was fetched.
    Page,
    /// What a model answered.
    ModelCall,
    /// A finished answer or report.
    Answer,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Search, Self::Page, Self::ModelCall, Self::Answer];

    /// Its name: `search`, `page`, `model_call`, `answer`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Page => "page",
            Self::ModelCall => "model_call",
            Self::Answer => "answer",
        }
    }

    /// Its place among the kinds, also its number on disk.
    pub(crate) fn place(self) -> usize {
        match self {
            Self::Search => 0,
            Self::Page => 1,
            Self::ModelCall => 2,
            Self::Answer => 3,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of an entry: a digest of its kind and of everything that was asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    pub(crate) kind: Kind,
    pub(crate) digest: [u8; 32],
}

impl Key {
    /// The key of what was asked. Every part counts, in its order; `["ab", "c"]` and `["a", "bc"]` are two keys.
    pub fn new<P: AsRef<[u8]>>(kind: Kind, parts: impl IntoIterator<Item = P>) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(kind.name().as_bytes());
        for part in parts {
            let part = part.as_ref();
            // A part's length before the part, so that no two lists of parts are the same bytes.
            hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hasher.update(part);
        }
        Self {
            kind,
            digest: *hasher.finalize().as_bytes(),
        }
    }

    /// What it names.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.kind)?;
        self.digest
            .iter()
            .take(6)
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Something an entry was made from. When it changes, the entry is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub enum Dependency {
    /// A file below a root.
    File {
        /// The folder.
        root: String,
        /// The path inside it.
        path: String,
    },
    /// Everything below a root: any change there counts.
    Tree {
        /// The folder.
        root: String,
    },
    /// Anything else that has a name and can change: a setting, a model.
    Named {
        /// The name.
        name: String,
    },
}

impl Dependency {
    /// Whether a change of `changed` makes what depends on `self` wrong. A file touches its tree, a tree its files.
    pub fn is_touched_by(&self, changed: &Self) -> bool {
        match (self, changed) {
            (Self::Tree { root }, Self::File { root: changed, .. } | Self::Tree { root: changed })
            | (Self::File { root, .. }, Self::Tree { root: changed }) => root == changed,
            _ => self == changed,
        }
    }
}
