//! Ranked search, and the account of a score. A query is its analysed words in every field that has a weight,
//! any of them; each adds its BM25 score. The engine's constants are k1 = 1.2 and b = 0.75.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use tantivy::query::{BooleanQuery, BoostQuery, EnableScoring, Occur, Query as EngineQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocSet, Score, Searcher, TERMINATED, Term};

use super::{Admit, LexicalIndex};
use crate::analyser::analyse;
use crate::document::{FieldScore, Query, Scored, Weights, chunk_version};
use crate::error::LexicalError;
use crate::fields::CHUNK;

/// Terms of a query that are looked for; a pasted page is cut here.
const MOST_TERMS: usize = 64;

impl LexicalIndex {
    /// The chunks that match best, best first, of those that `admit` admits.
    pub fn search(&self, query: &Query<'_>, admit: Option<&Admit<'_>>) -> Result<Vec<Scored>, LexicalError> {
        let fields = self.fields().scored(&query.weights);
        self.ranked(query.text, query.limit, &fields, admit)
    }

    /// The chunks whose paths have most of the words, best first.
    pub fn path_search(&self, text: &str, limit: usize) -> Result<Vec<Scored>, LexicalError> {
        self.ranked(text, limit, &[(self.fields().path, "path", 1.0)], None)
    }

    fn ranked(
        &self,
        text: &str,
        limit: usize,
        fields: &[(Field, &'static str, f32)],
        admit: Option<&Admit<'_>>,
    ) -> Result<Vec<Scored>, LexicalError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let terms = terms(text);
        self.call("search", || {
            let searcher = self.reader.searcher();
            let mut parts: Vec<(Occur, Box<dyn EngineQuery>)> = Vec::new();
            for &(field, _, weight) in fields.iter().filter(|(_, _, weight)| *weight > 0.0) {
                for word in &terms {
                    let term = Term::from_field_text(field, word);
                    // A term that is nowhere would keep the engine from pruning the others.
                    if searcher.doc_freq(&term)? > 0 {
                        let term = TermQuery::new(term, IndexRecordOption::WithFreqs);
                        parts.push((Occur::Should, Box::new(BoostQuery::new(Box::new(term), weight))));
                    }
                }
            }
            if parts.is_empty() {
                Ok(Vec::new())
            } else {
                best(&searcher, &BooleanQuery::new(parts), limit, admit)
            }
        })
    }

    /// What each term in each field gives to the score of a chunk; nothing for a chunk that is not there.
    pub fn explain(&self, chunk: u64, query: &Query<'_>) -> Result<Vec<FieldScore>, LexicalError> {
        let terms = terms(query.text);
        self.call("explain a score", || {
            let searcher = self.reader.searcher();
            let version = Term::from_field_u64(self.fields().version, chunk_version(chunk));
            let Some((segment, doc)) = self.find(&searcher, &version, chunk)? else {
                return Ok(Vec::new());
            };
            let reader = searcher.segment_reader(segment);
            let mut scores = Vec::new();
            for (field, name, weight) in self.fields().scored(&query.weights) {
                for word in terms.iter().filter(|_| weight > 0.0) {
                    let term =
                        TermQuery::new(Term::from_field_text(field, word), IndexRecordOption::WithFreqs);
                    let scoring = EnableScoring::enabled_from_searcher(&searcher);
                    let mut scorer = term.weight(scoring)?.scorer(reader, weight)?;
                    if scorer.doc() <= doc && scorer.seek(doc) == doc {
                        scores.push(FieldScore {
                            field: name,
                            term: word.clone(),
                            score: scorer.score(),
                        });
                    }
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
fn terms(text: &str) -> Vec<String> {
    let mut terms: Vec<String> = Vec::new();
    analyse(text, |term, _| {
        if terms.len() < MOST_TERMS && !terms.iter().any(|known| known == term) {
            terms.push(term.to_owned());
        }
    });
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

impl Default for Query<'_> {
    fn default() -> Self {
        Self {
            text: "",
            limit: 50,
            weights: Weights::default(),
        }
    }
}
