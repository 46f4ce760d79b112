//! From a query to ranked spans.
//!
//! ```text
//! query ─► route ─► arms in parallel: full text · vectors · symbols · paths ─► fuse ─► rules ─► hits
//!            └────► regex | literal: trigrams rule files out, the others are read; matches in the order of paths
//! ```

pub(crate) mod arms;
mod boost;
pub(crate) mod cache;
mod cursor;
pub(crate) mod filter;
mod frames;
mod fuse;
pub mod lab;
mod lead;
mod matching;
pub(crate) mod meaning;
mod nowhere;
pub mod pack;
mod pattern;
mod penalty;
mod query;
mod rank;
pub mod request;
pub(crate) mod scan;
mod settings;
pub mod similar;
mod snippet;
mod unindexed;
mod verbatim;
pub(crate) mod words;

use std::sync::Arc;

use tracing::trace_span;

use self::arms::Arms;
use self::filter::Filter;
pub use self::matching::telling_lines;
use self::query::{Query, Route};
use self::request::{Hit, Mode, SearchOutcome, SearchRequest};
pub use self::settings::RankSettings;
use crate::error::SearchError;
use crate::repo::{RepoIndex, Served};

/// Times that a search begins again because a generation was published under it.
const MAX_RESTARTS: usize = 3;

/// Hits at most, whatever is asked for.
const MAX_LIMIT: usize = 10_000;

/// The answer to a request, if it was given from the generation that a repository serves.
pub(crate) fn remembered(repo: &RepoIndex, request: &SearchRequest) -> Option<SearchOutcome> {
    let key = cache::Key::new(&repo.served().snapshot, request);
    let outcome = repo.shared().cache.known(&key)?;
    Some(again(&outcome))
}

fn again(outcome: &SearchOutcome) -> SearchOutcome {
    SearchOutcome {
        is_cached: true,
        ..outcome.clone()
    }
}

/// Answers a request from the generation that a repository serves.
pub(crate) fn run(
    repo: &RepoIndex,
    request: &SearchRequest,
    early: &mut dyn FnMut(Vec<Hit>),
    is_cancelled: &dyn Fn() -> bool,
) -> Result<SearchOutcome, SearchError> {
    let cache = &repo.shared().cache;
    let mut restarts = 0;
    loop {
        let served = repo.served();
        let key = cache::Key::new(&served.snapshot, request);
        if let Some(outcome) = cache.get(&key) {
            return Ok(again(&outcome));
        }
        let Answer { outcome, is_lasting } = answer(repo, &served, request, early, is_cancelled)?;
        // Full text is shared by generations: when one was published meanwhile, ids of both may be mixed.
        let is_torn = repo.served().snapshot.generation != served.snapshot.generation;
        if is_torn && restarts < MAX_RESTARTS {
            restarts += 1;
            continue;
        }
        if !is_torn && is_lasting && outcome.notices.is_empty() {
            cache.insert(key, Arc::new(outcome.clone()));
        }
        return Ok(outcome);
    }
}

/// An answer, and whether it is the same as long as the generation is.
struct Answer {
    outcome: SearchOutcome,
    is_lasting: bool,
}

fn answer(
    repo: &RepoIndex,
    served: &Served,
    request: &SearchRequest,
    early: &mut dyn FnMut(Vec<Hit>),
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Answer, SearchError> {
    let limit = request.limit.clamp(1, MAX_LIMIT);
    if request.mode != Mode::Auto {
        let (outcome, is_lasting) = scan::run(repo, served, request, limit, is_cancelled)?;
        return Ok(Answer { outcome, is_lasting });
    }
    let filter = Filter::new(request, &served.snapshot)?;
    let query = Query::parse(&request.query).ok_or_else(|| SearchError::InvalidQuery {
        reason: "it is empty".to_owned(),
    })?;
    let settings = &repo.shared().settings.rank;
    let own;
    let settings = if request.ranking.is_empty() {
        settings
    } else {
        own = settings
            .with(&request.ranking)
            .map_err(|message| SearchError::InvalidSubject {
                message,
                hint: "the table of signals in the documentation of ranking tells what each does",
            })?;
        &own
    };
    let finish = |arms: &Arms, vectors_are_in: bool| -> Result<SearchOutcome, SearchError> {
        let rank = || {
            rank::rank(
                &query,
                arms,
                &served.snapshot,
                settings,
                &filter,
                &|file| Ok(repo.shared().content.shown(&file.key)?),
                rank::Listing {
                    explains: request.explain,
                    limit,
                },
            )
        };
        let ranked = trace_span!("rank").in_scope(rank)?;
        let hits = trace_span!("texts").in_scope(|| snippet::hits(repo, &query, ranked))?;
        Ok(SearchOutcome {
            hits,
            route: query.route.name(),
            generation: served.snapshot.generation,
            is_cached: false,
            is_exhaustive: false,
            matches: None,
            notices: if vectors_are_in {
                arms.notices.clone()
            } else {
                Vec::new()
            },
            nowhere: arms.nowhere.clone(),
        })
    };
    let arms = arms::ask(repo, served, &query, &filter, settings, &mut |arms| {
        if let Ok(outcome) = finish(arms, false)
            && !outcome.hits.is_empty()
        {
            early(outcome.hits);
        }
    })?;
    if is_cancelled() {
        return Err(SearchError::Cancelled);
    }
    let outcome = finish(&arms, true)?;
    Ok(Answer {
        outcome,
        is_lasting: true,
    })
}

/// How a query would be read; for tests and tools.
pub fn route_of(query: &str) -> Option<&'static str> {
    Query::parse(query).map(|query| Route::name(query.route))
}
