//! How far goes what a text begins with, when the rest of the text may still be to come.
//!
//! Lengths and places are in bytes. 0 says that there is no such thing, `None` that only the rest can tell. What was told
//! holds however the text goes on: else an answer would depend on the pieces in which it came.

/// How far is looked. What goes on for longer is text, so that no more than this is held back for anything.
pub(super) const FAR: usize = 512;

/// How often a text begins with a mark.
pub(super) fn run(mark: char, text: &str) -> usize {
    text.len() - text.trim_start_matches(mark).len()
}

/// The brackets that a text begins with, to the one that closes the first, on its line.
pub(super) fn bracketed(text: &str, (open, close): (char, char), is_end: bool) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if at >= FAR || c == '\n' {
            return Some(0);
        }
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return Some(at + c.len_utf8());
            }
        }
    }
    is_end.then_some(0)
}

/// The `(address "title")` that follows the words of a link.
pub(super) fn target(text: &str, is_end: bool) -> Option<usize> {
    if text.is_empty() {
        return is_end.then_some(0);
    }
    if !text.starts_with('(') {
        return Some(0);
    }
    let length = bracketed(text, ('(', ')'), is_end)?;
    let inside = text.get(1..length.saturating_sub(1));
    Some(if inside.is_some_and(is_target) { length } else { 0 })
}

/// Whether brackets behind a link's words hold its address, and not more of the sentence.
fn is_target(inside: &str) -> bool {
    let inside = inside.trim();
    if inside.starts_with('<') {
        return inside.contains('>');
    }
    let title = inside
        .split_once(char::is_whitespace)
        .map(|(_, title)| title.trim_start());
    title.is_none_or(|title| title.starts_with(['"', '\'', '(']))
}

/// The code that a text begins with, to the backticks that close it, on its line.
pub(super) fn code(text: &str, is_end: bool) -> Option<usize> {
    let open = run('`', text).min(FAR);
    if open == text.len() && !is_end {
        return None;
    }
    let mut at = open;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if at >= FAR || c == '\n' {
            return Some(0);
        }
        if c != '`' {
            at += c.len_utf8();
            continue;
        }
        let close = run('`', text.get(at..).unwrap_or_default());
        if at + close > FAR {
            return Some(0);
        }
        at += close;
        if at == text.len() && !is_end {
            return None;
        }
        if close == open {
            return Some(at);
        }
    }
    is_end.then_some(0)
}

/// The marks that open a block of code at the beginning of a line.
pub(super) fn fence(mark: char, text: &str, is_end: bool) -> Option<usize> {
    let run = run(mark, text);
    if run == text.len() && run <= FAR && !is_end {
        return None;
    }
    if !(3..=FAR).contains(&run) {
        return Some(0);
    }
    if mark == '~' {
        return Some(run);
    }
    // A line with further backticks is one of code within text.
    for (at, c) in text.get(run..).unwrap_or_default().char_indices() {
        if at >= FAR || c == '`' {
            return Some(0);
        }
        if c == '\n' {
            return Some(run);
        }
    }
    is_end.then_some(run)
}

/// Where a mark stands in the paragraph that a text begins with, in capitals or not.
pub(super) fn place(mark: &str, text: &str, is_end: bool) -> Option<usize> {
    for (at, _) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        if at >= FAR || rest.starts_with("\n\n") {
            return Some(0);
        }
        let found = rest.get(..mark.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(mark)) {
            return Some(at);
        }
        if rest.len() < mark.len() && !is_end {
            return None;
        }
    }
    is_end.then_some(0)
}
