//! A run at work: everything its stages share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::budget::Purse;
use crate::error::ResearchError;
use crate::gather::{Ahead, Early};
use crate::journal::{Past, Stop};
use crate::ports::{ModelStage, Ports, Reach};
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
    /// When it was begun, of a run that is to ask everything anew; otherwise 0.
    pub(crate) kept_since_ms: u64,
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
    pub(crate) missed: Missed,
    pub(crate) ahead: Ahead,
    pub(crate) early: Early,
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

/// What was asked of the model and done without it.
#[derive(Debug, Default)]
pub(crate) struct Missed(Mutex<BTreeMap<ModelStage, Misses>>);

#[derive(Debug, Default)]
struct Misses {
    number: u32,
    /// Of the first.
    why: String,
    /// Whether any of them may come out better another time.
    may_pass: bool,
}

impl Missed {
    /// One more call gave nothing that could be used.
    pub(crate) fn note(&self, stage: ModelStage, why: &str, may_pass: bool) {
        let mut by_stage = self.by_stage();
        let misses = by_stage.entry(stage).or_default();
        if misses.number == 0 {
            why.clone_into(&mut misses.why);
        }
        misses.number += 1;
        misses.may_pass |= may_pass;
    }

    fn by_stage(&self) -> MutexGuard<'_, BTreeMap<ModelStage, Misses>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the same run may come out better another time. Plans have a rule that is as good as many models.
    pub(crate) fn may_pass(&self) -> bool {
        let by_stage = self.by_stage();
        let mut of_report = by_stage.iter().filter(|(stage, _)| **stage != ModelStage::Plan);
        of_report.any(|(_, misses)| misses.may_pass)
    }

    /// Why it gave nothing in a stage, the first time.
    pub(crate) fn why(&self, stage: ModelStage) -> Option<String> {
        self.by_stage().get(&stage).map(|misses| misses.why.clone())
    }

    /// What of the evidence and of the checks is less than it could be, and why; `None` for nothing. Writing is told section by
    /// section.
    pub(crate) fn told(&self) -> Option<String> {
        let by_stage = self.by_stage();
        let told = by_stage.iter().filter_map(|(stage, Misses { number, why, .. })| {
            let many = |one: &str, more: &str| match number {
                1 => format!("1 {one}"),
                number => format!("{number} {more}"),
            };
            let what = match stage {
                ModelStage::Extract => many("source was", "sources were") + " quoted by words alone",
                ModelStage::Verify => many("check was", "checks were") + " left out",
                ModelStage::Plan | ModelStage::Write => return None,
            };
            Some(format!("{what} ({why})"))
        });
        let told: Vec<String> = told.collect();
        (!told.is_empty()).then(|| format!("the model was not there for all of it: {}", told.join(", ")))
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
