//! The web as a source: searches through the engines of the settings, and pages, read politely. Both are kept.
//!
//! Nothing here is there unless the user said that the web may be asked.

mod engines;
mod page;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aiex_cache::{Cache, Key, Kind};
use aiex_config::Settings;
use aiex_evidence::{Origin, Source};
use aiex_research::{Found, PageText, Present, ReadFailure, Search, SearchFailure};
use aiex_web::{Canonical, Coordinator, Dependency, Hosts, Query, Reach, Summary};
use tokio_util::sync::CancellationToken;

use self::engines::{Current, Engines, together};
use self::page::Pages;
use crate::keys::Keys;

/// Part of every key of a kept search; a new one when they come to mean something else.
const KEPT_VERSION: &str = "web search 1";
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
    /// Best first.
    pub(crate) found: Vec<Found>,
    /// The engines that failed while others answered.
    pub(crate) partial: Option<SearchFailure>,
}

/// What is given to whoever waits for a search, and not kept: the next one may know more.
#[derive(Debug, Clone, thiserror::Error)]
enum NotKept {
    #[error("a part of the engines answered")]
    Partly {
        found: Vec<aiex_web::Found>,
        partial: Option<SearchFailure>,
    },
    #[error(transparent)]
    Failed(SearchFailure),
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

    /// Searches. Fails when every engine that was asked did.
    pub(crate) async fn search(
        &self,
        search: &Search,
        cancel: &CancellationToken,
    ) -> Result<Vec<Found>, SearchFailure> {
        let answer = self.answer(search, &Surroundings::default(), cancel).await?;
        Ok(answer.found)
    }

    /// The same, with what the engines may be told of the repositories, and with what went wrong in a part.
    pub(crate) async fn answer(
        &self,
        search: &Search,
        surroundings: &Surroundings,
        cancel: &CancellationToken,
    ) -> Result<Answer, SearchFailure> {
        let Current {
            coordinator,
            left_out,
        } = self.engines.current().await;
        let coordinator = coordinator?;
        let query = self.query(search, surroundings);
        let key = self.key(&query, &coordinator);
        let missing = left_out.clone();
        // A task of the cache runs it, and ends with the last who waits for it: dropping this future is enough.
        let ask = move || async move {
            let never = CancellationToken::new();
            let (found, summary) = coordinator.search(&query, &never).finish().await;
            outcome(found, &summary, missing)
        };
        let kept = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(cancelled()),
            kept = self.cache.get_or_compute(key, ask) => kept,
        };
        let (found, partial) = match kept {
            Ok(bytes) => {
                let found = serde_json::from_slice(&bytes)
                    .map_err(|error| broken(&format!("a kept search cannot be read: {error}")))?;
                (found, left_out)
            }
            Err(failed) => match failed.downcast_ref::<NotKept>() {
                Some(NotKept::Partly { found, partial }) => (found.clone(), partial.clone()),
                Some(NotKept::Failed(failure)) => return Err(failure.clone()),
                None => return Err(broken(&failed.to_string())),
            },
        };
        if let Some(partial) = &partial {
            tracing::warn!(%partial, "a part of the engines failed");
        }
        let found = found.into_iter().map(|found| self.told(found)).collect();
        Ok(Answer { found, partial })
    }

    /// Reads a page that a search found.
    pub(crate) async fn read(
        &self,
        found: &Found,
        deadline: Duration,
        cancel: &CancellationToken,
    ) -> Result<PageText, ReadFailure> {
        let Origin::Web { url } = &found.origin else {
            return Err(ReadFailure {
                message: "only pages of the web are read here".to_owned(),
                retryable: false,
            });
        };
        self.pages.read(url, deadline, cancel).await
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
            // A run words its searches itself.
            enhance: search.run.is_empty(),
            limit: search.limit.max(1),
            hosts: self.hosts.clone(),
            reach: self.reach,
            deadline: Some(search.deadline),
            ..Query::new(search.query.as_str())
        }
    }

    /// Everything that the results may depend on.
    fn key(&self, query: &Query, coordinator: &Coordinator) -> Key {
        let mut parts = vec![
            KEPT_VERSION.to_owned(),
            query.text.clone(),
            query.limit.to_string(),
            query.enhance.to_string(),
            format!("{:?} {:?}", query.reach, query.hosts),
            format!("{:?} {:?}", query.languages, query.dependencies),
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
            score,
            ..
        } = found;
        Found {
            origin: Origin::Web {
                url: self.address(canonical, url),
            },
            title,
            snippet,
            score: score as f32,
            text: None,
            date,
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

/// What is kept of a search: results of engines that all answered. `left_out` are those that could not be asked.
fn outcome(
    found: Vec<aiex_web::Found>,
    summary: &Summary,
    left_out: Option<SearchFailure>,
) -> Result<Vec<u8>, NotKept> {
    if summary.runs.is_empty() {
        return Err(NotKept::Failed(left_out.unwrap_or_else(|| not_asked(summary))));
    }
    let partial = match failures(summary) {
        Some(failure) => Some(together(left_out, failure)),
        None => left_out,
    };
    if let (true, Some(failure)) = (summary.all_failed(), &partial) {
        return Err(NotKept::Failed(failure.clone()));
    }
    if partial.is_some() || found.is_empty() {
        return Err(NotKept::Partly { found, partial });
    }
    serde_json::to_vec(&found).map_err(|error| NotKept::Failed(broken(&error.to_string())))
}

/// The failures of a search as one, each engine once.
fn failures(summary: &Summary) -> Option<SearchFailure> {
    let mut told: Vec<&str> = Vec::new();
    let mut messages: Vec<String> = Vec::new();
    let mut hint = None;
    let mut retryable = false;
    for run in summary.failed() {
        let Some(failure) = &run.failure else { continue };
        retryable |= matches!(
            failure.class.as_str(),
            "rate_limited" | "overloaded" | "unreachable" | "broken" | "empty_but_failed"
        );
        if !told.contains(&run.engine.as_str()) {
            told.push(&run.engine);
            messages.push(format!("{}: {}", run.engine, failure.message));
            hint.get_or_insert_with(|| failure.hint.clone());
        }
    }
    Some(SearchFailure {
        message: messages.join("; "),
        hint: hint?,
        retryable,
    })
}

fn not_asked(summary: &Summary) -> SearchFailure {
    let why: Vec<String> = summary
        .not_asked
        .iter()
        .map(|left_out| format!("{}: {}", left_out.engine, left_out.why))
        .collect();
    SearchFailure {
        message: format!("no engine could be asked ({})", why.join("; ")),
        hint: "word the question otherwise, or add a general engine as [[web.engine]] to the settings file"
            .to_owned(),
        retryable: false,
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
