//! `[research]` and `[cache]`: how far research goes, whom it asks, and what is kept of it.

use std::fmt;
use std::time::Duration;

use crate::quantity::{show_duration, show_size};

/// `[research]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResearchSettings {
    /// How far a run goes when the command does not say.
    pub depth: ResearchDepth,
    /// A folder with the user's templates; empty for none.
    pub templates: String,
    /// Wall time of a run; zero means by the depth.
    pub wall_time: Duration,
    /// Tokens of a run, read and written; 0 means by the depth.
    pub tokens: u64,
    /// Money of a run, in millionths of a US dollar; 0 means that there is no cap.
    pub micro_dollars: u64,
    /// Pages fetched in a run; 0 means by the depth.
    pub fetches: u32,
    /// Searches of a run; 0 means by the depth.
    pub searches: u32,
    /// Which model understands the question and plans.
    pub plan: StagePolicy,
    /// Which model takes quotes out of pages.
    pub extract: StagePolicy,
    /// Which model writes.
    pub write: StagePolicy,
    /// Which model checks what was written.
    pub verify: StagePolicy,
    /// Model calls at the same time, over all runs.
    pub parallel_model_calls: usize,
    /// How long a model call may take, whichever models it goes to.
    pub model_call: Duration,
    /// The path of a file with the user's prices; empty for the built-in ones alone.
    pub prices: String,
}

/// In which order the configured models are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StagePolicy {
    /// `local_first`: those of this machine and its own network first.
    LocalFirst,
    /// `cheapest`: the lowest price first.
    Cheapest,
    /// `fastest`: the fastest as measured first.
    Fastest,
    /// `best`: in the order of the file.
    Best,
    /// The provider of this name first, the others in the order of the file.
    Named(String),
}

impl StagePolicy {
    /// What it is called, or the name of a provider.
    pub fn from_name(name: &str) -> Self {
        match name {
            "local_first" => Self::LocalFirst,
            "cheapest" => Self::Cheapest,
            "fastest" => Self::Fastest,
            "best" => Self::Best,
            provider => Self::Named(provider.to_owned()),
        }
    }
}

impl fmt::Display for StagePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LocalFirst => "local_first",
            Self::Cheapest => "cheapest",
            Self::Fastest => "fastest",
            Self::Best => "best",
            Self::Named(provider) => provider,
        })
    }
}

named_choices! {
    /// How far a run goes.
    ResearchDepth {
        /// One round.
        Quick = "quick",
        /// Up to two rounds.
        Standard = "standard",
        /// Up to four rounds.
        Deep = "deep",
    }
}

/// `[cache]`: room for what was searched, read and answered, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSettings {
    /// In memory, all kinds together.
    pub memory: u64,
    /// On disk, answers of search engines.
    pub searches: u64,
    /// On disk, pages.
    pub pages: u64,
    /// On disk, answers of models.
    pub model_calls: u64,
    /// On disk, finished answers.
    pub answers: u64,
    /// On disk, the index of dependencies.
    pub dependencies: u64,
}

impl ResearchSettings {
    /// The policy of each stage, by its key.
    pub(crate) fn policies(&self) -> [(&'static str, &StagePolicy); 4] {
        [
            ("research.plan", &self.plan),
            ("research.extract", &self.extract),
            ("research.write", &self.write),
            ("research.verify", &self.verify),
        ]
    }

    pub(super) fn entries(&self) -> Vec<(String, String)> {
        let Self {
            depth,
            templates,
            wall_time,
            tokens,
            micro_dollars,
            fetches,
            searches,
            parallel_model_calls,
            model_call,
            prices,
            plan: _,
            extract: _,
            write: _,
            verify: _,
        } = self;
        let limits = [
            ("research.depth", depth.to_string()),
            ("research.templates", templates.clone()),
            ("research.wall_time", show_duration(*wall_time)),
            ("research.tokens", tokens.to_string()),
            ("research.dollars", show_dollars(*micro_dollars)),
            ("research.fetches", fetches.to_string()),
            ("research.searches", searches.to_string()),
            ("research.parallel_model_calls", parallel_model_calls.to_string()),
            ("research.model_call", show_duration(*model_call)),
            ("research.prices", prices.clone()),
        ];
        let policies = self.policies().map(|(key, policy)| (key, policy.to_string()));
        let all = limits.into_iter().chain(policies);
        all.map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

impl CacheSettings {
    pub(super) fn entries(&self) -> Vec<(String, String)> {
        let Self {
            memory,
            searches,
            pages,
            model_calls,
            answers,
            dependencies,
        } = self;
        [
            ("cache.memory", memory),
            ("cache.searches", searches),
            ("cache.pages", pages),
            ("cache.model_calls", model_calls),
            ("cache.answers", answers),
            ("cache.dependencies", dependencies),
        ]
        .map(|(key, value)| (key.to_owned(), show_size(*value)))
        .into()
    }
}

fn show_dollars(micro: u64) -> String {
    let text = format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
