//! Small sets of strings: what a part of an expression matches, begins with, or ends with.

use std::collections::BTreeSet;

use super::Query;
use crate::gram::Gram;

/// A set of strings in lower case. A set that holds the empty string, as a set of beginnings, says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Strings(BTreeSet<Vec<u8>>);

impl Strings {
    /// No string: what a part that cannot match matches.
    pub(super) fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// The empty string alone.
    pub(super) fn empty() -> Self {
        Self::one(Vec::new())
    }

    /// One string.
    pub(super) fn one(mut string: Vec<u8>) -> Self {
        string.make_ascii_lowercase();
        Self(BTreeSet::from([string]))
    }

    pub(super) fn insert(&mut self, bytes: &[u8]) {
        self.0.insert(bytes.to_ascii_lowercase());
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// The strings of both.
    pub(super) fn or(mut self, other: &Self) -> Self {
        self.0.extend(other.0.iter().cloned());
        self
    }

    /// Each of these with each of those behind it, unless that is more than `max_count` or unduly long.
    pub(super) fn then(&self, other: &Self, max_count: usize) -> Option<Self> {
        const MAX_BYTES: usize = 64 << 10;
        let count = self.count() * other.count();
        let bytes = self.bytes() * other.count() + other.bytes() * self.count();
        if count > max_count || bytes > MAX_BYTES {
            return None;
        }
        let mut all = BTreeSet::new();
        for front in &self.0 {
            for back in &other.0 {
                all.insert([front.as_slice(), back].concat());
            }
        }
        Some(Self(all))
    }

    /// Cuts each down to its first bytes until there are no more than `max_count`.
    pub(super) fn few_beginnings(self, max_count: usize) -> Self {
        self.cut_down(max_count, |string, length| &string[..length.min(string.len())])
    }

    /// Cuts each down to its last bytes until there are no more than `max_count`.
    pub(super) fn few_ends(self, max_count: usize) -> Self {
        self.cut_down(max_count, |string, length| {
            &string[string.len().saturating_sub(length)..]
        })
    }

    fn cut_down(mut self, max_count: usize, part: fn(&[u8], usize) -> &[u8]) -> Self {
        for length in [3, 2, 1, 0] {
            if self.count() <= max_count {
                break;
            }
            self = Self(
                self.0
                    .iter()
                    .map(|string| part(string, length).to_vec())
                    .collect(),
            );
        }
        self
    }

    /// What a text holds in which one of these stands.
    pub(super) fn query(&self) -> Query {
        Query::one_of(
            self.0
                .iter()
                .map(|string| Query::all_of(Gram::all(string).map(Query::Gram))),
        )
    }
}
