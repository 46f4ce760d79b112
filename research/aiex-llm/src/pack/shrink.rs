//! Makes one piece shorter. Lines stay whole and verbatim; gaps are marked.

use super::Shorten;
use crate::tokens::Counter;

/// What the mark of a gap takes at most, in tokens.
const MARK: usize = 12;

/// Shorter words of a question, in characters, say nothing about a line.
const SHORTEST_WORD: usize = 3;

/// `text` made shorter by `strategy`, to about `room` tokens and so that it `fits`; `None` when nothing of use does.
pub(super) fn shrunk(
    text: &str,
    strategy: Shorten,
    question: &str,
    room: usize,
    counter: &Counter,
    fits: impl Fn(&str) -> bool,
) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    // The lines in the order in which they are wanted.
    let wanted: Vec<usize> = match strategy {
        Shorten::Whole => return None,
        Shorten::Truncate => (0..lines.len()).collect(),
        Shorten::Sample => evenly(lines.len()),
        Shorten::Outline => (0..lines.len()).filter(|at| outlines(&lines, *at)).collect(),
        Shorten::Quote => quoted(&lines, question),
    };
    // Nothing of the kind is in it: its beginning says more than nothing.
    let wanted = if wanted.is_empty() {
        (0..lines.len()).collect()
    } else {
        wanted
    };
    let mut kept = vec![false; lines.len()];
    let mut left = room;
    for at in wanted {
        let beside = |other: Option<usize>| other.and_then(|at| kept.get(at)).copied().unwrap_or(false);
        let gap = if beside(at.checked_sub(1)) || beside(at.checked_add(1)) {
            0
        } else {
            MARK
        };
        // One for the line end.
        let cost = counter.count(lines[at]) + 1 + gap;
        match left.checked_sub(cost) {
            Some(rest) => {
                left = rest;
                kept[at] = true;
            }
            None if strategy == Shorten::Truncate => break,
            None => {}
        }
    }
    // Counts of lines need not add up to that of the text.
    loop {
        if !kept.contains(&true) {
            return None;
        }
        let part = with_gaps(&lines, &kept);
        if fits(&part) {
            return Some(part);
        }
        let last = kept.iter().rposition(|kept| *kept)?;
        kept[last] = false;
    }
}

fn with_gaps(lines: &[&str], kept: &[bool]) -> String {
    let mut out = String::new();
    let mut missing = 0;
    let mark = |out: &mut String, missing: &mut usize| {
        if *missing > 0 {
            out.push_str(&format!("[… {missing} lines left out]\n"));
            *missing = 0;
        }
    };
    for (line, kept) in lines.iter().zip(kept) {
        if *kept {
            mark(&mut out, &mut missing);
            out.push_str(line);
            out.push('\n');
        } else {
            missing += 1;
        }
    }
    mark(&mut out, &mut missing);
    out
}

/// All numbers below `count`, so that every beginning of the list is spread evenly: halves, quarters, eighths.
fn evenly(count: usize) -> Vec<usize> {
    let mut order = Vec::with_capacity(count);
    let mut step = count.next_power_of_two().max(1);
    let mut taken = vec![false; count];
    loop {
        for at in (0..count).step_by(step) {
            if !taken[at] {
                taken[at] = true;
                order.push(at);
            }
        }
        if step == 1 {
            return order;
        }
        step /= 2;
    }
}

/// Headings, lines that open a block at the left or one step in, and first lines of paragraphs.
fn outlines(lines: &[&str], at: usize) -> bool {
    let line = lines[at];
    let body = line.trim();
    let indent = line.len() - line.trim_start().len();
    let first = at == 0 || lines[at - 1].trim().is_empty();
    let opens = body.ends_with(['{', ':']) && indent <= 4;
    !body.is_empty() && (body.starts_with('#') || opens || first && indent == 0)
}

/// The lines with the most different words of the question first.
fn quoted(lines: &[&str], question: &str) -> Vec<usize> {
    let question = question.to_lowercase();
    let words: Vec<&str> = question
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.chars().count() >= SHORTEST_WORD)
        .collect();
    let mut scored: Vec<(usize, usize)> = lines
        .iter()
        .enumerate()
        .filter_map(|(at, line)| {
            let line = line.to_lowercase();
            let score = words.iter().filter(|word| line.contains(**word)).count();
            (score > 0).then_some((score, at))
        })
        .collect();
    scored.sort_by_key(|(score, at)| (usize::MAX - score, *at));
    scored.into_iter().map(|(_, at)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_spread_at_every_length() {
        assert_eq!(evenly(8), [0, 4, 2, 6, 1, 3, 5, 7]);
        assert!(evenly(0).is_empty());
        let mut all = evenly(37);
        all.sort_unstable();
        assert_eq!(all, (0..37).collect::<Vec<_>>());
    }

    #[test]
    fn the_best_quotes_come_first() {
        let lines = ["a retry", "nothing", "a retry with back-off"];
        assert_eq!(quoted(&lines, "Is there a retry with Back-off?"), [2, 0]);
    }
}
