//! A text as a question sees it, read once.
//!
//! The pieces of a long text overlap, and each is judged as a whole and sentence by sentence, so every word is looked at
//! about ten times. Here it is read the first time: what it says to the question is found out once for each word that
//! differs, and a piece is a run of a list.

use std::collections::HashMap;
use std::ops::Range;

use crate::words::words;

/// What a word says to a question.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The words of the question that it holds, by their places, and how well.
    pub(super) held: Vec<(usize, f64)>,
    /// The word of the question that it is.
    pub(super) is: Option<usize>,
    pub(super) carries_meaning: bool,
    /// Whether a name behind it is defined there.
    pub(super) defines: bool,
    /// The cues of an answer that it is, a bit for each.
    pub(super) cues: u64,
}

/// A text, and what its words say.
pub(super) struct Seen<'t> {
    pub(super) text: &'t str,
    /// Where each word begins, and its place among the words that differ.
    words: Vec<(usize, usize)>,
    told: Vec<Told>,
}

impl<'t> Seen<'t> {
    pub(super) fn new(text: &'t str, tell: impl Fn(&str) -> Told) -> Self {
        let mut told: Vec<Told> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        let words = words(text).into_iter().map(|word| {
            let place = *known.entry(word.text).or_insert_with(|| {
                told.push(tell(word.text));
                told.len() - 1
            });
            (word.range.start, place)
        });
        let words = words.collect();
        Self { text, words, told }
    }

    /// What the words say that begin within a range of bytes.
    pub(super) fn within(&self, range: &Range<usize>) -> Words<'_> {
        let place = |at: usize| self.words.partition_point(|(start, _)| *start < at);
        let words = self.words.get(place(range.start)..place(range.end));
        Words {
            words: words.unwrap_or_default(),
            told: &self.told,
        }
    }
}

/// Words that follow each other.
#[derive(Clone, Copy)]
pub(super) struct Words<'s> {
    words: &'s [(usize, usize)],
    told: &'s [Told],
}

impl<'s> Words<'s> {
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'s Told> + use<'s> {
        let told = self.told;
        self.words.iter().filter_map(move |(_, place)| told.get(*place))
    }
}

/// How well each word of a question is held, by its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Held(pub(super) Vec<f64>);

impl Held {
    pub(super) fn is_nothing(&self) -> bool {
        self.0.iter().all(|held| *held <= 0.0)
    }

    /// The words held, and for a `share` those that stand above.
    pub(super) fn below(mut self, above: &Self, share: f64) -> Self {
        for (held, above) in self.0.iter_mut().zip(&above.0) {
            *held = held.max(share * above);
        }
        self
    }
}
