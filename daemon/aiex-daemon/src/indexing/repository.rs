//! One repository as requests see it: its index, and how its worker is getting on.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aiex_files::git;
use aiex_files::root::Root;
use aiex_files::watch::{Mode, SyncError, Synced, Watcher};
use aiex_index::{
    Hit, IndexError, OutlineOutcome, OutlineRequest, PackOutcome, PackRequest, Progress, RefsOutcome,
    RefsRequest, RepoIndex, SearchError, SearchOutcome, SearchRequest, SimilarRequest, SymbolsOutcome,
    SymbolsRequest,
};
use aiex_protocol::repos::{Phase, RepoStatus, VectorPlace, WatchMode};
use aiex_protocol::{ErrorCode, WireError};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use tokio::sync::watch;

use super::due::Command;
use super::workshop::Workshop;
use crate::repository::{NotFresh, Repository, Skipped, index_error};
use crate::supervise::Supervisor;

/// Commands that may wait for a busy worker. More only come when dozens of requests wait for freshness.
const MAX_COMMANDS: usize = 256;
/// Progress is shown this often at most; people do not read faster.
const SHOWN_EVERY: Duration = Duration::from_millis(100);
/// How soon a wait notices that nobody waits any more.
const LOOK: Duration = Duration::from_millis(50);

struct State {
    phase: Phase,
    done: u64,
    total: u64,
    rate: f32,
    shown_at: Option<Instant>,
    stale_files: u64,
    fresh_at_ms: u64,
    branch: Option<String>,
    problem: Option<String>,
    /// Set from the request until the worker has dropped the index.
    is_rebuild_asked: bool,
    is_retired: bool,
    watcher: Option<Arc<Watcher>>,
}

/// One repository, open.
pub(super) struct IndexedRepository {
    index: Arc<RepoIndex>,
    workshop: Arc<Workshop>,
    supervisor: Supervisor,
    commands: (Sender<Command>, Receiver<Command>),
    /// Whether the settings name a server for vectors.
    has_server: bool,
    state: Mutex<State>,
    tick: watch::Sender<u64>,
    used: Mutex<Instant>,
}

impl IndexedRepository {
    pub(super) fn new(
        index: Arc<RepoIndex>,
        workshop: Arc<Workshop>,
        supervisor: Supervisor,
        has_server: bool,
    ) -> Arc<Self> {
        let state = State {
            phase: Phase::Opening,
            done: 0,
            total: 0,
            rate: 0.0,
            shown_at: None,
            stale_files: 0,
            fresh_at_ms: 0,
            branch: None,
            problem: None,
            is_rebuild_asked: false,
            is_retired: false,
            watcher: None,
        };
        Arc::new(Self {
            index,
            workshop,
            supervisor,
            commands: bounded(MAX_COMMANDS),
            has_server,
            state: Mutex::new(state),
            tick: watch::Sender::new(0),
            used: Mutex::new(Instant::now()),
        })
    }

    pub(super) fn index(&self) -> &RepoIndex {
        &self.index
    }

    pub(super) fn whole_root(&self) -> &Root {
        self.index.root()
    }

    pub(super) fn path(&self) -> &Path {
        &self.index.root().path
    }

    /// The name of its worker among the components.
    pub(super) fn component_name(&self) -> String {
        format!("index {}", self.path().display())
    }

    pub(super) fn commands(&self) -> &Receiver<Command> {
        &self.commands.1
    }

    /// Tells the worker, unless it has more than enough to do; it looks for itself then.
    pub(super) fn command(&self, command: Command) -> bool {
        self.commands.0.try_send(command).is_ok()
    }

    /// Something about [`Repository::status`] changed.
    pub(super) fn changed(&self) {
        self.tick.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// The worker's way to show what it does. Called often, from several threads.
    pub(super) fn progressed(&self, progress: Progress) {
        let phase = match progress.phase {
            aiex_index::Phase::Scanning => Phase::Scanning,
            aiex_index::Phase::Indexing => Phase::Indexing,
            aiex_index::Phase::Embedding => Phase::Embedding,
        };
        let mut state = self.state();
        let is_new = state.phase != phase;
        (state.phase, state.done, state.total, state.rate) =
            (phase, progress.done, progress.total, progress.rate);
        let is_due = is_new || state.shown_at.is_none_or(|at| at.elapsed() >= SHOWN_EVERY);
        if is_due {
            state.shown_at = Some(Instant::now());
            drop(state);
            self.changed();
        }
    }

    /// A life of the worker begins.
    pub(super) fn began(&self, watcher: Arc<Watcher>) {
        let mut state = self.state();
        state.watcher = Some(watcher);
        state.branch = git::head(self.whole_root()).and_then(|head| head.branch);
        drop(state);
        self.changed();
    }

    /// A life of the worker ended. The last generation is served on.
    pub(super) fn ended(&self) {
        self.state().watcher = None;
        self.changed();
    }

    /// Work is due: so many paths may have changed.
    pub(super) fn falls_behind(&self, paths: u64) {
        self.state().stale_files = paths;
        self.changed();
    }

    /// The files in the index are those on disk, as of the moment before the update.
    pub(super) fn caught_up(&self, as_of_ms: u64, is_whole: bool) {
        let branch = is_whole.then(|| git::head(self.whole_root()).and_then(|head| head.branch));
        let mut state = self.state();
        state.stale_files = 0;
        state.fresh_at_ms = as_of_ms;
        if let Some(branch) = branch {
            state.branch = branch;
        }
        drop(state);
        self.changed();
    }

    /// Nothing is left to do. `problem` is what could not be done.
    pub(super) fn settled(&self, problem: Option<String>) {
        let mut state = self.state();
        // A request to rebuild came in between: there is something left to do.
        if state.is_rebuild_asked {
            return;
        }
        state.phase = Phase::Idle;
        (state.done, state.total, state.rate) = (0, 0, 0.0);
        state.problem = problem;
        drop(state);
        self.changed();
    }

    /// Somebody asks for it.
    pub(super) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long ago somebody asked for it.
    pub(super) fn last_asked(&self) -> Duration {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// How long nobody has asked for it; none while there is something to do.
    pub(super) fn unused_for(&self) -> Option<Duration> {
        let is_idle = self.state().phase == Phase::Idle && self.index.facts().is_complete;
        is_idle.then(|| self.last_asked())
    }

    /// The worker could not go on.
    pub(super) fn failed(&self, problem: &str) {
        let mut state = self.state();
        state.phase = Phase::Failed;
        state.rate = 0.0;
        state.problem = Some(problem.to_owned());
        drop(state);
        self.changed();
    }

    /// The index was dropped and is built anew.
    pub(super) fn rebuilding(&self) {
        let mut state = self.state();
        state.is_rebuild_asked = false;
        state.fresh_at_ms = 0;
        drop(state);
        self.changed();
    }

    /// The repository is being forgotten: nobody shall wait for it.
    pub(super) fn retire(&self) {
        self.state().is_retired = true;
        self.failed("the repository was removed");
    }

    fn watch_mode(&self, state: &State) -> WatchMode {
        let Some(watcher) = &state.watcher else {
            let why = match state.phase {
                Phase::Opening => "it is just being opened",
                _ => "its worker is not running",
            };
            let reason = state.problem.clone().unwrap_or_else(|| why.to_owned());
            return WatchMode::Off { reason };
        };
        match watcher.mode() {
            Mode::Events { watches } => WatchMode::Events {
                watches: watches as u64,
            },
            Mode::Polling {
                watches,
                folders,
                interval,
                reason,
            } => WatchMode::Polling {
                interval_s: interval.as_secs().max(1),
                reason: match watches {
                    0 => reason,
                    watches => format!("{folders} folders, besides {watches} that are watched: {reason}"),
                },
            },
        }
    }

    /// Whether a scan is needed to be sure, because events cannot be relied on.
    fn flush_events(&self, deadline: Instant, is_cancelled: &dyn Fn() -> bool) -> Result<bool, NotFresh> {
        let Some(watcher) = self.state().watcher.clone() else {
            return Ok(true);
        };
        loop {
            if is_cancelled() {
                return Err(NotFresh::Cancelled);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.too_late());
            }
            // In slices, so that a wait that nobody cares about ends. A slice is long enough for the
            // slowest file system; only a stuck one needs several.
            match watcher.sync(left.min(Duration::from_secs(2))) {
                Ok(Synced::Events) => return Ok(false),
                Ok(Synced::Rescan) | Err(SyncError::Ended) => return Ok(true),
                Err(SyncError::Timeout { .. }) => {}
            }
        }
    }

    fn too_late(&self) -> NotFresh {
        NotFresh::Deadline {
            pending: self.state().stale_files,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IndexedRepository {
    /// Passes an answer on; when something was found damaged on the way to it, has it repaired.
    fn mended<T>(&self, result: Result<T, SearchError>) -> Result<T, SearchError> {
        if self.index.facts().needs_repair {
            self.command(Command::Wake);
        }
        // The worker looks at the server, unless it knows already and looks again by itself.
        if self.index.takes_note_of_server() && self.state().problem.is_none() {
            self.command(Command::Embed);
        }
        result
    }
}

impl Repository for IndexedRepository {
    fn root(&self) -> &Path {
        self.path()
    }

    fn status(&self) -> RepoStatus {
        let facts = self.index.facts();
        let state = self.state();
        RepoStatus {
            root: self.path().display().to_string(),
            branch: state.branch.clone(),
            phase: state.phase,
            done: state.done,
            total: state.total,
            rate: state.rate,
            generation: facts.generation,
            is_complete: facts.is_complete,
            files_seen: facts.files_seen,
            files_indexed: facts.files_indexed,
            files_skipped: facts.files_skipped,
            files_failed: facts.files_failed,
            stale_files: state.stale_files,
            chunks: facts.chunks,
            chunks_embedded: facts.chunks_embedded,
            symbols: facts.symbols,
            source_bytes: facts.source_bytes,
            disk_bytes: facts.disk_bytes,
            watch: self.watch_mode(&state),
            fresh_at_ms: state.fresh_at_ms,
            problem: state.problem.clone(),
            quarantined: facts.quarantined,
            vector_collection: facts.vectors.collection,
            vectors_moving_to: facts.vectors.moving_to.map(|place| match place {
                aiex_index::VectorPlace::Local => VectorPlace::Local,
                aiex_index::VectorPlace::Server => VectorPlace::Server,
            }),
            is_at_rest: false,
        }
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.tick.subscribe()
    }

    fn remembered(&self, request: &SearchRequest) -> Option<SearchOutcome> {
        self.index.remembered(request)
    }

    fn search(
        &self,
        request: &SearchRequest,
        early: &mut dyn FnMut(Vec<Hit>),
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<SearchOutcome, SearchError> {
        self.mended(self.index.search(request, early, is_cancelled))
    }

    fn outline(&self, request: &OutlineRequest) -> Result<OutlineOutcome, SearchError> {
        self.mended(self.index.outline(request))
    }

    fn symbols(&self, request: &SymbolsRequest) -> Result<SymbolsOutcome, SearchError> {
        self.mended(self.index.symbols(request))
    }

    fn refs(
        &self,
        request: &RefsRequest,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<RefsOutcome, SearchError> {
        self.mended(self.index.refs(request, is_cancelled))
    }

    fn pack(
        &self,
        request: &PackRequest,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<PackOutcome, SearchError> {
        self.mended(self.index.pack(request, is_cancelled))
    }

    fn similar(
        &self,
        request: &SimilarRequest,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<SearchOutcome, SearchError> {
        self.mended(self.index.similar(request, is_cancelled))
    }

    fn skipped(&self, reason: Option<&str>, limit: usize) -> Result<Skipped, IndexError> {
        let (reasons, files) = self.index.skipped(reason, limit)?;
        Ok(Skipped {
            reasons,
            files,
            redactions: self.index.facts().redactions,
        })
    }

    fn wait_fresh(&self, deadline: Instant, is_cancelled: &dyn Fn() -> bool) -> Result<(), NotFresh> {
        let failed = {
            let state = self.state();
            if state.is_retired {
                return Err(NotFresh::Broken {
                    problem: "the repository was removed".to_owned(),
                });
            }
            state.phase == Phase::Failed
        };
        if failed {
            // Somebody needs it now: no reason to wait for the next try.
            self.supervisor.retry(&self.component_name());
        }
        let scan = self.flush_events(deadline, is_cancelled)?;
        let (reply, answer) = bounded(1);
        if !self.command(Command::Fence { reply, scan }) {
            return Err(NotFresh::Broken {
                problem: "too many requests wait for it".to_owned(),
            });
        }
        loop {
            if is_cancelled() {
                return Err(NotFresh::Cancelled);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match answer.recv_timeout(left.min(LOOK)) {
                Ok(()) => return Ok(()),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Err(self.too_late()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    let problem = self.state().problem.clone();
                    return Err(NotFresh::Broken {
                        problem: problem.unwrap_or_else(|| "its worker was restarted".to_owned()),
                    });
                }
            }
        }
    }

    fn move_vectors(&self, to: VectorPlace) -> Result<(), WireError> {
        self.wish_for_vectors(to)
    }

    fn reindex(&self) {
        {
            let mut state = self.state();
            state.is_rebuild_asked = true;
            state.phase = Phase::Opening;
            state.problem = None;
        }
        self.changed();
        self.command(Command::Rebuild);
        self.supervisor.retry(&self.component_name());
    }
}

impl IndexedRepository {
    fn wish_for_vectors(&self, to: VectorPlace) -> Result<(), WireError> {
        let to = match to {
            VectorPlace::Local => aiex_index::VectorPlace::Local,
            VectorPlace::Server if self.has_server => aiex_index::VectorPlace::Server,
            VectorPlace::Server => {
                return Err(
                    WireError::new(ErrorCode::InvalidRequest, "there is no server to move to")
                        .with_hint("set vector.url as in \"http://127.0.0.1:6334\""),
                );
            }
        };
        let changes = self.index.move_vectors(to).map_err(|error| index_error(&error))?;
        if changes {
            {
                let mut state = self.state();
                state.phase = Phase::Embedding;
                (state.done, state.total, state.rate, state.problem) = (0, 0, 0.0, None);
            }
            self.changed();
            self.command(Command::Embed);
        }
        Ok(())
    }
}

impl Drop for IndexedRepository {
    fn drop(&mut self) {
        tracing::debug!(root = %self.path().display(), watches = self.workshop.budget.used(), "closed");
    }
}
