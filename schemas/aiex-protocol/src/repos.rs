//! Repositories: registering, listing, forgetting, progress.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Arguments of `add_repo`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AddRepo {
    /// A folder inside the repository.
    pub path: String,
    /// Register it even if it is not a repository or is refused by default.
    pub yes: bool,
    /// Stream progress until the first index, vectors included, is complete.
    pub wait: bool,
}

/// Arguments of `remove_repo`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemoveRepo {
    /// A folder inside the repository, or its root as `list_repos` shows it.
    pub path: String,
}

/// Arguments of `reindex_repo`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReindexRepo {
    /// A folder inside the repository.
    pub path: String,
    /// Stream progress until it is complete.
    pub wait: bool,
}

/// Where vectors are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VectorPlace {
    /// On this machine.
    Local,
    /// On the server that the settings name.
    Server,
}

/// Arguments of `move_vectors`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoveVectors {
    /// A folder inside the repository.
    pub path: String,
    /// Where its vectors shall be.
    pub to: VectorPlace,
    /// Stream progress until they are there.
    #[serde(default)]
    pub wait: bool,
}

/// How a repository's files are watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum WatchMode {
    /// The system reports changes.
    Events {
        /// Folders watched.
        watches: u64,
    },
    /// The tree is scanned at an interval.
    Polling {
        /// Seconds between scans.
        interval_s: u64,
        /// Why not by events.
        reason: String,
    },
    /// Not watched: the repository is gone, or its component is down.
    Off {
        /// Why.
        reason: String,
    },
}

/// What a repository's index is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Opening its stores.
    Opening,
    /// Listing files.
    Scanning,
    /// Reading, chunking and writing full text.
    Indexing,
    /// Filling in vectors.
    Embedding,
    /// Up to date.
    Idle,
    /// Stopped by a failure; `RepoStatus::problem` says which.
    Failed,
}

/// How far an index is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IndexProgress {
    /// Absolute path of the repository.
    pub repo: String,
    /// What is going on.
    pub phase: Phase,
    /// Units done in this phase: files, or chunks when embedding.
    pub done: u64,
    /// Units in this phase, as far as known.
    pub total: u64,
    /// Units a second over the phase.
    pub rate: f32,
}

/// A repository as `list_repos` and `status` show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RepoStatus {
    /// Absolute path of the root.
    pub root: String,
    /// The branch checked out, if it is a git repository with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// What its index is doing.
    pub phase: Phase,
    /// Units done in the phase.
    pub done: u64,
    /// Units in the phase.
    pub total: u64,
    /// Units a second.
    pub rate: f32,
    /// The generation that queries see.
    pub generation: u64,
    /// Whether a first complete index exists.
    pub is_complete: bool,
    /// Files seen by the last scan: indexed + skipped + failed.
    pub files_seen: u64,
    /// Files in the index.
    pub files_indexed: u64,
    /// Files left out on purpose.
    pub files_skipped: u64,
    /// Files that could not be read or chunked.
    pub files_failed: u64,
    /// Files changed on disk and not yet in the served generation.
    pub stale_files: u64,
    /// Chunks in the index.
    pub chunks: u64,
    /// Chunks with a vector.
    pub chunks_embedded: u64,
    /// Symbols in the index.
    pub symbols: u64,
    /// Bytes of source that the index covers.
    pub source_bytes: u64,
    /// Bytes on disk of the repository's own stores.
    pub disk_bytes: u64,
    /// How files are watched.
    pub watch: WatchMode,
    /// When the index last agreed with the disk, in milliseconds since the Unix epoch; 0 for never.
    pub fresh_at_ms: u64,
    /// Why the repository cannot be indexed now, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Stores that were found damaged, set aside and rebuilt since the daemon started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantined: Vec<String>,
    /// The collection on the server that holds its vectors; none when they are on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector_collection: Option<String>,
    /// Where its vectors are being moved to, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vectors_moving_to: Option<VectorPlace>,
    /// Whether its stores are closed until somebody asks for it, because memory is short or nobody has asked yet.
    #[serde(default, skip_serializing_if = "is_awake")]
    pub is_at_rest: bool,
}

fn is_awake(is_at_rest: &bool) -> bool {
    !is_at_rest
}
