//! Which words of the quotes a sentence takes, and what it leaves behind that they are said under.

use std::ops::Range;

use crate::words::words;

use super::conditions::Condition;
use super::tokens::{Said, Token};

/// A sentence beside what its quotes say.
pub(super) struct Taking<'a, F> {
    claimed: &'a [Token],
    /// Its words in lower case.
    words: Vec<String>,
    said: &'a Said,
    /// Whether a word of it is one of the quotes.
    fits: F,
}

/// A way to take the first words of a sentence from the quotes.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    clauses: usize,
    /// The places of the words among those of the quotes.
    taken: Vec<usize>,
}

impl<'a, F: Fn(&Token, &Token) -> bool> Taking<'a, F> {
    pub(super) fn new(text: &str, claimed: &'a [Token], said: &'a Said, fits: F) -> Self {
        Self {
            claimed,
            words: words(text).iter().map(|word| word.text.to_lowercase()).collect(),
            said,
            fits,
        }
    }

    /// Takes the words of the sentence in their order, its values aside, out of as few clauses as it can: what the quotes say
    /// once without a condition is said. `None` if a word is not there.
    pub(super) fn way(&self) -> Option<Way> {
        let wanted: Vec<&Token> = self.claimed.iter().filter(|token| token.fact.is_none()).collect();
        let mut ways: Vec<Option<Way>> = vec![None; wanted.len() + 1];
        if let Some(start) = ways.first_mut() {
            *start = Some(Way::default());
        }
        for clause in clauses(&self.said.tokens) {
            // From behind, so that no way goes on in the clause that it has come from.
            for from in (0..wanted.len()).rev() {
                let Some(mut way) = ways.get(from).cloned().flatten() else {
                    continue;
                };
                way.clauses += 1;
                let mut rest = wanted.iter().enumerate().skip(from).peekable();
                for place in clause.clone() {
                    let Some(token) = self.said.tokens.get(place) else {
                        continue;
                    };
                    let Some((at, _)) = rest.next_if(|(_, wanted)| (self.fits)(wanted, token)) else {
                        continue;
                    };
                    way.taken.push(place);
                    if let Some(known) = ways.get_mut(at + 1)
                        && known.as_ref().is_none_or(|known| self.is_better(&way, known))
                    {
                        *known = Some(way.clone());
                    }
                }
            }
        }
        ways.pop().flatten()
    }

    fn is_better(&self, way: &Way, known: &Way) -> bool {
        let faults = |way: &Way| self.lost(way).count() + self.stray(way);
        way.clauses < known.clauses || way.clauses == known.clauses && faults(way) < faults(known)
    }

    /// How many values of the sentence stand in prose, and in no sentence of it that another word is taken from.
    pub(super) fn stray(&self, way: &Way) -> usize {
        let taken = || way.taken.iter().filter_map(|place| self.said.tokens.get(*place));
        if taken().next().is_none() {
            return 0;
        }
        let values = self.claimed.iter().filter(|wanted| wanted.fact.is_some());
        let strays = values.filter(|wanted| {
            let mut there = self
                .said
                .tokens
                .iter()
                .filter(|said| (self.fits)(wanted, said))
                .peekable();
            there.peek().is_some()
                && there.all(|said| said.is_prose && taken().all(|token| token.sentence != said.sentence))
        });
        strays.count()
    }

    /// The conditions of the words that are taken which the sentence does not have.
    pub(super) fn lost<'b>(&'b self, way: &'b Way) -> impl Iterator<Item = &'b Condition> {
        let sentences = self.said.conditions.iter().enumerate();
        sentences.flat_map(move |(sentence, conditions)| {
            let keeps = move |condition: &Condition| self.keeps(way, condition, sentence);
            let is_told = move |condition: &Condition| {
                keeps(condition)
                    || conditions
                        .iter()
                        .any(|other| condition.is_beside(other) && keeps(other))
            };
            conditions
                .iter()
                .filter(move |condition| self.takes(way, condition, sentence) && !is_told(condition))
        })
    }

    /// Whether a word is taken that a condition governs.
    fn takes(&self, way: &Way, condition: &Condition, sentence: usize) -> bool {
        let mut tokens = way.taken.iter().filter_map(|place| self.said.tokens.get(*place));
        tokens.any(|token| token.sentence == sentence && condition.governs.contains(&token.at))
    }

    /// Whether the sentence has a condition: its first word that carries meaning, at which the small ones stand; a value may
    /// be anywhere.
    fn keeps(&self, way: &Way, condition: &Condition, sentence: usize) -> bool {
        let is_named = self.words.contains(&condition.word);
        let is_first = |token: &Token| token.sentence == sentence && condition.own.contains(&token.at);
        let first = self
            .said
            .tokens
            .iter()
            .enumerate()
            .find(|(_, token)| is_first(token));
        let Some((place, first)) = first else {
            return is_named;
        };
        let is_value = |said: &crate::facts::Fact| {
            let mut claimed = self.claimed.iter().filter_map(|token| token.fact.as_ref());
            claimed.any(|fact| said.value.bears_out(&fact.value, false))
        };
        let is_taken = way.taken.contains(&place) || first.fact.as_ref().is_some_and(is_value);
        is_taken && (is_named || condition.word != ONLY)
    }
}

/// It stands before or behind what it narrows, so that its word is asked for.
const ONLY: &str = "only";

/// The tokens of each clause.
fn clauses(tokens: &[Token]) -> Vec<Range<usize>> {
    let mut start = 0;
    let runs = tokens.chunk_by(|a, b| a.clause == b.clause).map(|run| {
        let range = start..start + run.len();
        start = range.end;
        range
    });
    runs.collect()
}
