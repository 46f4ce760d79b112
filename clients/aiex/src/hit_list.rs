//! How hits look: grouped by file for people, `path:start-end` for pipes, one object a line for programs.

use std::fmt::Write;

use aiex_protocol::search::{Explanation, Hit};
use serde::Serialize;

use crate::palette::Palette;
use crate::snippet::{self, Extent, SnippetLine, displayable, fit};

/// How to show hits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HitStyle {
    /// The colours.
    pub(crate) palette: Palette,
    /// Columns to fill.
    pub(crate) width: usize,
    /// How much of each snippet.
    pub(crate) extent: Extent,
}

/// A hit as programs read it: every key is always there, except the explanation, which is there when asked for.
#[derive(Debug, Serialize)]
pub(crate) struct HitRow<'a> {
    rank: u32,
    score: f32,
    repo: &'a str,
    path: &'a str,
    start_line: u32,
    end_line: u32,
    symbol: Option<&'a str>,
    kind: Option<&'a str>,
    language: Option<&'a str>,
    snippet: &'a str,
    focus_line: u32,
    why: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<&'a Explanation>,
}

impl<'a> From<&'a Hit> for HitRow<'a> {
    fn from(hit: &'a Hit) -> Self {
        HitRow {
            rank: hit.rank,
            score: hit.score,
            repo: &hit.repo,
            path: &hit.path,
            start_line: hit.start_line,
            end_line: hit.end_line,
            symbol: hit.symbol.as_deref(),
            kind: hit.kind.as_deref(),
            language: hit.language.as_deref(),
            snippet: &hit.snippet,
            focus_line: hit.focus_line,
            why: &hit.why,
            explain: hit.explain.as_ref(),
        }
    }
}

/// For a person: files in the order of their best hit, each hit beneath its file.
pub(crate) fn grouped(hits: &[Hit], style: HitStyle) -> String {
    let palette = style.palette;
    let mut files: Vec<&str> = Vec::new();
    for hit in hits {
        if !files.contains(&hit.path.as_str()) {
            files.push(&hit.path);
        }
    }
    let mut text = String::new();
    for (position, file) in files.into_iter().enumerate() {
        if position > 0 {
            text.push('\n');
        }
        let _ = writeln!(text, "{}", palette.path(displayable(file)));
        for hit in hits.iter().filter(|hit| hit.path == file) {
            let _ = write!(
                text,
                " {} {}",
                palette.handle(format!("{:>2}", hit.rank)),
                lines_of(hit)
            );
            if let Some(symbol) = &hit.symbol {
                let _ = write!(text, "  {}", palette.symbol(displayable(symbol)));
            }
            if let Some(kind) = &hit.kind {
                let _ = write!(text, " {}", palette.dim(kind));
            }
            let mut rest = score(hit.score);
            if !hit.why.is_empty() {
                let _ = write!(rest, "  {}", displayable(&hit.why.join(" · ")));
            }
            let _ = writeln!(text, "  {}", palette.dim(rest));
            snippet_lines(&mut text, hit, style);
            explanation_lines(&mut text, hit, palette);
        }
    }
    text
}

fn snippet_lines(text: &mut String, hit: &Hit, style: HitStyle) {
    let palette = style.palette;
    let digits = hit.end_line.max(hit.start_line).to_string().len().max(4);
    // A margin of two, the mark, the number and the bar.
    let room = style.width.saturating_sub(digits + 7).max(20);
    for line in snippet::lines(&hit.snippet, hit.start_line, hit.focus_line, style.extent) {
        let _ = match line {
            SnippetLine::Hole => writeln!(text, "    {}", palette.dim(format!("{:>digits$}", "⋮"))),
            SnippetLine::Text {
                number,
                text: code,
                is_focus,
            } => {
                let number = format!("{number:>digits$}");
                let gap = if code.is_empty() { "" } else { " " };
                let code = fit(&code, room);
                if is_focus {
                    let (mark, number, bar) = (palette.handle("▸"), palette.handle(number), palette.dim("│"));
                    writeln!(text, "  {mark} {number} {bar}{gap}{}", palette.strong(code))
                } else {
                    writeln!(text, "    {}{gap}{code}", palette.dim(format!("{number} │")))
                }
            }
        };
    }
}

/// For a pipe: `path:start-end  symbol  score`, then the snippet, indented.
pub(crate) fn plain(hits: &[Hit], extent: Extent, palette: Palette) -> String {
    let mut text = String::new();
    for hit in hits {
        let _ = write!(text, "{}:{}", palette.path(displayable(&hit.path)), lines_of(hit));
        if let Some(symbol) = &hit.symbol {
            let _ = write!(text, "  {}", palette.symbol(displayable(symbol)));
        }
        let _ = writeln!(text, "  {}", score(hit.score));
        for line in snippet::lines(&hit.snippet, hit.start_line, hit.focus_line, extent) {
            let _ = match line {
                SnippetLine::Hole => writeln!(text, "    ⋮"),
                SnippetLine::Text {
                    number,
                    text: code,
                    is_focus,
                } => {
                    let mark = if is_focus { '>' } else { ' ' };
                    let line = format!("    {number:>4}{mark} {code}");
                    writeln!(text, "{}", line.trim_end())
                }
            };
        }
        explanation_lines(&mut text, hit, palette);
    }
    text
}

/// One line a hit, numbered as an answer cites it.
pub(crate) fn compact(hits: &[Hit], palette: Palette, width: usize) -> String {
    let mut text = String::new();
    for hit in hits {
        let handle = format!("[{}]", hit.rank);
        let place = format!("{}:{}", displayable(&hit.path), lines_of(hit));
        let _ = write!(
            text,
            "{} {}",
            palette.handle(format!("{handle:>4}")),
            palette.path(&place)
        );
        let mut used = 5 + place.chars().count();
        if let Some(symbol) = &hit.symbol {
            let symbol = displayable(symbol);
            used += 2 + symbol.chars().count();
            let _ = write!(text, "  {}", palette.symbol(symbol));
        }
        let why = displayable(&hit.why.join(" · "));
        // Less than this is not worth reading.
        if !why.is_empty() && used + 12 < width {
            let _ = write!(text, "  {}", palette.dim(fit(&why, width - used - 2)));
        }
        text.push('\n');
    }
    text
}

fn explanation_lines(text: &mut String, hit: &Hit, palette: Palette) {
    let Some(explanation) = &hit.explain else { return };
    let _ = writeln!(text, "      {} {}", palette.dim("route"), explanation.route);
    for (arm, place) in &explanation.arms {
        let _ = writeln!(
            text,
            "      {} {arm} #{} {:.3}",
            palette.dim("arm"),
            place.rank,
            place.score
        );
    }
    for step in &explanation.steps {
        let detail = if step.detail.is_empty() {
            String::new()
        } else {
            format!("  {}", displayable(&step.detail))
        };
        let _ = writeln!(
            text,
            "      {} {:>8.4}  {}{}",
            palette.dim("step"),
            step.score,
            step.rule,
            palette.dim(detail)
        );
    }
}

/// Three figures that matter: fused scores are small, those of exact matches are whole.
fn score(score: f32) -> String {
    if score.abs() < 0.1 {
        format!("{score:.4}")
    } else {
        format!("{score:.3}")
    }
}

/// `40-71`, or `40` for a single line.
pub(crate) fn line_range(start: u32, end: u32) -> String {
    if start >= end {
        start.to_string()
    } else {
        format!("{start}-{end}")
    }
}

fn lines_of(hit: &Hit) -> String {
    line_range(hit.start_line, hit.end_line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(rank: u32, path: &str, start: u32, snippet: &str, focus: u32) -> Hit {
        Hit {
            rank,
            score: 1.0 / rank as f32,
            repo: "/repo".to_owned(),
            path: path.to_owned(),
            start_line: start,
            end_line: start + snippet.lines().count().saturating_sub(1) as u32,
            symbol: Some("Policy::next".to_owned()),
            kind: Some("function".to_owned()),
            language: Some("rust".to_owned()),
            snippet: snippet.to_owned(),
            focus_line: focus,
            why: vec!["defines \"next\"".to_owned()],
            explain: None,
        }
    }

    fn sample() -> Vec<Hit> {
        vec![
            hit(1, "src/policy.rs", 3, "fn next() {\n    wait()\n}\n", 4),
            hit(2, "src/main.rs", 1, "fn main() {}", 1),
            hit(3, "src/policy.rs", 90, "fn last() {}", 90),
        ]
    }

    fn style(is_colored: bool) -> HitStyle {
        HitStyle {
            palette: Palette::new(is_colored),
            width: 60,
            extent: Extent::Focused,
        }
    }

    #[test]
    fn people_see_files_in_the_order_of_their_best_hit() {
        insta::assert_snapshot!(grouped(&sample(), style(false)), @r#"
        src/policy.rs
          1 3-5  Policy::next function  1.000  defines "next"
               3 │ fn next() {
          ▸    4 │     wait()
               5 │ }
          3 90  Policy::next function  0.333  defines "next"
          ▸   90 │ fn last() {}

        src/main.rs
          2 1  Policy::next function  0.500  defines "next"
          ▸    1 │ fn main() {}
        "#);
        assert!(grouped(&sample(), style(true)).contains("\u{1b}["));
    }

    #[test]
    fn pipes_see_a_place_then_the_snippet() {
        insta::assert_snapshot!(plain(&sample()[..2], Extent::Focused, Palette::new(false)), @r"
        src/policy.rs:3-5  Policy::next  1.000
               3  fn next() {
               4>     wait()
               5  }
        src/main.rs:1  Policy::next  0.500
               1> fn main() {}
        ");
    }

    #[test]
    fn evidence_is_one_numbered_line_a_hit() {
        insta::assert_snapshot!(compact(&sample()[..1], Palette::new(false), 80), @r#"[1] src/policy.rs:3-5  Policy::next  defines "next""#);
    }

    #[test]
    fn programs_always_see_every_key() {
        let bare = Hit {
            symbol: None,
            kind: None,
            language: None,
            why: Vec::new(),
            ..hit(1, "a b/ü.txt", 1, "x", 1)
        };
        let row = serde_json::to_string(&HitRow::from(&bare)).unwrap();
        insta::assert_snapshot!(row, @r#"{"rank":1,"score":1.0,"repo":"/repo","path":"a b/ü.txt","start_line":1,"end_line":1,"symbol":null,"kind":null,"language":null,"snippet":"x","focus_line":1,"why":[]}"#);
    }
}
