//! Numbers that changed places: each is in the quotes, and another stands where the sentence has it.

use std::collections::HashSet;

use crate::facts::{Fact, Value, facts};
use crate::words::{carries_meaning, stem, stems, words};
use crate::{Quote, sentences};

use super::Doubt;

/// Words that are looked at on each side of a number.
const WINDOW: usize = 3;

/// Whether another number of the quotes stands among the words that the sentence puts its number among.
pub(super) fn swapped(text: &str, claimed: &[Fact], quotes: &[&Quote]) -> Option<Doubt> {
    let clean: Vec<String> = quotes.iter().map(|quote| quote.text.replace('`', " ")).collect();
    let said: Vec<Number<'_>> = clean.iter().flat_map(|text| numbers(text)).collect();
    let clean = text.replace('`', " ");
    for fact in claimed.iter().filter(|fact| is_quantity(fact)) {
        let ours = Number::new(&clean, fact.clone());
        let score = |is_it: bool| {
            said.iter()
                .filter(|other| other.fact.value.bears_out(&fact.value, true) == is_it)
                .map(|other| (ours.beside.shares(&other.beside), other))
                .max_by_key(|(shared, _)| *shared)
        };
        let own = score(true).map_or(0, |(shared, _)| shared);
        if let Some((rival, other)) = score(false)
            && same_kind(fact, &other.fact)
            && rival > own + 1
        {
            let mut own = said
                .iter()
                .filter(|said| said.fact.value.bears_out(&fact.value, true));
            if own.any(|own| ours.passes_over(other, own)) {
                continue;
            }
            return Some(Doubt::Swapped {
                claimed: fact.text.clone(),
                said: other.fact.text.clone(),
            });
        }
    }
    None
}

fn is_quantity(fact: &Fact) -> bool {
    matches!(fact.value, Value::Number(_) | Value::Version(_) | Value::Date(_))
}

fn same_kind(a: &Fact, b: &Fact) -> bool {
    std::mem::discriminant(&a.value) == std::mem::discriminant(&b.value)
}

/// A number and where it stands.
struct Number<'a> {
    text: &'a str,
    fact: Fact,
    beside: Beside,
}

fn numbers(text: &str) -> impl Iterator<Item = Number<'_>> {
    let found = facts(text).into_iter().filter(is_quantity);
    found.map(move |fact| Number::new(text, fact))
}

impl<'a> Number<'a> {
    fn new(text: &'a str, fact: Fact) -> Self {
        let beside = Beside::of(text, &fact);
        Self { text, fact, beside }
    }

    /// Whether a sentence only leaves another number of its quote out, with nothing beside it that it does not say: `keeps 4
    /// threads and at most 16 threads` says that it keeps at most 16. Then the words before the other are those of its own
    /// number, and those behind its own must be the same.
    fn passes_over(&self, other: &Self, own: &Self) -> bool {
        let (first, last) = (other.fact.range.end, own.fact.range.start);
        let Some(between) = own
            .text
            .get(first..last)
            .filter(|_| std::ptr::eq(own.text, other.text))
        else {
            return false;
        };
        let is_one = sentences::split(own.text)
            .iter()
            .any(|sentence| sentence.contains(&other.fact.range.start) && sentence.contains(&last));
        let claimed = stems(self.text);
        let is_number = |stem: &String| stem.starts_with(|c: char| c.is_ascii_digit());
        let is_said = stems(between)
            .iter()
            .all(|stem| claimed.contains(stem) || is_number(stem));
        is_one && is_said && self.behind() == own.behind()
    }

    /// The words behind it, up to the end of the clause.
    fn behind(&self) -> Vec<String> {
        let rest = self.text.get(self.fact.range.end..).unwrap_or_default();
        let sentence = sentences::split(rest).into_iter().next().unwrap_or_default();
        let rest = rest.get(..sentence.end).unwrap_or_default();
        meaning(rest.split(ends_clause).next().unwrap_or_default())
    }
}

/// A clause ends the neighbourhood.
fn ends_clause(c: char) -> bool {
    matches!(c, ',' | ';' | '(' | ')' | '\n')
}

fn meaning(text: &str) -> Vec<String> {
    words(text)
        .iter()
        .filter(|word| carries_meaning(word.text))
        .map(|word| stem(word.text))
        .collect()
}

/// The words around a number: the next one on each side counts most.
struct Beside {
    next: Option<String>,
    previous: Option<String>,
    around: HashSet<String>,
}

impl Beside {
    fn of(text: &str, fact: &Fact) -> Self {
        let before = text.get(..fact.range.start).unwrap_or_default();
        let after = text.get(fact.range.end..).unwrap_or_default();
        let before = meaning(before.rsplit(ends_clause).next().unwrap_or_default());
        let after = meaning(after.split(ends_clause).next().unwrap_or_default());
        let near = before.iter().rev().take(WINDOW).chain(after.iter().take(WINDOW));
        Self {
            next: after.first().cloned(),
            previous: before.last().cloned(),
            around: near.cloned().collect(),
        }
    }

    /// How much two neighbourhoods share.
    fn shares(&self, other: &Self) -> usize {
        let adjacent = |a: &Option<String>, b: &Option<String>| usize::from(a.is_some() && a == b) * 2;
        self.around.intersection(&other.around).count()
            + adjacent(&self.next, &other.next)
            + adjacent(&self.previous, &other.previous)
    }
}
