//! Which names a sentence puts at which places: `a` and `b` at src/x.rs:7.

use crate::facts::{Fact, Value};
use crate::fold::fold;

use super::Doubt;
use super::ground::contains_words;

/// A name that a sentence does not put where it stands, and the place. `there` are the lines of a place, where these are cited.
///
/// The names before places that stand together are put there, or those behind, where the sentence begins with its places. One of
/// them must stand at each place; what it is made of or calls may stand elsewhere. Of names that a list joins, all must stand
/// there if one does: what is said of one is said of the others.
pub(super) fn misplaced(
    text: &str,
    facts: &[Fact],
    there: impl Fn(&Fact) -> Option<String>,
) -> Option<Doubt> {
    let facts: Vec<&Fact> = facts
        .iter()
        .filter(|fact| is_place(fact) || name(fact).is_some())
        .collect();
    let leads = facts.first().is_some_and(|fact| is_place(fact));
    let all: Vec<&Fact> = facts.iter().copied().filter(|fact| !is_place(fact)).collect();
    statements(&facts, leads).into_iter().find_map(|statement| {
        let (places, own): (Vec<&Fact>, Vec<&Fact>) = statement.iter().partition(|fact| is_place(fact));
        // A place in brackets at the end is one of the sentence.
        let names = if own.is_empty() { &all } else { &own };
        let lines: Vec<(&Fact, String)> = places
            .into_iter()
            .filter_map(|place| Some((place, there(place)?)))
            .collect();
        let elsewhere = |name: &Fact, place: &Fact| Doubt::Elsewhere {
            name: name.text.clone(),
            place: place.text.clone(),
        };
        let bare = lines
            .iter()
            .find(|(_, lines)| !names.iter().any(|name| stands(name, lines)));
        if let Some((place, _)) = bare {
            return Some(elsewhere(names.first()?, place));
        }
        let is_there = |name: &Fact| lines.iter().any(|(_, lines)| stands(name, lines));
        let (place, _) = lines.first()?;
        let lists = names.chunk_by(|a, b| is_list(text, a, b));
        let lone = lists
            .filter(|list| list.iter().any(|name| is_there(name)))
            .flatten()
            .find(|name| !is_there(name));
        lone.map(|name| elsewhere(name, place))
    })
}

/// Names and places that are said of each other: the names with the places behind them, or the other way round.
fn statements<'a, 'b>(facts: &'b [&'a Fact], leads: bool) -> Vec<&'b [&'a Fact]> {
    let ends = |a: &Fact, b: &Fact| is_place(a) != leads && is_place(b) == leads;
    facts.chunk_by(|a, b| !ends(a, b)).collect()
}

fn is_place(fact: &Fact) -> bool {
    matches!(fact.value, Value::Place { .. })
}

/// A name that is set as code, or can be nothing else.
fn name(fact: &Fact) -> Option<String> {
    match &fact.value {
        Value::Identifier { name, exact } if *exact || name.contains(['_', ':']) => Some(fold(name)),
        _ => None,
    }
}

fn stands(fact: &Fact, lines: &str) -> bool {
    name(fact).is_some_and(|name| {
        let name = name.trim().trim_end_matches("()");
        let last = name.rsplit(['.', ':']).next().unwrap_or(name);
        contains_words(lines, name) || contains_words(lines, last)
    })
}

/// Whether nothing but a comma or a conjunction stands between two names.
fn is_list(text: &str, a: &Fact, b: &Fact) -> bool {
    let between = text.get(a.range.end..b.range.start).unwrap_or("?");
    let mut words = between
        .split([' ', ',', '\n', '/', '&'])
        .filter(|word| !word.is_empty());
    !between.trim().is_empty() && words.all(|word| matches!(word, "and" | "or" | "nor" | "the"))
}
