//! Ranked search, and the account of a score. A query is its analysed words, any of them; each adds its BM25 score
//! times its weight. The engine's constants are k1 = 1.2 and b = 0.75.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use tantivy::query::{BooleanQuery, BoostQuery, EnableScoring, Occur, Query as EngineQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocSet, Score, Searcher, TERMINATED, Term};

use super::{Admit, LexicalIndex};
use crate::analyser::analyse;
use crate::document::{Query, Rarity, Scored, TermScore, chunk_version};
use crate::error::LexicalError;
use crate::fields::CHUNK;

/// Terms of a query that are looked for; a pasted page is cut here.
const MOST_TERMS: usize = 64;

impl LexicalIndex {
    /// The chunks that match best, best first, of those that `admit` admits.
    pub fn search(&self, query: &Query<'_>, admit: Option<&Admit<'_>>) -> Result<Vec<Scored>, LexicalError> {
        self.ranked(self.fields().text, query, admit)
    }

    /// The chunks whose paths have most of the words, best first.
    pub fn path_search(&self, query: &Query<'_>) -> Result<Vec<Scored>, LexicalError> {
        self.ranked(self.fields().path, query, None)
    }

    fn ranked(
        &self,
        field: Field,
        query: &Query<'_>,
        admit: Option<&Admit<'_>>,
    ) -> Result<Vec<Scored>, LexicalError> {
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let terms = terms(query.pieces);
        self.call("search", || {
            let searcher = self.reader.searcher();
            let mut parts: Vec<(Occur, Box<dyn EngineQuery>)> = Vec::new();
            for (word, weight) in &terms {
                let term = Term::from_field_text(field, word);
                // A term that is nowhere would keep the engine from pruning the others.
                if searcher.doc_freq(&term)? > 0 {
                    let term = TermQuery::new(term, IndexRecordOption::WithFreqs);
                    parts.push((Occur::Should, Box::new(BoostQuery::new(Box::new(term), *weight))));
                }
            }
            if parts.is_empty() {
                Ok(Vec::new())
            } else {
                best(&searcher, &BooleanQuery::new(parts), query.limit, admit)
            }
        })
    }

    /// How much each word tells: its inverse document frequency ln(1 + (n - f + 0.5) / (f + 0.5)) over the f of n
    /// chunks that hold it in their text, and in their path. Words must be stems.
    pub fn rarity(&self, words: &[String]) -> Result<Vec<Rarity>, LexicalError> {
        self.call("count words", || {
            let searcher = self.reader.searcher();
            // Frequencies count what is deleted and not yet merged away, so this count must too: otherwise words that
            // are in every changed file seem to be everywhere.
            let segments = searcher.segment_readers().iter();
            let count = segments.map(|segment| f64::from(segment.max_doc())).sum::<f64>() as f32;
            let frequency = |field, word: &str| searcher.doc_freq(&Term::from_field_text(field, word));
            let idf = |frequency: u64| {
                let frequency = frequency as f32;
                (1.0 + (count - frequency + 0.5).max(0.5) / (frequency + 0.5)).ln()
            };
            words
                .iter()
                .map(|word| {
                    let in_texts = frequency(self.fields().text, word)?;
                    let in_paths = frequency(self.fields().path, word)?;
                    Ok(Rarity {
                        text: idf(in_texts),
                        path: idf(in_paths),
                        is_held: 0 < in_texts + in_paths,
                    })
                })
                .collect()
        })
    }

    /// Whether one chunk holds all of these words, each in its text or in its path. Words must be stems.
    pub fn hold_together(&self, words: &[String]) -> Result<bool, LexicalError> {
        self.call("look for words together", || {
            let fields = [self.fields().text, self.fields().path];
            let term = |field, word: &str| -> Box<dyn EngineQuery> {
                let term = Term::from_field_text(field, word);
                Box::new(TermQuery::new(term, IndexRecordOption::Basic))
            };
            let anywhere = |word: &String| -> (Occur, Box<dyn EngineQuery>) {
                let either = fields.map(|field| (Occur::Should, term(field, word)));
                (Occur::Must, Box::new(BooleanQuery::new(either.into())))
            };
            let all = BooleanQuery::new(words.iter().map(anywhere).collect());
            Ok(!best(&self.reader.searcher(), &all, 1, None)?.is_empty())
        })
    }

    /// What each term gives to the score of a chunk; nothing for a chunk that is not there.
    pub fn explain(&self, chunk: u64, query: &Query<'_>) -> Result<Vec<TermScore>, LexicalError> {
        let terms = terms(query.pieces);
        self.call("explain a score", || {
            let searcher = self.reader.searcher();
            let version = Term::from_field_u64(self.fields().version, chunk_version(chunk));
            let Some((segment, doc)) = self.find(&searcher, &version, chunk)? else {
                return Ok(Vec::new());
            };
            let reader = searcher.segment_reader(segment);
            let mut scores = Vec::new();
            for (word, weight) in &terms {
                let term = Term::from_field_text(self.fields().text, word);
                let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
                let scoring = EnableScoring::enabled_from_searcher(&searcher);
                let mut scorer = query.weight(scoring)?.scorer(reader, *weight)?;
                if scorer.doc() <= doc && scorer.seek(doc) == doc {
                    scores.push(TermScore {
                        term: word.clone(),
                        score: scorer.score(),
                    });
                }
            }
            scores.sort_by(|a, b| b.score.total_cmp(&a.score));
            Ok(scores)
        })
    }

    fn find(&self, searcher: &Searcher, version: &Term, chunk: u64) -> tantivy::Result<Option<(u32, u32)>> {
        for (segment, reader) in (0..).zip(searcher.segment_readers()) {
            let chunks = reader.fast_fields().u64(CHUNK)?;
            let inverted = reader.inverted_index(version.field())?;
            let Some(mut docs) = inverted.read_postings(version, IndexRecordOption::Basic)? else {
                continue;
            };
            while docs.doc() != TERMINATED {
                let doc = docs.doc();
                let alive = reader.alive_bitset().is_none_or(|alive| alive.is_alive(doc));
                if alive && chunks.first(doc) == Some(chunk) {
                    return Ok(Some((segment, doc)));
                }
                docs.advance();
            }
        }
        Ok(None)
    }
}

/// The distinct terms of a query, in order.
fn terms(pieces: &[(&str, f32)]) -> Vec<(String, f32)> {
    let mut terms: Vec<(String, f32)> = Vec::new();
    for (text, weight) in pieces.iter().filter(|(_, weight)| *weight > 0.0) {
        analyse(text, |term, _| {
            if let Some((_, known)) = terms.iter_mut().find(|(known, _)| known == term) {
                *known = known.max(*weight);
            } else if terms.len() < MOST_TERMS {
                terms.push((term.to_owned(), *weight));
            }
        });
    }
    terms
}

/// A hit in the order of goodness: by score, then the older chunk first.
#[derive(PartialEq)]
struct Candidate(Scored);

impl Eq for Candidate {}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0
            .score
            .total_cmp(&other.0.score)
            .then(other.0.chunk.cmp(&self.0.chunk))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Visits the segments one after the other, so that what the first gave prunes the next.
fn best(
    searcher: &Searcher,
    query: &dyn EngineQuery,
    limit: usize,
    admit: Option<&Admit<'_>>,
) -> tantivy::Result<Vec<Scored>> {
    let weight = query.weight(EnableScoring::enabled_from_searcher(searcher))?;
    let mut kept: BinaryHeap<Reverse<Candidate>> = BinaryHeap::new();
    for reader in searcher.segment_readers() {
        let chunks = reader.fast_fields().u64(CHUNK)?;
        let alive = reader.alive_bitset();
        let mut threshold = least(&kept, limit);
        weight.for_each_pruning(threshold, reader, &mut |doc, score| {
            if alive.is_some_and(|alive| alive.is_deleted(doc)) {
                return threshold;
            }
            let Some(chunk) = chunks.first(doc) else {
                return threshold;
            };
            if admit.is_none_or(|admit| admit(chunk)) {
                kept.push(Reverse(Candidate(Scored { chunk, score })));
                if kept.len() > limit {
                    kept.pop();
                }
                threshold = least(&kept, limit);
            }
            threshold
        })?;
    }
    Ok(kept
        .into_sorted_vec()
        .into_iter()
        .map(|Reverse(Candidate(scored))| scored)
        .collect())
}

/// What a score has to exceed to be kept.
fn least(kept: &BinaryHeap<Reverse<Candidate>>, limit: usize) -> Score {
    match kept.peek() {
        Some(Reverse(worst)) if kept.len() >= limit => worst.0.score,
        _ => Score::MIN,
    }
}
