//! The verbs, one file each, and what they share: the request that runs.

mod ask;
mod bookmark;
mod cache;
mod earlier;
mod follow;
mod history;
mod keys;
mod outline;
mod pack;
mod refs;
mod repos;
mod research;
mod search;
mod similar;
mod skipped;
mod sources;
mod symbols;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use aiex_protocol::search::SearchSummary;
use aiex_protocol::{Call, Event, WireError};

use self::research::Wish;
use crate::daemon::Exit;
use crate::handle::Handle;
use crate::panics;
use crate::session::dispatch::internal;
use crate::status;
use crate::stream::Stream;

/// A look at the repositories waits this long for a daemon that has just started to take them up; what is not open
/// by then is shown as it is.
const RESUME_PATIENCE: Duration = Duration::from_secs(5);

/// A request that runs.
pub(crate) struct Running {
    pub(crate) handle: Handle,
    pub(crate) stream: Arc<Stream>,
    pub(crate) began: Instant,
    /// The query of the search that this one takes the place of, if it is known.
    pub(crate) refined: Option<String>,
    /// The number in the history of the search that this one follows up on, once it was looked up.
    pub(crate) follows: OnceLock<u64>,
    step: Mutex<&'static str>,
}

impl Running {
    pub(crate) fn new(handle: Handle, stream: Arc<Stream>, refined: Option<String>) -> Self {
        Self {
            handle,
            stream,
            began: Instant::now(),
            refined,
            follows: OnceLock::new(),
            step: Mutex::new("starting"),
        }
    }

    /// Notes which search this one follows up on. Who asks several sources looks it up for each; the first one stands.
    pub(crate) fn follows_up_on(&self, search: u64) {
        self.follows.get_or_init(|| search);
    }

    /// Notes what is being done, so that a deadline can name it: a phrase that follows "while".
    pub(crate) fn enter(&self, step: &'static str) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = step;
    }

    /// What is being done.
    pub(crate) fn step(&self) -> &'static str {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs what blocks on a worker thread. It is given a way to see that nobody waits any more.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Fn() -> bool) -> T + Send + 'static,
    ) -> Result<T, WireError> {
        let cancel = self.stream.cancel().clone();
        tokio::task::spawn_blocking(move || work(&|| cancel.is_cancelled()))
            .await
            .map_err(|error| match error.try_into_panic() {
                Ok(panic) => internal(&panics::message(panic.as_ref())),
                Err(_) => internal("the work was dropped"),
            })
    }
}

/// Does what the call asks for. Events go to the stream; the summary belongs to the last one.
pub(crate) async fn carry_out(
    running: &Arc<Running>,
    call: Call,
) -> Result<Option<SearchSummary>, WireError> {
    match call {
        Call::Search(args) if !args.sources.is_empty() => sources::search(running, args).await,
        Call::Search(args) => search::search(running, args)
            .await
            .map(|found| Some(found.summary)),
        Call::Ask(args) => ask::ask(running, args).await.map(Some),
        Call::Outline(args) => outline::outline(running, args).await.map(Some),
        Call::Symbols(args) => symbols::symbols(running, args).await.map(Some),
        Call::Refs(args) => refs::refs(running, args).await.map(Some),
        Call::Pack(args) => pack::pack(running, args).await.map(Some),
        Call::Similar(args) => similar::similar(running, args).await.map(Some),
        Call::Status(args) => {
            running.enter("looking at the daemon");
            let handle = running.handle.clone();
            let status = running
                .blocking(move |_| {
                    handle.repositories.wait_resumed(RESUME_PATIENCE);
                    handle.repositories.look_at_server();
                    status::of(&handle, args.repo.as_deref())
                })
                .await??;
            running.stream.tell(Event::Status(Box::new(status)));
            Ok(None)
        }
        Call::Skipped(args) => skipped::skipped(running, args).await.map(|()| None),
        Call::AddRepo(args) => repos::add(running, args).await.map(|()| None),
        Call::RemoveRepo(args) => repos::remove(running, args).await.map(|()| None),
        Call::ReindexRepo(args) => repos::reindex(running, args).await.map(|()| None),
        Call::MoveVectors(args) => repos::move_vectors(running, args).await.map(|()| None),
        Call::ListRepos {} => repos::list(running).await.map(|()| None),
        Call::ResearchStart(args) => research::start(running, args).await.map(|()| None),
        Call::ResearchEstimate(args) => research::estimate(running, args).await.map(|()| None),
        Call::ResearchList {} => research::list(running).await.map(|()| None),
        Call::ResearchShow(args) => research::show(running, args).await.map(|()| None),
        Call::ResearchFollow(args) => research::follow(running, args).await.map(|()| None),
        Call::ResearchPause(args) => research::steer(running, args, Wish::Pause).await.map(|()| None),
        Call::ResearchResume(args) => research::steer(running, args, Wish::Resume).await.map(|()| None),
        Call::ResearchCancel(args) => research::steer(running, args, Wish::Cancel).await.map(|()| None),
        Call::ResearchRetry(args) => research::steer(running, args, Wish::Retry).await.map(|()| None),
        Call::ResearchFinish(args) => research::steer(running, args, Wish::Finish).await.map(|()| None),
        Call::ResearchApprove(args) => research::approve(running, args).await.map(|()| None),
        Call::ResearchReport(args) => research::report(running, args).await.map(|()| None),
        Call::ResearchGraph(args) => research::graph(running, args).await.map(|()| None),
        Call::ResearchVerify(args) => research::verify(running, args).await.map(|()| None),
        Call::ResearchRemove(args) => research::remove(running, args).await.map(|()| None),
        Call::ResearchTemplates {} => research::templates(running).await.map(|()| None),
        Call::CacheStats {} => cache::stats(running).await.map(|()| None),
        Call::CacheClear(args) => cache::clear(running, args).await.map(|()| None),
        Call::HistoryList(args) => history::list(running, args).await.map(|()| None),
        Call::HistoryClear(args) => history::clear(running, args).await.map(|()| None),
        Call::BookmarkAdd(args) => bookmark::add(running, args).await.map(|()| None),
        Call::BookmarkList(args) => bookmark::list(running, args).await.map(|()| None),
        Call::BookmarkRemove(args) => bookmark::remove(running, args).await.map(|()| None),
        Call::KeysSet(args) => keys::set(running, args).await.map(|()| None),
        Call::KeysList {} => keys::list(running).await.map(|()| None),
        Call::KeysForget(args) => keys::forget(running, args).await.map(|()| None),
        Call::KeysUnlock(args) => keys::unlock(running, args).await.map(|()| None),
        Call::KeysLock {} => keys::lock(running).await.map(|()| None),
        Call::Drain { reason } => {
            running.handle.request_exit(Exit::Requested { reason });
            Ok(None)
        }
    }
}
