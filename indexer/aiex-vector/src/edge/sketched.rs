//! What a store keeps of its vectors in memory: a small one the vectors themselves, a large one a sketch of each, and when it
//! pays to look through that first.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::sketch::Sketch;
use crate::store::{Filter, Near};
use crate::whole::{self, Whole};

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
        held: Held,
        /// What was put or removed since the reading began: what was read of these may be what they were before.
        changed: HashSet<u64>,
    },
    Ready(Held),
}

/// What is held of every vector.
#[derive(Debug)]
enum Held {
    /// Itself, while there are few.
    Whole(Whole),
    Sketch(Sketch),
}

impl Held {
    fn add(&mut self, ids: &[u64], vectors: &[i8], dimensions: usize) {
        match self {
            Self::Whole(whole) if whole.len() + ids.len() > whole::MOST => {
                let mut sketch = Sketch::new(dimensions);
                let (known, theirs) = whole.all();
                sketch.add(known, theirs);
                sketch.add(ids, vectors);
                *self = Self::Sketch(sketch);
            }
            Self::Whole(whole) => whole.add(ids, vectors),
            Self::Sketch(sketch) => sketch.add(ids, vectors),
        }
    }

    fn remove(&mut self, ids: &[u64]) {
        match self {
            Self::Whole(whole) => whole.remove(ids),
            Self::Sketch(sketch) => sketch.remove(ids),
        }
    }
}

impl State {
    /// Forgets what these ids had, and gives what takes in what they have now, if there is anything yet.
    fn change(&mut self, ids: &[u64]) -> Option<&mut Held> {
        let held = match self {
            Self::Cold => return None,
            Self::Filling { held, changed } => {
                changed.extend(ids);
                held
            }
            Self::Ready(held) => held,
        };
        held.remove(ids);
        Some(held)
    }
}

/// What memory says of the vectors nearest to a query.
pub(super) enum Looked {
    /// These are the nearest, in no order.
    Nearest(Vec<Near>),
    /// They are among these: the engine compares them.
    Among(Vec<u64>),
    /// Nothing: the engine is quicker by itself.
    Nothing,
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

    /// Starts to take vectors in; not if that is being done, or was.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.write();
        let begins = matches!(*state, State::Cold);
        if begins {
            *state = State::Filling {
                held: Held::Whole(Whole::new(self.dimensions)),
                changed: HashSet::new(),
            };
        }
        begins
    }

    /// Takes in what was read from the store, but for what has changed since the reading began.
    pub(super) fn fill(&self, ids: &[u64], vectors: &[i8]) {
        let State::Filling { held, changed } = &mut *self.write() else {
            return;
        };
        if !ids.iter().any(|id| changed.contains(id)) {
            return held.add(ids, vectors, self.dimensions);
        }
        for (id, vector) in ids.iter().zip(vectors.chunks_exact(self.dimensions.max(1))) {
            if !changed.contains(id) {
                held.add(&[*id], vector, self.dimensions);
            }
        }
    }

    pub(super) fn finish(&self) {
        let mut state = self.write();
        *state = match std::mem::replace(&mut *state, State::Cold) {
            State::Filling { held, .. } => State::Ready(held),
            other => other,
        };
    }

    pub(super) fn abandon(&self) {
        *self.write() = State::Cold;
    }

    /// Puts vectors in place of those that the ids had.
    pub(super) fn put(&self, ids: &[u64], vectors: &[i8]) {
        if let Some(held) = self.write().change(ids) {
            held.add(ids, vectors, self.dimensions);
        }
    }

    pub(super) fn remove(&self, ids: &[u64]) {
        self.write().change(ids);
    }

    /// Looks for the vectors nearest to a query, of which `quantised` is the 8-bit form.
    pub(super) fn look(
        &self,
        query: &[f32],
        quantised: &[i8],
        limit: usize,
        filter: Option<Filter<'_>>,
    ) -> Looked {
        match &*self.read() {
            State::Ready(Held::Whole(whole)) => Looked::Nearest(whole.nearest(quantised, limit, filter)),
            State::Ready(Held::Sketch(sketch)) => {
                let among = Self::candidates(sketch, query, limit, filter);
                among.map_or(Looked::Nothing, Looked::Among)
            }
            State::Cold | State::Filling { .. } => Looked::Nothing,
        }
    }

    /// The ids to compare; `None` when the store is quicker without.
    fn candidates(
        sketch: &Sketch,
        query: &[f32],
        limit: usize,
        filter: Option<Filter<'_>>,
    ) -> Option<Vec<u64>> {
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
        let quantised = along(component);
        let query: Vec<f32> = quantised.iter().copied().map(f32::from).collect();
        match sketched.look(&query, &quantised, 1, None) {
            Looked::Nearest(near) => near.into_iter().map(|near| near.id).collect(),
            Looked::Among(ids) => ids,
            Looked::Nothing => panic!("not ready"),
        }
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
        let State::Ready(Held::Whole(whole)) = &*sketched.read() else {
            panic!("not ready");
        };
        assert_eq!(whole.len(), 2);
        assert_eq!(nearest_to(&sketched, 20), [2]);
        assert_eq!(nearest_to(&sketched, 30), [3]);
    }

    #[test]
    fn a_store_that_grows_is_sketched_from_a_size_on_and_forgets_nothing() {
        let sketched = Sketched::new(DIMENSIONS);
        sketched.begin();
        sketched.finish();
        sketched.put(&[7], &along(7));
        let is_whole = || matches!(*sketched.read(), State::Ready(Held::Whole(_)));
        let rest: Vec<u64> = (100..100 + whole::MOST as u64).collect();
        let (first, last) = rest.split_at(whole::MOST - 1);
        sketched.put(first, &along(9).repeat(first.len()));
        assert!(is_whole());
        sketched.put(last, &along(8));
        assert!(!is_whole());
        let query: Vec<f32> = along(7).into_iter().map(f32::from).collect();
        let Looked::Among(ids) = sketched.look(&query, &along(7), 1, None) else {
            panic!("so many are looked through by their sketches");
        };
        assert!(ids.contains(&7));
    }
}
