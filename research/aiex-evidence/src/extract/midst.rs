//! Spans of files that begin in the midst of a sentence.

use std::ops::Range;

use crate::{Source, sentences};

/// Whether a part of a source begins in the midst of a sentence: it is the first of a span out of a file, and its first
/// word is no first word.
pub fn begins_in_midst(source: &Source, part: &Range<usize>) -> bool {
    let above = source.text.get(..part.start).unwrap_or_default();
    let text = source.text.get(part.clone()).unwrap_or_default();
    let begins = text.trim_start_matches(|c: char| c.is_whitespace() || "/*#(),:;".contains(c));
    source.origin.is_cut() && above.trim().is_empty() && begins.starts_with(char::is_lowercase)
}

/// What is said behind the first sentence.
pub fn behind_its_first_sentence(said: &str) -> &str {
    let second = sentences::split(said).get(1).map(|second| second.start);
    second.and_then(|at| said.get(at..)).unwrap_or_default()
}
