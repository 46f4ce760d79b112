//! What can go wrong when the machine is asked for something. What goes wrong inside a run is told by its events.

use std::path::PathBuf;

use crate::run::{RunId, RunState};

/// Why a request to the machine failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ResearchError {
    /// There is no such run.
    #[error("there is no run {0}")]
    NoSuchRun(RunId),
    /// The run is in a state that does not allow it.
    #[error("run {run} is {state}, so it cannot be told to {wish}")]
    WrongState {
        /// The run.
        run: RunId,
        /// Where it stands.
        state: RunState,
        /// What was wished.
        wish: &'static str,
    },
    /// The run has no report yet.
    #[error("run {0} has no report yet")]
    NoReport(RunId),
    /// The request itself cannot be followed.
    #[error("{0}")]
    Request(String),
    /// A template cannot be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The store cannot be read or written.
    #[error("the research store {path} failed: {message}")]
    Store {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        message: String,
    },
    /// The store was written by a newer version.
    #[error("the research store {path} is of a newer format ({found}; this version knows {known})")]
    NewerStore {
        /// The database.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format known.
        known: u32,
    },
    /// The machine is shutting down.
    #[error("research is shutting down")]
    Closed,
}

impl ResearchError {
    /// What the user can do next.
    pub fn hint(&self) -> &str {
        match self {
            Self::NoSuchRun(_) => "list the runs to see their names",
            Self::WrongState { state, .. } => match state {
                RunState::Running => "pause or cancel it first",
                RunState::AwaitingApproval => "approve its plan or cancel it",
                RunState::Paused => "resume it first",
                RunState::Done => "start a new run, or retry it to try again what failed",
                RunState::Failed | RunState::Cancelled => "retry it to go on with what it has",
            },
            Self::NoReport(_) => {
                "follow the run until it is done; one that was cancelled or failed can be retried"
            }
            Self::Request(_) => "change what it says and start again",
            Self::Template(TemplateError::Unknown { .. }) => {
                "name one of these; files of your own are found by their name, without `.toml`, in the folder that \
                 `research.templates` of the settings names"
            }
            Self::Template(_) => "correct the template's file, or name another template",
            Self::Store { .. } => {
                "check that the disk is not full and the file belongs to you, then start again"
            }
            Self::NewerStore { .. } => "use the newer version of the program",
            Self::Closed => "try again in a moment",
        }
    }
}

/// Why a template cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There is none of this name.
    #[error("there is no template `{name}`; there are {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Its file is wrong.
    #[error("{file}:{line}: {message}")]
    Invalid {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// Its file cannot be read.
    #[error("{file} cannot be read: {message}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        message: String,
    },
}
