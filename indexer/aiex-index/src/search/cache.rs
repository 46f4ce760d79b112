//! Answers by question and generation. A new generation or new vectors make new keys, so nothing
//! is ever stale; old answers leave by size.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;

use super::request::{SearchOutcome, SearchRequest};
use crate::repo::RepoIndex;
use crate::snapshot::Snapshot;

/// What an answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    root: PathBuf,
    generation: u64,
    vector_epoch: u64,
    request: SearchRequest,
}

impl Key {
    pub(crate) fn new(repo: &RepoIndex, snapshot: &Snapshot, request: &SearchRequest) -> Self {
        Self {
            root: repo.root().path.clone(),
            generation: snapshot.generation,
            vector_epoch: snapshot.vector_epoch,
            request: request.clone(),
        }
    }
}

/// The cache of answers.
pub(crate) struct QueryCache {
    answers: Cache<Key, Arc<SearchOutcome>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl QueryCache {
    pub(crate) fn new(entries: u64) -> Self {
        Self {
            answers: Cache::new(entries),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<SearchOutcome>> {
        let found = self.answers.get(key);
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// As [`get`](Self::get) for who asks otherwise when there is no answer: a miss is counted then.
    pub(crate) fn known(&self, key: &Key) -> Option<Arc<SearchOutcome>> {
        let found = self.answers.get(key)?;
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(found)
    }

    pub(crate) fn insert(&self, key: Key, outcome: Arc<SearchOutcome>) {
        // Lists this long are exports, asked for once.
        if outcome.hits.len() <= 200 {
            self.answers.insert(key, outcome);
        }
    }

    /// Hits, misses, entries.
    pub(crate) fn stats(&self) -> (u64, u64, u64) {
        self.answers.run_pending_tasks();
        (
            self.hits.load(Ordering::Relaxed),
            self.misses.load(Ordering::Relaxed),
            self.answers.entry_count(),
        )
    }
}
