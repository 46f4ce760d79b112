//! Docstrings of spans of Python that may begin within one.

use std::ops::Range;

use super::DOCSTRINGS;
use super::statements::is_statement;
use crate::Source;

/// Letters that may stand before a mark.
const PREFIXES: [char; 4] = ['r', 'R', 'u', 'U'];

/// Whether a part of a source is words within a comment that has marks at its ends alone, as Python has them. In doubt it
/// is code: that can be read as code, and code cannot be read as prose.
pub fn is_within_comment(source: &Source, part: &Range<usize>) -> bool {
    let quoted = source.text.get(part.clone()).unwrap_or_default();
    !quoted.lines().any(is_statement)
        && docstrings_of(source)
            .unwrap_or_default()
            .iter()
            .any(|docstring| docstring.start <= part.start && part.end <= docstring.end)
}

/// Where the docstrings of a source stand, without their marks; `None` when it is no Python.
pub(crate) fn docstrings_of(source: &Source) -> Option<Vec<Range<usize>>> {
    let path = source.origin.path()?;
    let is_python = path.ends_with(".py") || path.ends_with(".pyi");
    is_python.then(|| docstrings(&source.text, source.origin.is_cut()))
}

/// What stands between the marks of docstrings, of a text that `is_cut` out of a file as well.
fn docstrings(text: &str, is_cut: bool) -> Vec<Range<usize>> {
    let outside = Reading::of(text, None);
    let first = DOCSTRINGS
        .iter()
        .filter_map(|mark| Some((text.find(mark)?, *mark)))
        .min();
    let Some((at, mark)) = first.filter(|_| is_cut) else {
        return outside.docstrings;
    };
    if opens_below_a_head(text, at) {
        return outside.docstrings;
    }
    let inside = Reading::of(text, Some(mark));
    match inside.likeness(text).cmp(&outside.likeness(text)) {
        std::cmp::Ordering::Greater => inside.docstrings,
        std::cmp::Ordering::Less => outside.docstrings,
        std::cmp::Ordering::Equal => Vec::new(),
    }
}

/// Whether a mark stands alone below the head of a definition, where only a docstring can begin.
fn opens_below_a_head(text: &str, at: usize) -> bool {
    let (above, line) = text
        .get(..at)
        .and_then(|text| text.rsplit_once('\n'))
        .unwrap_or_default();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_alone = line.trim_start().trim_start_matches(PREFIXES).is_empty();
    let head = above
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let is_head = is_statement(head) && head.trim_end().ends_with(':') && indent(head) < indent(line);
    is_alone && is_head
}

/// One way to tell what is between marks from what is not.
#[derive(Default)]
struct Reading {
    docstrings: Vec<Range<usize>>,
    /// Everything between marks: docstrings, and texts that are values.
    within: Vec<Range<usize>>,
}

impl Reading {
    /// Reads a text that begins behind a mark, or outside.
    fn of(text: &str, begun: Option<&'static str>) -> Self {
        let mut reading = Self::default();
        let mut open = begun.map(|mark| (0, mark, true));
        let mut at = 0;
        while let Some(rest) = text.get(at..) {
            let next = DOCSTRINGS
                .iter()
                .filter(|mark| open.is_none_or(|(_, opening, _)| opening == **mark))
                .filter_map(|mark| Some((at + rest.find(mark)?, *mark)))
                .min();
            let Some((found, mark)) = next else { break };
            at = found + mark.len();
            open = match open {
                Some((start, _, is_docstring)) => {
                    reading.add(start..found, is_docstring);
                    None
                }
                None => {
                    // A docstring begins its line; a text that is a value does not.
                    let line = text.get(..found).and_then(|above| above.rsplit('\n').next());
                    let before = line.unwrap_or_default().trim_start();
                    Some((at, mark, before.trim_start_matches(PREFIXES).is_empty()))
                }
            };
        }
        if let Some((start, _, is_docstring)) = open {
            reading.add(start..text.len(), is_docstring);
        }
        reading
    }

    fn add(&mut self, range: Range<usize>, is_docstring: bool) {
        if is_docstring {
            self.docstrings.push(range.clone());
        }
        self.within.push(range);
    }

    /// How many more statements stand outside than within.
    fn likeness(&self, text: &str) -> i64 {
        let mut at = 0;
        let mut likeness = 0;
        for line in text.split_inclusive('\n') {
            // Where the text of a line begins: a mark before it is within what it closes.
            let start = at + (line.len() - line.trim_start().len());
            at += line.len();
            if is_statement(line) {
                let is_within = self
                    .within
                    .iter()
                    .any(|range| range.start <= start && start < range.end);
                likeness += if is_within { -1 } else { 1 };
            }
        }
        likeness
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<&str> {
        docstrings(text, true)
            .into_iter()
            .map(|range| text[range].trim())
            .collect()
    }

    #[test]
    fn a_span_that_begins_within_a_docstring_is_told_by_what_looks_like_code() {
        let text = "    of parcels that are heavy.\n\n    They are weighed twice.\n    \"\"\"\n    limits = {\n        \
                    \"HEAVY\": None,\n    }\n\n    def weigh(self):\n        \"\"\"Weighs a parcel.\n\n        Twice.\n        \
                    \"\"\"\n        return self.scale.read()\n";
        let told = of(text);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].ends_with("They are weighed twice."), "{told:?}");
        assert!(told[1].starts_with("Weighs a parcel."), "{told:?}");
    }

    #[test]
    fn a_span_that_begins_outside_is_read_as_it_stands() {
        let text = "def weigh(parcel):\n    \"\"\"\n    Weighs a parcel.\n    \"\"\"\n    return 1\n";
        assert_eq!(of(text), ["Weighs a parcel."]);
        let text = "    return 1\n\ndef weigh(parcel):\n    r\"\"\"Weighs a parcel.";
        assert_eq!(of(text), ["Weighs a parcel."]);
        let value = "template = \"\"\"\nA parcel.\n\"\"\"\nweigh(template)\n";
        assert!(of(value).is_empty(), "a value is no docstring");
    }

    #[test]
    fn what_may_be_either_is_no_docstring() {
        assert!(of("some words\n\"\"\"\nother words").is_empty());
        assert_eq!(
            docstrings("\"\"\"\nA parcel.\n\"\"\"\n", false).len(),
            1,
            "a file begins outside"
        );
    }
}
