//! The vectors of a small store, as they are, in memory: to compare a few thousand one after the other takes half of what a
//! search of the engine among as many takes.

use std::collections::HashSet;

use multiversion::multiversion;

use crate::similarity::cosine;
use crate::store::{Filter, Near};

/// The most vectors that are kept so: a megabyte of those of the built-in model.
pub(crate) const MOST: usize = 4096;

/// Vectors, in no order.
#[derive(Debug)]
pub(crate) struct Whole {
    dimensions: usize,
    ids: Vec<u64>,
    vectors: Vec<i8>,
}

impl Whole {
    pub(crate) fn new(dimensions: usize) -> Self {
        Self {
            dimensions: dimensions.max(1),
            ids: Vec::new(),
            vectors: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The ids, and their vectors one after the other.
    pub(crate) fn all(&self) -> (&[u64], &[i8]) {
        (&self.ids, &self.vectors)
    }

    /// Takes in vectors of ids that are not known, one after the other in `vectors`. Of an id given twice the last counts.
    pub(crate) fn add(&mut self, ids: &[u64], vectors: &[i8]) {
        let mut seen = HashSet::with_capacity(ids.len());
        for (id, vector) in ids.iter().zip(vectors.chunks_exact(self.dimensions)).rev() {
            if seen.insert(*id) {
                self.ids.push(*id);
                self.vectors.extend_from_slice(vector);
            }
        }
    }

    /// Forgets ids.
    pub(crate) fn remove(&mut self, ids: &[u64]) {
        let mut gone = ids.to_vec();
        gone.sort_unstable();
        let mut at = 0;
        while at < self.ids.len() {
            if gone.binary_search(&self.ids[at]).is_err() {
                at += 1;
                continue;
            }
            self.ids.swap_remove(at);
            let end = self.vectors.len() - self.dimensions;
            self.vectors.copy_within(end.., at * self.dimensions);
            self.vectors.truncate(end);
        }
    }

    /// The nearest to a vector, in no order: at most `limit`, equals by their ids.
    pub(crate) fn nearest(&self, query: &[i8], limit: usize, filter: Option<Filter<'_>>) -> Vec<Near> {
        let allowed = filter.map(|Filter::Allow(allowed)| {
            let mut sorted = allowed.to_vec();
            sorted.sort_unstable();
            sorted
        });
        let is_allowed = |id: &u64| {
            let allowed = allowed.as_deref();
            allowed.is_none_or(|allowed| allowed.binary_search(id).is_ok())
        };
        let mut distances = vec![0; self.len()];
        compare(&self.vectors, self.dimensions, query, &mut distances);
        let mut near: Vec<(i32, u64)> = distances
            .into_iter()
            .zip(self.ids.iter().copied())
            .filter(|(_, id)| is_allowed(id))
            .collect();
        if limit < near.len() {
            near.select_nth_unstable(limit);
            near.truncate(limit);
        }
        near.into_iter()
            .map(|(distance, id)| Near {
                id,
                similarity: cosine(distance as f32),
            })
            .collect()
    }
}

/// The squared distances of vectors, one after the other, to one.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
fn compare(vectors: &[i8], dimensions: usize, query: &[i8], distances: &mut [i32]) {
    // No closure: one that is not inlined is compiled without the features of its caller.
    for (vector, distance) in vectors.chunks_exact(dimensions).zip(distances) {
        let mut sum = 0;
        for (&a, &b) in vector.iter().zip(query) {
            let difference = i32::from(a) - i32::from(b);
            sum += difference * difference;
        }
        *distance = sum;
    }
}
