//! What a user asks for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::SourceKind;
use crate::plan::Plan;

/// How far to go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// One round, three sub-questions.
    Quick,
    /// Up to two rounds, five sub-questions.
    #[default]
    Standard,
    /// Up to four rounds, eight sub-questions.
    Deep,
}

/// Limits as the user gives them; what is left out has the [`Depth`]'s value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// Wall time in seconds while the run is running; pauses and restarts do not count.
    pub wall_seconds: Option<u64>,
    /// Tokens read and written by models, together.
    pub tokens: Option<u64>,
    /// Money in millionths of a US dollar. There is no cap unless one is given.
    pub micro_dollars: Option<u64>,
    /// Pages fetched, failed tries included.
    pub fetches: Option<u32>,
    /// Searches, failed tries included.
    pub searches: Option<u32>,
}

/// A question and how to go about it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// The question.
    pub question: String,
    /// The name of a template; `None` lets the question decide.
    pub template: Option<String>,
    /// How far to go.
    pub depth: Depth,
    /// Limits.
    pub budget: Budget,
    /// The sources to ask; empty for all that are there.
    pub sources: Vec<SourceKind>,
    /// The repositories that count, as the user named them; empty for the daemon's choice.
    pub repos: Vec<String>,
    /// Languages, dependencies and versions of the repositories, for the planner; may be empty.
    pub context: String,
    /// What a report would rest on besides the question, as one word: the state of the repositories, the models, the
    /// engines. While it is the same, an earlier report on the same request answers it. `None` where nobody can say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub world: Option<String>,
    /// Ask everything anew: engines, pages and models, whatever was kept of them before the run began.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fresh: bool,
    /// End with the plan. It can be approved later, which continues the run.
    pub plan_only: bool,
    /// Wait for approval of the plan.
    pub approve: bool,
    /// The name that a client gave to this request: one run is begun for it, however often it comes.
    pub ticket: Option<String>,
}

/// A yes to a plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Approval {
    /// The plan as edited; `None` for as it is.
    pub plan: Option<Plan>,
    /// An answer to the clarifying question, or further wishes; given to the planner's brief.
    pub note: Option<String>,
}

/// The limits of a run, all of them decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time in milliseconds.
    pub wall_ms: u64,
    /// Tokens.
    pub tokens: u64,
    /// Money in millionths of a US dollar; `None` for no cap.
    pub micro_dollars: Option<u64>,
    /// Fetches.
    pub fetches: u32,
    /// Searches.
    pub searches: u32,
}

/// What a depth means in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Rounds at most.
    pub(crate) rounds: u32,
    /// Sub-questions at most.
    pub(crate) sub_questions: usize,
    /// Queries of a sub-question that are put to one source at once; code has further ones.
    pub(crate) queries: usize,
    /// Results asked of each search.
    pub(crate) results: usize,
    /// Sources read in one round, those with their text at hand included.
    pub(crate) sources_per_round: usize,
    /// Quotes taken from one source at most.
    pub(crate) quotes_per_source: usize,
    /// Limits where the user gives none.
    pub(crate) limits: Limits,
}

impl Depth {
    /// The numbers. Tokens follow the field's aim of at most 100 k for a standard run and 300 k for a deep one.
    pub(crate) fn shape(self) -> Shape {
        let minutes = |n: u64| Duration::from_secs(n * 60).as_millis() as u64;
        match self {
            Self::Quick => Shape {
                rounds: 1,
                sub_questions: 3,
                queries: 1,
                results: 6,
                sources_per_round: 8,
                quotes_per_source: 4,
                limits: Limits {
                    wall_ms: minutes(3),
                    tokens: 40_000,
                    micro_dollars: None,
                    fetches: 6,
                    searches: 24,
                },
            },
            Self::Standard => Shape {
                rounds: 2,
                sub_questions: 5,
                queries: 2,
                results: 8,
                sources_per_round: 14,
                quotes_per_source: 5,
                limits: Limits {
                    wall_ms: minutes(10),
                    tokens: 100_000,
                    micro_dollars: None,
                    fetches: 24,
                    searches: 80,
                },
            },
            Self::Deep => Shape {
                rounds: 4,
                sub_questions: 8,
                queries: 3,
                results: 10,
                sources_per_round: 20,
                quotes_per_source: 6,
                limits: Limits {
                    wall_ms: minutes(30),
                    tokens: 300_000,
                    micro_dollars: None,
                    fetches: 80,
                    searches: 240,
                },
            },
        }
    }
}

impl Request {
    /// The limits of this request: the user's, then the depth's.
    pub fn limits(&self) -> Limits {
        let base = self.depth.shape().limits;
        let wanted = self.budget;
        Limits {
            wall_ms: wanted
                .wall_seconds
                .map_or(base.wall_ms, |seconds| seconds.saturating_mul(1000)),
            tokens: wanted.tokens.unwrap_or(base.tokens),
            micro_dollars: wanted.micro_dollars.or(base.micro_dollars),
            fetches: wanted.fetches.unwrap_or(base.fetches),
            searches: wanted.searches.unwrap_or(base.searches),
        }
    }
}
