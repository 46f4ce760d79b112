//! Sources of a search: what they are, where their documents lie, how each of them fares.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::EngineRun;
use crate::search::Stage;

/// Where a question can be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// The user's repositories.
    Code,
    /// Documentation and sources of their dependencies, at the locked versions.
    Docs,
    /// Commit messages and diffs.
    Git,
    /// The web.
    Web,
    /// Earlier reports. Research asks them by itself; a search cannot.
    Reports,
}

impl SourceKind {
    /// Every kind, the nearest first.
    pub const ALL: [Self; 5] = [Self::Code, Self::Docs, Self::Git, Self::Web, Self::Reports];

    /// The word on the wire and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Docs => "docs",
            Self::Git => "git",
            Self::Web => "web",
            Self::Reports => "reports",
        }
    }
}

/// How old a page of the web may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Since {
    /// Every one, the shortest first.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Year];

    /// The word on the wire and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// Where a document lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// A page of the web.
    Web {
        /// Its canonical address: `http` or `https`.
        url: String,
    },
    /// A span of a file of a repository on this machine.
    Code {
        /// The repository's name as the user knows it.
        repo: String,
        /// The repository's folder.
        root: String,
        /// The commit at which the lines say what was read. `None` for what is not committed, or not in git.
        #[serde(default)]
        commit: Option<String>,
        /// Path inside the repository, with `/`.
        path: String,
        /// First line, from 1.
        first_line: u32,
        /// Last line, inclusive.
        last_line: u32,
    },
    /// A span of a file of a dependency as it lies on this machine.
    Docs {
        /// The package's name.
        package: String,
        /// The locked version.
        version: String,
        /// The folder the package lies in.
        root: String,
        /// Path inside the package, with `/`.
        path: String,
        /// First line, from 1.
        first_line: u32,
        /// Last line, inclusive.
        last_line: u32,
    },
    /// A commit of a repository on this machine.
    Commit {
        /// The repository's name as the user knows it.
        repo: String,
        /// The repository's folder.
        root: String,
        /// The full id.
        commit: String,
    },
    /// An earlier report.
    Report {
        /// The run's name.
        run: String,
    },
}

/// What a source of a search is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// It was asked.
    Searching,
    /// It has answered.
    Done,
    /// It did not answer. The others are not held up.
    Failed,
}

/// How one source of a search fares. Told when it is asked and when it has answered or failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceStatus {
    /// Which.
    pub source: SourceKind,
    /// What it is doing.
    pub state: SourceState,
    /// Results that it returned, before sources are merged; while it is searched, those of the engines that answered.
    #[serde(default)]
    pub found: u32,
    /// Milliseconds since it was asked.
    #[serde(default)]
    pub took_ms: u64,
    /// Why it failed, or what it could not do: a fragment without a full stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What the user can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What came of each engine that was asked, of a source that has several: also of those that failed while others
    /// answered. Told when the source has answered or failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub engines: Vec<EngineRun>,
}

/// What sources other than code have found. A later list of the same request replaces an earlier one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FoundList {
    /// How firm the list is.
    pub stage: Stage,
    /// Best first.
    pub found: Vec<Found>,
}

/// One result of a source other than code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// Its place among all results of the request, those in `hits` included, from 1. The places that no result
    /// here takes belong to the `hits`, in their order.
    pub rank: u32,
    /// Higher is better; comparable within one answer only.
    pub score: f32,
    /// Which source returned it.
    pub source: SourceKind,
    /// What it calls itself.
    pub title: String,
    /// Where it lies.
    pub origin: Origin,
    /// The piece that matched, as plain text; secrets redacted.
    pub snippet: String,
    /// When it was written, as the source says it; free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// The licence under which it may be quoted and whose it is, where the source says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Sources that returned the same thing and were merged into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<SourceKind>,
}
