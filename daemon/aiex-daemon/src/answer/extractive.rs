//! An answer without a model: the best spans by file, and of each what it says of itself and the lines that speak
//! of the question.

use std::fmt::Write as _;

use aiex_index::search::telling_lines;
use aiex_protocol::search::{Answer, EXTRACTIVE, Hit};

use super::resolve;

/// Spans told; the rest is in the hits.
const MAX_SPANS: usize = 6;
/// Lines of code told of a span, besides the one that names it.
const MAX_LINES: usize = 3;
/// Characters of a line told.
const MAX_LINE: usize = 110;
/// Characters of a comment told.
const MAX_COMMENT: usize = 240;

/// Writes the answer.
pub(crate) fn write(question: &str, evidence: &[Hit]) -> Answer {
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
            span(&mut text, question, *id, hit);
        }
    }
    Answer {
        text: text.trim_end().to_owned(),
        citations: resolve(1..=shown.len() as u32, evidence),
        author: EXTRACTIVE.to_owned(),
        rejected_citations: Vec::new(),
        usage: None,
    }
}

/// What a span is, what its comment says, and the lines that speak of the question.
fn span(text: &mut String, question: &str, id: u32, hit: &Hit) {
    let _ = writeln!(text, "  {} [{id}]", title(hit));
    let lines: Vec<&str> = hit.snippet.lines().collect();
    let is_named = hit.symbol.is_some();
    let focus = (hit.focus_line.saturating_sub(hit.start_line) as usize).min(lines.len().saturating_sub(1));
    let comment = comment_above(&lines, focus);
    if !comment.is_empty() {
        let _ = writeln!(text, "    {}", cut(&comment, MAX_COMMENT));
    }
    let mut told = telling_lines(question, &hit.snippet, MAX_LINES);
    told.retain(|at| !is_comment(lines[*at]) || !is_named);
    // A comment is told above, in its own words.
    let is_code = lines.get(focus).is_some_and(|line| !is_comment(line));
    if is_named && is_code && !told.contains(&focus) {
        told.insert(0, focus);
        told.sort_unstable();
    }
    for at in told {
        let line = cut(lines[at].trim(), MAX_LINE);
        if !line.is_empty() {
            let _ = writeln!(text, "    {:>5} │ {line}", hit.start_line as usize + at);
        }
    }
}

/// `12-30 Retry::next (function): defines "retry"`.
fn title(hit: &Hit) -> String {
    let mut title = format!("{}-{}", hit.start_line, hit.end_line);
    if let Some(symbol) = &hit.symbol {
        let _ = write!(title, " {symbol}");
    }
    if let (Some(_), Some(kind)) = (&hit.symbol, &hit.kind) {
        let _ = write!(title, " ({kind})");
    }
    if !hit.why.is_empty() {
        let _ = write!(title, ": {}", hit.why.join(", "));
    }
    title
}

/// The comment right above a line, or the documentation string right below it, in one line.
fn comment_above(lines: &[&str], at: usize) -> String {
    let above = lines.get(..at).unwrap_or_default();
    // Attributes and decorators stand between a comment and what it is about.
    let end = above
        .iter()
        .rposition(|line| !line.trim_start().starts_with(['@', '[']) && !line.trim_start().starts_with("#["))
        .map_or(0, |last| last + 1);
    let first = above[..end]
        .iter()
        .rposition(|line| !is_comment(line))
        .map_or(0, |last| last + 1);
    let comment = words_of(&above[first..end]);
    if !comment.is_empty() {
        return comment;
    }
    let below = lines.get(at + 1..).unwrap_or_default();
    let is_docstring = below.first().is_some_and(|line| {
        line.trim_start_matches(['r', 'f', ' ', '\t'])
            .starts_with("\"\"\"")
    });
    if !is_docstring {
        return String::new();
    }
    // To its end or to the first empty line, whichever comes first.
    let rest = below
        .iter()
        .skip(1)
        .take_while(|line| !line.trim().is_empty() && !line.contains("\"\"\""));
    let is_one_line = below[0].matches("\"\"\"").count() > 1;
    let docstring: Vec<&str> = std::iter::once(&below[0])
        .chain(rest.take(if is_one_line { 0 } else { 8 }))
        .copied()
        .collect();
    words_of(&docstring)
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["//", "#", "--", ";;", "/*", "*", "%", "<!--"]
        .iter()
        .any(|sign| line.starts_with(sign))
        && !["#[", "#!", "#include", "#define", "#if"]
            .iter()
            .any(|sign| line.starts_with(sign))
}

/// Comment lines without their signs, joined.
fn words_of(lines: &[&str]) -> String {
    let signs =
        |c: char| matches!(c, '/' | '#' | '*' | '!' | '-' | ';' | '"' | '%' | '<' | '>') || c.is_whitespace();
    let words: Vec<&str> = lines
        .iter()
        .map(|line| line.trim_matches(signs))
        .filter(|line| !line.is_empty())
        .collect();
    words.join(" ")
}

fn cut(line: &str, max: usize) -> String {
    if line.chars().count() <= max {
        return line.to_owned();
    }
    let mut cut: String = line.chars().take(max - 1).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::hit;

    #[test]
    fn spans_are_grouped_by_file_told_and_cited() {
        let mut plain = hit("b.rs", 5, "first\nlet retries = [1];\nlast");
        plain.symbol = None;
        let retry =
            "/// Decides when to try again.\n#[must_use]\nfn retry() {\n    other();\n    wait(delay);\n}";
        let mut first = hit("a.rs", 10, retry);
        first.focus_line = 12;
        let answer = write(
            "how long is the delay between retries",
            &[first, plain, hit("a.rs", 40, "\nfn retry() {}")],
        );
        let expected = "\
a.rs
  10-19 retry (function): defines \"retry\" [1]
    Decides when to try again.
       12 │ fn retry() {
       14 │ wait(delay);
  40-49 retry (function): defines \"retry\" [3]
       41 │ fn retry() {}
b.rs
  5-14: defines \"retry\" [2]
        6 │ let retries = [1];";
        assert_eq!(answer.text, expected);
        assert_eq!(answer.citations.len(), 3);
        assert_eq!(
            (answer.citations[1].path.as_str(), answer.citations[1].start_line),
            ("b.rs", 5)
        );
    }

    #[test]
    fn a_documentation_string_below_the_name_is_told() {
        let lines = [
            "def f(x):",
            "    \"\"\"Waits for x.",
            "    Twice.",
            "",
            "    More.\"\"\"",
            "    pass",
        ];
        assert_eq!(comment_above(&lines, 0), "Waits for x. Twice.");
        assert_eq!(comment_above(&["def f():", "    'text'"], 0), "");
    }

    #[test]
    fn no_evidence_is_said() {
        let answer = write("anything", &[]);
        assert_eq!(answer.text, "Nothing in the index matches the question.");
        assert!(answer.citations.is_empty());
    }
}
