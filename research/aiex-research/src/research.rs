//! The handle: starts runs, tells them what to do, shows what they did.

mod again;
mod driving;
mod knowing;
mod steering;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aiex_evidence::Report;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::error::{ResearchError, TemplateError};
use crate::estimate::{self, Estimate};
use crate::event::Event;
use crate::feed::Follow;
use crate::live::Gates;
use crate::ports::{Ports, SourceKind};
use crate::request::Request;
use crate::run::{RunId, RunState, RunSummary, RunView};
use crate::settings::Settings;
use crate::store::{Commit, NewRun, Patch, RunRow, Store};
use crate::template::{Library, Template, TemplateInfo};
use crate::verify::{self, Verification};

/// Characters that a question may have.
const LONGEST_QUESTION: usize = 4000;

/// The research machine. Cheap to clone; every clone is the same machine.
#[derive(Clone)]
pub struct Research {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    ports: Ports,
    settings: Arc<Settings>,
    gates: Arc<Gates>,
    running: Mutex<HashMap<RunId, Running>>,
    /// Who tells a run what to do does so alone: a state that was looked at must still hold when it is changed.
    steering: tokio::sync::Mutex<()>,
    /// Who starts a run does so alone, so that a request that comes twice is not begun twice.
    starting: tokio::sync::Mutex<()>,
    /// Once cancelled, no run begins.
    closed: CancellationToken,
}

/// A run at work in this process.
struct Running {
    /// Tells this task from a later one of the same run.
    ticket: u64,
    halt: CancellationToken,
    cancel: CancellationToken,
    finishing: CancellationToken,
    task: JoinHandle<()>,
}

impl Drop for Inner {
    /// A machine that nobody has any more must not go on beside the next one that is opened on its store.
    fn drop(&mut self) {
        for running in self
            .running
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
        {
            running.halt.cancel();
            running.cancel.cancel();
            running.task.abort();
        }
    }
}

impl fmt::Debug for Research {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Research").finish_non_exhaustive()
    }
}

impl Research {
    /// Opens the store in a folder and resumes every run that was at work when its process ended. Must be called on a
    /// tokio runtime; the runs live there.
    ///
    /// # Errors
    /// [`ResearchError::Store`] and [`ResearchError::NewerStore`].
    pub async fn open(state_dir: &Path, ports: Ports, settings: Settings) -> Result<Self, ResearchError> {
        let folder = state_dir.to_owned();
        let dies_after = settings.dies_after();
        let store = tokio::task::spawn_blocking(move || Store::open(&folder, dies_after))
            .await
            .map_err(|_| ResearchError::Closed)??;
        let inner = Inner {
            gates: Arc::new(Gates::new(&settings)),
            store,
            ports,
            settings: Arc::new(settings),
            running: Mutex::default(),
            steering: tokio::sync::Mutex::default(),
            starting: tokio::sync::Mutex::default(),
            closed: CancellationToken::new(),
        };
        let research = Self {
            inner: Arc::new(inner),
        };
        for row in research.inner.store.runs().await? {
            if row.state == RunState::Running {
                research.tell(&row.id, Event::Resumed, Patch::default()).await?;
                research.set_off(row).await?;
            }
        }
        Ok(research)
    }

    /// Starts a run; it is kept before this returns. The same request with the same ticket is the same run, and so is one
    /// that is [under way](Self::under_way) for somebody else.
    ///
    /// # Errors
    /// [`ResearchError::Request`] and [`ResearchError::Template`] when the request cannot be followed,
    /// [`ResearchError::Store`] when it cannot be kept.
    pub async fn start(&self, request: Request) -> Result<RunId, ResearchError> {
        if self.inner.closed.is_cancelled() {
            return Err(ResearchError::Closed);
        }
        let request = self.checked(request)?;
        if let Some(name) = &request.template {
            self.library().await?.named(name)?;
        }
        let _turn = self.inner.starting.lock().await;
        let before = self.inner.store.runs().await?;
        let same = |row: &&RunRow| request.ticket.is_some() && row.request.ticket == request.ticket;
        if let Some(begun) = before.iter().find(same) {
            return Ok(begun.id.clone());
        }
        if let Some(at_work) = again::at_work_on(&before, &request) {
            return Ok(at_work);
        }
        let now = self.inner.ports.clock.unix_ms();
        let id = RunId(format!(
            "{}-{:06x}",
            aiex_evidence::date::day(now / 1000).replace('-', ""),
            fastrand::u32(..1 << 24)
        ));
        let mut commit = Commit::new(&id, now);
        commit.events.push(Event::Created {
            question: request.question.clone(),
            depth: request.depth,
            limits: request.limits(),
            model: self.inner.ports.model.is_some(),
        });
        let nonce = nonce_for(&request, before);
        commit.new = Some(NewRun { request, nonce });
        self.inner.store.commit(commit).await?;
        self.set_off(self.inner.store.run(&id).await?).await?;
        Ok(id)
    }

    fn checked(&self, mut request: Request) -> Result<Request, ResearchError> {
        let wrong = |message: String| Err(ResearchError::Request(message));
        request.question = request.question.trim().to_owned();
        if request.question.is_empty() {
            return wrong("there is no question".to_owned());
        }
        if request.question.chars().count() > LONGEST_QUESTION {
            return wrong(format!(
                "the question is longer than {LONGEST_QUESTION} characters: shorten it, and name files instead of pasting them"
            ));
        }
        let available = self.inner.ports.searcher.available();
        let there = |kind: &SourceKind| *kind == SourceKind::Reports || available.contains(kind);
        if let Some(absent) = request.sources.iter().find(|kind| !there(kind)) {
            return wrong(format!("the source `{absent}` is not configured"));
        }
        Ok(request)
    }

    /// What a request would cost, before anything is spent.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn estimate(&self, request: &Request) -> Result<Estimate, ResearchError> {
        let request = self.checked(request.clone())?;
        let template = match &request.template {
            Some(name) => Some(self.library().await?.named(name)?),
            None => None,
        };
        Ok(estimate::of(
            &request,
            template.as_ref(),
            &self.inner.ports,
            &self.inner.settings,
            &self.inner.store.runs().await?,
        ))
    }

    /// Every run, the newest first.
    ///
    /// # Errors
    /// [`ResearchError::Store`].
    pub async fn list(&self) -> Result<Vec<RunSummary>, ResearchError> {
        Ok(self
            .inner
            .store
            .runs()
            .await?
            .iter()
            .map(RunRow::summary)
            .collect())
    }

    /// One run.
    ///
    /// # Errors
    /// [`ResearchError::NoSuchRun`], [`ResearchError::Store`].
    pub async fn show(&self, run: &RunId) -> Result<RunView, ResearchError> {
        let row = self.inner.store.run(run).await?;
        Ok(RunView {
            summary: row.summary(),
            limits: row.request.limits(),
            request: row.request,
            brief: row.brief,
            plan: row.plan,
            ledger: row.ledger,
            last_seq: row.last_seq,
        })
    }

    /// Follows a run from an event on (0 and 1 are the beginning), and then live.
    ///
    /// # Errors
    /// [`ResearchError::NoSuchRun`], [`ResearchError::Store`].
    pub async fn follow(&self, run: &RunId, from_seq: u64) -> Result<Follow, ResearchError> {
        let row = self.inner.store.run(run).await?;
        let over = row.state.is_over();
        Ok(Follow::new(
            self.inner.store.clone(),
            row.id,
            from_seq,
            row.last_seq,
            over,
        ))
    }

    /// A run's report.
    ///
    /// # Errors
    /// [`ResearchError::NoReport`], [`ResearchError::NoSuchRun`], [`ResearchError::Store`].
    pub async fn report(&self, run: &RunId) -> Result<Report, ResearchError> {
        self.inner.store.run(run).await?;
        self.inner
            .store
            .report(run)
            .await?
            .ok_or_else(|| ResearchError::NoReport(run.clone()))
    }

    /// Checks an old report against its sources as they are now. The report itself does not change.
    ///
    /// # Errors
    /// As [`report`](Self::report).
    pub async fn verify(
        &self,
        run: &RunId,
        cancel: &CancellationToken,
    ) -> Result<Verification, ResearchError> {
        let report = self.report(run).await?;
        verify::verify(report, &self.inner.ports, cancel).await
    }

    /// The templates that there are, and what is wrong with the user's files that are none.
    ///
    /// # Errors
    /// [`ResearchError::Closed`].
    pub async fn templates(&self) -> Result<(Vec<TemplateInfo>, Vec<TemplateError>), ResearchError> {
        let library = self.library().await?;
        let templates = library.templates.iter().map(Template::info).collect();
        Ok((templates, library.broken().cloned().collect()))
    }

    /// Stops every run, so that it goes on at the next opening. Calls in flight may end within the grace and are kept;
    /// later ones are dropped.
    pub async fn shutdown(&self, grace: Duration) {
        self.inner.closed.cancel();
        let runs: Vec<RunId> = self.running().keys().cloned().collect();
        futures_util::future::join_all(runs.iter().map(|run| self.stop(run, grace))).await;
    }

    /// Whether a run should be at work and is not: its store could not be written, and it goes on at the next opening.
    ///
    /// # Errors
    /// [`ResearchError::NoSuchRun`], [`ResearchError::Store`].
    pub async fn is_stranded(&self, run: &RunId) -> Result<bool, ResearchError> {
        let row = self.inner.store.run(run).await?;
        let running = self.running();
        let is_at_work = running
            .get(run)
            .is_some_and(|running| !running.task.is_finished());
        Ok(row.state == RunState::Running && !is_at_work)
    }

    /// How many runs are at work in this process now.
    pub fn busy(&self) -> usize {
        self.running()
            .values()
            .filter(|running| !running.task.is_finished())
            .count()
    }

    fn running(&self) -> MutexGuard<'_, HashMap<RunId, Running>> {
        self.inner.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn library(&self) -> Result<Library, ResearchError> {
        let folder = self.inner.settings.templates.clone();
        tokio::task::spawn_blocking(move || Library::read(folder.as_deref()))
            .await
            .map_err(|_| ResearchError::Closed)
    }

    async fn tell(&self, run: &RunId, event: Event, patch: Patch) -> Result<(), ResearchError> {
        let mut commit = Commit::new(run, self.inner.ports.clock.unix_ms());
        commit.events.push(event);
        commit.patch = patch;
        self.inner.store.commit(commit).await
    }
}

/// What marks untrusted text in a run's prompts. Nobody outside can know it; a question that was asked before has its old
/// one, so that the same prompts come to be and answers that are kept are found.
fn nonce_for(request: &Request, before: Vec<RunRow>) -> String {
    let same = before
        .into_iter()
        .find(|row| row.request.question == request.question);
    same.map_or_else(
        || format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..)),
        |row| row.nonce,
    )
}
