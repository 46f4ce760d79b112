//! `search`: open, wait as far as asked, search, tell hits early and final.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aiex_index::{SearchError, SearchRequest};
use aiex_protocol::code::Place;
use aiex_protocol::repos::{Phase, RepoStatus, WatchMode};
use aiex_protocol::search::{Hits, Mode, SearchArgs, SearchSummary, Stage};
use aiex_protocol::source::SourceKind;
use aiex_protocol::{ErrorCode, Event, WireError};

use super::earlier::{self, Earlier};
use super::follow::{follow, is_settled};
use super::{Running, history};
use crate::repository::{NotFresh, Repository, search_error};
use crate::wire;

/// On an unknown repository the first answer waits this long for something to search.
const FIRST_GENERATION: Duration = Duration::from_secs(2);
/// On an unknown repository an answer waits this long for the whole index, vectors included: as long as people
/// wait for an answer anyway. A repository of a hundred thousand chunks is ready by then.
const FIRST_INDEX: Duration = Duration::from_secs(12);
/// An answer that promises every match waits this long for what was saved before it was asked for.
const CATCH_UP: Duration = Duration::from_millis(500);
/// More hits than this nobody reads; a script that wants every match takes page after page.
const MAX_LIMIT: u32 = 10_000;
/// A query is a question or a pattern, not a file.
const MAX_QUERY_BYTES: usize = 16 << 10;

/// What a search found.
pub(super) struct Found {
    pub(super) hits: Hits,
    pub(super) summary: SearchSummary,
}

/// Ranked spans, from what is indexed now.
pub(super) async fn search(running: &Arc<Running>, args: SearchArgs) -> Result<Found, WireError> {
    check(&args)?;
    let repository = open(running, &args.repo, args.yes).await?;
    let earlier = earlier::of(running, &args, repository.root()).await?;
    wait(running, &repository, &place_of(&args)).await?;
    if args.mode != Mode::Auto {
        catch_up(running, &repository, &place_of(&args)).await?;
    }
    let mut found = look(running, &repository, &args, &earlier).await?;
    if found.hits.hits.is_empty() && !repository.status().is_complete {
        // Nobody has use for nothing out of a part of the files.
        running.enter("waiting for the first index");
        let has_more = |status: &RepoStatus| status.is_complete || is_settled(status);
        follow(running, &repository, has_more, Some(FIRST_INDEX)).await;
        found = look(running, &repository, &args, &earlier).await?;
    }
    running.stream.tell(Event::Hits(found.hits.clone()));
    let hits = &found.hits.hits;
    history::note(running, "search", &args, &found.summary.repo, (hits, hits.len()));
    Ok(found)
}

/// Ranked spans for a list in which others stand too: told by who asks.
pub(super) async fn quietly(running: &Arc<Running>, args: &SearchArgs) -> Result<Found, WireError> {
    let repository = open(running, &args.repo, args.yes).await?;
    let earlier = earlier::of(running, args, repository.root()).await?;
    wait(running, &repository, &place_of(args)).await?;
    ranked(running, &repository, args, &earlier, |_| {}).await
}

/// Evidence for an answer. A question about a repository that nobody asked about before shows what is found so far
/// and then waits, within reason, for the rest: an answer from a part of the files would be a wrong one. What was asked
/// before, the nearest first, comes with it.
pub(super) async fn evidence(
    running: &Arc<Running>,
    args: &SearchArgs,
) -> Result<(Found, Earlier), WireError> {
    check(args)?;
    let repository = open(running, &args.repo, args.yes).await?;
    let earlier = earlier::of(running, args, repository.root()).await?;
    wait(running, &repository, &place_of(args)).await?;
    let status = repository.status();
    if !status.is_complete || 2 * status.chunks_embedded < status.chunks {
        let mut found = look(running, &repository, args, &earlier).await?;
        found.hits.stage = Stage::Early;
        running.stream.tell(Event::Hits(found.hits));
        running.enter("waiting for the first index");
        follow(running, &repository, is_settled, Some(FIRST_INDEX)).await;
    }
    let found = look(running, &repository, args, &earlier).await?;
    running.stream.tell(Event::Hits(found.hits.clone()));
    Ok((found, earlier))
}

async fn look(
    running: &Arc<Running>,
    repository: &Arc<dyn Repository>,
    args: &SearchArgs,
    earlier: &Earlier,
) -> Result<Found, WireError> {
    let stream = running.stream.clone();
    ranked(running, repository, args, earlier, move |hits| {
        stream.tell(Event::Hits(hits))
    })
    .await
}

async fn ranked(
    running: &Arc<Running>,
    repository: &Arc<dyn Repository>,
    args: &SearchArgs,
    earlier: &Earlier,
    tell_early: impl Fn(Hits) + Send + 'static,
) -> Result<Found, WireError> {
    let limit = limit_of(running, args.limit);
    let request = SearchRequest {
        files: earlier.files.clone().unwrap_or_default(),
        ..wire::from_wire(args, limit)
    };
    let widened = earlier.lent.iter().map(|lent| SearchRequest {
        query: lent.widened(&args.query),
        ..request.clone()
    });
    let widened: Vec<SearchRequest> = widened.collect();
    let remembered = repository.remembered(&request).filter(|_| widened.is_empty());
    let (outcome, with_words) = match remembered {
        Some(outcome) => (outcome, Vec::new()),
        None => {
            in_turn(running, repository, move |searched, is_cancelled| {
                let root = searched.root().to_owned();
                let mut early = |hits| tell_early(wire::hits(Stage::Early, hits, &root));
                let own = searched.search(&request, &mut early, is_cancelled)?;
                let widened = widened
                    .iter()
                    .map(|widened| searched.search(widened, &mut |_| {}, is_cancelled))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok((own, widened))
            })
            .await?
        }
    };
    tell_notices(running, &outcome.notices);
    tell_notices(running, earlier.notice.map(str::to_owned).as_slice());
    let summary = wire::summary(&outcome, &repository.status(), took_us(running));
    let mut hits = wire::hits(Stage::Final, outcome.hits, repository.root());
    if !with_words.is_empty() {
        let with_words = earlier
            .lent
            .iter()
            .cloned()
            .zip(with_words)
            .map(|(lent, outcome)| {
                let hits = wire::hits(Stage::Final, outcome.hits, repository.root());
                (lent, hits.hits)
            });
        hits.hits = earlier::fuse(hits.hits, with_words.collect(), limit);
    }
    Ok(Found { hits, summary })
}

/// How many hits to look for.
pub(super) fn limit_of(running: &Running, asked: u32) -> usize {
    let limit = match asked {
        0 => running.handle.settings.search.limit,
        limit => limit.min(MAX_LIMIT),
    };
    limit as usize
}

/// Asks a repository on a worker thread, when it is this request's turn.
pub(super) async fn in_turn<T: Send + 'static>(
    running: &Arc<Running>,
    repository: &Arc<dyn Repository>,
    ask: impl FnOnce(&dyn Repository, &dyn Fn() -> bool) -> Result<T, SearchError> + Send + 'static,
) -> Result<T, WireError> {
    running.enter("waiting for its turn");
    let _turn = running.handle.turn().await?;
    running.enter("searching");
    let repository = repository.clone();
    running
        .blocking(move |is_cancelled| ask(repository.as_ref(), is_cancelled))
        .await?
        .map_err(|error| search_error(&error))
}

/// Opens a repository for a question whose answer is a list: a part of the files would make a wrong one, so the first
/// index is waited for, within reason.
pub(super) async fn prepared(
    running: &Arc<Running>,
    place: &Place,
) -> Result<Arc<dyn Repository>, WireError> {
    let repository = open(running, &place.repo, place.yes).await?;
    wait(running, &repository, place).await?;
    if !repository.status().is_complete {
        running.enter("waiting for the first index");
        let is_enough = |status: &RepoStatus| status.is_complete || is_settled(status);
        follow(running, &repository, is_enough, Some(FIRST_INDEX)).await;
    }
    Ok(repository)
}

/// What an answer from a repository reflects.
pub(super) fn summary_of(
    running: &Running,
    repository: &Arc<dyn Repository>,
    route: &str,
    generation: u64,
    is_exhaustive: bool,
) -> SearchSummary {
    SearchSummary {
        route: route.to_owned(),
        generation,
        is_exhaustive,
        ..wire::standing(&repository.status(), took_us(running))
    }
}

pub(super) fn tell_notices(running: &Running, notices: &[String]) {
    for message in notices {
        running.stream.tell(Event::Notice {
            message: message.clone(),
        });
    }
}

pub(super) fn took_us(running: &Running) -> u64 {
    u64::try_from(running.began.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// Where a search looks and what it waits for.
pub(super) fn place_of(args: &SearchArgs) -> Place {
    Place {
        repo: args.repo.clone(),
        wait_fresh_ms: args.wait_fresh_ms,
        wait_complete: args.wait_complete,
        yes: args.yes,
    }
}

pub(super) fn check(args: &SearchArgs) -> Result<(), WireError> {
    let invalid = |message: &str, hint: &str| {
        Err(WireError::new(ErrorCode::InvalidRequest, message.to_owned()).with_hint(hint))
    };
    if args.query.trim().is_empty() {
        return invalid("the query is empty", "say what to look for");
    }
    if args.query.len() > MAX_QUERY_BYTES {
        return invalid("the query is too long", "ask for less than 16 KiB at once");
    }
    if !args.after.is_empty() && args.mode == Mode::Auto {
        return invalid(
            "only exhaustive searches have pages",
            "say that the query is a regular expression or plain text, or raise the limit",
        );
    }
    if args.since.is_some() && !args.sources.contains(&SourceKind::Web) {
        return invalid(
            "only pages of the web are limited by their age",
            "add `web` to the sources, or leave `--since` out",
        );
    }
    Ok(())
}

/// The path of a request, which must be absolute: the daemon's folder is not the client's.
pub(super) fn absolute(path: &str) -> Result<PathBuf, WireError> {
    let path = Path::new(path);
    if path.is_absolute() {
        return Ok(path.to_owned());
    }
    Err(WireError::new(
        ErrorCode::InvalidRequest,
        format!("`{}` is not an absolute path", path.display()),
    )
    .with_hint("name the folder from the root of the file system"))
}

/// Opens the repository that holds `place`, registering it if it is new.
pub(super) async fn open(
    running: &Arc<Running>,
    place: &str,
    insist: bool,
) -> Result<Arc<dyn Repository>, WireError> {
    running.enter("opening the repository");
    let place = absolute(place)?;
    let repositories = running.handle.repositories.clone();
    if let Some(known) = repositories.known(&place) {
        return Ok(known);
    }
    running
        .blocking(move |_| repositories.open(&place, insist))
        .await?
}

/// Waits for as much as was asked for; the default hardly waits.
async fn wait(running: &Running, repository: &Arc<dyn Repository>, place: &Place) -> Result<(), WireError> {
    if place.wait_complete {
        running.enter("waiting for the first index");
        let status = follow(running, repository, is_settled, None).await;
        if status.phase == Phase::Failed {
            let problem = status.problem.unwrap_or_else(|| "indexing failed".to_owned());
            return Err(WireError::new(ErrorCode::Storage, problem)
                .with_hint("`aiex status` shows the state; without waiting, what is indexed is searched"));
        }
        tell_problem(running, &status);
    } else {
        running.enter("waiting for something to search");
        let has_something = |status: &RepoStatus| {
            status.generation > 0 || status.is_complete || status.phase == Phase::Failed
        };
        let status = follow(running, repository, has_something, Some(FIRST_GENERATION)).await;
        tell_problem(running, &status);
    }
    if let Some(patience) = place.wait_fresh_ms.map(Duration::from_millis) {
        running.enter("waiting for a fresh index");
        let (deadline, waited) = (Instant::now() + patience, repository.clone());
        let fresh = running
            .blocking(move |is_cancelled| waited.wait_fresh(deadline, is_cancelled))
            .await?;
        fresh.map_err(|not_fresh| not_fresh_error(&not_fresh, patience))?;
    }
    Ok(())
}

/// Before an answer that promises every match: takes in what was saved just now, which takes milliseconds, or says that it
/// could not. Not where files are polled, where it would take a look at the whole tree.
pub(super) async fn catch_up(
    running: &Running,
    repository: &Arc<dyn Repository>,
    place: &Place,
) -> Result<(), WireError> {
    let status = repository.status();
    let is_followed = status.is_complete && matches!(status.watch, WatchMode::Events { .. });
    if place.wait_fresh_ms.is_some() || !is_followed || status.phase == Phase::Failed {
        return Ok(());
    }
    running.enter("taking in what was saved just now");
    let (deadline, waited) = (Instant::now() + CATCH_UP, repository.clone());
    let caught_up = running
        .blocking(move |is_cancelled| waited.wait_fresh(deadline, is_cancelled))
        .await?;
    // What is broken was told with the state of the index.
    if let Err(NotFresh::Deadline { pending }) = caught_up {
        let files = match pending {
            0 => "files".to_owned(),
            1 => "1 file".to_owned(),
            pending => format!("{pending} files"),
        };
        let message = format!("{files} saved just now may be missing; `--wait-fresh` waits for them");
        running.stream.tell(Event::Notice { message });
    }
    Ok(())
}

/// A worker that gave up follows the disk no more. What else is in the way, the ranking tells where it is felt.
fn tell_problem(running: &Running, status: &RepoStatus) {
    if let Some(problem) = status.problem.as_ref().filter(|_| status.phase == Phase::Failed) {
        running.stream.tell(Event::Notice {
            message: format!("the index may be out of date: {problem}"),
        });
    }
}

fn not_fresh_error(not_fresh: &NotFresh, patience: Duration) -> WireError {
    match not_fresh {
        // Freshness was asked for as a guarantee, so an older answer is none.
        NotFresh::Deadline { .. } => WireError::new(
            ErrorCode::DeadlineExceeded,
            format!("{not_fresh}; waited {patience:?}"),
        )
        .with_hint("wait longer, or leave `--wait-fresh` out to search what is indexed"),
        NotFresh::Broken { .. } => WireError::new(ErrorCode::Storage, not_fresh.to_string())
            .with_hint("leave `--wait-fresh` out to search what is indexed"),
        NotFresh::Cancelled => WireError::new(ErrorCode::Cancelled, not_fresh.to_string()),
    }
}
