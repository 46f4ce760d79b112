//! ripgrep's library as the judge: what it finds in a file.

use std::collections::BTreeSet;
use std::path::Path;

use grep_matcher::{Match, Matcher, NoCaptures, NoError};
use grep_searcher::{Searcher, SearcherBuilder, Sink, SinkMatch};
use regex::bytes::{Regex, RegexBuilder};

/// A search as `rg` makes it, or `rg --multiline`.
pub(crate) struct Ripgrep {
    searcher: Searcher,
    matcher: Expression,
}

struct Expression(Regex);

impl Matcher for Expression {
    type Captures = NoCaptures;
    type Error = NoError;

    fn find_at(&self, haystack: &[u8], at: usize) -> Result<Option<Match>, NoError> {
        let found = self.0.find_at(haystack, at);
        Ok(found.map(|found| Match::new(found.start(), found.end())))
    }

    fn new_captures(&self) -> Result<NoCaptures, NoError> {
        Ok(NoCaptures::new())
    }
}

impl Ripgrep {
    pub(crate) fn new(pattern: &str, goes_over_lines: bool) -> Self {
        Self {
            searcher: SearcherBuilder::new()
                .line_number(true)
                .multi_line(goes_over_lines)
                .build(),
            matcher: Expression(RegexBuilder::new(pattern).multi_line(true).build().unwrap()),
        }
    }

    /// The lines of a file on which a match begins.
    pub(crate) fn lines(&mut self, path: &Path) -> Vec<u32> {
        let mut lines = Lines {
            matcher: &self.matcher,
            found: BTreeSet::new(),
        };
        self.searcher
            .search_path(&self.matcher, path, &mut lines)
            .unwrap();
        lines.found.into_iter().collect()
    }
}

struct Lines<'a> {
    matcher: &'a Expression,
    found: BTreeSet<u32>,
}

impl Sink for Lines<'_> {
    type Error = std::io::Error;

    fn matched(&mut self, searcher: &Searcher, matched: &SinkMatch<'_>) -> Result<bool, Self::Error> {
        let first = matched.line_number().unwrap() as u32;
        if !searcher.multi_line_with_matcher(self.matcher) {
            self.found.insert(first);
            return Ok(true);
        }
        // Matches on lines that touch come as one.
        let (buffer, range) = (matched.buffer(), matched.bytes_range_in_buffer());
        self.matcher
            .find_iter_at(buffer, range.start, |place| {
                let is_inside = place.start() < range.end;
                if is_inside {
                    let before = &buffer[range.start..place.start()];
                    let line = memchr::memchr_iter(b'\n', before).count() as u32;
                    self.found.insert(first + line);
                }
                is_inside
            })
            .unwrap();
        Ok(true)
    }
}
