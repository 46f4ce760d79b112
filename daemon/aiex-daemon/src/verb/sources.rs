//! `search` over several sources at once: each is asked by itself, none holds up the others, and one list is made of
//! what they find, again whenever one has answered, and whenever one of the web's engines has.

mod merge;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aiex_protocol::journal::EngineRun;
use aiex_protocol::search::{Filters, Hits, Mode, SearchArgs, SearchSummary, Stage};
use aiex_protocol::source::{Found, FoundList, SourceKind, SourceState, SourceStatus};
use aiex_protocol::{ErrorCode, Event, WireError};
use aiex_research::{Search, SearchFailure, Searcher as _};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use super::search::{self, limit_of};
use super::{Running, earlier, history};
use crate::research::web::SoFar;
use crate::research::world;
use crate::wire::research::same;
use merge::merge;

/// A source that has not answered by then is left out.
const PATIENCE: Duration = Duration::from_secs(10);
/// What it may take longer to end by itself, with what it has.
const GRACE: Duration = Duration::from_secs(2);

/// What one source came to.
enum Answer {
    Code(Box<search::Found>),
    Other(Vec<aiex_research::Found>),
}

/// A source, when it was asked, and what it answered.
type Asked = (SourceKind, Instant, Result<Answered, Failed>);

/// An answer, what came of each engine of the source, and what a part of them failed with.
struct Answered {
    answer: Answer,
    engines: Vec<EngineRun>,
    partial: Option<WireError>,
}

impl From<Answer> for Answered {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            engines: Vec::new(),
            partial: None,
        }
    }
}

/// Why a source did not answer, and what came of each of its engines.
struct Failed {
    error: WireError,
    engines: Vec<EngineRun>,
}

impl From<WireError> for Failed {
    fn from(error: WireError) -> Self {
        Self {
            error,
            engines: Vec::new(),
        }
    }
}

/// Searches every source that is asked for.
pub(super) async fn search(
    running: &Arc<Running>,
    args: SearchArgs,
) -> Result<Option<SearchSummary>, WireError> {
    search::check(&args)?;
    check(&args)?;
    let mut sources = args.sources.clone();
    sources.sort_unstable();
    sources.dedup();
    if let Some(message) = searched_whole(&args.filters, &sources) {
        running.stream.tell(Event::Notice { message });
    }
    let limit = limit_of(running, args.limit);
    let began = Instant::now();
    let (from_web, mut web) = watch::channel(SoFar::default());
    let mut asked: FuturesUnordered<BoxFuture<'_, Asked>> = FuturesUnordered::new();
    for source in sources {
        tell_status(running, source, SourceState::Searching, began, (0, None, vec![]));
        asked.push(Box::pin(one(running, &args, source, (limit, &from_web))));
    }
    let mut code: Option<search::Found> = None;
    let mut others: HashMap<SourceKind, Vec<aiex_research::Found>> = HashMap::new();
    let mut failures = Vec::new();
    let mut answered = 0;
    loop {
        let next = tokio::select! {
            biased;
            next = asked.next() => next,
            // What engines found so far, while others are still asked.
            Ok(()) = web.changed() => {
                let found = web.borrow_and_update().found.clone();
                // An engine's answer is heard of before its results have a place.
                let before = others.get(&SourceKind::Web).map_or(&[][..], Vec::as_slice);
                if found == before {
                    continue;
                }
                let count = found.len() as u32;
                let told = (count, None, vec![]);
                tell_status(running, SourceKind::Web, SourceState::Searching, began, told);
                others.insert(SourceKind::Web, found);
                tell(running, &args.query, code.as_ref(), &others, limit, Stage::Early)?;
                continue;
            }
        };
        let Some((source, began, answer)) = next else {
            break;
        };
        match answer {
            Ok(Answered {
                answer,
                engines,
                partial,
            }) => {
                let found = match answer {
                    Answer::Code(found) => {
                        let count = found.hits.hits.len();
                        code = Some(*found);
                        count
                    }
                    Answer::Other(found) => {
                        let count = found.len();
                        others.insert(source, found);
                        count
                    }
                };
                answered += 1;
                let told = (found as u32, partial.as_ref(), engines);
                tell_status(running, source, SourceState::Done, began, told);
            }
            Err(Failed { error, engines }) => {
                // What some engines found stays, though the source as a whole did not come to its end.
                let found = others.get(&source).map_or(0, Vec::len);
                let told = (found as u32, Some(&error), engines);
                tell_status(running, source, SourceState::Failed, began, told);
                if found == 0 {
                    failures.push(error);
                } else {
                    answered += 1;
                }
            }
        }
        let is_last = asked.is_empty();
        let stage = if is_last { Stage::Final } else { Stage::Early };
        tell(running, &args.query, code.as_ref(), &others, limit, stage)?;
    }
    match failures.into_iter().next() {
        Some(error) if answered == 0 => Err(error),
        _ => {
            note(running, &args, code.as_ref(), &others);
            Ok(code.map(|found| found.summary))
        }
    }
}

/// Notes the search with all that was found, of which the places in code are kept.
fn note(
    running: &Running,
    args: &SearchArgs,
    code: Option<&search::Found>,
    others: &HashMap<SourceKind, Vec<aiex_research::Found>>,
) {
    let hits = code.map_or(&[][..], |found| &found.hits.hits);
    let root = code.map_or("", |found| found.summary.repo.as_str());
    let found = hits.len() + others.values().map(Vec::len).sum::<usize>();
    history::note(running, "search", args, root, (hits, found));
}

fn check(args: &SearchArgs) -> Result<(), WireError> {
    let invalid = |message: &str, hint: &str| {
        Err(WireError::new(ErrorCode::InvalidRequest, message.to_owned()).with_hint(hint))
    };
    if args.sources.contains(&SourceKind::Reports) {
        return invalid(
            "reports cannot be searched from outside",
            "`aiex research` asks earlier reports by itself",
        );
    }
    if args.within_last && args.sources.iter().any(|source| *source != SourceKind::Code) {
        return invalid(
            "only code can be looked for within the files of the last search",
            "leave out the other sources, or `--within-last`",
        );
    }
    if is_narrowed(&args.filters) && !args.sources.contains(&SourceKind::Code) {
        return invalid(
            "paths, languages and kinds narrow the search of code only",
            "add `code` to the sources, or leave these flags out",
        );
    }
    if args.mode != Mode::Auto && args.sources.iter().any(|source| *source != SourceKind::Code) {
        return invalid(
            "a pattern is looked for in code only",
            "leave the other sources out, or the pattern's flag",
        );
    }
    Ok(())
}

fn is_narrowed(filters: &Filters) -> bool {
    *filters != Filters::default()
}

/// What is to be said when the search of code is narrowed and that of other sources cannot be: packages have paths of
/// their own, commits and pages have none.
fn searched_whole(filters: &Filters, sources: &[SourceKind]) -> Option<String> {
    let others = sources.iter().filter(|source| **source != SourceKind::Code);
    let others: Vec<&str> = others.map(|source| source.as_str()).collect();
    (is_narrowed(filters) && !others.is_empty()).then(|| {
        format!(
            "paths, languages and kinds narrow the search of code only; searched whole: {}",
            others.join(", ")
        )
    })
}

async fn one(
    running: &Arc<Running>,
    args: &SearchArgs,
    source: SourceKind,
    (limit, from_web): (usize, &watch::Sender<SoFar>),
) -> Asked {
    let began = Instant::now();
    let asked = ask(running, args, source, (limit, from_web));
    let answer = tokio::time::timeout(PATIENCE + GRACE, asked)
        .await
        .unwrap_or_else(|_| Err(late(source).into()));
    (source, began, answer)
}

fn late(source: SourceKind) -> WireError {
    WireError::new(
        ErrorCode::DeadlineExceeded,
        format!(
            "{} did not answer within {} s",
            source.as_str(),
            PATIENCE.as_secs()
        ),
    )
    .with_hint("ask again: what it was reading may be ready by then")
}

async fn ask(
    running: &Arc<Running>,
    args: &SearchArgs,
    source: SourceKind,
    (limit, from_web): (usize, &watch::Sender<SoFar>),
) -> Result<Answered, Failed> {
    if source == SourceKind::Code {
        let found = search::quietly(running, args).await?;
        return Ok(Answer::Code(Box::new(found)).into());
    }
    let world = &running.handle.research.outside().await.world;
    let query = earlier::query_with_words(running, args).await?;
    let question = |repos| -> Result<Search, WireError> {
        Ok(Search {
            run: String::new(),
            source: same(&source)?,
            query: query.clone(),
            limit,
            repos,
            since: same(&args.since)?,
            deadline: PATIENCE,
            kept_since_ms: 0,
            answered: Vec::new(),
        })
    };
    let cancel = running.stream.cancel();
    if source == SourceKind::Web {
        // The web is searched from anywhere.
        let web = world.web().map_err(|failure| failed(source, failure))?;
        let surroundings = world.local.surroundings(std::slice::from_ref(&args.repo)).await;
        let question = question(Vec::new())?;
        let answer = web
            .search_telling(&question, &surroundings, cancel, from_web.clone())
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(unanswered) => {
                return Err(Failed {
                    error: failed(source, unanswered.failure),
                    engines: same(&unanswered.engines)?,
                });
            }
        };
        return Ok(Answered {
            engines: same(&answer.findings.engines)?,
            answer: Answer::Other(answer.findings.found),
            partial: answer.partial.map(|failure| failed(source, failure)),
        });
    }
    let repository = search::open(running, &args.repo, args.yes).await?;
    let question = question(vec![repository.root().display().to_string()])?;
    let findings = world.search(&question, cancel).await;
    let findings = findings.map_err(|failure| failed(source, failure))?;
    if let Some(lacks) = findings.lacks {
        let message = format!("{}: {lacks}", source.as_str());
        running.stream.tell(Event::Notice { message });
    }
    Ok(Answer::Other(findings.found).into())
}

/// What cannot be helped by asking again is the request's fault: there is no web to ask, no history to read.
fn failed(source: SourceKind, failure: SearchFailure) -> WireError {
    let code = match source {
        _ if failure.message == world::NO_WEB => ErrorCode::InvalidRequest,
        SourceKind::Web => ErrorCode::Provider,
        _ if !failure.retryable => ErrorCode::InvalidRequest,
        _ => ErrorCode::Storage,
    };
    let error = WireError::new(code, failure.message);
    if failure.hint.is_empty() {
        error
    } else {
        error.with_hint(failure.hint)
    }
}

fn tell_status(
    running: &Running,
    source: SourceKind,
    state: SourceState,
    began: Instant,
    (found, failure, engines): (u32, Option<&WireError>, Vec<EngineRun>),
) {
    running.stream.tell(Event::Source(SourceStatus {
        source,
        state,
        found,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        failure: failure.map(|error| error.message.clone()),
        hint: failure.and_then(|error| error.hint.clone()),
        engines,
    }));
}

/// Tells the merged list as it stands.
fn tell(
    running: &Running,
    query: &str,
    code: Option<&search::Found>,
    others: &HashMap<SourceKind, Vec<aiex_research::Found>>,
    limit: usize,
    stage: Stage,
) -> Result<(), WireError> {
    let hits = code.map_or((0, 0), |found| {
        (found.hits.hits.len(), found.summary.nowhere.len())
    });
    let merged = merge(query, hits, others, limit);
    if let Some(code) = code {
        let mut shown = code.hits.hits.clone();
        shown.truncate(merged.hits);
        running.stream.tell(Event::Hits(Hits { stage, hits: shown }));
    }
    let found = merged.found.into_iter().map(|placed| {
        Ok(Found {
            rank: placed.rank,
            score: placed.score,
            source: placed.source,
            title: placed.found.title.clone(),
            origin: same(&placed.found.origin)?,
            snippet: placed.found.snippet.clone(),
            date: placed.found.date.clone(),
            licence: placed.found.licence.clone(),
            also: placed.also,
        })
    });
    running.stream.tell(Event::Found(FoundList {
        stage,
        found: found.collect::<Result<_, WireError>>()?,
    }));
    Ok(())
}
