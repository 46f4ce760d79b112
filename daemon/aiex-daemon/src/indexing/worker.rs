//! The worker of one repository: watches, updates, embeds, covers, and sleeps when there is nothing to do.
//!
//! It runs on a thread of its own, because everything it does blocks. A life begins with a watcher and a
//! look at the whole tree, so a life that failed anywhere is made good by the next.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aiex_files::rules::Rules;
use aiex_files::watch::{Batch, Mode, RescanReason, WatchError, Watcher};
use aiex_index::{IndexError, Observer as _, RepoIndex, Scope};
use crossbeam_channel::{Receiver, bounded, select};
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::behind::behind_others;
use super::clock::ScanClock;
use super::due::{Command, Due};
use super::gate::Urgency;
use super::observer::Watching;
use super::repository::IndexedRepository;
use super::workshop::Workshop;
use crate::component::{Component, Failure};
use crate::daemon::now_ms;
use crate::error::chain;
use crate::event::Event;
use crate::panics;
use crate::repository::Repository as _;

/// Batches that may wait for a busy worker; the watcher merges what does not fit.
const MAX_BATCHES: usize = 64;
/// After a failure of the embedder, which does not touch full text, vectors are tried again after this.
const EMBED_AGAIN: Duration = Duration::from_secs(60);
/// After the first failure of the server that keeps vectors they are tried again after this; it doubles with each further
/// one, up to [`EMBED_AGAIN`].
const SERVER_AGAIN: Duration = Duration::from_secs(1);
/// What is told while vectors wait for mains power.
const ON_BATTERY: &str =
    "on battery: search by meaning is completed on mains power (or with index.pause_on_battery = false)";
/// Between two looks whether the machine is on mains power again.
const MAINS_LOOK: Duration = Duration::from_secs(5);
/// Stores are put in order when a repository has been quiet for so long…
const QUIET: Duration = Duration::from_secs(30);
/// …and after this however much goes on: vectors of texts that are gone take room until then.
const LONGEST_UNREST: Duration = Duration::from_secs(5 * 60);

/// So long after somebody asked for a repository what is still read of it is read behind everything else.
const ATTENDED: Duration = Duration::from_secs(3);

/// The component that keeps one index in line with the disk.
pub(super) struct Worker {
    repository: Arc<IndexedRepository>,
    workshop: Arc<Workshop>,
}

impl Worker {
    pub(super) fn new(repository: Arc<IndexedRepository>, workshop: Arc<Workshop>) -> Self {
        Self { repository, workshop }
    }
}

impl Component for Worker {
    fn name(&self) -> String {
        self.repository.component_name()
    }

    fn live(&self, stop: CancellationToken) -> BoxFuture<'static, Result<(), Failure>> {
        let (repository, workshop) = (self.repository.clone(), self.workshop.clone());
        Box::pin(async move {
            let (sender, ended) = oneshot::channel();
            let (of, token) = (repository.clone(), stop.clone());
            std::thread::Builder::new()
                .name("aiex-index".to_owned())
                .spawn(move || {
                    let life = std::panic::catch_unwind(AssertUnwindSafe(|| live(&of, &workshop, &token)));
                    of.ended();
                    let result =
                        life.unwrap_or_else(|panic| Err(Failure::inside(panics::message(panic.as_ref()))));
                    // The other end goes only when the whole runtime goes.
                    let _ = sender.send(result);
                })
                .map_err(|error| Failure::outside(format!("no thread can be started: {error}")))?;
            tokio::pin!(ended);
            tokio::select! {
                result = &mut ended => flatten(result),
                () = stop.cancelled() => {
                    repository.command(Command::Wake);
                    flatten(ended.await)
                }
            }
        })
    }

    fn failed(&self, failure: &Failure) {
        self.repository.failed(&failure.message);
    }
}

fn flatten(result: Result<Result<(), Failure>, oneshot::error::RecvError>) -> Result<(), Failure> {
    result.unwrap_or_else(|_| Err(Failure::inside("the thread went without a word")))
}

fn live(
    repository: &IndexedRepository,
    workshop: &Workshop,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let root = repository.whole_root();
    let rules = Arc::new(Rules::load(root, workshop.rules.clone()));
    let (batches_in, batches) = bounded(MAX_BATCHES);
    // Before the first scan: what changes from here on is reported.
    let watcher = Watcher::start(root, rules.clone(), workshop.watch.clone(), batches_in)
        .map_err(|error| watch_failure(&error))?;
    let mut life = Life {
        repository,
        workshop,
        stop,
        rules,
        batches,
        watcher: Arc::new(watcher),
        due: Due::everything(),
        clock: ScanClock::new(&root.path),
        embed_again: None,
        embed_problem: None,
        server_failures: 0,
        maintain_at: None,
        maintained: Instant::now(),
        has_changed: false,
        was_degraded: false,
    };
    repository.began(life.watcher.clone());
    life.run()
}

struct Life<'a> {
    repository: &'a IndexedRepository,
    workshop: &'a Workshop,
    stop: &'a CancellationToken,
    rules: Arc<Rules>,
    batches: Receiver<Batch>,
    watcher: Arc<Watcher>,
    due: Due,
    clock: ScanClock,
    /// When vectors are tried again after the embedder failed.
    embed_again: Option<Instant>,
    embed_problem: Option<String>,
    /// Failures of the server that keeps vectors, in a row.
    server_failures: u32,
    maintain_at: Option<Instant>,
    maintained: Instant,
    /// Whether files changed since stores were put in order without quiet.
    has_changed: bool,
    was_degraded: bool,
}

impl Life<'_> {
    fn run(&mut self) -> Result<(), Failure> {
        let (mut is_unsettled, mut is_cold, mut is_uncovered) = (true, false, false);
        while !self.stop.is_cancelled() {
            self.collect()?;
            self.watch_mode();
            if std::mem::take(&mut self.due.vectors) {
                self.embed_again = None;
                is_unsettled = true;
            }
            if self.due.is_update() {
                is_unsettled = true;
                self.update()?;
                // What was saved meanwhile comes before vectors.
                continue;
            }
            if self.due.is_awaited() {
                self.due.done();
            }
            if is_unsettled {
                if !self.embed()? {
                    continue;
                }
                (is_unsettled, is_cold, is_uncovered) = (false, true, true);
                self.repository.settled(self.embed_problem.clone());
                self.workshop.bus.tell(Event::IndexSettled {
                    root: self.repository.path().to_owned(),
                });
                self.maintain_at = Some(Instant::now() + QUIET);
                if LONGEST_UNREST <= self.maintained.elapsed() && std::mem::take(&mut self.has_changed) {
                    self.maintain(false);
                }
            }
            // Searches are whole without either, so nobody waits for them.
            if is_cold {
                is_cold = !self.warm()?;
                if is_cold {
                    continue;
                }
            }
            if is_uncovered && !self.workshop.spares_power() {
                is_uncovered = !self.cover()?;
                if is_uncovered {
                    continue;
                }
            }
            is_unsettled |= self.sleep(is_uncovered);
        }
        Ok(())
    }

    /// Takes what has been reported and asked for, without waiting.
    fn collect(&mut self) -> Result<(), Failure> {
        // Commands first: what was reported before a fence was asked for is then taken behind it.
        while let Ok(command) = self.repository.commands().try_recv() {
            self.due.command(command);
        }
        while let Ok(batch) = self.batches.try_recv() {
            self.take(batch)?;
        }
        if self.clock.is_due() || self.repository.index().facts().needs_repair {
            self.due.everything = true;
        }
        Ok(())
    }

    fn take(&mut self, batch: Batch) -> Result<(), Failure> {
        match batch {
            Batch::Changed(paths) => {
                self.due.changed(paths);
                self.repository.falls_behind(self.due.paths.len() as u64);
            }
            Batch::Rescan { reason } => {
                if reason != RescanReason::Poll {
                    tracing::info!(root = %self.repository.path().display(), ?reason, "scanning");
                }
                self.due.everything = true;
            }
            Batch::RootGone => {
                return Err(Failure::outside(format!(
                    "the folder {} is gone; the last index is served (if it was deleted, run `aiex repos remove`)",
                    self.repository.path().display()
                )));
            }
        }
        Ok(())
    }

    fn update(&mut self) -> Result<(), Failure> {
        let index = self.repository.index();
        let is_whole = self.due.everything || self.due.rebuild;
        let never = || false;
        let urgency = if self.due.is_awaited() || !index.facts().is_complete {
            Urgency::Urgent
        } else {
            Urgency::Background
        };
        let is_stopped = || self.stop.is_cancelled();
        let _place = if is_whole {
            let Some(place) = self.workshop.gate.enter(urgency, &is_stopped) else {
                return Ok(());
            };
            Some(place)
        } else {
            None
        };
        if self.due.rebuild {
            index.rebuild().map_err(|error| index_failure(&error))?;
            self.repository.rebuilding();
            self.due.rebuild = false;
            self.due.everything = true;
        }
        // A first index goes on long after its first answers: by then it is background.
        let is_awaited = self.due.is_awaited();
        let is_unattended = || {
            let repository = self.repository;
            !is_awaited && repository.commands().is_empty() && ATTENDED < repository.last_asked()
        };
        let as_of_ms = now_ms();
        let watching = Watching {
            repository: self.repository,
            bus: &self.workshop.bus,
            stop: self.stop,
            has_news: &never,
            is_contended: &never,
            is_unattended: &is_unattended,
            spares_power: &never,
            began: Instant::now(),
        };
        let scope = if is_whole {
            self.rules.reload();
            Scope::All
        } else {
            Scope::Paths(&self.due.paths)
        };
        let update = || index.update(scope, &self.rules, &watching);
        let updated = match urgency {
            Urgency::Background if is_whole => behind_others(update),
            _ => update(),
        };
        match updated {
            Ok(report) => {
                self.has_changed |= 0 < report.changed + report.removed;
                tracing::debug!(root = %self.repository.path().display(), is_whole, ?report, "updated");
            }
            Err(IndexError::Cancelled) if self.stop.is_cancelled() => return Ok(()),
            Err(error) => return Err(index_failure(&error)),
        }
        if is_whole {
            self.clock.scanned();
        }
        self.repository.caught_up(as_of_ms, is_whole);
        self.due.done();
        Ok(())
    }

    /// Fills in vectors. False when something else came in between.
    fn embed(&mut self) -> Result<bool, Failure> {
        if self.embed_again.is_some_and(|at| Instant::now() < at) {
            return Ok(true);
        }
        let workshop = self.workshop;
        let is_stopped = || self.stop.is_cancelled();
        let has_news = || !self.batches.is_empty() || !self.repository.commands().is_empty();
        let is_interrupted = || is_stopped() || has_news();
        let Some(_place) = workshop.gate.enter(Urgency::Background, &is_interrupted) else {
            return Ok(false);
        };
        let watching = Watching {
            repository: self.repository,
            bus: &workshop.bus,
            stop: self.stop,
            has_news: &has_news,
            is_contended: &|| workshop.gate.is_contended(),
            is_unattended: &|| true,
            spares_power: &|| workshop.spares_power(),
            began: Instant::now(),
        };
        let index = self.repository.index();
        match behind_others(|| index.embed(&watching)) {
            Ok(report) if report.is_paused => {
                self.embed_again = Some(Instant::now() + MAINS_LOOK);
                self.embed_problem = Some(ON_BATTERY.to_owned());
                Ok(true)
            }
            Ok(report) => {
                (self.embed_again, self.embed_problem) = (None, None);
                self.server_failures = 0;
                Ok(report.is_complete)
            }
            Err(IndexError::Cancelled) => Ok(false),
            Err(error @ IndexError::VectorServer(_)) => {
                let problem = told(&error);
                let again = SERVER_AGAIN
                    .saturating_mul(1 << self.server_failures.min(10))
                    .min(EMBED_AGAIN);
                if self.server_failures == 0 {
                    tracing::warn!(root = %self.repository.path().display(), %problem, "vectors are tried again later");
                }
                self.server_failures = self.server_failures.saturating_add(1);
                // Not all repositories at once when it is back.
                let again = again.mul_f32(0.75 + 0.25 * fastrand::f32());
                self.embed_again = Some(Instant::now() + again);
                self.embed_problem = Some(problem);
                Ok(true)
            }
            Err(error) if error.leaves_full_text() => {
                let problem = told(&error);
                tracing::warn!(root = %self.repository.path().display(), %problem, "vectors are tried again later");
                self.embed_again = Some(Instant::now() + EMBED_AGAIN);
                self.embed_problem = Some(problem);
                Ok(true)
            }
            Err(error) => Err(index_failure(&error)),
        }
    }

    /// Makes searches among the vectors quick. False when something else came in between.
    fn warm(&self) -> Result<bool, Failure> {
        self.behind(|index, watching| {
            index.warm(watching)?;
            Ok(!watching.is_cancelled())
        })
    }

    /// Covers files with postings, and keeps the postings in order. False when something else came in between.
    fn cover(&self) -> Result<bool, Failure> {
        self.behind(|index, watching| {
            let report = index.cover(watching)?;
            tracing::debug!(root = %self.repository.path().display(), ?report, "covered");
            Ok(report.is_complete)
        })
    }

    /// Does what nobody waits for, unless something that somebody waits for comes in between. False when it did.
    fn behind(
        &self,
        work: impl FnOnce(&RepoIndex, &Watching<'_>) -> Result<bool, IndexError> + Send,
    ) -> Result<bool, Failure> {
        let is_stopped = || self.stop.is_cancelled();
        let has_news = || !self.batches.is_empty() || !self.repository.commands().is_empty();
        let is_interrupted = || is_stopped() || has_news();
        let Some(_place) = self.workshop.gate.enter(Urgency::Background, &is_interrupted) else {
            return Ok(false);
        };
        let gate = &self.workshop.gate;
        let watching = Watching {
            repository: self.repository,
            bus: &self.workshop.bus,
            stop: self.stop,
            has_news: &has_news,
            is_contended: &|| gate.is_contended(),
            is_unattended: &|| true,
            spares_power: &|| self.workshop.spares_power(),
            began: Instant::now(),
        };
        let index = self.repository.index();
        match behind_others(|| work(index, &watching)) {
            Ok(is_done) => Ok(is_done),
            Err(IndexError::Cancelled) => Ok(false),
            Err(error @ IndexError::Damaged { .. }) => Err(index_failure(&error)),
            // Searches do without; it is tried again when something has changed.
            Err(error) => {
                tracing::warn!(root = %self.repository.path().display(), error = %chain(&error), "left for later");
                Ok(true)
            }
        }
    }

    /// Waits for something to do. Whether vectors may have to be filled in.
    fn sleep(&mut self, is_uncovered: bool) -> bool {
        let now = Instant::now();
        let on_mains = is_uncovered.then(|| now + MAINS_LOOK);
        let alarm = [self.embed_again, self.maintain_at, on_mains]
            .into_iter()
            .flatten()
            .map(|at| at.saturating_duration_since(now))
            .fold(self.clock.remaining(), Duration::min);
        let mut batch = None;
        let mut command = None;
        select! {
            recv(self.batches) -> received => match received {
                Ok(received) => batch = Some(received),
                // The watcher went without a word; a scan makes good what it did not say.
                Err(_) => batch = Some(Batch::RootGone),
            },
            recv(self.repository.commands()) -> received => command = received.ok(),
            default(alarm) => {}
        }
        if let Some(command) = command {
            self.due.command(command);
        }
        if let Some(batch) = batch
            && let Err(failure) = self.take(batch)
        {
            // Told by the next look, which fails on the disk itself and knows more.
            tracing::debug!(%failure, "the watcher ended");
            self.due.everything = true;
        }
        let now = Instant::now();
        if !self.due.is_update() && self.maintain_at.is_some_and(|at| now >= at) {
            if self.workshop.spares_power() {
                self.maintain_at = Some(now + MAINS_LOOK);
            } else {
                self.maintain(true);
            }
        }
        self.embed_again.is_some_and(|at| now >= at)
    }

    fn maintain(&mut self, gives_way: bool) {
        self.maintain_at = None;
        let has_news = || !self.batches.is_empty() || !self.repository.commands().is_empty();
        let is_cancelled = || self.stop.is_cancelled() || (gives_way && has_news());
        let index = self.repository.index();
        match behind_others(|| index.maintain(&is_cancelled)) {
            Err(IndexError::Cancelled) => return,
            Err(error) => {
                tracing::warn!(root = %self.repository.path().display(), error = %chain(&error), "not maintained");
            }
            Ok(()) => {}
        }
        self.maintained = Instant::now();
    }

    fn watch_mode(&mut self) {
        let mode = self.watcher.mode();
        let is_degraded = matches!(mode, Mode::Polling { .. });
        if let Mode::Polling { reason, .. } = mode
            && !self.was_degraded
        {
            let root = self.repository.root().to_owned();
            self.workshop.bus.tell(Event::WatchDegraded { root, reason });
            self.repository.changed();
        }
        self.was_degraded = is_degraded;
    }
}

fn told(error: &IndexError) -> String {
    match error.hint() {
        Some(hint) => format!("{} ({hint})", chain(error)),
        None => chain(error),
    }
}

fn index_failure(error: &IndexError) -> Failure {
    let message = told(error);
    match error {
        IndexError::Storage { .. }
        | IndexError::RootGone { .. }
        | IndexError::RootReplaced { .. }
        | IndexError::Embed(_)
        | IndexError::VectorServer(_) => Failure::outside(message),
        IndexError::Damaged { .. } | IndexError::Cancelled => Failure::inside(message),
    }
}

fn watch_failure(error: &WatchError) -> Failure {
    Failure::outside(chain(error))
}
