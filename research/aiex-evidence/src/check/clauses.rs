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
    /// Semicolons part a sentence.
    pub(super) part: usize,
    /// Conjunctions behind commas part it further.
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
    let (mut part, mut clause, mut end) = (0, 0, 0);
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
        let begins = match gap {
            Gap::None => is(TURNING),
            Gap::Comma => is_relative || is(JOINING) || is(RELATIVE),
            Gap::Bracket | Gap::Part => true,
        };
        if begins && !found.is_empty() {
            clause += 1;
            part += usize::from(gap == Gap::Part);
            is_relative = gap == Gap::Comma && is(RELATIVE);
        }
        end = range.end;
        found.push(Clause {
            range,
            gap,
            part,
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
