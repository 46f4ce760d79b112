//! Which line of a span shows best why it matched.

use super::query::Query;
use super::words::{fit, parts};

/// The line, counted from 0 within `text`, that holds most words of the query; the first of equals.
pub(crate) fn focus(text: &str, query: &Query) -> usize {
    let mut best = (0.0_f32, 0);
    for (at, line) in text.lines().enumerate().take(400) {
        let words = parts(line);
        let mut score: f32 = query
            .words
            .iter()
            .map(|word| words.iter().map(|own| fit(word, own)).fold(0.0, f32::max))
            .sum();
        if query.names.iter().any(|name| line.contains(&name.name)) {
            score += 1.0;
        }
        if score > best.0 {
            best = (score, at);
        }
    }
    best.1
}
