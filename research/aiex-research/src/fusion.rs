//! How places in the lists of several sources become points of one list. `aiex search --sources` ranks by it, and every
//! round of research.

use std::ops::RangeInclusive;

use aiex_evidence::Origin;

use crate::ports::{Found, SourceKind};
use crate::terms;

/// What decides how lists of several sources become one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fusion {
    /// The constant of reciprocal rank fusion: how little the first places stand out. Cormack, Clarke and Buettcher (2009)
    /// take 60, for lists of the same documents; lists of several sources share hardly any, and with 60 their weights
    /// alone would decide.
    pub rank_offset: f64,
    /// The weights of code, documentation, commits, the web and earlier reports for a question in words. It may be
    /// answered by anything, and most of all by what was written to explain.
    pub sentence: [f64; 5],
    /// The same for a name or a path, which is looked for in code.
    pub name: [f64; 5],
    /// The weight of commits for a question that asks of the past.
    pub past: f64,
    /// The least that is left of the weight of code, none of which has the words of a query.
    pub unheard: f64,
    /// A query of more words than this is a sentence.
    pub words_of_a_name: usize,
}

impl Default for Fusion {
    fn default() -> Self {
        Self {
            rank_offset: 6.0,
            sentence: [1.0, 0.9, 0.7, 0.9, 0.7],
            name: [1.0, 0.7, 0.5, 0.5, 0.5],
            past: 1.1,
            unheard: 0.1,
            words_of_a_name: 2,
        }
    }
}

impl Fusion {
    /// The points of a place, counted from 0, in what a source found for a query: 1 for the first of a source of full
    /// weight.
    pub fn points(&self, source: SourceKind, query: &str, place: usize) -> f64 {
        let is_name = query.split_whitespace().count() <= self.words_of_a_name;
        let weights = if is_name { self.name } else { self.sentence };
        let weight = match source {
            SourceKind::Git if terms::asks_of_the_past(query) => self.past,
            _ => weights[source as usize],
        };
        #[expect(clippy::cast_precision_loss, reason = "no list has 2^52 places")]
        let place = place as f64;
        weight * (self.rank_offset + 1.0) / (self.rank_offset + 1.0 + place)
    }

    /// What is left of the weight of code when so many of a query's words stand nowhere in it: what it found is about the
    /// others.
    pub fn heard(&self, query: &str, nowhere: usize) -> f64 {
        let words = terms::of(query).len().max(1);
        #[expect(clippy::cast_precision_loss, reason = "no query has 2^52 words")]
        let share = nowhere.min(words) as f64 / words as f64;
        1.0 - (1.0 - self.unheard) * share
    }
}

/// Whether two results are the same: they lie at the same place, or show the same text, however it is spaced.
pub fn same_result(a: &Found, b: &Found) -> bool {
    let (one, other) = (a.snippet.split_whitespace(), b.snippet.split_whitespace());
    same_place(&a.origin, &b.origin) || (!a.snippet.trim().is_empty() && one.eq(other))
}

/// Whether two origins are the same place: the same page or commit, or lines of one file that overlap.
pub(crate) fn same_place(a: &Origin, b: &Origin) -> bool {
    match (span(a), span(b)) {
        (Some((one, lines)), Some((other, others))) => {
            one == other && lines.start() <= others.end() && others.start() <= lines.end()
        }
        _ => a == b,
    }
}

/// The file and the lines of a span.
fn span(origin: &Origin) -> Option<((&str, &str), RangeInclusive<u32>)> {
    match origin {
        Origin::Code {
            root,
            path,
            first_line,
            last_line,
            ..
        }
        | Origin::Docs {
            root,
            path,
            first_line,
            last_line,
            ..
        } => Some(((root.as_str(), path.as_str()), *first_line..=*last_line)),
        Origin::Web { .. } | Origin::Commit { .. } | Origin::Report { .. } => None,
    }
}
