//! Pieces of code that can stand alone: definitions with their comments, paragraphs of comments, paragraphs of statements.
//!
//! Authors part what they write by blank lines, so those are where pieces end, unless a definition that is short has some
//! within. What is too long is parted again: a comment at its own blank lines, code at the comments within it, else every
//! few lines where a statement ends.

use std::ops::Range;

use super::code::{Line, is_above, is_comment, lines, names};
use super::fences::{begins_inside, is_fence};
use super::{Kind, Piece};
use crate::quote::LONGEST;

/// Lines of a piece that is taken whole, comment included.
const WHOLE: usize = 18;
/// Lines of a comment above code that is taken with it.
const COMMENT: usize = 8;
/// Lines of a definition that is taken whole although it has blank lines within.
const DEFINITION: usize = 24;
/// Lines of a run of what is longer; up to so many more where that ends a statement.
const RUN: usize = 10;
const STATEMENT: usize = 6;

/// The pieces of a file's text, or of a span that `is_cut` out of it.
pub(super) fn pieces(text: &str, is_cut: bool) -> Vec<Piece> {
    let lines: Vec<Line<'_>> = lines(text).collect();
    let mut pieces = Vec::new();
    let mut above = String::new();
    for group in definitions(text, &lines, groups(&lines)) {
        let Some(slice) = lines.get(group) else { continue };
        let may_begin_inside = is_cut && pieces.is_empty();
        let mut take = |part: &[Line<'_>], kind: Kind| {
            if let Some(range) = whole_lines(text, part).filter(|range| range.len() <= LONGEST) {
                pieces.push(Piece {
                    range,
                    kind,
                    above: above.clone(),
                });
            }
        };
        let comment = slice.iter().take_while(|line| is_above(line.text)).count();
        let (said, code) = slice.split_at(comment);
        let is_whole = slice.len() <= WHOLE || slice.iter().any(|line| line.text.is_empty());
        if is_whole && said.len() <= COMMENT {
            take(slice, Kind::Shown);
        } else if said.len() <= COMMENT {
            for (place, run) in runs(code).into_iter().enumerate() {
                // The comment belongs to the first.
                let run = if place == 0 {
                    slice.get(..comment + run.end)
                } else {
                    code.get(run)
                };
                take(run.unwrap_or_default(), Kind::Shown);
            }
        } else {
            let is_inside = may_begin_inside && begins_inside(said.iter().map(told));
            for (paragraph, kind) in paragraphs(said, is_inside) {
                take(said.get(paragraph).unwrap_or_default(), kind);
            }
            for run in runs(code) {
                take(code.get(run).unwrap_or_default(), Kind::Shown);
            }
        }
        if let Some(name) = code.iter().find_map(|line| names(line.text)) {
            name.clone_into(&mut above);
        }
    }
    pieces
}

/// Runs of lines without a blank one among them.
fn groups(lines: &[Line<'_>]) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line.text.is_empty() {
            continue;
        }
        match groups.last_mut() {
            Some(group) if group.end == at => group.end += 1,
            _ => groups.push(at..at + 1),
        }
    }
    groups
}

/// Runs that are one definition, short enough to be read whole, as one: what is indented below its first line, and what
/// closes it.
fn definitions(text: &str, lines: &[Line<'_>], groups: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        if joined.last().is_some_and(|last| last.end >= group.end) {
            continue;
        }
        let whole = defined(lines, group).filter(|whole| {
            let ends = groups.iter().skip(at).any(|part| part.end == whole.end);
            let bytes = whole_lines(text, lines.get(whole.clone()).unwrap_or_default());
            ends && whole.len() <= DEFINITION && bytes.is_some_and(|bytes| bytes.len() <= LONGEST)
        });
        joined.push(whole.unwrap_or_else(|| group.clone()));
    }
    joined
}

/// The lines of a definition that begins a run and goes on behind it.
fn defined(lines: &[Line<'_>], group: &Range<usize>) -> Option<Range<usize>> {
    let code = lines.get(group.clone())?;
    let head = code.iter().find(|line| !is_above(line.text))?;
    names(head.text)?;
    let is_within = |line: &Line<'_>| line.text.is_empty() || line.indent > head.indent;
    if !code
        .iter()
        .skip_while(|line| is_above(line.text))
        .skip(1)
        .all(is_within)
    {
        return None;
    }
    let behind = lines.get(group.end..)?;
    let mut within = behind.iter().take_while(|line| is_within(line)).count();
    let closes = |line: &&Line<'_>| line.indent == head.indent && is_closing(line.text);
    within += usize::from(behind.get(within).filter(closes).is_some());
    let blank = |line: &&Line<'_>| line.text.is_empty();
    within -= behind.get(..within)?.iter().rev().take_while(blank).count();
    (within > 0).then_some(group.start..group.end + within)
}

/// Whether a line closes what others opened.
fn is_closing(line: &str) -> bool {
    line.starts_with(['}', ')', ']']) || line == "end"
}

/// Code in runs of a few lines, cut before comments where there are any, else where a statement ends, else where what stands
/// furthest out does.
fn runs(code: &[Line<'_>]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, line) in code.iter().enumerate() {
        let begins = |run: &Range<usize>| {
            let follows_code = code.get(run.end - 1).is_some_and(|last| !is_above(last.text));
            run.len() >= RUN && at == cut(code, run)
                || (is_comment(line.text) && follows_code && run.len() > 1)
        };
        match runs.last_mut() {
            Some(run) if !begins(run) => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// The line before which a full run is cut: of the next few the first of those that stand furthest out.
fn cut(code: &[Line<'_>], run: &Range<usize>) -> usize {
    let full = run.start + RUN;
    let next = (full..=full + STATEMENT).filter_map(|at| Some((at, code.get(at)?)));
    let best = next
        .filter(|(_, line)| !is_closing(line.text))
        .min_by_key(|(at, line)| (line.indent, *at));
    // Nothing but closing lines: they belong to what they close.
    best.map_or(full + STATEMENT, |(at, _)| at)
}

/// What a line of a comment says.
fn told<'a>(line: &Line<'a>) -> &'a str {
    line.text.trim_start_matches(['/', '!', '*', '#', ' ', '-'])
}

/// The paragraphs of a comment. An example within it is one, whatever blank lines it has; the comment may begin in the midst
/// of one.
fn paragraphs(comment: &[Line<'_>], mut in_example: bool) -> Vec<(Range<usize>, Kind)> {
    let mut found: Vec<(Range<usize>, Kind)> = Vec::new();
    let mut begins = true;
    for (at, line) in comment.iter().enumerate() {
        let said = told(line);
        let is_fence = is_fence(said);
        if said.is_empty() && !in_example {
            begins = true;
            continue;
        }
        if is_fence && !in_example {
            begins = true;
        }
        let kind = if is_fence || in_example {
            Kind::Example
        } else {
            Kind::Shown
        };
        match found.last_mut() {
            Some((range, last)) if !begins && *last == kind => range.end = at + 1,
            _ => found.push((at..at + 1, kind)),
        }
        begins = is_fence && in_example;
        in_example ^= is_fence;
    }
    found
}

/// Where lines stand, from the beginning of the first: its indentation belongs to it, or the rest would stand askew.
fn whole_lines(text: &str, part: &[Line<'_>]) -> Option<Range<usize>> {
    let (first, last) = (part.first()?, part.last()?);
    let begin = text.get(..first.range.start)?.rfind('\n').map_or(0, |at| at + 1);
    Some(begin..last.range.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<&str> {
        pieces(text, true)
            .into_iter()
            .map(|piece| &text[piece.range])
            .collect()
    }

    #[test]
    fn a_definition_comes_with_its_comment_and_its_indentation() {
        let text = "use a;\n\n    /// Weighs.\n    #[inline]\n    fn weigh() {\n        1\n    }\n\n    fn other() {}";
        assert_eq!(
            of(text),
            [
                "use a;",
                "    /// Weighs.\n    #[inline]\n    fn weigh() {\n        1\n    }",
                "    fn other() {}"
            ]
        );
    }

    #[test]
    fn a_long_comment_is_parted_at_its_blank_lines_and_its_example_stays_one() {
        let text = "/// Weighs parcels.\n/// All of them.\n///\n/// The limit is 12.\n///\n/// # Example\n///\n/// ```\n/// a();\n///\n/// b();\n/// ```\n///\n/// The end.\nfn weigh() {}";
        assert_eq!(
            of(text),
            [
                "/// Weighs parcels.\n/// All of them.",
                "/// The limit is 12.",
                "/// # Example",
                "/// ```\n/// a();\n///\n/// b();\n/// ```",
                "/// The end.",
                "fn weigh() {}"
            ]
        );
        let kinds: Vec<Kind> = pieces(text, true).into_iter().map(|piece| piece.kind).collect();
        assert_eq!(kinds.iter().filter(|kind| **kind == Kind::Example).count(), 1);
    }

    #[test]
    fn a_comment_that_begins_within_an_example_is_told_by_its_fences() {
        let text = "/// struct Scale;\n///\n/// impl Weigh for Scale {\n/// }\n/// ```\n///\n/// Scales are kept dry.\n///\n/// ```\n/// use scale::Scale;\n/// let scale = Scale;\n/// ```\nfn weigh() {}";
        let kinds: Vec<(Kind, &str)> = pieces(text, true)
            .into_iter()
            .map(|piece| (piece.kind, text[piece.range].lines().next().unwrap()))
            .collect();
        assert_eq!(
            kinds,
            [
                (Kind::Example, "/// struct Scale;"),
                (Kind::Shown, "/// Scales are kept dry."),
                (Kind::Example, "/// ```"),
                (Kind::Shown, "fn weigh() {}"),
            ]
        );
    }

    #[test]
    fn long_code_is_cut_before_the_comments_within_it() {
        let fields: String = (0..9)
            .map(|n| format!("    /// Field {n}.\n    field_{n}: u32,\n"))
            .collect();
        let text = format!("pub struct Parcel {{\n{fields}}}");
        let found = of(&text);
        assert!(found.len() > 3, "{found:?}");
        assert!(
            found[1..].iter().all(|run| run.trim_start().starts_with("///")),
            "{found:?}"
        );
    }

    #[test]
    fn a_short_definition_with_blank_lines_stays_whole() {
        let short = "    fn weigh() {\n        let a = 1;\n\n        put(a);\n    }";
        let text = format!("{short}\n\n    fn other() {{}}");
        assert_eq!(of(&text), [short, "    fn other() {}"]);
        let script = "def weigh():\n    a = 1\n\n    return a";
        assert_eq!(of(&format!("{script}\n\nb = 2")), [script, "b = 2"]);
        let steps = "    step();\n\n".repeat(12);
        assert_eq!(of(&format!("fn weigh() {{\n{steps}}}")).len(), 13);
    }

    #[test]
    fn long_code_is_cut_where_a_statement_ends() {
        let call = "    put(\n        1,\n        2,\n    );\n";
        let text = format!("fn weigh() {{\n{}}}", call.repeat(8));
        let found = of(&text);
        assert!(found.len() > 1);
        assert!(
            found.iter().skip(1).all(|run| run.starts_with("    put(")),
            "{found:#?}"
        );
    }

    #[test]
    fn within_a_long_expression_the_cut_is_where_it_is_least_deep() {
        let field = |n: usize| format!("        field_{n}: Some(\n            {n},\n        ),\n");
        let fields: String = (0..8).map(field).collect();
        let found_in = format!("fn weigh() -> Parcel {{\n    Parcel {{\n{fields}    }}\n}}");
        let found = of(&found_in);
        assert!(found.len() > 1);
        assert!(
            found
                .iter()
                .skip(1)
                .all(|run| run.trim_start().starts_with("field_")),
            "{found:#?}"
        );
    }

    #[test]
    fn what_stands_in_a_definition_has_its_name_above_it() {
        let steps = "    step();\n\n".repeat(12);
        let text = format!("fn weigh() {{\n{steps}}}");
        assert_eq!(pieces(&text, true)[1].above, "weigh");
    }
}
