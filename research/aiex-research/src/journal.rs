//! Calls of a run, each made at most once.
//!
//! A run is a function that is begun anew after every restart. Whatever it asks of the world has a key made of its name
//! and its input; before a call the key is kept as begun, with what it may cost, and after it the outcome is kept as
//! ended. A call whose outcome is kept is answered from there, so the function passes through its past without touching
//! the world and arrives where it was. A call that had begun and not ended is charged at its most and made again.
//! Refusals (no budget, no model) and decisions that depend on time are kept as outcomes too: the past stays as it was.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Mutex;
use std::time::Duration;

use aiex_evidence::Hindrance;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::budget::{self, Cost, Price, Purpose};
use crate::error::ResearchError;
use crate::event::Event;
use crate::live::Live;
use crate::machine::APPROVAL;
use crate::ports::Allowance;
use crate::request::Approval;
use crate::store::{Commit, Line, LineKind, Patch, Recorded};

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Outcome<T> {
    /// It answered.
    Done { value: T },
    /// It failed.
    Failed {
        message: String,
        hint: String,
        retryable: bool,
        /// Of a read: what stood in its way.
        #[serde(default)]
        hindrance: Hindrance,
    },
    /// It was not made.
    Skipped { reason: String },
}

impl<T> Outcome<T> {
    /// A call that ran into its deadline.
    pub(crate) fn late(deadline: Duration) -> Self {
        let message = format!("no answer within {:.1} s", deadline.as_secs_f64());
        Self::Failed {
            message,
            hint: String::new(),
            retryable: true,
            hindrance: Hindrance::default(),
        }
    }

    /// Why there is no answer, if there is none.
    pub(crate) fn failure(&self) -> Option<&str> {
        match self {
            Self::Done { .. } => None,
            Self::Failed { message, .. } => Some(message),
            Self::Skipped { reason } => Some(reason),
        }
    }
}

/// Why the machine stops in the middle. What it has done is kept.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It was told to: a pause, the end of the process, a cancellation.
    Halted,
    /// The store does not take any more.
    Broken(ResearchError),
}

impl From<ResearchError> for Stop {
    fn from(error: ResearchError) -> Self {
        Self::Broken(error)
    }
}

/// The end of a call as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Ended<T> {
    outcome: Outcome<T>,
    cost: Cost,
    wall_ms: u64,
}

/// The beginning of a call as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Began {
    most: Cost,
    wall_ms: u64,
}

/// What an earlier process has kept.
#[derive(Debug, Default)]
pub(crate) struct Past {
    outcomes: Mutex<HashMap<String, String>>,
    /// What was spent, lost calls at their most.
    pub(crate) spent: Cost,
    /// How many calls were lost.
    pub(crate) lost: u32,
    /// Wall time since the run was retried last.
    pub(crate) wall_ms: u64,
}

impl Past {
    /// Reads a journal. Failures and refusals of generations before `generation` are forgotten: a retry makes those
    /// calls again, and has its time anew. What they cost stays spent.
    pub(crate) fn of(journal: Vec<Recorded>, generation: u64) -> Self {
        let mut open: HashMap<String, Vec<Cost>> = HashMap::new();
        let mut costs = Vec::new();
        let mut outcomes = HashMap::new();
        let mut wall_ms = 0;
        for line in journal {
            match line.kind {
                LineKind::Began => {
                    let Ok(began) = serde_json::from_str::<Began>(&line.body) else {
                        continue;
                    };
                    if line.generation >= generation {
                        wall_ms = wall_ms.max(began.wall_ms);
                    }
                    open.entry(line.key).or_default().push(began.most);
                }
                LineKind::Ended => {
                    let Ok(ended) = serde_json::from_str::<Ended<serde::de::IgnoredAny>>(&line.body) else {
                        continue;
                    };
                    if line.generation >= generation {
                        wall_ms = wall_ms.max(ended.wall_ms);
                    }
                    costs.push(ended.cost);
                    if let Some(begun) = open.get_mut(&line.key) {
                        begun.pop();
                    }
                    if ended.outcome.failure().is_none() || line.generation >= generation {
                        outcomes.insert(line.key, line.body);
                    }
                }
            }
        }
        let lost: Vec<Cost> = open.into_values().flatten().collect();
        let num_lost = lost.iter().filter(|cost| **cost != Cost::default()).count();
        costs.extend(lost);
        Self {
            outcomes: Mutex::new(outcomes),
            spent: budget::sum(costs),
            lost: u32::try_from(num_lost).unwrap_or(u32::MAX),
            wall_ms,
        }
    }

    /// The user's approval, if there is one.
    pub(crate) fn approval(&self) -> Option<Approval> {
        match self.take(APPROVAL)? {
            Outcome::Done { value } => Some(value),
            Outcome::Failed { .. } | Outcome::Skipped { .. } => None,
        }
    }

    /// Something that was kept just now and is wanted again in this process.
    fn add(&self, key: String, ended: &impl Serialize) {
        // What was kept could be written.
        if let Ok(body) = serde_json::to_string(ended) {
            let outcomes = self.outcomes.lock();
            outcomes
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .insert(key, body);
        }
    }

    fn take<T: DeserializeOwned>(&self, key: &str) -> Option<Outcome<T>> {
        let outcomes = self
            .outcomes
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let ended: Ended<T> = serde_json::from_str(outcomes.get(key)?).ok()?;
        Some(ended.outcome)
    }
}

/// The line of something that happened outside a run's calls and counts in it: an approval.
pub(crate) fn line_of(key: &str, value: &impl Serialize) -> Result<Line, ResearchError> {
    let ended = Ended {
        outcome: Outcome::Done { value },
        cost: Cost::default(),
        wall_ms: 0,
    };
    let body = serde_json::to_string(&ended).map_err(|error| ResearchError::Request(error.to_string()))?;
    Ok(Line {
        kind: LineKind::Ended,
        key: key.to_owned(),
        body,
    })
}

/// A key: the name says what it is, the digest of the input that it is the same.
pub(crate) fn key(name: &str, input: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(input).unwrap_or_default();
    let digest = blake3::hash(&bytes).to_hex();
    format!("{name}#{}", digest.get(..16).unwrap_or_default())
}

/// Why a call of gathering is not made any more.
const TOLD_TO_FINISH: &str = "the run was told to finish";

/// What a call has when its turn has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Granted {
    /// It is dropped after this long.
    pub(crate) deadline: Duration,
    /// Of a model call: what it may come to.
    pub(crate) allowance: Allowance,
}

/// How a call is made.
pub(crate) struct Call<'a> {
    pub(crate) key: String,
    /// What it can cost.
    pub(crate) price: Price,
    pub(crate) purpose: Purpose,
    /// Its turn among calls of the same sort.
    pub(crate) gate: &'a Semaphore,
    pub(crate) deadline: Duration,
}

impl Live {
    /// Makes a call, or answers from the journal. `events` are kept together with the outcome.
    pub(crate) async fn call<T, F>(
        &self,
        call: Call<'_>,
        work: impl FnOnce(Granted) -> F,
        events: impl FnOnce(&Outcome<T>) -> Vec<Event>,
    ) -> Result<Outcome<T>, Stop>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = (Outcome<T>, Cost)>,
    {
        let Call {
            key,
            price,
            purpose,
            gate,
            deadline,
        } = call;
        if let Some(outcome) = self.past.take(&key) {
            return Ok(outcome);
        }
        let _turn = tokio::select! {
            biased;
            () = self.halt.cancelled() => return Err(Stop::Halted),
            turn = gate.acquire() => turn.map_err(|_| Stop::Halted)?,
        };
        let gathering = purpose != Purpose::Finish;
        if gathering && self.finishing.is_cancelled() {
            return self.skip(key, TOLD_TO_FINISH, events).await;
        }
        let taken = tokio::select! {
            biased;
            () = self.halt.cancelled() => return Err(Stop::Halted),
            taken = self.purse.take(price, purpose) => taken,
            () = self.finishing.cancelled(), if gathering => {
                return self.skip(key, TOLD_TO_FINISH, events).await;
            }
        };
        let permit = match taken {
            Ok(permit) => permit,
            Err(denied) => return self.skip(key, &denied.to_string(), events).await,
        };
        let most = permit.most();
        let began = Began {
            most,
            wall_ms: self.purse.wall_ms(),
        };
        self.keep(LineKind::Began, key.clone(), &began, Vec::new(), Patch::default())
            .await?;
        let deadline = deadline.min(self.purse.time_left(purpose));
        let granted = Granted {
            deadline,
            allowance: permit.allowance(),
        };
        let (outcome, cost) = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(Stop::Halted),
            ended = tokio::time::timeout(deadline, work(granted)) => {
                ended.unwrap_or_else(|_| (Outcome::late(deadline), most))
            }
            () = self.finishing.cancelled(), if gathering => {
                (Outcome::Skipped { reason: TOLD_TO_FINISH.to_owned() }, most)
            }
        };
        permit.settle(cost);
        let mut events = events(&outcome);
        let ledger = self.purse.ledger();
        events.push(Event::Spent {
            ledger: ledger.clone(),
        });
        let ended = Ended {
            outcome,
            cost,
            wall_ms: ledger.wall_ms,
        };
        let patch = Patch {
            ledger: Some(ledger),
            ..Patch::default()
        };
        self.keep(LineKind::Ended, key, &ended, events, patch).await?;
        Ok(ended.outcome)
    }

    async fn skip<T: Serialize>(
        &self,
        key: String,
        reason: &str,
        events: impl FnOnce(&Outcome<T>) -> Vec<Event>,
    ) -> Result<Outcome<T>, Stop> {
        let outcome = Outcome::Skipped {
            reason: reason.to_owned(),
        };
        let events = events(&outcome);
        let ended = Ended {
            outcome,
            cost: Cost::default(),
            wall_ms: self.purse.wall_ms(),
        };
        self.keep(LineKind::Ended, key, &ended, events, Patch::default())
            .await?;
        Ok(ended.outcome)
    }

    fn decision(&self, name: &str) -> String {
        format!("{name}@{}", self.generation)
    }

    /// What was decided in an earlier process, if it was.
    pub(crate) fn decided<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.kept(&self.decision(name))
    }

    /// Decides something once: what was decided in an earlier process stays so. A retry decides anew.
    pub(crate) async fn decide<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        decision: impl FnOnce() -> T,
        events: impl FnOnce(&T) -> Vec<Event>,
        patch: Patch,
    ) -> Result<T, Stop> {
        if let Some(value) = self.decided(name) {
            return Ok(value);
        }
        let key = self.decision(name);
        if self.halt.is_cancelled() {
            return Err(Stop::Halted);
        }
        let value = decision();
        let events = events(&value);
        let ended = Ended {
            outcome: Outcome::Done { value },
            cost: Cost::default(),
            wall_ms: self.purse.wall_ms(),
        };
        self.keep(LineKind::Ended, key, &ended, events, patch).await?;
        match ended.outcome {
            Outcome::Done { value } => Ok(value),
            Outcome::Failed { .. } | Outcome::Skipped { .. } => Err(Stop::Halted),
        }
    }

    /// What was noted under a key, in an earlier process or in this one.
    pub(crate) fn kept<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        match self.past.take(key)? {
            Outcome::Done { value } => Some(value),
            Outcome::Failed { .. } | Outcome::Skipped { .. } => None,
        }
    }

    /// Keeps a part of a call that is under way: if the call is lost, it goes on from there.
    pub(crate) async fn note<T: Serialize>(&self, key: String, value: T) -> Result<(), Stop> {
        let ended = Ended {
            outcome: Outcome::Done { value },
            cost: Cost::default(),
            wall_ms: self.purse.wall_ms(),
        };
        self.keep(LineKind::Ended, key.clone(), &ended, Vec::new(), Patch::default())
            .await?;
        self.past.add(key, &ended);
        Ok(())
    }

    /// Tells followers something once: the same words under the same name are not told again after a restart.
    pub(crate) async fn tell(&self, name: &str, events: Vec<Event>, patch: Patch) -> Result<(), Stop> {
        let key = key(name, &events);
        if events.is_empty() || self.past.take::<()>(&key).is_some() {
            return Ok(());
        }
        if self.halt.is_cancelled() {
            return Err(Stop::Halted);
        }
        let ended = Ended {
            outcome: Outcome::Done { value: () },
            cost: Cost::default(),
            wall_ms: self.purse.wall_ms(),
        };
        self.keep(LineKind::Ended, key, &ended, events, patch).await
    }

    /// Tells followers something that need not be remembered as told.
    pub(crate) async fn mention(&self, events: Vec<Event>, patch: Patch) -> Result<(), Stop> {
        let mut commit = Commit::new(&self.id, self.ports.clock.unix_ms());
        commit.events = events;
        commit.patch = patch;
        Ok(self.store.commit(commit).await?)
    }

    async fn keep(
        &self,
        kind: LineKind,
        key: String,
        body: &impl Serialize,
        events: Vec<Event>,
        patch: Patch,
    ) -> Result<(), Stop> {
        let body = serde_json::to_string(body).map_err(|error| ResearchError::Request(error.to_string()))?;
        let mut commit = Commit::new(&self.id, self.ports.clock.unix_ms());
        commit.lines.push(Line { kind, key, body });
        commit.events = events;
        commit.patch = patch;
        Ok(self.store.commit(commit).await?)
    }
}
