//! Which lines of a span show best why it matched.

use super::query::Query;
use super::words::{Gate, fit};

/// Lines of a span that are looked at; longer spans are data.
const MAX_LINES: usize = 400;
/// What a word counts that only begins as the query's does. It chooses what is shown, not what ranks.
const ABBREVIATION: f32 = 0.7;

/// What is looked for in the lines of texts.
pub(crate) struct Wanted<'a> {
    query: &'a Query,
    gate: Gate,
}

impl<'a> Wanted<'a> {
    pub(crate) fn new(query: &'a Query) -> Self {
        Self {
            query,
            gate: Gate::new(&query.stems),
        }
    }

    /// The line, counted from 0 within `text`, that holds most words of the query; the first of equals.
    pub(crate) fn focus(&self, text: &str) -> usize {
        let mut best = (0, 0.0);
        for (at, score) in self.scores(text) {
            if score > best.1 {
                best = (at, score);
            }
        }
        best.0
    }

    /// The lines that hold something of the query, counted from 0, and how much.
    fn scores(&self, text: &str) -> Vec<(usize, f32)> {
        let names = self.query.names.iter().map(|name| name.name.as_str());
        let names: Vec<&str> = names.filter(|name| text.contains(name)).collect();
        let score = |line: &str| self.score(line, &names);
        let scored: Vec<(usize, f32)> = if names.is_empty() {
            // Most lines of a span have none of the words.
            let lines = self.gate.lines(text).into_iter();
            let lines = lines.take_while(|(at, _)| *at < MAX_LINES);
            let lines = lines.map(|(at, start)| (at, text[start..].lines().next().unwrap_or_default()));
            lines.map(|(at, line)| (at, score(line))).collect()
        } else {
            text.lines().take(MAX_LINES).map(score).enumerate().collect()
        };
        scored.into_iter().filter(|(_, score)| *score > 0.0).collect()
    }

    fn score(&self, line: &str, names: &[&str]) -> f32 {
        let words = self.gate.stems(line);
        let best = |wanted: &String| {
            let fits = words.iter().map(|own| fit(wanted, own, ABBREVIATION));
            fits.fold(0.0, f32::max)
        };
        let score: f32 = self.query.stems.iter().map(best).sum();
        if names.iter().any(|name| line.contains(name)) {
            score + 1.0
        } else {
            score
        }
    }
}

/// Up to `count` lines, counted from 0 within `text` and in its order, that hold most words of `question`. Lines
/// without any are not among them.
pub fn telling_lines(question: &str, text: &str, count: usize) -> Vec<usize> {
    let Some(query) = Query::parse(question) else {
        return Vec::new();
    };
    let mut scored = Wanted::new(&query).scores(text);
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scored.truncate(count);
    let mut lines: Vec<usize> = scored.into_iter().map(|(at, _)| at).collect();
    lines.sort_unstable();
    lines
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

    proptest::proptest! {
        /// Words that go over the end of a line, short ones at its end, other scripts, blank lines.
        #[test]
        fn no_line_that_holds_a_word_is_passed_over(
            question in "[a-d]{1,4}( [a-d]{1,4}){0,3}",
            lines in proptest::collection::vec("[a-dé_ ]{0,9}", 0..9),
            end in proptest::sample::select(vec!["\n", "\r\n"]),
        ) {
            let Some(query) = Query::parse(&question) else { return Ok(()) };
            let wanted = Wanted::new(&query);
            let text = lines.join(end);
            let each = text.lines().map(|line| wanted.score(line, &[])).enumerate();
            let each: Vec<(usize, f32)> = each.filter(|(_, score)| *score > 0.0).collect();
            let names = query.names.iter().any(|name| text.contains(&name.name));
            proptest::prop_assert!(names || wanted.scores(&text) == each, "{text:?}");
        }
    }
}
