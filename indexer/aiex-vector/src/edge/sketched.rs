//! When the sketch of a store is whole, and when it pays to look through it first.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::sketch::Sketch;
use crate::store::Filter;

/// How many candidates are compared for each vector that is wanted (see [`sketch`](crate::sketch) for what that loses).
const CANDIDATES: usize = 5;

/// The engine compares a candidate by its id in about the time in which it compares this many vectors in their order.
const COST_OF_CANDIDATE: usize = 4;

#[derive(Debug)]
enum State {
    /// Nobody has searched yet, or the reading was given up.
    Cold,
    /// The store is being read; changes are taken in meanwhile.
    Filling(Sketch),
    Ready(Sketch),
}

#[derive(Debug)]
pub(super) struct Sketched {
    dimensions: usize,
    state: RwLock<State>,
}

impl Sketched {
    pub(super) fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            state: RwLock::new(State::Cold),
        }
    }

    /// Starts to fill the sketch; not if it is being filled or full.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.write();
        let begins = matches!(*state, State::Cold);
        if begins {
            *state = State::Filling(Sketch::new(self.dimensions));
        }
        begins
    }

    /// Takes in what was read from the store. What changes meanwhile may come in twice, or stay although it is gone: the
    /// store has the last word on every candidate.
    pub(super) fn fill(&self, ids: &[u64], vectors: &[i8]) {
        if let State::Filling(sketch) = &mut *self.write() {
            sketch.add(ids, vectors);
        }
    }

    pub(super) fn finish(&self) {
        let mut state = self.write();
        *state = match std::mem::replace(&mut *state, State::Cold) {
            State::Filling(sketch) => State::Ready(sketch),
            other => other,
        };
    }

    pub(super) fn abandon(&self) {
        *self.write() = State::Cold;
    }

    /// Puts vectors in place of those that the ids had.
    pub(super) fn put(&self, ids: &[u64], vectors: &[i8]) {
        if let State::Filling(sketch) | State::Ready(sketch) = &mut *self.write() {
            sketch.remove(ids);
            sketch.add(ids, vectors);
        }
    }

    pub(super) fn remove(&self, ids: &[u64]) {
        if let State::Filling(sketch) | State::Ready(sketch) = &mut *self.write() {
            sketch.remove(ids);
        }
    }

    /// The ids to compare; `None` when the store is quicker without.
    pub(super) fn candidates(
        &self,
        query: &[f32],
        limit: usize,
        filter: Option<Filter<'_>>,
    ) -> Option<Vec<u64>> {
        let state = self.read();
        let State::Ready(sketch) = &*state else {
            return None;
        };
        let count = limit.saturating_mul(CANDIDATES);
        let pays = |all: usize| all > count.saturating_mul(COST_OF_CANDIDATE);
        match filter {
            None => pays(sketch.len()).then(|| sketch.nearest(query, count)),
            Some(Filter::Allow(allowed)) if pays(allowed.len()) => {
                if allowed.is_sorted() {
                    return Some(sketch.nearest_among(query, count, allowed));
                }
                let mut sorted = allowed.to_vec();
                sorted.sort_unstable();
                Some(sketch.nearest_among(query, count, &sorted))
            }
            Some(Filter::Allow(_)) => None,
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
