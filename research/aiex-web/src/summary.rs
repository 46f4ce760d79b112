//! What was searched and what came of it. Always there, also when everything failed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One engine asked in one wording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The engine's name.
    pub engine: String,
    /// What it was asked.
    pub query: String,
    /// How many results it returned.
    pub found: usize,
    /// Requests that were sent, further tries included.
    pub requests: u32,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Why it failed, if it did: the class's name, the sentence, and what to do.
    pub failure: Option<RunFailure>,
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFailure {
    /// The class: `rate_limited`.
    pub class: String,
    /// What happened, for people.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// An engine that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotAsked {
    /// The engine's name.
    pub engine: String,
    /// Why, for people.
    pub why: String,
}

/// A whole search.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Everything that was sent, by engine and wording.
    pub runs: Vec<Run>,
    /// The engines that were left out.
    pub not_asked: Vec<NotAsked>,
    /// Pages after merging, before the limit.
    pub pages: usize,
    /// Secrets that were taken out of the question before it was sent.
    pub secrets: usize,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl Summary {
    /// The runs that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| run.failure.is_some())
    }

    /// Whether there was something to ask and all of it failed.
    pub fn all_failed(&self) -> bool {
        !self.runs.is_empty() && self.failed().count() == self.runs.len()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "es" };
        let failed = self.failed().count();
        write!(
            f,
            "{} search{} run, {failed} failed",
            self.runs.len(),
            plural(self.runs.len())
        )?;
        for (at, run) in self.failed().enumerate() {
            let before = if at == 0 { ": " } else { "; " };
            let why = run
                .failure
                .as_ref()
                .map_or("", |failure| failure.message.as_str());
            write!(f, "{before}{} ({why})", run.engine)?;
        }
        if self.secrets > 0 {
            write!(f, "; {} secret(s) taken out of the question", self.secrets)?;
        }
        Ok(())
    }
}
