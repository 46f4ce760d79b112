//! A run as it is seen from outside.

use std::fmt;

use aiex_evidence::Ledger;
use serde::{Deserialize, Serialize};

use crate::event::Stage;
use crate::plan::{Brief, Plan};
use crate::request::{Depth, Limits, Request};

/// A run's name: the day and six hexadecimal digits, `20260131-0af3c9`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a run stands. Kept in the store; a run that was running when its process ended resumes at the next opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// At work.
    Running,
    /// Waits for a yes to its plan.
    AwaitingApproval,
    /// Stopped by the user; `resume` goes on.
    Paused,
    /// Ended with a report, which may be partial.
    Done,
    /// Ended without a report. Evidence is kept; `retry` tries what failed again.
    Failed,
    /// Ended by the user; `retry` goes on.
    Cancelled,
}

impl RunState {
    /// Whether no further event comes unless the user acts.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [
            Self::Running,
            Self::AwaitingApproval,
            Self::Paused,
            Self::Done,
            Self::Failed,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|state| state.as_str() == word)
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A line of the list of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Its name.
    pub id: RunId,
    /// What was asked.
    pub question: String,
    /// How far it goes.
    pub depth: Depth,
    /// Where it stands.
    pub state: RunState,
    /// The stage it has reached.
    pub stage: Option<Stage>,
    /// When it was started, in milliseconds since 1970 (UTC).
    pub created_ms: u64,
    /// When it last changed its state, in milliseconds since 1970 (UTC).
    pub changed_ms: u64,
    /// Why it failed or ended early, if it did.
    pub reason: Option<String>,
}

/// Everything about a run but its events and its report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunView {
    /// The line of the list.
    pub summary: RunSummary,
    /// What was asked for.
    pub request: Request,
    /// How it was understood, once it was.
    pub brief: Option<Brief>,
    /// The plan, once there is one.
    pub plan: Option<Plan>,
    /// What it has spent.
    pub ledger: Ledger,
    /// What it may spend.
    pub limits: Limits,
    /// The number of the last event; events count from 1.
    pub last_seq: u64,
}
