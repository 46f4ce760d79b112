//! An answer without a model: the best spans by file, one line each on why.

use std::fmt::Write as _;

use aiex_protocol::search::{Answer, Hit};

use super::resolve;

/// The author of such answers.
const AUTHOR: &str = "extractive";
/// Spans named; the rest is in the hits.
const MAX_SPANS: usize = 8;
/// Characters of a code line shown.
const MAX_LINE: usize = 100;

/// Writes the answer.
pub(crate) fn write(evidence: &[Hit]) -> Answer {
    let shown = evidence.get(..MAX_SPANS).unwrap_or(evidence);
    let mut files: Vec<(&str, Vec<(u32, &Hit)>)> = Vec::new();
    for (hit, id) in shown.iter().zip(1_u32..) {
        match files.iter_mut().find(|(path, _)| *path == hit.path) {
            Some((_, spans)) => spans.push((id, hit)),
            None => files.push((&hit.path, vec![(id, hit)])),
        }
    }
    let mut text = String::new();
    if files.is_empty() {
        text.push_str("Nothing in the index matches the question.");
    }
    for (path, spans) in &files {
        let _ = writeln!(text, "{path}");
        for (id, hit) in spans {
            let _ = writeln!(text, "  {} [{id}]", line_of(hit));
        }
    }
    Answer {
        text: text.trim_end().to_owned(),
        citations: resolve(1..=shown.len() as u32, evidence),
        author: AUTHOR.to_owned(),
        rejected_citations: Vec::new(),
        usage: None,
    }
}

/// `12-30 Retry::next (function): defines "retry"`, or the focus line where there is no symbol.
fn line_of(hit: &Hit) -> String {
    let mut line = format!("{}-{}", hit.start_line, hit.end_line);
    match (&hit.symbol, &hit.kind) {
        (Some(symbol), Some(kind)) => {
            let _ = write!(line, " {symbol} ({kind})");
        }
        (Some(symbol), None) => {
            let _ = write!(line, " {symbol}");
        }
        (None, _) => {
            let offset = hit.focus_line.saturating_sub(hit.start_line) as usize;
            let code = hit
                .snippet
                .lines()
                .nth(offset)
                .or(hit.snippet.lines().next())
                .unwrap_or("")
                .trim();
            let cut: String = code.chars().take(MAX_LINE).collect();
            // A code line in brackets would read as a citation.
            let _ = write!(line, " `{}`", cut.replace('`', "'"));
        }
    }
    if !hit.why.is_empty() {
        let _ = write!(line, ": {}", hit.why.join(", "));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::hit;

    #[test]
    fn spans_are_grouped_by_file_and_cited() {
        let mut plain = hit("b.rs", 5, "first\nlet list = [1];\nlast");
        plain.symbol = None;
        let answer = write(&[
            hit("a.rs", 10, "fn retry()"),
            plain,
            hit("a.rs", 40, "fn retry()"),
        ]);
        assert_eq!(
            answer.text,
            "a.rs\n  10-19 retry (function): defines \"retry\" [1]\n  40-49 retry (function): defines \"retry\" [3]\n\
             b.rs\n  5-14 `let list = [1];`: defines \"retry\" [2]"
        );
        assert_eq!(answer.citations.len(), 3);
        assert_eq!(
            (answer.citations[1].path.as_str(), answer.citations[1].start_line),
            ("b.rs", 5)
        );
    }

    #[test]
    fn no_evidence_is_said() {
        let answer = write(&[]);
        assert_eq!(answer.text, "Nothing in the index matches the question.");
        assert!(answer.citations.is_empty());
    }
}
