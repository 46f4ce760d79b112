//! Sources and quotes together: what sentences are checked against.

use crate::{Catalogue, Quote, QuoteId, Source, SourceId};

/// What a run has read and quoted.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The sources.
    pub sources: &'a Catalogue,
    /// The quotes.
    pub quotes: &'a [Quote],
}

impl<'a> Evidence<'a> {
    /// A source by its number.
    pub fn source(&self, id: SourceId) -> Option<&'a Source> {
        self.sources.get(id)
    }

    /// A quote by its number, if its source is known too.
    pub fn quote(&self, id: QuoteId) -> Option<&'a Quote> {
        self.quotes
            .iter()
            .find(|quote| quote.id == id)
            .filter(|_| self.source(id.source).is_some())
    }

    /// The quotes of a source.
    pub fn quotes_of(&self, source: SourceId) -> impl Iterator<Item = &'a Quote> + use<'a> {
        let known = self.source(source).is_some();
        self.quotes
            .iter()
            .filter(move |quote| known && quote.id.source == source)
    }
}
