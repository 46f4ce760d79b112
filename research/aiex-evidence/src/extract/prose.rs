//! Pieces of prose that can stand alone: paragraphs, points of lists, blocks, rows of tables; each with the headings above it.
//!
//! Markdown is read line by line and not parsed: a span of a file begins and ends anywhere, within a block as well.

use std::ops::Range;

use super::fences::{begins_inside, is_fence};
use super::headings::is_rule;
use super::restructured::Directive;
use super::{Kind, Piece};
use crate::quote::LONGEST;
use crate::sentences;

/// Bytes of a paragraph that is one piece, and of the runs of sentences that a longer one is taken in.
const PARAGRAPH: usize = 800;
const RUN: usize = 450;
/// Bytes of a list, or of a table, that is told whole.
const LIST: usize = 600;
/// Lines of the settings of a page at most; what is marked like them and goes on is something else.
const MOST_SETTINGS: usize = 60;

/// The pieces of a text, of one that `is_cut` out of a longer one as well. They may overlap: of a long paragraph, runs of
/// sentences begin at each of them.
pub(super) fn pieces(text: &str, is_cut: bool) -> Vec<Piece> {
    let mut reader = Reader {
        text,
        pieces: Vec::new(),
        headings: Vec::new(),
        body: None,
        run: None,
    };
    let lines: Vec<Line<'_>> = lines(text).collect();
    let is_inside = is_cut && begins_inside(lines.iter().map(|line| line.text));
    let mut inside = is_inside.then_some(0);
    for line in lines.iter().skip(front_matter(&lines)) {
        reader.line(line, &mut inside);
    }
    // A block that the span cuts off.
    match inside {
        Some(start) => reader.take(start..text.len(), Kind::Example),
        None => reader.flush(),
    }
    reader.pieces
}

/// A line and where it stands, without its end.
struct Line<'a> {
    text: &'a str,
    range: Range<usize>,
}

impl Line<'_> {
    fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start().len()
    }

    /// What a line says behind the mark of a list, where that begins.
    fn point(&self) -> Option<usize> {
        let line = self.text.trim_start();
        let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let mark = match line.get(digits..) {
            Some(rest) if digits > 0 && digits < 4 && (rest.starts_with(". ") || rest.starts_with(") ")) => {
                digits + 2
            }
            _ if ["- ", "* ", "+ "].iter().any(|mark| line.starts_with(mark)) => 2,
            _ => return None,
        };
        let said = line.get(mark..)?;
        Some(self.range.start + self.indent() + mark + (said.len() - said.trim_start().len()))
    }
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        let text = line.trim_end();
        Line {
            text,
            range: start..start + text.len(),
        }
    })
}

/// How many lines at the beginning are settings of the page and not the page: between two `---`, as site generators have them.
fn front_matter(lines: &[Line<'_>]) -> usize {
    let is_mark = |line: &Line<'_>| line.text == "---";
    if !lines.first().is_some_and(is_mark) {
        return 0;
    }
    let mut others = lines.iter().skip(1).take(MOST_SETTINGS);
    others.position(is_mark).map_or(0, |settings| settings + 2)
}

/// Whether a point of a list is nothing but a link to another place of the same page: a line of its contents.
fn leads_within(line: &str) -> bool {
    let point = line.trim().trim_start_matches(['-', '*', '+', ' ']);
    point.starts_with('[') && point.contains("](#") && point.ends_with(')')
}

struct Reader<'a> {
    text: &'a str,
    pieces: Vec<Piece>,
    /// The headings above, each deeper than the one before.
    headings: Vec<(usize, String)>,
    /// The directive that the lines stand below.
    body: Option<Body>,
    run: Option<Run>,
}

/// What stands below a directive and is words: a description, a remark.
struct Body {
    /// What is described.
    of: String,
    /// How deep the directive stands, and its first line of words, once that is there.
    directive: usize,
    words: Option<usize>,
}

/// Lines that belong together, so far.
struct Run {
    range: Range<usize>,
    sort: Sort,
    indent: usize,
    /// Where the points of a list below a sentence begin, marks aside.
    points: Vec<Range<usize>>,
}

#[derive(PartialEq, Clone, Copy)]
enum Sort {
    Paragraph,
    Point,
    Table,
    Indented,
}

impl Reader<'_> {
    fn line(&mut self, line: &Line<'_>, inside: &mut Option<usize>) {
        if is_fence(line.text) {
            match inside.take() {
                Some(start) => self.take(start..line.range.end, Kind::Example),
                None => {
                    self.flush();
                    *inside = Some(line.range.start);
                }
            }
            return;
        }
        if inside.is_some() {
            return;
        }
        let trimmed = line.text.trim_start();
        let directive = Directive::of(trimmed);
        let is_mark = directive.is_some();
        if !trimmed.is_empty() {
            self.below(line, directive);
        }
        if trimmed.is_empty() || is_mark || (line.point().is_some() && leads_within(trimmed)) {
            self.flush();
            return;
        }
        if let Some(depth) = heading(trimmed) {
            self.flush();
            self.head(depth, trimmed.trim_start_matches('#').trim().to_owned());
            return;
        }
        if is_rule(trimmed)
            && let Some(run) = self
                .run
                .take_if(|run| run.sort == Sort::Paragraph && run.points.is_empty())
        {
            let above = self.text.get(run.range.clone()).unwrap_or_default().trim();
            if above.contains('\n') {
                self.run = Some(run);
                self.flush();
            } else {
                let depth = if trimmed.starts_with('=') { 1 } else { 2 };
                self.head(depth, above.to_owned());
            }
            return;
        }
        let sort = match () {
            () if trimmed.starts_with('|') => Sort::Table,
            () if line.point().is_some() => Sort::Point,
            () if line.indent() >= 4 + self.depth()
                && self.run.as_ref().is_none_or(|run| run.sort == Sort::Indented) =>
            {
                Sort::Indented
            }
            () => Sort::Paragraph,
        };
        self.belongs(line, sort);
    }

    /// Takes note of the directive that a line is, or that it stands below no longer.
    fn below(&mut self, line: &Line<'_>, directive: Option<Directive>) {
        let indent = line.indent();
        if let Some(body) = self.body.take_if(|body| indent <= body.directive) {
            self.flush_below(body);
        }
        match (directive, &mut self.body) {
            (Some(Directive::Words), None) => {
                self.flush();
                let of = line.text.split_once("::").map_or("", |(_, of)| of.trim());
                self.body = Some(Body {
                    of: of.to_owned(),
                    directive: indent,
                    words: None,
                });
            }
            (None, Some(body)) => _ = body.words.get_or_insert(indent),
            _ => {}
        }
    }

    /// Ends the run of a directive that ends.
    fn flush_below(&mut self, body: Body) {
        self.body = Some(body);
        self.flush();
        self.body = None;
    }

    /// How deep the words of a directive stand; code stands deeper.
    fn depth(&self) -> usize {
        self.body.as_ref().and_then(|body| body.words).unwrap_or(0)
    }

    fn head(&mut self, depth: usize, heading: String) {
        self.headings.retain(|(above, _)| *above < depth);
        self.headings.push((depth, heading));
    }

    /// Adds a line to the run, or begins one with it.
    fn belongs(&mut self, line: &Line<'_>, sort: Sort) {
        let said = line.point().unwrap_or(line.range.start);
        if let Some(run) = &mut self.run {
            let goes_on = match (run.sort, sort) {
                (Sort::Point, Sort::Point) => line.indent() > run.indent,
                // A sentence that ends with a colon is said by the points below it.
                (Sort::Paragraph, Sort::Point) => {
                    let said = self.text.get(run.range.clone()).unwrap_or_default();
                    !run.points.is_empty() || said.ends_with(':')
                }
                (Sort::Paragraph | Sort::Point, Sort::Paragraph | Sort::Indented) => true,
                (a, b) => a == b,
            };
            if goes_on {
                run.range.end = line.range.end;
                match (sort, run.points.last_mut()) {
                    (Sort::Point, _) if run.sort == Sort::Paragraph => run.points.push(said..line.range.end),
                    (_, Some(point)) => point.end = line.range.end,
                    _ => {}
                }
                return;
            }
        }
        self.flush();
        self.run = Some(Run {
            range: said..line.range.end,
            sort,
            indent: line.indent(),
            points: Vec::new(),
        });
    }

    fn flush(&mut self) {
        let Some(run) = self.run.take() else {
            return;
        };
        let length = run.range.len();
        match run.sort {
            Sort::Indented => self.take(run.range, Kind::Example),
            Sort::Table if length > LIST => self.rows(run.range),
            Sort::Table => self.take(run.range, Kind::Said),
            Sort::Paragraph if !run.points.is_empty() && length > LIST => {
                for point in run.points {
                    self.paragraph(point);
                }
            }
            Sort::Paragraph | Sort::Point => self.paragraph(run.range),
        }
    }

    fn rows(&mut self, table: Range<usize>) {
        let text = self.text.get(table.clone()).unwrap_or_default();
        let rows: Vec<Range<usize>> = lines(text).map(|line| line.range).collect();
        for row in rows {
            self.take(table.start + row.start..table.start + row.end, Kind::Said);
        }
    }

    /// A paragraph whole, or runs of its sentences, one from each.
    fn paragraph(&mut self, range: Range<usize>) {
        if range.len() <= PARAGRAPH {
            self.take(range, Kind::Said);
            return;
        }
        let text = self.text.get(range.clone()).unwrap_or_default();
        let sentences = sentences::split(text);
        for (at, first) in sentences.iter().enumerate() {
            let last = sentences
                .iter()
                .skip(at)
                .take_while(|last| last.end - first.start <= RUN)
                .last();
            let end = last.unwrap_or(first).end;
            self.take(range.start + first.start..range.start + end, Kind::Said);
        }
    }

    fn take(&mut self, range: Range<usize>, kind: Kind) {
        if range.len() <= LONGEST {
            let described = self.body.iter().map(|body| body.of.as_str());
            let headings = self.headings.iter().map(|(_, heading)| heading.as_str());
            let headings: Vec<&str> = headings
                .chain(described)
                .filter(|above| !above.is_empty())
                .collect();
            self.pieces.push(Piece {
                range,
                kind,
                above: headings.join("\n"),
            });
        }
    }
}

/// The depth of a heading.
fn heading(line: &str) -> Option<usize> {
    let depth = line.len() - line.trim_start_matches('#').len();
    (1..=6)
        .contains(&depth)
        .then_some(depth)
        .filter(|depth| line.get(*depth..).is_some_and(|rest| rest.starts_with(' ')))
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
    fn paragraphs_points_and_blocks_are_pieces() {
        let text = "# Parcels\n\nA parcel is weighed.\nTwice, even.\n\n- First point,\n  on two lines.\n- Second point.\n\n```sh\nweigh\n```\nAfter.";
        assert_eq!(
            of(text),
            [
                "A parcel is weighed.\nTwice, even.",
                "First point,\n  on two lines.",
                "Second point.",
                "```sh\nweigh\n```",
                "After."
            ]
        );
        assert!(pieces(text, true).iter().all(|piece| piece.above == "Parcels"));
    }

    #[test]
    fn an_underlined_line_is_a_heading() {
        let text = "Parcels\n=======\nA parcel is weighed.\n\nLimits\n------\n\nAt most 12 kg.";
        assert_eq!(of(text), ["A parcel is weighed.", "At most 12 kg."]);
        assert_eq!(pieces(text, true)[1].above, "Parcels\nLimits");
        let tildes =
            "An error is raised.\n\nHeavy parcels\n~~~~~~~~~~~~~\n\n.. index:: heavy\n\nThey are weighed.";
        assert_eq!(of(tildes), ["An error is raised.", "They are weighed."]);
    }

    #[test]
    fn what_a_directive_describes_is_said_below_its_name() {
        let text = "Settings\n========\n\n.. py:data:: HEAVY\n\n    Parcels of this weight are\n    weighed twice.\n\n    For example::\n\n        \
                    HEAVY = 12\n\n    Default: 10\n\n.. code-block:: python\n\n    weigh(parcel)\n\nAfter.";
        let told: Vec<(&str, Kind, String)> = pieces(text, true)
            .into_iter()
            .map(|piece| (text[piece.range].trim(), piece.kind, piece.above))
            .collect();
        let described = || "Settings\nHEAVY".to_owned();
        assert_eq!(
            told,
            [
                (
                    "Parcels of this weight are\n    weighed twice.",
                    Kind::Said,
                    described()
                ),
                ("For example::", Kind::Said, described()),
                ("HEAVY = 12", Kind::Example, described()),
                ("Default: 10", Kind::Said, described()),
                ("weigh(parcel)", Kind::Example, "Settings".to_owned()),
                ("After.", Kind::Said, "Settings".to_owned()),
            ]
        );
    }

    #[test]
    fn a_list_below_a_colon_belongs_to_its_sentence_unless_it_is_long() {
        let short = "There are two:\n- this one\n- that one";
        assert_eq!(of(short), [short]);
        let long = format!(
            "There are two:\n- {}\n- {}",
            "this ".repeat(70),
            "that ".repeat(70)
        );
        assert_eq!(of(&long).len(), 2);
    }

    #[test]
    fn a_span_that_begins_or_ends_within_a_block_is_read_right() {
        let kinds = |text: &str| {
            pieces(text, true)
                .into_iter()
                .map(|piece| piece.kind)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            kinds("$ weigh parcel\n12 g\n```\nIt was weighed."),
            [Kind::Example, Kind::Said]
        );
        assert_eq!(
            kinds("It is weighed:\n\n```console\n$ weigh parcel"),
            [Kind::Said, Kind::Example]
        );
    }

    #[test]
    fn settings_of_a_page_and_its_contents_say_nothing() {
        let page = "---\nid: parcels\ntitle: Parcels\n---\n\n* [Weighing](#weighing)\n  + [Twice](#twice)\n\nA parcel is \
                    weighed.\n\n- See [weighing](#weighing) first.\n\n---\n\nAfter a rule.";
        assert_eq!(
            of(page),
            [
                "A parcel is weighed.",
                "See [weighing](#weighing) first.",
                "---",
                "After a rule."
            ]
        );
        let unclosed = format!("---\n{}", "It is weighed.\n".repeat(80));
        assert!(!of(&unclosed).is_empty());
    }

    #[test]
    fn a_long_paragraph_is_taken_in_runs_of_sentences() {
        let text = "Here is one sentence about parcels. ".repeat(40);
        let found = of(&text);
        assert!(
            found
                .iter()
                .all(|run| run.len() <= RUN && run.starts_with("Here") && run.ends_with('.'))
        );
        assert_eq!(found.len(), 40);
    }
}
