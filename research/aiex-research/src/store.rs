//! Everything about runs that must survive: one SQLite database, one writer, a few readers.
//!
//! Three tables and the reports: `runs` (one row each, what is true now), `journal` (append-only: steps begun and ended), `events`
//! (append-only: what followers see). Whatever belongs together is one [`Commit`], so a step's result and its events
//! are kept or lost together. Beside them stands the graph of what the reports know.

mod graph;
mod reads;
mod schema;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aiex_evidence::graph::{Look, Neighbourhood};
use aiex_evidence::{KnowledgeGraph, Ledger, Report};
use rusqlite::Connection;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::error::ResearchError;
use crate::event::{Entry, Event, Stage};
use crate::feed::Feeds;
use crate::plan::{Brief, Plan};
use crate::request::Request;
use crate::run::{RunId, RunState};

pub(crate) use reads::{PastSource, Recorded, RunRow};
use writer::Job;

/// Commits that may wait for the writer.
const WAITING: usize = 256;
/// Read connections, and with them threads that read at the same time.
const READERS: usize = 3;

/// A line of the journal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    /// What it says.
    pub(crate) kind: LineKind,
    /// The step's key.
    pub(crate) key: String,
    /// JSON: the reservation of a step begun, the outcome and cost of a step ended.
    pub(crate) body: String,
}

/// What a line of the journal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineKind {
    /// A call is about to be made.
    Began,
    /// It ended, or was decided against.
    Ended,
}

impl LineKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Ended => "ended",
        }
    }
}

/// Changes of a run's row.
#[derive(Debug, Default)]
pub(crate) struct Patch {
    pub(crate) state: Option<RunState>,
    pub(crate) stage: Option<Stage>,
    pub(crate) reason: Option<Option<String>>,
    pub(crate) brief: Option<Brief>,
    pub(crate) plan: Option<Plan>,
    pub(crate) ledger: Option<Ledger>,
    pub(crate) finishing: Option<bool>,
    /// A retry: outcomes of earlier generations that failed count no longer.
    pub(crate) next_generation: bool,
    pub(crate) report: Option<Arc<Report>>,
}

/// A new row.
#[derive(Debug)]
pub(crate) struct NewRun {
    pub(crate) request: Request,
    /// Random; fences of prompts are made from it.
    pub(crate) nonce: String,
}

/// What is written together.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) run: RunId,
    pub(crate) at_ms: u64,
    pub(crate) new: Option<NewRun>,
    pub(crate) lines: Vec<Line>,
    pub(crate) events: Vec<Event>,
    pub(crate) patch: Patch,
    /// Deletes the run instead.
    pub(crate) delete: bool,
}

impl Commit {
    pub(crate) fn new(run: &RunId, at_ms: u64) -> Self {
        Self {
            run: run.clone(),
            at_ms,
            new: None,
            lines: Vec::new(),
            events: Vec::new(),
            patch: Patch::default(),
            delete: false,
        }
    }
}

/// The database.
#[derive(Clone)]
pub(crate) struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    jobs: mpsc::Sender<Job>,
    feeds: Arc<Feeds>,
    readers: std::sync::Mutex<Vec<Connection>>,
    reading: Semaphore,
}

impl Store {
    /// Opens the database of a folder and starts its writer. Blocking.
    pub(crate) fn open(folder: &Path, dies_after: Option<u64>) -> Result<Self, ResearchError> {
        let path = folder.join("research.db");
        let failed = |error: &dyn std::fmt::Display| ResearchError::Store {
            path: path.clone(),
            message: error.to_string(),
        };
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let mut connection = schema::connect(&path).map_err(|error| failed(&error))?;
        let found = schema::prepare(&mut connection).map_err(|error| failed(&error))?;
        if found > schema::FORMAT {
            return Err(ResearchError::NewerStore {
                path,
                found,
                known: schema::FORMAT,
            });
        }
        graph::repair(&mut connection).map_err(|error| failed(&error))?;
        let readers = (0..READERS)
            .map(|_| schema::connect(&path))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| failed(&error))?;
        let feeds = Arc::new(Feeds::default());
        let (jobs, queue) = mpsc::channel(WAITING);
        let writer = writer::Writer::new(connection, path.clone(), Arc::clone(&feeds), dies_after);
        std::thread::Builder::new()
            .name("aiex-research-store".to_owned())
            .spawn(move || writer.work(queue))
            .map_err(|error| failed(&error))?;
        let readers = std::sync::Mutex::new(readers);
        Ok(Self {
            inner: Arc::new(Inner {
                path,
                jobs,
                feeds,
                readers,
                reading: Semaphore::new(READERS),
            }),
        })
    }

    /// The newest events of running runs, in memory.
    pub(crate) fn feeds(&self) -> &Arc<Feeds> {
        &self.inner.feeds
    }

    /// Writes, and returns once it is safely on the disk.
    pub(crate) async fn commit(&self, commit: Commit) -> Result<(), ResearchError> {
        let (done, told) = oneshot::channel();
        self.inner
            .jobs
            .send(Job { commit, done })
            .await
            .map_err(|_| ResearchError::Closed)?;
        told.await.map_err(|_| ResearchError::Closed)?
    }

    /// Reads on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, ResearchError> {
        let failed = |message: String| ResearchError::Store {
            path: self.inner.path.clone(),
            message,
        };
        let _turn = self
            .inner
            .reading
            .acquire()
            .await
            .map_err(|_| ResearchError::Closed)?;
        let inner = Arc::clone(&self.inner);
        let read = tokio::task::spawn_blocking(move || {
            let free = || {
                inner
                    .readers
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
            };
            let connection = match free().pop() {
                Some(connection) => connection,
                // One was lost to a panic or a dropped read that still goes on: open another.
                None => schema::connect(&inner.path)?,
            };
            let result = work(&connection);
            let mut free = free();
            if free.len() < READERS {
                free.push(connection);
            }
            result
        });
        read.await
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(error.to_string()))
    }

    /// Events of a run from a number on, at most `limit`.
    pub(crate) async fn events(
        &self,
        run: &RunId,
        from_seq: u64,
        limit: usize,
    ) -> Result<Vec<Arc<Entry>>, ResearchError> {
        let run = run.clone();
        self.read(move |connection| reads::events(connection, &run, from_seq, limit))
            .await
    }

    /// A run's row.
    pub(crate) async fn run(&self, run: &RunId) -> Result<RunRow, ResearchError> {
        let wanted = run.clone();
        self.read(move |connection| reads::run(connection, &wanted))
            .await?
            .ok_or_else(|| ResearchError::NoSuchRun(run.clone()))
    }

    /// Every run's row, the newest first.
    pub(crate) async fn runs(&self) -> Result<Vec<RunRow>, ResearchError> {
        self.read(reads::runs).await
    }

    /// The journal of a run, in order.
    pub(crate) async fn journal(&self, run: &RunId) -> Result<Vec<Recorded>, ResearchError> {
        let run = run.clone();
        self.read(move |connection| reads::journal(connection, &run))
            .await
    }

    /// A run's report, if it has one.
    pub(crate) async fn report(&self, run: &RunId) -> Result<Option<Report>, ResearchError> {
        let run = run.clone();
        self.read(move |connection| reads::report(connection, &run)).await
    }

    /// What a run's report knows; `None` when it has none.
    pub(crate) async fn graph_of(&self, run: &RunId) -> Result<Option<KnowledgeGraph>, ResearchError> {
        let run = run.clone();
        self.read(move |connection| graph::of_run(connection, &run.0))
            .await
    }

    /// What all reports know together.
    pub(crate) async fn whole_graph(&self) -> Result<KnowledgeGraph, ResearchError> {
        self.read(graph::whole).await
    }

    /// A part of what all reports know together.
    pub(crate) async fn neighbourhood(&self, look: &Look) -> Result<Neighbourhood, ResearchError> {
        let look = look.clone();
        self.read(move |connection| graph::neighbourhood(connection, &look))
            .await
    }

    /// Earlier reports and the sources they cite that fit a query, without those of one run.
    pub(crate) async fn past(
        &self,
        query: &str,
        limit: usize,
        but: &RunId,
    ) -> Result<Vec<PastSource>, ResearchError> {
        let (query, but) = (query.to_owned(), but.clone());
        self.read(move |connection| reads::past(connection, &query, limit, &but))
            .await
    }
}
