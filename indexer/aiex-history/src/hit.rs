//! What a search finds.

use serde::Serialize;

use crate::change::{ChangeKind, Side};

/// A commit that answers a query.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CommitHit {
    /// The commit's id, 40 hexadecimal digits.
    pub id: String,
    /// The author's name.
    pub author: String,
    /// When it was committed, in seconds since 1970.
    pub time: i64,
    /// The first paragraph of the message, in one line.
    pub subject: String,
    /// The paragraph of the rest of the message that has most of the query's words; empty when there is no rest.
    pub snippet: String,
    /// The changed files, those that the query names first.
    pub files: Vec<ChangedFile>,
    /// Changed files that are not in `files`.
    pub more_files: usize,
    /// Changed lines that have words of the query, the best first.
    pub lines: Vec<DiffLine>,
    /// How well it fits; comparable within one search only.
    pub score: f64,
}

/// A file that a commit changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ChangedFile {
    /// The path, from the root of the repository.
    pub path: String,
    /// What happened to it.
    pub kind: ChangeKind,
}

/// A line that a commit added or removed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DiffLine {
    /// The file.
    pub path: String,
    /// Added or removed.
    pub side: Side,
    /// The line, without the sign.
    pub text: String,
}
