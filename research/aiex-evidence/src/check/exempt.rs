//! Sentences that claim nothing.

use crate::facts::{Fact, Value};
use crate::words::words;

/// Words that begin a sentence which leads over to the next.
const TRANSITIONS: &[&str] = &[
    "in summary",
    "in short",
    "to summarise",
    "to summarize",
    "in conclusion",
    "overall",
    "this section",
    "this report",
    "the following",
    "below",
    "above",
    "here is",
    "here are",
    "here's",
    "as follows",
    "let us",
    "let's",
    "the rest of",
    "the sources",
    "no source",
    "none of the sources",
    "the evidence",
    "no evidence",
    "it is unclear",
    "note:",
];

/// Whether a sentence claims nothing: a question, a lead-in, a transition, a few words that say nothing exact.
pub(super) fn is_exempt(text: &str, facts: &[Fact], cites_nothing: bool) -> bool {
    let trimmed = text.trim().trim_matches(['*', '_']).trim();
    if trimmed.ends_with('?') || !trimmed.chars().any(char::is_alphanumeric) {
        return true;
    }
    let is_number = |fact: &&Fact| !matches!(fact.value, Value::Identifier { exact: false, .. });
    let says_something_exact = facts.iter().any(|fact| is_number(&fact));
    if !cites_nothing || says_something_exact {
        return false;
    }
    let lower = trimmed.to_lowercase();
    trimmed.ends_with(':')
        || words(trimmed).len() <= 3
        || (TRANSITIONS.iter().any(|start| lower.starts_with(start)) && words(trimmed).len() <= 20)
}
