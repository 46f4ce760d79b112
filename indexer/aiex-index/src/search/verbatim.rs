//! What a query has word for word: a message that was copied, a piece of code. Full text knows which words a span has, not
//! that they stand in a row; so the texts of the best files are read.

use std::collections::HashMap;

use super::query::{Query, Route};

/// Fewer tokens in a row are no accident.
const LEAST_RUN: usize = 4;
/// Tokens of a query that are compared; a pasted page is cut here.
const MOST_TOKENS: usize = 128;

/// The tokens of a query that looks copied.
pub(crate) struct Verbatim<'a> {
    places: HashMap<&'a str, Vec<usize>>,
    count: usize,
}

impl<'a> Verbatim<'a> {
    /// Nothing for a query of few tokens, for one that is written as sentences are, and for a name or a path: where they
    /// stand is not what they mean.
    pub(crate) fn new(query: &'a Query) -> Option<Self> {
        if matches!(query.route, Route::Symbol | Route::Path) {
            return None;
        }
        let tokens: Vec<&str> = tokens(&query.text).take(MOST_TOKENS).collect();
        if tokens.len() < LEAST_RUN || !has_signs(&query.text) {
            return None;
        }
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, token) in tokens.iter().enumerate() {
            places.entry(token).or_default().push(place);
        }
        Some(Self {
            places,
            count: tokens.len(),
        })
    }

    /// How many of the query's tokens stand in a row in a text, and which share of all that is; nothing for a few.
    pub(crate) fn longest_run(&self, text: &str) -> Option<(usize, f32)> {
        let mut longest = 0;
        // Runs by the place in the query at which they end, last token and this one.
        let mut last: Vec<(usize, usize)> = Vec::new();
        let mut runs = Vec::new();
        for token in tokens(text) {
            runs.clear();
            for place in self.places.get(token).into_iter().flatten() {
                let before = last.iter().find(|(end, _)| end + 1 == *place);
                let run = 1 + before.map_or(0, |(_, run)| *run);
                longest = longest.max(run);
                runs.push((*place, run));
            }
            std::mem::swap(&mut last, &mut runs);
        }
        (LEAST_RUN <= longest).then(|| (longest, longest as f32 / self.count as f32))
    }
}

/// Words and signs, without blanks.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, others) = rest.split_at(length);
        rest = others;
        Some(token)
    })
}

/// Whether there is what code and messages have and sentences have not: brackets, quotes, operators, digits.
fn has_signs(text: &str) -> bool {
    let is_of_sentences = |c: char| {
        c.is_alphabetic() || c.is_whitespace() || matches!(c, '.' | ',' | '?' | '!' | '-' | '’' | '\'')
    };
    text.chars().any(|c| !is_of_sentences(c)) || text.contains(" '") || text.contains("' ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(query: &str, text: &str) -> Option<usize> {
        let query = Query::parse(query).unwrap();
        Verbatim::new(&query)?.longest_run(text).map(|(run, _)| run)
    }

    #[test]
    fn a_run_is_what_stands_in_a_row_whatever_the_blanks() {
        let text = "fn f() {\n    *entry = (*entry >> 1)\n        & MASK;\n}";
        assert_eq!(run("*entry = (*entry >> 1) & MASK", text), Some(12));
        assert_eq!(run("other = (*entry >> 1) & OTHER", text), Some(9));
        assert_eq!(run("entry MASK = > & f", text), None);
        assert_eq!(
            run(
                "error: no such file: \"a.txt\"",
                "bail!(\"no such file: {path}\")"
            ),
            Some(4)
        );
    }

    #[test]
    fn a_sentence_is_not_copied() {
        assert_eq!(
            run("how does a queue decide when to retry", "how does a queue decide"),
            None
        );
        assert_eq!(
            run("why don't sessions expire at night?", "sessions expire at night"),
            None
        );
        assert_eq!(run("a: b", "a: b"), None);
        assert_eq!(run("queue::Retry::next", "queue::Retry::next()"), None);
    }
}
