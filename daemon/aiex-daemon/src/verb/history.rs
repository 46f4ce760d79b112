//! `history.*`: the searches that were made, and noting those that are.

use std::collections::HashSet;
use std::sync::Arc;

use aiex_protocol::search::{Hit, SearchArgs};
use aiex_protocol::sessions::{ClearHistory, History, HistoryCleared, ListHistory};
use aiex_protocol::{Event, WireError};
use aiex_sessions::{MAX_PLACES, Place, Search};

use super::Running;
use super::search::absolute;
use crate::daemon::now_ms;
use crate::notebook::{Notebook, Noted};
use crate::wire;

/// Searches listed when the request does not say how many.
const DEFAULT_LIMIT: u32 = 20;
/// Searches listed at most: one frame holds them all.
const MAX_LIMIT: u32 = 1_000;

/// The searches that were made.
pub(super) async fn list(running: &Arc<Running>, args: ListHistory) -> Result<(), WireError> {
    running.enter("reading the history");
    let notebook = running.handle.notebook.clone();
    let limit = match args.limit {
        0 => DEFAULT_LIMIT,
        limit => limit.min(MAX_LIMIT),
    };
    let searches = running
        .blocking(move |_| {
            let root = root(&notebook, &args.repo)?;
            notebook.with(|sessions| sessions.history(root.as_deref(), &args.text, limit as usize))
        })
        .await??;
    let searches = searches.into_iter().map(wire::sessions::past).collect();
    running.stream.tell(Event::History(History { searches }));
    Ok(())
}

/// Forgets searches.
pub(super) async fn clear(running: &Arc<Running>, args: ClearHistory) -> Result<(), WireError> {
    running.enter("clearing the history");
    let notebook = running.handle.notebook.clone();
    let before = args.older_than_ms.map(|age| now_ms().saturating_sub(age));
    let searches = running
        .blocking(move |_| {
            let root = root(&notebook, &args.repo)?;
            notebook.with(|sessions| sessions.forget(root.as_deref(), before))
        })
        .await??;
    running
        .stream
        .tell(Event::HistoryCleared(HistoryCleared { searches }));
    Ok(())
}

/// The repository that a request is about; none for all. Blocks.
pub(super) fn root(notebook: &Notebook, repo: &str) -> Result<Option<String>, WireError> {
    if repo.is_empty() {
        return Ok(None);
    }
    let root = notebook.root_of(&absolute(repo)?);
    Ok(Some(root.display().to_string()))
}

/// Notes a search that was answered: in the repository `root`, if one was opened for it.
pub(super) fn note(
    running: &Running,
    verb: &str,
    args: &SearchArgs,
    root: &str,
    (hits, found): (&[Hit], usize),
) {
    // Constants of ranking are tried by programs that measure.
    if args.unrecorded || !args.ranking.is_empty() || !running.handle.notebook.keeps_history() {
        return;
    }
    running.handle.notebook.note(Noted {
        search: Search {
            at_ms: now_ms(),
            session: args.session.clone(),
            root: root.to_owned(),
            verb: verb.to_owned(),
            mode: wire::sessions::mode_name(args.mode).to_owned(),
            query: args.query.clone(),
            sources: args
                .sources
                .iter()
                .map(|source| source.as_str().to_owned())
                .collect(),
            found: found as u64,
            places: places(hits),
            follows: running.follows.get().copied(),
        },
        place: args.repo.clone(),
    });
}

/// The best place of each file: what a search within these files has to know.
fn places(hits: &[Hit]) -> Vec<Place> {
    let mut seen = HashSet::new();
    let first_of_file = hits.iter().filter(|hit| seen.insert(hit.path.as_str()));
    first_of_file
        .take(MAX_PLACES)
        .map(|hit| Place {
            path: hit.path.clone(),
            first_line: hit.start_line,
            last_line: hit.end_line,
        })
        .collect()
}
