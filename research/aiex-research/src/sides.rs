//! The sides of a question that compares: "compare A and B", "A vs B", "the difference between A and B".
//!
//! A report on two sides of which one could not be read is one-sided whatever it says, so that is said first, and why.

use std::collections::BTreeSet;
use std::fmt;

use aiex_evidence::{Source, Unread};

use crate::gather::Gathered;
use crate::terms;

/// Words behind which a question goes on with what the sides are compared for.
const BEHIND: &[&str] = &[
    "for",
    "in",
    "when",
    "with",
    "as",
    "by",
    "on",
    "under",
    "regarding",
    "to",
    "if",
    "which",
    "what",
    "how",
    "where",
    "who",
    "at",
    "from",
    "should",
    "would",
    "do",
    "does",
    "is",
    "are",
];
/// Words between two sides, the surest first.
const BETWEEN: &[&str] = &[
    " versus ",
    " vs. ",
    " vs ",
    " compared with ",
    " compared to ",
    " better than ",
];
/// Words that begin a comparison whose sides are parted by one of [`JOINED`].
const BEGINS: &[&str] = &[
    "difference between ",
    "differences between ",
    "comparison of ",
    "compare ",
];
const JOINED: &[&str] = &[" and ", " with ", " to ", " against "];
/// Words of a side at most; longer ones are told by their last words.
const LONGEST: usize = 5;
/// How often a source says a side's word that speaks of it more than in passing.
const NOT_IN_PASSING: usize = 3;
/// Reasons of sources that are told at most.
const MOST_REASONS: usize = 2;

/// A side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Side {
    /// As it is asked for.
    name: String,
    /// Its words that no other side has.
    own: BTreeSet<String>,
}

/// A side that nothing was read about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// As the question names it.
    pub(crate) name: String,
    why: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing was read about {} ({})", self.name, self.why)
    }
}

/// The sides of a question that nothing was read about: none where it compares nothing, where something was read about
/// every side, and where nothing was about any, which is no one-sided answer.
pub(crate) fn missing(question: &str, gathered: &Gathered) -> Vec<Missing> {
    let sides = sides(question);
    let missing: Vec<&Side> = sides.iter().filter(|side| !is_read(side, gathered)).collect();
    if missing.len() == sides.len() {
        return Vec::new();
    }
    let missing = missing.into_iter().map(|side| Missing {
        name: side.name.clone(),
        why: why(side, gathered),
    });
    missing.collect()
}

/// Whether a source is about a side: by what it is called, by a passage that was quoted of it, or because it speaks of it
/// more than in passing.
fn is_read(side: &Side, gathered: &Gathered) -> bool {
    let about = |source: &Source| {
        side.speaks(&format!("{} {}", source.title, source.origin.label())) || side.is_dwelt_on(&source.text)
    };
    gathered.catalogue.iter().any(about) || gathered.quotes.iter().any(|quote| side.speaks(&quote.text))
}

/// Why nothing was read about a side.
fn why(side: &Side, gathered: &Gathered) -> String {
    let is_about = |unread: &&Unread| side.speaks(&format!("{} {}", unread.title, unread.origin.label()));
    let mut reasons: Vec<String> = gathered
        .unread
        .iter()
        .filter(is_about)
        .map(|unread| format!("{}: {}", unread.origin.label(), unread.why))
        .collect();
    let more = reasons.len().saturating_sub(MOST_REASONS);
    reasons.truncate(MOST_REASONS);
    if more > 0 {
        reasons.push(format!("{more} more"));
    }
    if reasons.is_empty() {
        reasons = gathered.failures();
    }
    if reasons.is_empty() {
        "no search found a source on it".to_owned()
    } else {
        reasons.join(", ")
    }
}

impl Side {
    /// Whether a text holds half of its own words.
    fn speaks(&self, text: &str) -> bool {
        self.is_said(text, 1)
    }

    /// Whether a text holds half of its own words time and again.
    fn is_dwelt_on(&self, text: &str) -> bool {
        self.is_said(text, NOT_IN_PASSING)
    }

    /// Whether a text holds half of its own words, one of them so many times.
    fn is_said(&self, text: &str, times: usize) -> bool {
        let text = text.to_lowercase();
        let said: Vec<usize> = self.own.iter().map(|word| times_said(&text, word)).collect();
        let held = said.iter().filter(|times| **times > 0).count();
        2 * held >= said.len() && said.iter().any(|said| *said >= times)
    }
}

/// How often a text has a word, be it as a part of a longer name: `actix` of `actix-web`.
fn times_said(text: &str, word: &str) -> usize {
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let is_whole = |at: usize| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let behind = text.get(at + word.len()..).and_then(|rest| rest.chars().next());
        !is_letter(before) && !is_letter(behind)
    };
    text.match_indices(word).filter(|(at, _)| is_whole(*at)).count()
}

/// The sides of a question; none, or at least two that each have words of their own.
fn sides(question: &str) -> Vec<Side> {
    let lower = question.to_lowercase();
    // Lower case may take other bytes in some scripts; there nothing is compared by words of ours.
    if lower.len() != question.len() {
        return Vec::new();
    }
    let parted = BETWEEN.iter().find_map(|between| {
        let at = lower.find(between)?;
        Some((question.get(..at)?, question.get(at + between.len()..)?))
    });
    let joined = || {
        BEGINS.iter().find_map(|begins| {
            let from = lower.find(begins)? + begins.len();
            let rest = lower.get(from..)?;
            let (at, joint) = JOINED.iter().find_map(|joint| Some((rest.find(joint)?, joint)))?;
            Some((
                question.get(from..from + at)?,
                question.get(from + at + joint.len()..)?,
            ))
        })
    };
    let Some((left, right)) = parted.or_else(joined) else {
        return Vec::new();
    };
    let (left, right) = (last_words(left), first_words(right));
    let words = [terms::folded(&left), terms::folded(&right)];
    let own = [&words[0] - &words[1], &words[1] - &words[0]];
    if own.iter().any(BTreeSet::is_empty) {
        return Vec::new();
    }
    let [own_left, own_right] = own;
    vec![
        Side {
            name: left,
            own: own_left,
        },
        Side {
            name: right,
            own: own_right,
        },
    ]
}

fn is_behind(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    BEHIND.contains(&word.as_str())
}

/// What stands before a joint: the words behind the last one that leads to it.
fn last_words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let of = words
        .iter()
        .rposition(|word| is_behind(word) || word.ends_with([',', ':']) || is_opening(word));
    let words = words.get(of.map_or(0, |at| at + 1)..).unwrap_or_default();
    named(
        words
            .get(words.len().saturating_sub(LONGEST)..)
            .unwrap_or_default(),
    )
}

/// What stands behind a joint: the words before the first one that leads on.
fn first_words(text: &str) -> String {
    let text = text.split([',', '?', ';', ':']).next().unwrap_or_default();
    let words: Vec<&str> = text
        .split_whitespace()
        .take_while(|word| !is_behind(word))
        .take(LONGEST)
        .collect();
    named(&words)
}

fn is_opening(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "compare" | "comparing" | "between" | "choose" | "use"
    )
}

fn named(words: &[&str]) -> String {
    let words = words.join(" ");
    let name =
        words.trim_matches(|c: char| c.is_whitespace() || matches!(c, '.' | '?' | '!' | ',' | '"' | '`'));
    name.strip_prefix("the ").unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(question: &str) -> Vec<String> {
        sides(question).into_iter().map(|side| side.name).collect()
    }

    #[test]
    fn the_sides_of_a_comparison_are_what_it_names() {
        for (question, told) in [
            ("compare tokio and smol", ["tokio", "smol"]),
            ("Compare tokio with smol for our queue.", ["tokio", "smol"]),
            ("tokio vs smol", ["tokio", "smol"]),
            ("for our queue, tokio versus smol?", ["tokio", "smol"]),
            (
                "what is the difference between LMDB and RocksDB when writing",
                ["LMDB", "RocksDB"],
            ),
            ("is smol better than tokio?", ["smol", "tokio"]),
            (
                "compare the merge policy of parcels with the optimizer of scales",
                ["merge policy of parcels", "optimizer of scales"],
            ),
        ] {
            assert_eq!(names(question), told, "{question}");
        }
    }

    #[test]
    fn other_questions_have_no_sides() {
        for question in [
            "how are retries and errors counted",
            "which errors are retried or told",
            "compare the two",
            "compare tokio and tokio",
            "why is this better than before?",
        ] {
            assert_eq!(names(question), [""; 0], "{question}");
        }
    }

    #[test]
    fn a_side_is_spoken_of_by_its_name_and_not_by_a_part_of_another() {
        let sides = sides("compare actix and axum");
        assert!(sides[0].speaks("https://docs.rs/actix-web") && sides[1].speaks("Axum's router"));
        assert!(!sides[1].speaks("the maxum of axums2"));
    }
}
