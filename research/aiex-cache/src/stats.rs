//! What the cache has done and what it holds.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::Kind;

/// What was done for a kind since the cache was opened, and what is held now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindStats {
    /// Found in memory.
    pub memory_hits: u64,
    /// Found on disk.
    pub disk_hits: u64,
    /// Found nowhere.
    pub misses: u64,
    /// Callers that waited for somebody else's computation.
    pub shared: u64,
    /// Entries dropped from disk for room.
    pub evictions: u64,
    /// Entries dropped because what they depend on changed.
    pub invalidations: u64,
    /// Entries in memory.
    pub memory_entries: u64,
    /// Bytes in memory.
    pub memory_bytes: u64,
    /// Entries on disk.
    pub disk_entries: u64,
    /// Bytes on disk, as stored.
    pub disk_bytes: u64,
}

impl KindStats {
    /// The share of lookups that were found, 0 to 1; `None` before the first lookup.
    pub fn hit_ratio(&self) -> Option<f64> {
        let float = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let hits = self.memory_hits + self.disk_hits;
        let all = hits + self.misses;
        (all > 0).then(|| float(hits) / float(all))
    }
}

/// Whether the disk part works.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DiskState {
    /// It does.
    #[default]
    Working,
    /// It was damaged, was set aside, and was begun anew.
    BegunAnew {
        /// What was wrong.
        why: String,
    },
    /// It does not; the cache goes on in memory.
    Off {
        /// What was wrong.
        why: String,
    },
}

impl DiskState {
    /// What to do next, where there is something to do.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Working => None,
            Self::BegunAnew { .. } => {
                Some("nothing is lost but time: entries are made again as they are asked for")
            }
            Self::Off { .. } => Some("make room on the disk, or look at the rights of the cache's folder"),
        }
    }
}

/// The whole cache.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// By kind.
    pub kinds: BTreeMap<Kind, KindStats>,
    /// Whether the disk part works.
    pub disk: DiskState,
}

/// Counters of one kind.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) memory_hits: AtomicU64,
    pub(crate) disk_hits: AtomicU64,
    pub(crate) misses: AtomicU64,
    pub(crate) shared: AtomicU64,
    pub(crate) invalidations: AtomicU64,
}

impl Counters {
    pub(crate) fn count(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> KindStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        KindStats {
            memory_hits: read(&self.memory_hits),
            disk_hits: read(&self.disk_hits),
            misses: read(&self.misses),
            shared: read(&self.shared),
            invalidations: read(&self.invalidations),
            ..KindStats::default()
        }
    }
}
