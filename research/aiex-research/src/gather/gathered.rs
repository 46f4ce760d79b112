//! What gathering has brought so far.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use aiex_evidence::extract::{self, Parts};
use aiex_evidence::{Catalogue, Document, Origin, Quote, SearchRun, SourceId, Unread};

use super::searching::Searched;
use super::{OUT_OF_BUDGET, Reading, pick};
use crate::SourceKind;
use crate::event::StopRule;
use crate::plan::Plan;
use crate::terms::{self, Shingles};

/// A question whose words stand nowhere is told so when they are one of so many at least.
const LEAST_NOWHERE: usize = 3;
/// Independent sources that answer a sub-question.
const INDEPENDENT: usize = 2;
/// Bytes of a text that are compared with others.
const COMPARED: usize = 16 * 1024;

/// What gathering brought.
#[derive(Default, Clone)]
pub(crate) struct Gathered {
    pub(crate) catalogue: Catalogue,
    /// By source, then by number.
    pub(crate) quotes: Vec<Quote>,
    pub(crate) searches: Vec<SearchRun>,
    pub(crate) unread: Vec<Unread>,
    pub(crate) stop: Option<StopRule>,
    /// What is asked already.
    pub(super) tried: HashSet<(SourceKind, String)>,
    /// Queries tried for each sub-question, as they were put.
    pub(super) asked: BTreeMap<usize, Vec<String>>,
    /// Sources that tell what an earlier one tells.
    pub(super) copies: BTreeMap<SourceId, SourceId>,
    /// What the others are made of.
    originals: Vec<(SourceId, Arc<Shingles>)>,
    /// Whatever the run's own searches found, read or not.
    pub(super) met: Vec<Origin>,
    /// What to do about searches that failed.
    hints: Vec<String>,
}

impl Gathered {
    /// Notes what came of searches.
    pub(super) fn note(&mut self, searched: &[Searched]) {
        for one in searched {
            self.searches.push(one.run());
            self.hints.extend(one.hint.clone());
        }
        self.meet(searched);
    }

    /// Notes what was not read. A page that is found again in a later round is tried again, and missed once.
    pub(super) fn miss(&mut self, unread: Option<Unread>) {
        if let Some(unread) = unread {
            self.unread.retain(|earlier| earlier.origin != unread.origin);
            self.unread.push(unread);
        }
    }

    /// The words of the question that stand nowhere in what was searched, and in nothing else that was read; only names out of
    /// code while they are few among the others. That a commit once had them is no answer.
    pub(crate) fn nowhere(&self, question: &str) -> Vec<String> {
        let all = terms::of(question);
        let told = self.searches.iter().flat_map(|search| &search.nowhere);
        let sought: HashSet<&str> = told.map(String::as_str).collect();
        let is_read = |word: &String| {
            let mut others = self
                .catalogue
                .iter()
                .filter(|source| !matches!(source.origin, Origin::Commit { .. }));
            others.any(|source| source.text.to_lowercase().contains(word.as_str()))
        };
        // Searches know `cancel-safe` as two words: what lacks one of them lacks the whole.
        let is_sought = |word: &String| {
            let mut parts = word.split(|c: char| !c.is_alphanumeric() && c != '_');
            parts.any(|part| sought.contains(part))
        };
        let mut nowhere: Vec<(&String, String)> = all
            .iter()
            .map(|word| (word, word.to_lowercase()))
            .filter(|(_, word)| is_sought(word) && !is_read(word))
            .collect();
        if LEAST_NOWHERE * nowhere.len() < all.len() {
            nowhere.retain(|(as_written, _)| extract::is_name(as_written));
        }
        nowhere.into_iter().map(|(_, word)| word).collect()
    }

    /// Whether a question asks for a name that stands nowhere: whatever has its other words does not answer it.
    pub(crate) fn lacks_a_name(&self, question: &str) -> bool {
        let nowhere = self.nowhere(question);
        let mut names = terms::of(question)
            .into_iter()
            .filter(|word| extract::is_name(word));
        names.any(|name| nowhere.contains(&name.to_lowercase()))
    }

    /// The failures of searches, each said once.
    pub(crate) fn failures(&self) -> Vec<String> {
        let mut said = Vec::new();
        // A source that failed used up the budget with its tries; that is no further reason.
        let is_reason = |search: &SearchRun, failure: &str| {
            !failure.starts_with(OUT_OF_BUDGET)
                || !self.searches.iter().any(|other| {
                    let other_reason = other
                        .failure
                        .as_deref()
                        .is_some_and(|why| !why.starts_with(OUT_OF_BUDGET));
                    other.source == search.source && other_reason
                })
        };
        for search in &self.searches {
            if let Some(failure) = search
                .failure
                .as_ref()
                .filter(|failure| is_reason(search, failure))
            {
                let told = format!("{}: {failure}", search.source);
                if !said.contains(&told) {
                    said.push(told);
                }
            }
        }
        said
    }

    /// Whether nothing but the budget kept searches from being made.
    pub(crate) fn is_out_of_budget(&self) -> bool {
        let mut failures = self
            .searches
            .iter()
            .filter_map(|search| search.failure.as_deref());
        failures.all(|failure| failure.starts_with(OUT_OF_BUDGET))
    }

    /// The first hint that a failed search gave.
    pub(crate) fn hint(&self) -> Option<&str> {
        self.hints
            .iter()
            .map(String::as_str)
            .find(|hint| !hint.is_empty())
    }

    /// Whether every search of the outside failed. The own store of reports is always there and does not count.
    pub(crate) fn is_unreachable(&self) -> bool {
        let outside = || {
            self.searches
                .iter()
                .filter(|search| search.source != SourceKind::Reports.as_str())
        };
        outside().next().is_some() && outside().all(|search| search.failure.is_some())
    }

    /// How many independent sources answer a sub-question. One that is made of others is answered as well as the least
    /// answered of them; what answers it answers each of them.
    fn independent(&self, parts: &Parts, sub_question: usize) -> usize {
        let made_of = parts.made_of(sub_question);
        if let Some(least) = made_of.iter().map(|part| self.independent(parts, *part)).min() {
            return least;
        }
        let answers = |at: usize| at == sub_question || parts.made_of(at).contains(&sub_question);
        let owners: HashSet<String> = self
            .quotes
            .iter()
            .filter(|quote| quote.sub_question.is_some_and(answers))
            .filter_map(|quote| {
                let source = self
                    .copies
                    .get(&quote.id.source)
                    .copied()
                    .unwrap_or(quote.id.source);
                self.catalogue.get(source)
            })
            .map(|source| pick::owner(&source.origin))
            .collect();
        owners.len()
    }

    /// How many sub-questions no source answers.
    pub(crate) fn without_evidence(&self, plan: &Plan) -> usize {
        let parts = plan.parts();
        let all = plan.sub_questions.iter().enumerate();
        all.filter(|(at, sub)| self.independent(&parts, *at) == 0 || self.lacks_a_name(&sub.question))
            .count()
    }

    /// The sub-questions that fewer than two independent sources answer.
    pub(crate) fn unanswered(&self, plan: &Plan) -> Vec<usize> {
        let parts = plan.parts();
        (0..plan.sub_questions.len())
            .filter(|at| self.independent(&parts, *at) < INDEPENDENT)
            .collect()
    }

    /// Takes a source in.
    pub(super) fn read(&mut self, document: Document, sub_questions: Vec<usize>, matched: String) -> Reading {
        let id = self.catalogue.add(document);
        self.compare(id);
        Reading {
            id,
            sub_questions,
            matched,
        }
    }

    fn compare(&mut self, id: SourceId) {
        let Some(source) = self.catalogue.get(id) else {
            return;
        };
        let own = Shingles::of(terms::head(&source.text, COMPARED));
        match self.originals.iter().find(|(_, other)| own.nearly(other)) {
            Some((original, _)) => {
                self.copies.insert(id, *original);
            }
            None => self.originals.push((id, Arc::new(own))),
        }
    }
}
