//! When the sketch of a store is whole, and when it pays to look through it first.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::sketch::Sketch;
use crate::store::Filter;

/// How many candidates are compared for each vector that is wanted.
const CANDIDATES: usize = 2;

/// How many are compared at least: the first 120 are what ranking lives on (see [`sketch`](crate::sketch) for how many
/// of them are among so many).
const LEAST_CANDIDATES: usize = 600;

/// The engine compares a candidate by its id in about the time in which it compares this many vectors in their order.
const COST_OF_CANDIDATE: usize = 4;

#[derive(Debug)]
enum State {
    /// Nobody has searched yet, or the reading was given up.
    Cold,
    /// The store is being read; changes are taken in meanwhile.
    Filling {
        sketch: Sketch,
        /// What was put or removed since the reading began: what was read of these may be what they were before.
        changed: HashSet<u64>,
    },
    Ready(Sketch),
}

impl State {
    /// Forgets what these ids had, and gives the sketch that takes in what they have now, if there is one yet.
    fn change(&mut self, ids: &[u64]) -> Option<&mut Sketch> {
        let sketch = match self {
            Self::Cold => return None,
            Self::Filling { sketch, changed } => {
                changed.extend(ids);
                sketch
            }
            Self::Ready(sketch) => sketch,
        };
        sketch.remove(ids);
        Some(sketch)
    }
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
            *state = State::Filling {
                sketch: Sketch::new(self.dimensions),
                changed: HashSet::new(),
            };
        }
        begins
    }

    /// Takes in what was read from the store, but for what has changed since the reading began.
    pub(super) fn fill(&self, ids: &[u64], vectors: &[i8]) {
        let State::Filling { sketch, changed } = &mut *self.write() else {
            return;
        };
        if !ids.iter().any(|id| changed.contains(id)) {
            return sketch.add(ids, vectors);
        }
        for (id, vector) in ids.iter().zip(vectors.chunks_exact(self.dimensions.max(1))) {
            if !changed.contains(id) {
                sketch.add(&[*id], vector);
            }
        }
    }

    pub(super) fn finish(&self) {
        let mut state = self.write();
        *state = match std::mem::replace(&mut *state, State::Cold) {
            State::Filling { sketch, .. } => State::Ready(sketch),
            other => other,
        };
    }

    pub(super) fn abandon(&self) {
        *self.write() = State::Cold;
    }

    /// Puts vectors in place of those that the ids had.
    pub(super) fn put(&self, ids: &[u64], vectors: &[i8]) {
        if let Some(sketch) = self.write().change(ids) {
            sketch.add(ids, vectors);
        }
    }

    pub(super) fn remove(&self, ids: &[u64]) {
        self.write().change(ids);
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
        let count = limit.saturating_mul(CANDIDATES).max(LEAST_CANDIDATES);
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

#[cfg(test)]
mod tests {
    use super::*;

    const DIMENSIONS: usize = 64;

    /// A vector that points along the one component.
    fn along(component: usize) -> Vec<i8> {
        let mut vector = vec![0; DIMENSIONS];
        vector[component] = 127;
        vector
    }

    fn nearest_to(sketched: &Sketched, component: usize) -> Vec<u64> {
        let query: Vec<f32> = along(component).into_iter().map(f32::from).collect();
        let State::Ready(sketch) = &*sketched.read() else {
            panic!("not ready");
        };
        sketch.nearest(&query, 1)
    }

    #[test]
    fn what_changes_while_the_store_is_read_is_not_taken_back_by_what_was_read_before() {
        let sketched = Sketched::new(DIMENSIONS);
        assert!(sketched.begin() && !sketched.begin());
        sketched.remove(&[1]);
        sketched.put(&[2], &along(20));
        // Read before both changes, and come in after them.
        sketched.fill(&[1, 2, 3], &[along(1), along(2), along(3)].concat());
        sketched.put(&[3], &along(30));
        sketched.finish();
        let State::Ready(sketch) = &*sketched.read() else {
            panic!("not ready");
        };
        assert_eq!(sketch.len(), 2);
        assert_eq!(nearest_to(&sketched, 20), [2]);
        assert_eq!(nearest_to(&sketched, 30), [3]);
    }
}
