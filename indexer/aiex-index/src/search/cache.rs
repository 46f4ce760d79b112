//! Answers by question and snapshot. A new generation or new vectors make new keys, and so does a repository that was forgotten and
//! came back, so nothing is ever stale; old answers leave by size.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;

use super::request::{SearchOutcome, SearchRequest};
use crate::snapshot::Snapshot;

/// What an answer depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    snapshot: u64,
    vector_epoch: u64,
    request: SearchRequest,
}

impl Key {
    pub(crate) fn new(snapshot: &Snapshot, request: &SearchRequest) -> Self {
        Self {
            snapshot: snapshot.number,
            vector_epoch: snapshot.vector_epoch,
            request: request.clone(),
        }
    }
}

/// About the bytes of an entry. Nearly all of it is the text of hits.
fn weight(key: &Key, answer: &SearchOutcome) -> u32 {
    let hits: usize = answer
        .hits
        .iter()
        .map(|hit| {
            let steps = hit
                .explain
                .as_ref()
                .map_or(0, |explanation| explanation.steps.len() * STEP_BYTES);
            size_of_val(hit) + hit.path.len() + hit.snippet.len() + steps
        })
        .sum();
    let whole = size_of_val(key) + size_of_val(answer) + key.request.query.len() + hits;
    u32::try_from(whole).unwrap_or(u32::MAX)
}

/// Bytes of a step of an explanation, its words included.
const STEP_BYTES: usize = 160;

/// The cache of answers.
pub(crate) struct QueryCache {
    answers: Cache<Key, Arc<SearchOutcome>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl QueryCache {
    /// A cache of so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let answers = Cache::builder()
            .weigher(|key: &Key, answer: &Arc<SearchOutcome>| weight(key, answer))
            .max_capacity(bytes)
            .build();
        Self {
            answers,
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

    /// Forgets every answer.
    pub(crate) fn clear(&self) {
        self.answers.invalidate_all();
        self.answers.run_pending_tasks();
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
