//! Which lines of a span show best why it matched.

use super::query::Query;
use super::words::{Gate, fit};

/// Lines of a span that are looked at; longer spans are data.
const MAX_LINES: usize = 400;
/// What a word counts that only begins as the query's does. It chooses what is shown, not what ranks.
const ABBREVIATION: f32 = 0.7;

/// The line, counted from 0 within `text`, that holds most words of the query; the first of equals.
pub(crate) fn focus(text: &str, query: &Query) -> usize {
    let gate = Gate::new(&query.stems);
    let mut best = (0.0_f32, 0);
    for (at, line) in text.lines().enumerate().take(MAX_LINES) {
        let score = score(line, query, &gate);
        if score > best.0 {
            best = (score, at);
        }
    }
    best.1
}

/// Up to `count` lines, counted from 0 within `text` and in its order, that hold most words of `question`. Lines
/// without any are not among them.
pub fn telling_lines(question: &str, text: &str, count: usize) -> Vec<usize> {
    let Some(query) = Query::parse(question) else {
        return Vec::new();
    };
    let gate = Gate::new(&query.stems);
    let mut scored: Vec<(usize, f32)> = text
        .lines()
        .take(MAX_LINES)
        .map(|line| score(line, &query, &gate))
        .enumerate()
        .filter(|(_, score)| *score > 0.0)
        .collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scored.truncate(count);
    let mut lines: Vec<usize> = scored.into_iter().map(|(at, _)| at).collect();
    lines.sort_unstable();
    lines
}

fn score(line: &str, query: &Query, gate: &Gate) -> f32 {
    let words = gate.stems(line);
    let score: f32 = query
        .stems
        .iter()
        .map(|word| {
            words
                .iter()
                .map(|own| fit(word, own, ABBREVIATION))
                .fold(0.0, f32::max)
        })
        .sum();
    if query.names.iter().any(|name| line.contains(&name.name)) {
        score + 1.0
    } else {
        score
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_that_speak_of_the_question_are_told_in_order() {
        let text = "fn a() {\n    let delay = wait();\n    other();\n    retry_delay(attempt)\n}\n";
        assert_eq!(telling_lines("how long is the retry delay", text, 2), [1, 3]);
        assert_eq!(telling_lines("how long is the retry delay", text, 1), [3]);
        assert_eq!(telling_lines("quite another thing", text, 2), [0_usize; 0]);
    }
}
