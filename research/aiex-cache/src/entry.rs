//! An entry as it lies in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Dependency;

/// Bytes, until when they are good, and what they depend on. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) value: Arc<[u8]>,
    pub(crate) expires_ms: u64,
    pub(crate) dependencies: Arc<[Dependency]>,
    /// When the disk was last told that this is in use.
    told_ms: Arc<AtomicU64>,
}

/// How often the disk is told that an entry is in use, at most.
const TELL_EVERY_MS: u64 = 60_000;

impl Entry {
    pub(crate) fn new(
        value: Arc<[u8]>,
        expires_ms: u64,
        dependencies: Arc<[Dependency]>,
        now_ms: u64,
    ) -> Self {
        Self {
            value,
            expires_ms,
            dependencies,
            told_ms: Arc::new(AtomicU64::new(now_ms)),
        }
    }

    /// Its weight: what it keeps in memory, roughly.
    pub(crate) fn weight(&self) -> u32 {
        let dependencies: usize = self
            .dependencies
            .iter()
            .map(|dependency| match dependency {
                Dependency::File { root, path } => root.len() + path.len(),
                Dependency::Tree { root } => root.len(),
                Dependency::Named { name } => name.len(),
            })
            .sum();
        u32::try_from(self.value.len() + dependencies + 128).unwrap_or(u32::MAX)
    }

    /// Whether it is time to tell the disk; true once per interval.
    pub(crate) fn is_to_be_told(&self, now_ms: u64) -> bool {
        let told = self.told_ms.load(Ordering::Relaxed);
        now_ms.saturating_sub(told) >= TELL_EVERY_MS
            && self
                .told_ms
                .compare_exchange(told, now_ms, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    /// The files below a root that it depends on.
    pub(crate) fn files_below(&self, below: &str) -> impl Iterator<Item = &str> {
        self.dependencies
            .iter()
            .filter_map(move |dependency| match dependency {
                Dependency::File { root, path } if root == below => Some(path.as_str()),
                _ => None,
            })
    }

    pub(crate) fn is_touched_by(&self, changed: &Dependency) -> bool {
        self.dependencies
            .iter()
            .any(|dependency| dependency.is_touched_by(changed))
    }
}
