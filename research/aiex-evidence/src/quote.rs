//! Verbatim pieces of what was read.
//!
//! A model is asked for quotes and copies them with small faults. [`accept`] finds the piece that was meant and keeps the
//! snapshot's own bytes, or refuses: first by equality after folding, then by aligning words (at least 0.9 of them equal,
//! and no number and no negation among those that differ). What is kept is always a piece of the snapshot.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::align;
use crate::extract::{self, Rarity, Span};
use crate::fold::{Folded, fold};
use crate::{Source, SourceId};

/// The shortest quote, in characters after folding: less says nothing.
pub const SHORTEST: usize = 12;
/// The longest quote, in bytes of the snapshot: more is a page, not a quote.
pub const LONGEST: usize = 1600;
/// How many of the words must be equal for a quote that is not verbatim.
pub const LEAST_SIMILARITY: f64 = 0.9;

/// A quote's number: the source's and its own within the source, from 1. Shown as `S3.2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QuoteId {
    /// The source quoted.
    pub source: SourceId,
    /// The quote's number within the source.
    pub number: u32,
}

impl fmt::Display for QuoteId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.source, self.number)
    }
}

/// A verbatim piece of a source's text. Only [`accept`] and [`Quotes`] make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Quote {
    /// Its number.
    pub id: QuoteId,
    /// Where it begins in the source's text, in bytes.
    pub start: usize,
    /// Where it ends, exclusive, in bytes.
    pub end: usize,
    /// The piece itself: `source.text[start..end]`.
    pub text: String,
    /// The sub-question that it answers as far as was told, by place in the plan.
    pub sub_question: Option<usize>,
}

impl Quote {
    /// Whether it is what it says: the piece of this source's text at its place.
    pub fn is_in(&self, source: &Source) -> bool {
        self.id.source == source.id && source.text.get(self.start..self.end) == Some(self.text.as_str())
    }

    /// Where it lies, as a citation shows it: of a span of a file, the lines of the quote and not of the span.
    pub fn label(&self, source: &Source) -> String {
        source.origin.narrowed(&source.text, self.start..self.end).label()
    }
}

/// Why a text is no quote of a source.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Rejected {
    /// It says too little.
    #[error("the quote has only {chars} characters")]
    TooShort {
        /// Its length after folding.
        chars: usize,
    },
    /// It is longer than a quote may be.
    #[error("the quote has {bytes} bytes")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The source does not say it.
    #[error("{source_id} does not say this; the nearest passage shares {:.0} % of its words", similarity * 100.0)]
    NotFound {
        /// The source.
        source_id: SourceId,
        /// How many words the nearest passage shares, 0 to 1.
        similarity: f64,
    },
    /// The nearest passage says it with another number or without a negation.
    #[error("{source_id} says almost this, but not `{word}`")]
    Altered {
        /// The source.
        source_id: SourceId,
        /// The word that was changed.
        word: String,
    },
}

impl Rejected {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "quote a whole sentence or a whole line of code",
            Self::TooLong { .. } => "quote the sentence that says it, not the passage around it",
            Self::NotFound { .. } | Self::Altered { .. } => "copy the words exactly as the source has them",
        }
    }
}

/// Finds a text in a source and makes it a quote with the given number.
///
/// # Errors
/// [`Rejected`] when the source does not hold it.
pub fn accept(
    source: &Source,
    text: &str,
    number: u32,
    sub_question: Option<usize>,
) -> Result<Quote, Rejected> {
    let folded = fold(text);
    let wanted = folded
        .trim_matches(|c: char| c.is_whitespace() || c == '"')
        .trim_matches('…');
    let wanted = wanted.strip_suffix("...").unwrap_or(wanted);
    let wanted = wanted.strip_prefix("...").unwrap_or(wanted).trim();
    let chars = wanted.chars().count();
    if chars < SHORTEST {
        return Err(Rejected::TooShort { chars });
    }
    if wanted.len() > LONGEST {
        return Err(Rejected::TooLong { bytes: wanted.len() });
    }
    let haystack = Folded::new(&source.text);
    let range = match haystack.text.find(wanted) {
        Some(at) => at..at + wanted.len(),
        None => align::nearest(&haystack.text, wanted, source.id)?,
    };
    let not_found = Rejected::NotFound {
        source_id: source.id,
        similarity: 0.0,
    };
    let original = haystack.original(range).ok_or(not_found.clone())?;
    make(source, original.start, original.end, number, sub_question).ok_or(not_found)
}

/// The quote at a place, if the place is one.
fn make(
    source: &Source,
    start: usize,
    end: usize,
    number: u32,
    sub_question: Option<usize>,
) -> Option<Quote> {
    let text = source.text.get(start..end)?.to_owned();
    Some(Quote {
        id: QuoteId {
            source: source.id,
            number,
        },
        start,
        end,
        text,
        sub_question,
    })
}

/// The quotes of a run. Numbers are given here, so that no two quotes share one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quotes {
    quotes: Vec<Quote>,
}

impl Quotes {
    /// No quotes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a text as a quote of a source; a passage that is quoted already keeps its number.
    ///
    /// # Errors
    /// [`Rejected`] when the source does not hold it.
    pub fn accept(
        &mut self,
        source: &Source,
        text: &str,
        sub_question: Option<usize>,
    ) -> Result<QuoteId, Rejected> {
        let quote = accept(source, text, self.next_number(source.id), sub_question)?;
        Ok(self.keep(quote))
    }

    /// Takes up to `limit` quotes of a source without a model: see [`extract::best`].
    pub fn extract(
        &mut self,
        source: &Source,
        question: &str,
        rarity: &Rarity,
        limit: usize,
        sub_question: Option<usize>,
    ) -> Vec<QuoteId> {
        let spans = extract::best(question, source, rarity, limit);
        spans
            .into_iter()
            .filter_map(|Span { start, end, .. }| {
                let quote = make(source, start, end, self.next_number(source.id), sub_question)?;
                Some(self.keep(quote))
            })
            .collect()
    }

    /// Takes a piece of a source as it stands. `None` when it is no piece of it, or longer or shorter than a quote.
    pub fn take(
        &mut self,
        source: &Source,
        piece: Range<usize>,
        sub_question: Option<usize>,
    ) -> Option<QuoteId> {
        let text = source.text.get(piece.clone())?;
        if text.len() > LONGEST || text.trim().chars().count() < SHORTEST {
            return None;
        }
        let quote = make(
            source,
            piece.start,
            piece.end,
            self.next_number(source.id),
            sub_question,
        )?;
        Some(self.keep(quote))
    }

    fn keep(&mut self, quote: Quote) -> QuoteId {
        let same = |known: &&Quote| {
            known.id.source == quote.id.source && known.start <= quote.start && quote.end <= known.end
        };
        if let Some(known) = self.quotes.iter().find(same) {
            return known.id;
        }
        let id = quote.id;
        self.quotes.push(quote);
        id
    }

    fn next_number(&self, source: SourceId) -> u32 {
        self.of(source)
            .map(|quote| quote.id.number)
            .max()
            .unwrap_or(0)
            .saturating_add(1)
    }

    /// A quote by its number.
    pub fn get(&self, id: QuoteId) -> Option<&Quote> {
        self.quotes.iter().find(|quote| quote.id == id)
    }

    /// The quotes of a source.
    pub fn of(&self, source: SourceId) -> impl Iterator<Item = &Quote> {
        self.quotes.iter().filter(move |quote| quote.id.source == source)
    }

    /// Every quote, in the order they were taken.
    pub fn iter(&self) -> std::slice::Iter<'_, Quote> {
        self.quotes.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.quotes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.quotes.is_empty()
    }

    /// Every quote.
    pub fn as_slice(&self) -> &[Quote] {
        &self.quotes
    }

    /// Every quote, for a report.
    pub fn into_vec(self) -> Vec<Quote> {
        self.quotes
    }
}

impl From<Vec<Quote>> for Quotes {
    fn from(quotes: Vec<Quote>) -> Self {
        Self { quotes }
    }
}
