//! Where sentences begin and end.
//!
//! A full stop ends a sentence when white space and something that can begin a sentence follow, and it is not part of a
//! version, a file name, an abbreviation, an initial or a list's number. Nothing inside backticks ends a sentence.

use std::ops::Range;

/// Abbreviations that are followed by more of the same sentence.
const ABBREVIATIONS: &[&str] = &[
    "al", "approx", "art", "ca", "cf", "ch", "dept", "dr", "e.g", "eq", "eqs", "esp", "ex", "fig", "figs",
    "i.e", "inc", "jr", "ltd", "max", "min", "mr", "mrs", "ms", "no", "nos", "p", "para", "pp", "prof",
    "resp", "sec", "sect", "sr", "st", "v", "ver", "viz", "vol", "vs", "w.r.t",
];

/// The sentences of a text, in bytes, without the white space around them.
pub fn split(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let code = code_spans(text);
    let mut code = code.iter().peekable();
    let mut skip_to = 0;
    for (at, c) in text.char_indices() {
        while code.next_if(|span| span.end <= at).is_some() {}
        if let Some(span) = code.peek()
            && span.contains(&at)
        {
            skip_to = span.end;
        }
        if at < skip_to {
            continue;
        }
        let end = at + c.len_utf8();
        let ends = match c {
            '。' | '！' | '？' => true,
            '.' | '!' | '?' | '…' => ends_sentence(text, start, at, end, c),
            '\n' => text
                .get(end..)
                .is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with('\n')),
            _ => false,
        };
        if ends {
            let end = end + closing(text, end);
            push(text, start..end, &mut found);
            start = end;
            skip_to = skip_to.max(end);
        }
    }
    push(text, start..text.len(), &mut found);
    found
}

/// How many bytes of closing quotes, brackets and further terminators follow.
fn closing(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    rest.len()
        - rest
            .trim_start_matches(['.', '!', '?', '…', '"', '”', '’', '\'', ')', ']', '*', '_'])
            .len()
}

fn ends_sentence(text: &str, start: usize, at: usize, end: usize, c: char) -> bool {
    let after = end + closing(text, end);
    let rest = text.get(after..).unwrap_or_default();
    let Some(next) = rest.chars().next() else {
        return true;
    };
    if !next.is_whitespace() {
        return false;
    }
    let Some(begins) = rest.trim_start().chars().next() else {
        return true;
    };
    if c != '.' {
        return true;
    }
    if begins.is_lowercase() {
        return false;
    }
    // Only the dot itself may belong to an abbreviation: `"no."` ends like any word.
    if after > end {
        return true;
    }
    let before = text.get(start..at).unwrap_or_default();
    let word = before
        .rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | '"' | '*'))
        .next()
        .unwrap_or(before);
    let lower = word.to_lowercase();
    if ABBREVIATIONS.contains(&lower.as_str()) {
        // `ms`, `min`, `max` and `no` are also words and units: after a number they end a sentence.
        let unit = before
            .trim_end_matches(word)
            .trim_end()
            .ends_with(|c: char| c.is_ascii_digit());
        return unit && !matches!(lower.as_str(), "e.g" | "i.e");
    }
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    let is_list_number =
        before.trim_start() == word && !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    !is_initial && !is_list_number
}

fn push(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let Some(piece) = text.get(range.clone()) else {
        return;
    };
    let trimmed = piece.trim();
    if !trimmed.is_empty() {
        let start = range.start + (piece.len() - piece.trim_start().len());
        found.push(start..start + trimmed.len());
    }
}

/// The code spans of a line of Markdown, backticks included (CommonMark §6.1: a run of backticks is closed by an equal
/// run; a run that is not closed is text).
pub(crate) fn code_spans(text: &str) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices('`') {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(open) = runs.get(at) {
        let close = runs
            .iter()
            .enumerate()
            .skip(at + 1)
            .find(|(_, run)| run.len() == open.len());
        match close {
            Some((place, run)) => {
                spans.push(open.start..run.end);
                at = place + 1;
            }
            None => at += 1,
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = split(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn full_stops_end_sentences_and_nothing_else_does() {
        check("One. Two! Three? Four", &["One.", "Two!", "Three?", "Four"]);
        check(
            "Since 1.38.0 it works. See main.rs for more.",
            &["Since 1.38.0 it works.", "See main.rs for more."],
        );
        check(
            "Use e.g. Tokio or i.e. Rayon. Done.",
            &["Use e.g. Tokio or i.e. Rayon.", "Done."],
        );
        check(
            "See Fig. 3 by J. Doe et al. The rest.",
            &["See Fig. 3 by J. Doe et al. The rest."],
        );
        check(
            "It took 5 ms. Then it stopped.",
            &["It took 5 ms.", "Then it stopped."],
        );
        check(
            "Call `a. B` twice. Then stop.",
            &["Call `a. B` twice.", "Then stop."],
        );
        check("1. First item. Second.", &["1. First item.", "Second."]);
        check("He said \"no.\" Then left.", &["He said \"no.\"", "Then left."]);
        check("It is 1.2. The next.", &["It is 1.2.", "The next."]);
        check("第一句。第二句。", &["第一句。", "第二句。"]);
        check("Wait... what. ok", &["Wait... what. ok"]);
        check("", &[]);
    }

    proptest! {
        #[test]
        fn sentences_are_in_order_and_lose_only_white_space(text in "[a-zA-Z0-9.!?`\"() \n。é]{0,80}") {
            let ranges = split(&text);
            let joined: String = ranges.iter().map(|range| &text[range.clone()]).collect();
            let strip = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(strip(&joined), strip(&text));
            prop_assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start));
        }
    }
}
