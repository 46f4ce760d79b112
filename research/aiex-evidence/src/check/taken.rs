//! Which words of the quotes a sentence takes, and what it leaves out of what it takes them from.

use std::collections::HashMap;
use std::ops::Range;

use crate::draft::plain;

use super::left::{Form, forms};
use super::tokens::{Said, Token};

/// A sentence beside what its quotes say.
pub(super) struct Taking<'a, F> {
    claimed: &'a [Token],
    /// How often it has each of its words.
    words: HashMap<String, usize>,
    said: &'a Said,
    /// Whether a word of it is one of the quotes.
    fits: F,
}

/// A way to take the first words of a sentence from the quotes.
#[derive(Debug, Clone, Default)]
pub(super) struct Way {
    units: usize,
    /// The places of the words among those of the quotes.
    taken: Vec<usize>,
}

impl<'a, F: Fn(&Token, &Token) -> bool> Taking<'a, F> {
    pub(super) fn new(text: &str, claimed: &'a [Token], said: &'a Said, fits: F) -> Self {
        let mut words = HashMap::new();
        for form in forms(&plain(text), &[]) {
            *words.entry(form.form).or_default() += 1;
        }
        Self {
            claimed,
            words,
            said,
            fits,
        }
    }

    /// Takes the words of the sentence in their order, its values aside, out of as few units as it can: what the quotes say
    /// once without more is said. `None` if a word is not there.
    pub(super) fn way(&self) -> Option<Way> {
        let wanted: Vec<&Token> = self.claimed.iter().filter(|token| token.fact.is_none()).collect();
        let mut ways: Vec<Option<Way>> = vec![None; wanted.len() + 1];
        if let Some(start) = ways.first_mut() {
            *start = Some(Way::default());
        }
        for unit in units(&self.said.tokens) {
            // From behind, so that no way goes on in the unit that it has come from.
            for from in (0..wanted.len()).rev() {
                let Some(mut way) = ways.get(from).cloned().flatten() else {
                    continue;
                };
                way.units += 1;
                let mut rest = wanted.iter().enumerate().skip(from).peekable();
                for place in unit.clone() {
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
        let faults = |way: &Way| self.left_out(way).count() + self.stray(way);
        way.units < known.units || way.units == known.units && faults(way) < faults(known)
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

    /// The words that the sentence leaves out of what it takes.
    pub(super) fn left_out<'b>(&'b self, way: &Way) -> impl Iterator<Item = &'b Form> {
        let is_needed = self.needed(way);
        let units = self.said.units.iter().zip(is_needed);
        let forms = units
            .filter(|(_, is_needed)| *is_needed)
            .flat_map(|(unit, _)| &unit.forms);
        let mut rest = self.words.clone();
        forms.filter(move |form| {
            if let Some(said) = &form.fact {
                let mut values = self
                    .claimed
                    .iter()
                    .filter_map(|token| Some((token.fact.as_ref()?, token)));
                return !values.any(|(fact, token)| said.value.bears_out(&fact.value, token.is_rounded));
            }
            let count = rest.get_mut(&form.form).filter(|count| **count > 0);
            count.map(|count| *count -= 1).is_none()
        })
    }

    /// Which units of the quotes the sentence must have all of: those that it takes words from, and beside them those that
    /// may reach over to these, or that these go on with.
    fn needed(&self, way: &Way) -> Vec<bool> {
        let units = &self.said.units;
        let mut is_needed = vec![false; units.len()];
        let mut sentences = Vec::new();
        for token in way.taken.iter().filter_map(|place| self.said.tokens.get(*place)) {
            sentences.push(token.sentence);
            if let Some(is_needed) = is_needed.get_mut(token.unit) {
                *is_needed = true;
            }
        }
        let mut goes_on = None;
        for (unit, is_needed) in units.iter().zip(&mut is_needed).rev() {
            let reaches = sentences.contains(&unit.sentence) && !unit.may_go;
            *is_needed |= reaches || goes_on == Some(unit.sentence);
            goes_on = (*is_needed && !unit.begins_anew).then_some(unit.sentence);
        }
        is_needed
    }
}

/// The tokens of each unit.
fn units(tokens: &[Token]) -> Vec<Range<usize>> {
    let mut start = 0;
    let runs = tokens.chunk_by(|a, b| a.unit == b.unit).map(|run| {
        let range = start..start + run.len();
        start = range.end;
        range
    });
    runs.collect()
}
