//! What an exhaustive search looks for in one text, and the matches that it finds there.

use std::ops::Range;
use std::sync::Arc;

use aiex_chunk::Language;
use regex::Regex;

use super::cursor::Cursor;
use super::filter::Conditions;
use super::request::Hit;
use super::scan::MAX_LINE_CHARS;
use crate::snapshot::{FileEntry, Outline, Span};

/// What is looked for in each file.
pub(super) struct Pattern<'a> {
    pub(super) regex: &'a Regex,
    pub(super) conditions: &'a Conditions,
    /// Where the page before ended.
    pub(super) after: Option<&'a Cursor>,
}

/// The matches in a file.
pub(super) struct InFile {
    pub(super) path: String,
    /// Some of those behind the page before.
    pub(super) hits: Vec<Hit>,
    /// How many lie behind the page before.
    pub(super) behind: u64,
    /// How many there are.
    pub(super) lines: u64,
}

/// A file that is looked through.
#[derive(Clone, Copy)]
pub(super) struct File<'a> {
    path: &'a str,
    /// None of one that is not in the index.
    entry: Option<&'a FileEntry>,
}

impl<'a> File<'a> {
    /// One that the index leaves out.
    pub(super) fn unindexed(path: &'a str) -> Self {
        Self { path, entry: None }
    }

    fn outline(self) -> Arc<Outline> {
        self.entry.and_then(FileEntry::outline).unwrap_or_default()
    }

    fn language(self) -> Option<Language> {
        self.entry.and_then(|entry| entry.language)
    }
}

impl<'a> From<&'a FileEntry> for File<'a> {
    fn from(entry: &'a FileEntry) -> Self {
        Self {
            path: &entry.path,
            entry: Some(entry),
        }
    }
}

impl Pattern<'_> {
    /// One hit for each line on which a match begins, up to `max_hits`.
    pub(super) fn in_file(&self, file: File<'_>, text: &str, max_hits: usize) -> InFile {
        let mut found = InFile {
            path: file.path.to_owned(),
            hits: Vec::new(),
            behind: 0,
            lines: 0,
        };
        let (mut line, mut last) = (1_u32, 0);
        let mut counted = 0;
        let mut ordinal = 0;
        // Most files that are read hold no match.
        let mut outline = None;
        for place in self.regex.find_iter(text) {
            // Behind the last line there is none, as behind nothing.
            if place.start() == text.len() && (text.is_empty() || text.ends_with('\n')) {
                break;
            }
            line += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..place.start()]).count() as u32;
            counted = place.start();
            if line == last {
                continue;
            }
            let outline = outline.get_or_insert_with(|| file.outline());
            let spans = &outline.spans;
            while spans
                .get(ordinal)
                .is_some_and(|span| (span.end as usize) <= place.start())
            {
                ordinal += 1;
            }
            if !self.conditions.allows_span(outline, spans.get(ordinal)) {
                continue;
            }
            last = line;
            found.lines += 1;
            if self.after.is_some_and(|after| !after.is_before(file.path, line)) {
                continue;
            }
            found.behind += 1;
            if found.hits.len() < max_hits {
                let span = spans.get(ordinal).or(spans.last());
                found
                    .hits
                    .push(hit(file, outline, text, span, place.range(), line));
            }
        }
        found
    }
}

/// The lines on which a match stands.
fn hit(
    file: File<'_>,
    outline: &Outline,
    text: &str,
    span: Option<&Span>,
    place: Range<usize>,
    line: u32,
) -> Hit {
    let begin = text[..place.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[place.end..]
        .find('\n')
        .map_or(text.len(), |at| place.end + at);
    let breadcrumb = span.map_or("", |span| outline.breadcrumb(span));
    let snippet: String = text[begin..end].chars().take(MAX_LINE_CHARS).collect();
    let lines = snippet.lines().count().max(1) as u32;
    Hit {
        score: 1.0,
        path: file.path.to_string(),
        start_line: line,
        end_line: line + lines - 1,
        symbol: (!breadcrumb.is_empty()).then(|| breadcrumb.to_owned()),
        kind: None,
        language: file.language().map(aiex_chunk::Language::name),
        snippet,
        focus_line: line,
        why: vec!["match".to_owned()],
        explain: None,
    }
}
