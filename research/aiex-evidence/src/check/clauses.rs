//! The clauses of a sentence, as commas, brackets and conjunctions part them.

use std::ops::Range;

use crate::sentences::code_spans;
use crate::words::{Word, words};

/// What stands before a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// Nothing that parts.
    None,
    /// A comma, a colon, a dash.
    Comma,
    /// A bracket, or the mark of a point of a list.
    Bracket,
    /// A semicolon, a stop that ends no sentence, or the beginning.
    Part,
}

/// A word, and what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) range: Range<usize>,
    pub(super) gap: Gap,
    /// Semicolons, and conjunctions behind commas, part a sentence into what is told of it one beside the other.
    pub(super) unit: usize,
    /// Brackets and relative clauses part it further.
    pub(super) clause: usize,
}

/// Words that begin a clause behind a comma…
const JOINING: &[&str] = &["and", "but", "nor", "or", "so", "whereas", "while", "yet"];
/// …those that do without one…
const TURNING: &[&str] = &["but", "whereas"];
/// …and those whose clause ends at the next comma.
const RELATIVE: &[&str] = &["where", "which", "who", "whose"];

/// What each word of a sentence belongs to.
pub(super) fn clauses(sentence: &str) -> Vec<Clause> {
    let sentence = without_code(sentence);
    let (mut unit, mut clause, mut end) = (0, 0, 0);
    let mut is_relative = false;
    let mut found: Vec<Clause> = Vec::new();
    for Word { text, range } in words(&sentence) {
        let gap = if found.is_empty() {
            Gap::Part
        } else {
            gap(sentence.get(end..range.start).unwrap_or_default())
        };
        let lower = text.to_lowercase();
        let is = |words: &[&str]| words.contains(&lower.as_str());
        let is_beside = match gap {
            Gap::None => is(TURNING),
            Gap::Comma => is(JOINING),
            Gap::Bracket => false,
            Gap::Part => true,
        };
        let begins = is_beside || gap == Gap::Bracket || gap == Gap::Comma && (is_relative || is(RELATIVE));
        if begins && !found.is_empty() {
            clause += 1;
            unit += usize::from(is_beside);
            is_relative = gap == Gap::Comma && is(RELATIVE);
        }
        end = range.end;
        found.push(Clause {
            range,
            gap,
            unit,
            clause,
        });
    }
    found
}

/// A sentence with as many letters in the place of what is set as code: a name, also the keyword `if`.
pub(super) fn without_code(sentence: &str) -> String {
    let mut text = sentence.to_owned();
    for span in code_spans(sentence) {
        text.replace_range(span.clone(), &"x".repeat(span.len()));
    }
    text
}

fn gap(between: &str) -> Gap {
    let stops = between.contains(['.', '!', '?']) && between.contains(char::is_whitespace);
    if stops || between.contains(';') {
        Gap::Part
    } else if between.contains(['(', ')']) || between.contains(" - ") || between.contains(" * ") {
        Gap::Bracket
    } else if between.contains([',', '—', '–']) || between.contains(": ") {
        Gap::Comma
    } else {
        Gap::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parted(text: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut last = None;
        for clause in clauses(text) {
            let word = &text[clause.range];
            match found.last_mut().filter(|_| last == Some(clause.clause)) {
                Some(words) => *words = format!("{words} {word}"),
                None => found.push(word.to_owned()),
            }
            last = Some(clause.clause);
        }
        found
    }

    #[test]
    fn conjunctions_behind_commas_brackets_and_semicolons_part_clauses() {
        assert_eq!(
            parted("Reads, small ones, are kept, and writes wait but fail; others (few) go."),
            [
                "Reads small ones are kept",
                "and writes wait",
                "but fail",
                "others",
                "few",
                "go"
            ]
        );
        assert_eq!(
            parted("It is read and kept when full."),
            ["It is read and kept when full"]
        );
    }

    #[test]
    fn a_relative_clause_ends_at_its_comma() {
        assert_eq!(
            parted("The cache, which is dropped when full, is fast."),
            ["The cache", "which is dropped when full", "is fast"]
        );
    }
}
