//! Whether a sentence has the words of its quotes, in their order, with the small words that turn the sense at their places.

use crate::facts::{Fact, Value};

use super::ground::Ground;
use super::taken::Taking;
use super::tokens::{Token, claimed, said};
use super::{says_about, turns};

/// How a sentence's words compare with those of its quotes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wording {
    /// They are the quotes' own, in their order.
    Same,
    /// They are, but without others that the quotes have beside them, of which this is the first.
    Cut(String),
    /// One of them turns what the quotes say.
    Turned(String),
    /// Some are others, or stand in another order.
    Other,
}

/// Compares a sentence with its quotes. Values are looked for one by one, in any order, in the sentences that the
/// words are from, and what the source is known by may be named besides: (`Policy::retry`: Tries three times).
pub(super) fn compare(text: &str, facts: &[Fact], ground: &Ground<'_>) -> Wording {
    let start = match text.split_once(": ") {
        Some((name, _)) if ground.is_known_by(name) => name.len(),
        _ => 0,
    };
    let looked_for = facts.iter().filter(|fact| match &fact.value {
        // Of two names in a quote each has its place.
        Value::Identifier { name, .. } => ground.only_described(name),
        _ => true,
    });
    let looked_for: Vec<&Fact> = looked_for.collect();
    let claimed = claimed(text, start, &looked_for);
    // Small words alone have no place in a quote.
    if claimed.is_empty() {
        return Wording::Other;
    }
    let said = said(ground);
    let is_borne_out = |fact: &Fact, said: &Token| {
        let rounded = says_about(text, fact);
        said.fact
            .as_ref()
            .is_some_and(|said| said.value.bears_out(&fact.value, rounded))
    };
    let fits = |wanted: &Token, said: &Token| match &wanted.fact {
        Some(fact) => is_borne_out(fact, said),
        None => wanted.stem == said.stem,
    };
    let agree = |wanted: &Token, said: &Token| {
        turns::agree(&wanted.before, &said.before)
            && wanted.behind.iter().all(|turn| said.behind.contains(turn))
    };
    let loosens = |wanted: &Token, said: &Token| {
        let about = (said.is_rounded && !wanted.is_rounded).then(|| "about".to_owned());
        about.or_else(|| turns::loosed(&wanted.before, &said.before).cloned())
    };
    let turning = |wanted: &Token, said: &Token| {
        let is_number = wanted.fact.is_some();
        turns::turning(&wanted.before, &said.before, is_number)
            .or_else(|| turns::turning(&wanted.behind, &said.behind, false))
            .cloned()
    };

    let mut loosed = None;
    let values_stand = claimed
        .iter()
        .filter(|wanted| wanted.fact.is_some())
        .all(|wanted| {
            let values: Vec<&Token> = said.tokens.iter().filter(|said| fits(wanted, said)).collect();
            // It is no value of a quote: a place, or the source's own version.
            if values.is_empty() {
                return wanted.before.is_empty() && wanted.behind.is_empty();
            }
            let mut there = values.into_iter().filter(|said| agree(wanted, said)).peekable();
            let first = there.peek().and_then(|said| loosens(wanted, said));
            let stands = there.peek().is_some();
            if !there.any(|said| loosens(wanted, said).is_none()) {
                loosed = loosed.take().or(first);
            }
            stands
        });
    let taking = Taking::new(text, &claimed, &said, |wanted, said| {
        fits(wanted, said) && agree(wanted, said)
    });
    let way = taking.way().filter(|_| values_stand);
    if let Some(way) = way.filter(|way| taking.stray(way) == 0) {
        let left_out = taking.left_out(&way).next().map(|form| form.word.clone());
        return loosed.or(left_out).map_or(Wording::Same, Wording::Cut);
    }
    let mut rest = said.tokens.iter();
    let in_order = |wanted: &Token| wanted.fact.is_some() || rest.any(|said| fits(wanted, said));
    if !claimed.iter().all(in_order) {
        return Wording::Other;
    }
    // A word may stand in the quotes more than once: it turns what they say if it does so at every place.
    let turned = claimed.iter().find_map(|wanted| {
        let mut places = said
            .tokens
            .iter()
            .filter(|said| said.is_prose && fits(wanted, said));
        let first = turning(wanted, places.next()?)?;
        places
            .all(|said| turning(wanted, said).is_some())
            .then_some(first)
    });
    turned.map_or(Wording::Other, Wording::Turned)
}
