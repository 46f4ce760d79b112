//! The web as a source: searches through the engines of the settings, and pages, read politely. Both are kept.
//!
//! Nothing here is there unless the user said that the web may be asked.

mod engines;
mod outcome;
mod page;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aiex_cache::{Cache, Key, Kind};
use aiex_config::Settings;
use aiex_evidence::{Hindrance, Origin, Source};
use aiex_page::untrusted::instructs;
use aiex_research::{
    EngineAnswer, Findings, Found, Hears, PageText, Present, ReadFailure, Search, SearchFailure, Since,
};
use aiex_web::{
    Answered, Canonical, Coordinator, Dependency, EngineHealth, Enhance, Event, Freshness, Hosts, Query,
    Reach, Summary,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::engines::{Current, Engines};
use self::outcome::{Given, NotKept, Unanswered, outcome};
use self::page::Pages;
use crate::keys::Keys;

/// Part of every key of a kept search; a new one when they come to mean something else.
const KEPT_VERSION: &str = "web search 2";
/// Addresses whose names are remembered. Forgetting them costs that a page may be read under two addresses.
const MOST_ADDRESSES: usize = 20_000;

/// The web. Cheap to clone; clones share engines, connections and limits.
#[derive(Clone)]
pub(crate) struct Web {
    engines: Arc<Engines>,
    reach: Reach,
    hosts: Hosts,
    cache: Cache,
    pages: Pages,
    addresses: Arc<Mutex<HashMap<Canonical, String>>>,
}

/// What engines are told of the repositories that a question is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Surroundings {
    /// Their languages, the most used first.
    pub(crate) languages: Vec<String>,
    /// Their dependencies at the locked versions.
    pub(crate) dependencies: Vec<Dependency>,
}

/// What a search found, and what went wrong in a part of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// What was found, and by whom.
    pub(crate) findings: Findings,
    /// The failures of engines while others answered, as one.
    pub(crate) partial: Option<SearchFailure>,
}

/// What is told of a search while some of its engines still owe an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct SoFar {
    /// What was found, best first.
    pub(crate) found: Vec<Found>,
    /// What engines answered, in the order in which it came.
    pub(crate) answered: Vec<EngineAnswer>,
}

impl Web {
    /// The web as the settings allow it: `None` when they do not, or when there would be no engine to ask. Engines that
    /// cannot work as they are set up say so in every search.
    pub(crate) fn new(settings: &Settings, cache: Cache, keys: Arc<Keys>) -> Option<Self> {
        let web = &settings.web;
        if !web.enabled || (web.engines.is_empty() && !web.keyless) {
            return None;
        }
        let hosts = Hosts {
            allow: web.allow.clone(),
            deny: web.deny.clone(),
        };
        Some(Self {
            engines: Arc::new(Engines::new(web.clone(), keys)),
            reach: if web.keyless {
                Reach::Web
            } else {
                Reach::Configured
            },
            pages: Pages::new(web, hosts.clone(), cache.clone()),
            hosts,
            cache,
            addresses: Arc::default(),
        })
    }

    /// Lets go of every key. The next search takes them anew.
    pub(crate) fn close_keys(&self) {
        self.engines.close();
    }

    /// How the engines do.
    pub(crate) fn health(&self) -> Vec<EngineHealth> {
        self.engines.health()
    }

    /// Searches, with what engines may be told of the repositories, and tells `hears` whenever one has answered. Fails when every engine that was asked did.
    pub(crate) async fn search(
        &self,
        search: &Search,
        surroundings: &Surroundings,
        hears: &dyn Hears,
        cancel: &CancellationToken,
    ) -> Result<Answer, SearchFailure> {
        let sender = watch::Sender::default();
        let mut receiver = sender.subscribe();
        let answer = self.search_telling(search, surroundings, cancel, sender);
        tokio::pin!(answer);
        let mut told = 0;
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => return answer.map_err(|unanswered| unanswered.failure),
                // Its sender is gone where somebody else has put the same search already.
                Ok(()) = receiver.changed() => {
                    let so_far = receiver.borrow_and_update().clone();
                    hears.found(so_far.found);
                    for answer in so_far.answered.into_iter().skip(told) {
                        hears.answered(answer).await;
                        told += 1;
                    }
                }
            }
        }
    }

    /// The same, and tells what has been found whenever an engine has answered. Of those who wait for the same search,
    /// only the first is told. When every engine failed, each is named.
    pub(crate) async fn search_telling(
        &self,
        search: &Search,
        surroundings: &Surroundings,
        cancel: &CancellationToken,
        early: watch::Sender<SoFar>,
    ) -> Result<Answer, Unanswered> {
        let Current {
            coordinator,
            left_out,
        } = self.engines.current().await;
        let coordinator = coordinator?;
        let query = self.query(search, surroundings);
        let key = self.key(&query, &coordinator);
        // A task of the cache runs it, and ends with the last who waits for it: dropping this future is enough.
        let web = self.clone();
        let ask = move || async move {
            let never = CancellationToken::new();
            let is_heard = || 0 < early.receiver_count();
            let mut searching = coordinator.search(&query, &never);
            let (mut found, mut summary) = (Vec::new(), Summary::default());
            while let Some(event) = searching.next().await {
                match event {
                    // Where nobody listens, pages keep the addresses of the final list.
                    Event::Ranked(ranked) => {
                        if is_heard() {
                            let told = ranked.iter().map(|found| web.told(found.clone())).collect();
                            early.send_modify(|so_far| so_far.found = told);
                        }
                        found = ranked;
                    }
                    Event::EngineAnswered {
                        engine, query, found, ..
                    } if is_heard() => {
                        let answer = kept_answer(Answered { engine, query, found });
                        early.send_modify(|so_far| so_far.answered.extend(answer));
                    }
                    Event::EngineAnswered { .. } | Event::EngineFailed { .. } => {}
                    Event::Done(ended) => summary = ended,
                }
            }
            // Answers that were given back may be days old, and are not for others.
            outcome(found, &summary, &left_out, query.answered.is_empty())
        };
        let kept = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(cancelled().into()),
            kept = self.cache.get_since_or_compute(key, search.kept_since_ms, ask) => kept,
        };
        let (given, partial) = match kept {
            Ok(bytes) => {
                let given: Given = serde_json::from_slice(&bytes)
                    .map_err(|error| broken(&format!("a kept search cannot be read: {error}")))?;
                (given, None)
            }
            Err(failed) => match failed.downcast_ref::<NotKept>() {
                Some(NotKept::Partly { given, partial }) => (given.clone(), partial.clone()),
                Some(NotKept::Failed(unanswered)) => return Err(unanswered.clone()),
                None => return Err(broken(&failed.to_string()).into()),
            },
        };
        if let Some(partial) = &partial {
            tracing::warn!(%partial, "a part of the engines failed");
        }
        let found = given.found.into_iter().map(|found| self.told(found)).collect();
        let findings = Findings {
            found,
            engines: given.engines,
            nowhere: Vec::new(),
            // An engine that failed beside others may answer in a moment.
            is_unready: partial.is_some(),
            lacks: None,
        };
        Ok(Answer { findings, partial })
    }

    /// Reads a page that a search found. What was kept before a moment, in milliseconds since 1970, is not taken as it is.
    pub(crate) async fn read(
        &self,
        found: &Found,
        kept_since_ms: u64,
        deadline: Duration,
        cancel: &CancellationToken,
    ) -> Result<PageText, ReadFailure> {
        let Origin::Web { url } = &found.origin else {
            return Err(ReadFailure {
                message: "only pages of the web are read here".to_owned(),
                retryable: false,
                hindrance: Hindrance::Refused,
            });
        };
        self.pages.read(url, kept_since_ms, deadline, cancel).await
    }

    /// A page as it is now, for the check of an old report.
    pub(crate) async fn revisit(
        &self,
        source: &Source,
        deadline: Duration,
        cancel: &CancellationToken,
    ) -> Present {
        match &source.origin {
            Origin::Web { url } => self.pages.revisit(url, deadline, cancel).await,
            _ => Present::Unknown {
                reason: "it is no page of the web".to_owned(),
            },
        }
    }

    fn query(&self, search: &Search, surroundings: &Surroundings) -> Query {
        Query {
            languages: surroundings.languages.clone(),
            dependencies: surroundings.dependencies.clone(),
            // A run words its searches itself, and does not know the versions.
            enhance: if search.run.is_empty() {
                Enhance::Wordings
            } else {
                Enhance::Versions
            },
            freshness: freshness(search.since),
            limit: search.limit.max(1),
            hosts: self.hosts.clone(),
            reach: self.reach,
            deadline: Some(search.deadline),
            answered: search.answered.iter().filter_map(given_back).collect(),
            ..Query::new(search.query.as_str())
        }
    }

    /// Everything that the results may depend on.
    fn key(&self, query: &Query, coordinator: &Coordinator) -> Key {
        let mut parts = vec![
            KEPT_VERSION.to_owned(),
            query.text.clone(),
            query.limit.to_string(),
            format!("{:?} {:?}", query.enhance, query.freshness),
            format!("{:?} {:?}", query.reach, query.hosts),
            format!("{:?} {:?}", query.languages, query.dependencies),
            self.engines.ranked_by(),
        ];
        parts.extend(coordinator.health().into_iter().map(|engine| engine.engine));
        Key::new(Kind::Search, parts)
    }

    fn told(&self, found: aiex_web::Found) -> Found {
        let aiex_web::Found {
            url,
            canonical,
            title,
            snippet,
            date,
            licence,
            score,
            ..
        } = found;
        Found {
            origin: Origin::Web {
                url: self.address(canonical, url),
            },
            title,
            instructs: instructs(&snippet).is_some(),
            snippet,
            score: score as f32,
            text: None,
            date,
            licence,
        }
    }

    /// One address for each page: that under which it was found first. Its name alone may not lead to it.
    fn address(&self, canonical: Canonical, url: String) -> String {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= MOST_ADDRESSES && !addresses.contains_key(&canonical) {
            addresses.clear();
        }
        addresses.entry(canonical).or_insert(url).clone()
    }
}

/// An engine's answer for a run to keep; one that cannot be written is asked for again after a kill.
fn kept_answer(answered: Answered) -> Option<EngineAnswer> {
    let body = serde_json::to_value(&answered).ok()?;
    Some(EngineAnswer {
        engine: answered.engine,
        body,
    })
}

/// The same, given back by the run; one of another version of this program may not be readable, and is asked for again.
fn given_back(answer: &EngineAnswer) -> Option<Answered> {
    serde_json::from_value(answer.body.clone()).ok()
}

/// How old a result may be, as engines are told it.
fn freshness(since: Option<Since>) -> Freshness {
    match since {
        None => Freshness::Any,
        Some(Since::Day) => Freshness::Day,
        Some(Since::Week) => Freshness::Week,
        Some(Since::Month) => Freshness::Month,
        Some(Since::Year) => Freshness::Year,
    }
}

fn cancelled() -> SearchFailure {
    SearchFailure {
        message: "the search was cancelled".to_owned(),
        hint: String::new(),
        retryable: false,
    }
}

/// A defect of this program or of its files.
fn broken(message: &str) -> SearchFailure {
    SearchFailure {
        message: message.to_owned(),
        hint: "search again; `aiex cache clear` empties what was kept".to_owned(),
        retryable: true,
    }
}

#[cfg(test)]
mod tests;
