//! A run at work: everything its stages share.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::budget::Purse;
use crate::error::ResearchError;
use crate::gather::Ahead;
use crate::journal::{Past, Stop};
use crate::ports::{Ports, Reach};
use crate::request::{Request, Shape};
use crate::run::RunId;
use crate::settings::Settings;
use crate::store::Store;
use crate::template::Template;

/// Model calls that may fail one after another before the run goes on without the model.
const MODEL_PATIENCE: u32 = 3;

/// Turns of calls to the outside, shared by all runs.
#[derive(Debug)]
pub(crate) struct Gates {
    pub(crate) searches: Semaphore,
    pub(crate) reads: Semaphore,
    pub(crate) models: Semaphore,
}

impl Gates {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            searches: Semaphore::new(settings.parallel_searches.max(1)),
            reads: Semaphore::new(settings.parallel_reads.max(1)),
            models: Semaphore::new(settings.parallel_model_calls.max(1)),
        }
    }
}

/// A run at work.
pub(crate) struct Live {
    pub(crate) id: RunId,
    pub(crate) request: Request,
    pub(crate) shape: Shape,
    pub(crate) template: Option<Template>,
    /// Templates for when the question's kind decides.
    pub(crate) templates: Arc<Vec<Template>>,
    /// Random; fences of prompts are made from it.
    pub(crate) nonce: String,
    /// How often it was retried.
    pub(crate) generation: u64,
    pub(crate) ports: Ports,
    pub(crate) settings: Arc<Settings>,
    pub(crate) store: Store,
    pub(crate) gates: Arc<Gates>,
    pub(crate) purse: Purse,
    pub(crate) past: Past,
    /// No further call begins.
    pub(crate) halt: CancellationToken,
    /// Calls in flight are dropped.
    pub(crate) cancel: CancellationToken,
    /// Gathering ends.
    pub(crate) finishing: CancellationToken,
    pub(crate) health: Health,
    pub(crate) ahead: Ahead,
}

/// Whether the model still answers.
#[derive(Debug, Default)]
pub(crate) struct Health {
    failures: AtomicU32,
    /// What it said last instead of answering.
    trouble: Mutex<Option<String>>,
}

impl Health {
    /// Whether to ask it at all.
    pub(crate) fn is_well(&self) -> bool {
        self.failures.load(Ordering::Relaxed) < MODEL_PATIENCE
    }

    /// It answered.
    pub(crate) fn answered(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// Why it did not answer when it was asked last, if it did not.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// It failed. What no call can help ends its part in the run; a limit that passes, or one bad answer, does not.
    pub(crate) fn failed(&self, reach: Reach, why: &str) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.to_owned());
        match reach {
            Reach::Passing => {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
            Reach::Limited | Reach::Prompt => {}
            Reach::Run => self.failures.store(MODEL_PATIENCE, Ordering::Relaxed),
        }
    }
}

/// Does work that takes the processor for long on a thread that may block.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Stop> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Stop::Broken(ResearchError::Closed))
}
