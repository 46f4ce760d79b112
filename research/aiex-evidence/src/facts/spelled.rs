//! Numbers that are written as words: `two` to `twelve`, the tens, and what they make together.

use super::units::{known_unit, spelled};
use super::{Dimension, Number, Reader, UNIT, Unit, Value};
use crate::words::{Word, words};

impl Reader<'_> {
    /// `one` alone is left out: it is a pronoun as often as a number.
    pub(super) fn spelled(&mut self) {
        let text = self.text;
        let words = words(text);
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let Some((count, taken)) = count(text, words.get(at..).unwrap_or_default()) else {
                at += 1;
                continue;
            };
            at += taken;
            let end = words.get(at - 1).map_or(word.range.end, |last| last.range.end);
            let rest = text.get(end..).unwrap_or_default();
            let unit = UNIT.captures(rest).and_then(|found| {
                let known = known_unit(found.get(2)?.as_str(), false)?;
                Some((known, end + found.get(0)?.end()))
            });
            // How often something is done is counted, not measured.
            let unit = unit.filter(|((dimension, _), _)| *dimension != Dimension::Times);
            let (factor, unit, end) = match unit {
                Some(((dimension, factor), end)) => (factor, Some(Unit::Known(dimension, factor)), end),
                None => (1.0, None, end),
            };
            let number = Number {
                value: f64::from(count) * factor,
                unit,
                decimals: 0,
                spelled: true,
                digits: count.to_string(),
            };
            self.take(word.range.start..end, Value::Number(number));
        }
    }
}

/// The number that some words begin with, and how many of them it takes: `twenty-five`, `three hundred and fifty`.
fn count(text: &str, words: &[Word<'_>]) -> Option<(u32, usize)> {
    let value = |place: usize| {
        let word = words.get(place)?.text.to_lowercase();
        if word == "one" { Some(1) } else { spelled(&word) }
    };
    let joins = |place: usize| {
        let gap = words
            .get(place)
            .zip(words.get(place + 1))
            .and_then(|(word, next)| text.get(word.range.end..next.range.start));
        gap.is_some_and(|gap| gap == " " || gap == "-")
    };
    let mut whole = 0;
    let mut part = value(0)?;
    let mut last = part;
    let mut taken = 1;
    while joins(taken - 1) {
        let is_round = last == 100 || last == 1000;
        let and = words.get(taken).is_some_and(|word| word.text == "and");
        let place = if and && is_round && joins(taken) {
            taken + 1
        } else {
            taken
        };
        let Some(next) = value(place) else { break };
        match next {
            1000 if part < 1000 => {
                whole += part * 1000;
                part = 0;
            }
            100 if part < 10 => part *= 100,
            1..10 if (20..100).contains(&last) => part += next,
            1..100 if is_round => part += next,
            _ => break,
        }
        last = next;
        taken = place + 1;
    }
    (taken > 1 || value(0) != Some(1)).then_some((whole + part, taken))
}
