//! One search: its tries, and what came of it.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aiex_evidence::{EngineRun, Hindrance, SearchRun};

use super::Query;
use super::earlier::Hit;
use crate::SourceKind;
use crate::budget::{Cost, Purpose};
use crate::event::Event;
use crate::journal::{Call, Granted, Outcome, Stop, key};
use crate::live::Live;
use crate::ports::{Boxed, EngineAnswer, Findings, Found, Hears, Search};
use crate::since::Since;
use crate::store::Patch;
use crate::terms;

/// Tries of a search that may succeed in a moment.
pub(super) const TRIES: u32 = 3;
/// Bytes of a result's text that are kept: a whole file is not a span.
const LONGEST_TEXT: usize = 64 * 1024;
const LONGEST_SNIPPET: usize = 2 * 1024;

/// A search and what came of it.
pub(crate) struct Searched {
    pub(crate) query: Query,
    pub(crate) found: Vec<Hit>,
    pub(crate) engines: Vec<EngineRun>,
    pub(crate) nowhere: Vec<String>,
    is_unready: bool,
    lacks: Option<String>,
    pub(crate) failure: Option<String>,
    pub(crate) hint: Option<String>,
    retryable: bool,
}

impl Searched {
    /// A search that found these.
    pub(super) fn of(query: Query, found: Vec<Hit>) -> Self {
        Self {
            query,
            found,
            engines: Vec::new(),
            nowhere: Vec::new(),
            is_unready: false,
            lacks: None,
            failure: None,
            hint: None,
            retryable: false,
        }
    }

    /// Whether it may succeed in a moment where it failed.
    pub(super) fn may_succeed(&self) -> bool {
        self.retryable
    }

    pub(crate) fn run(&self) -> SearchRun {
        SearchRun {
            source: self.query.source.as_str().to_owned(),
            query: self.query.text.clone(),
            found: self.found.len() as u32,
            failure: self.failure.clone(),
            engines: self.engines.clone(),
            nowhere: self.nowhere.clone(),
            is_unready: self.is_unready,
            lacks: self.lacks.clone(),
        }
    }
}

impl Live {
    pub(super) async fn search(
        &self,
        round: u32,
        query: &Query,
        tries: Range<u32>,
    ) -> Result<Searched, Stop> {
        let mut searched = Searched::of(query.clone(), Vec::new());
        if query.source == SourceKind::Reports {
            match self.search_reports(round, query, tries.start).await? {
                Outcome::Done { value } => searched.found = value,
                Outcome::Skipped { reason } => searched.failure = Some(reason),
                Outcome::Failed { message, hint, .. } => {
                    searched.failure = Some(message);
                    searched.hint = Some(hint);
                }
            }
            return Ok(searched);
        }
        let mut pause = self.settings.retry_pause;
        let begins_late = tries.start > 0;
        for attempt in tries.clone() {
            if attempt > tries.start || begins_late {
                self.rest(pause).await?;
                pause *= 2;
            }
            match self.search_once(round, query, attempt).await? {
                Outcome::Done { value } => {
                    searched.found = value.found.into_iter().map(Hit::from).collect();
                    searched.engines = value.engines;
                    searched.nowhere = value.nowhere;
                    searched.is_unready = value.is_unready;
                    searched.lacks = value.lacks;
                    searched.failure = None;
                    return Ok(searched);
                }
                Outcome::Skipped { reason } => {
                    searched.failure = Some(reason);
                    searched.retryable = false;
                    return Ok(searched);
                }
                Outcome::Failed {
                    message,
                    hint,
                    retryable,
                    ..
                } => {
                    searched.failure = Some(message);
                    searched.hint = Some(hint);
                    searched.retryable = retryable;
                    if !retryable {
                        return Ok(searched);
                    }
                }
            }
        }
        Ok(searched)
    }

    async fn search_once(&self, round: u32, query: &Query, attempt: u32) -> Result<Outcome<Findings>, Stop> {
        let events = |outcome: &Outcome<Findings>| {
            vec![Event::Searched {
                round,
                sub_question: query.sub_question,
                source: query.source,
                query: query.text.clone(),
                found: match outcome {
                    Outcome::Done { value } => value.found.len() as u32,
                    Outcome::Failed { .. } | Outcome::Skipped { .. } => 0,
                },
                failure: outcome.failure().map(str::to_owned),
                engines: match outcome {
                    Outcome::Done { value } => value.engines.clone(),
                    Outcome::Failed { .. } | Outcome::Skipped { .. } => Vec::new(),
                },
            }]
        };
        if let Some(outcome) = self.made_ahead(query, attempt).await? {
            self.tell("ahead", events(&outcome), Patch::default()).await?;
            return Ok(outcome);
        }
        self.put(query, attempt, events).await
    }

    /// Puts a query to its source, once.
    pub(super) async fn put(
        &self,
        query: &Query,
        attempt: u32,
        events: impl FnOnce(&Outcome<Findings>) -> Vec<Event>,
    ) -> Result<Outcome<Findings>, Stop> {
        let search = Search {
            run: self.id.0.clone(),
            source: query.source,
            query: query.text.clone(),
            limit: self.shape.results,
            repos: self.request.repos.clone(),
            since: Since::of(&self.request.question),
            deadline: self.settings.search_deadline,
            kept_since_ms: self.kept_since_ms,
            answered: Vec::new(),
        };
        let call = Call {
            key: key(
                &format!("search/{}/{attempt}", query.source),
                &(&search.query, search.limit, &search.repos),
            ),
            price: Cost::SEARCH.into(),
            purpose: Purpose::Gather,
            gate: &self.gates.searches,
            deadline: self.settings.search_deadline,
        };
        let work = |Granted { deadline, .. }| {
            let search = Search { deadline, ..search };
            async move { self.search_out(query, &search).await }
        };
        self.call(call, work, events).await
    }

    async fn search_out(&self, query: &Query, search: &Search) -> (Outcome<Findings>, Cost) {
        let name = key(
            &format!("answer/{}", search.source),
            &(&search.query, search.limit, &search.repos),
        );
        let answered = self.answered_before(&name);
        let hearing = Hearing {
            live: self,
            query,
            limit: search.limit,
            name,
            next: AtomicU32::new(u32::try_from(answered.len()).unwrap_or(u32::MAX)),
        };
        let search = Search {
            answered,
            ..search.clone()
        };
        let searched = self
            .ports
            .searcher
            .search_telling(&search, &hearing, &self.cancel);
        let outcome = match searched.await {
            Ok(mut value) => {
                bound(&mut value.found, search.limit);
                Outcome::Done { value }
            }
            Err(failure) => Outcome::Failed {
                message: failure.message,
                hint: failure.hint,
                retryable: failure.retryable,
                hindrance: Hindrance::default(),
            },
        };
        (outcome, Cost::SEARCH)
    }

    /// What engines answered to a search in an earlier process, or to an earlier try.
    fn answered_before(&self, name: &str) -> Vec<EngineAnswer> {
        let kept = (0..).map_while(|number| self.kept(&numbered(name, number)));
        kept.collect()
    }

    /// Waits, unless told to stop.
    pub(crate) async fn rest(&self, pause: Duration) -> Result<(), Stop> {
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.halt.cancelled() => Err(Stop::Halted),
        }
    }
}

/// Hears of a search under way, and keeps the answers of its engines: one that was asked for and paid is not asked for
/// again, whatever is killed before the slowest has answered.
struct Hearing<'a> {
    live: &'a Live,
    query: &'a Query,
    limit: usize,
    /// Of its answers in the journal; they are numbered.
    name: String,
    next: AtomicU32,
}

impl Hears for Hearing<'_> {
    fn found(&self, mut found: Vec<Found>) {
        bound(&mut found, self.limit);
        self.live.early.hear(self.query, found);
    }

    fn answered(&self, answer: EngineAnswer) -> Boxed<'_, ()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            // A store that takes no more says so at the end of the search, too.
            let _ = self.live.note(numbered(&self.name, number), answer).await;
        })
    }
}

fn numbered(name: &str, number: u32) -> String {
    format!("{name}/{number}")
}

/// Cuts results to what is kept of them.
fn bound(found: &mut Vec<Found>, limit: usize) {
    found.truncate(limit);
    for one in found {
        shorten(&mut one.snippet, LONGEST_SNIPPET);
        if let Some(text) = &mut one.text {
            shorten(text, LONGEST_TEXT);
        }
    }
}

fn shorten(text: &mut String, bytes: usize) {
    let end = terms::head(text, bytes).len();
    text.truncate(end);
}
