//! What the daemon keeps so as not to get it twice.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Arguments of `cache.clear`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClearCache {
    /// The kinds to empty, by name; every kind when empty.
    pub kinds: Vec<String>,
}

/// What is kept. Comes back from `cache.stats`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CacheReport {
    /// By kind, in a fixed order.
    pub kinds: Vec<CacheKind>,
    /// Bytes on disk, of all kinds.
    pub disk_bytes: u64,
    /// What they may come to.
    pub max_disk_bytes: u64,
    /// Bytes in memory, of all kinds.
    pub memory_bytes: u64,
    /// What they may come to.
    pub max_memory_bytes: u64,
    /// What is wrong with the part on disk; none when it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<CacheProblem>,
}

/// What is wrong with the caches' part on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CacheProblem {
    /// Whether nothing is kept on disk now. Without, it was damaged, was set aside and works again.
    pub is_off: bool,
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// One kind of what is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CacheKind {
    /// Its name: `searches`, `pages`, `model_calls`, `answers`, …
    pub name: String,
    /// Entries, in memory or on disk.
    pub entries: u64,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Answers from memory since the daemon started.
    pub memory_hits: u64,
    /// Answers from disk since the daemon started.
    pub disk_hits: u64,
    /// Times that nothing was there.
    pub misses: u64,
    /// Times that one waited for what another was getting already.
    pub shared: u64,
    /// Entries that went to make room.
    pub evicted: u64,
    /// Seconds that an entry is good for; without end without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_s: Option<u64>,
}

/// What `cache.clear` took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CacheCleared {
    /// Entries.
    pub entries: u64,
    /// Bytes on disk.
    pub disk_bytes: u64,
}
