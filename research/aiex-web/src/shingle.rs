//! Whether two snippets are one text. It knows words, not addresses.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// Words in a shingle (Broder, "On the resemblance and containment of documents", 1997).
const WORDS: usize = 3;

/// Texts with fewer shingles are too short to tell: "Getting started" is many pages.
const LEAST: usize = 10;

/// From which resemblance on two texts are one. Engines cut the same text at slightly different places.
const SAME: f64 = 0.8;

/// The shingles of a title and a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shingles(Vec<u64>);

impl Shingles {
    pub(crate) fn of(title: &str, snippet: &str) -> Self {
        let text = format!("{title} {snippet}").to_lowercase();
        let words: Vec<&str> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let mut hashes: Vec<u64> = words
            .windows(WORDS)
            .map(|window| {
                let mut hasher = DefaultHasher::new();
                window.hash(&mut hasher);
                hasher.finish()
            })
            .collect();
        hashes.sort_unstable();
        hashes.dedup();
        Self(hashes)
    }

    /// Whether both are long enough to tell and resemble each other (Jaccard).
    pub(crate) fn same_text(&self, other: &Self) -> bool {
        let (a, b) = (self.0.len(), other.0.len());
        let (short, long) = (a.min(b), a.max(b));
        // The resemblance is at most short / long, so most pairs are told apart by their lengths.
        if short < LEAST || (short as f64) < SAME * long as f64 {
            return false;
        }
        let mut common = 0;
        let (mut i, mut j) = (0, 0);
        while i < a && j < b {
            match self.0[i].cmp(&other.0[j]) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    common += 1;
                    i += 1;
                    j += 1;
                }
            }
        }
        f64::from(common) >= SAME * (a + b - common as usize) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "A runtime for writing reliable network applications without compromising speed, \
                        with an event driven platform for asynchronous input and output";

    #[test]
    fn the_same_text_is_told_whatever_its_punctuation_and_end() {
        let a = Shingles::of("Tokio", TEXT);
        assert!(a.same_text(&Shingles::of("tokio", &TEXT.replace(',', " —"))));
        assert!(a.same_text(&Shingles::of("Tokio", TEXT.trim_end_matches(" output"))));
        assert!(!a.same_text(&Shingles::of(
            "Tokio",
            &TEXT.replace("network", "embedded").replace("speed", "size")
        )));
    }

    #[test]
    fn short_texts_are_never_the_same() {
        let a = Shingles::of("Getting started", "How to install it.");
        assert!(!a.same_text(&a.clone()));
    }
}
