//! What a client can ask.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::code::{OutlineArgs, PackArgs, RefsArgs, SimilarArgs, SymbolsArgs};
use crate::repos::{AddRepo, ReindexRepo, RemoveRepo};
use crate::search::{AskArgs, SearchArgs};
use crate::status::{SkippedArgs, StatusArgs};

/// Names a request within its connection; the client chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RequestId(pub u64);

/// Names a stream of events across connections; the daemon chooses it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct StreamId(pub String);

/// A request: what to do, until when, and how to find it in the logs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// The client's name for it.
    pub id: RequestId,
    /// The verb and its arguments: `{"verb": "search", "args": {…}}`.
    #[serde(flatten)]
    pub call: Call,
    /// Milliseconds after which the daemon gives up with `deadline_exceeded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// A trace id that is copied to the daemon's log lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// The verbs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verb", content = "args", rename_all = "snake_case")]
pub enum Call {
    /// Ranked spans.
    Search(SearchArgs),
    /// Ranked spans, then an answer.
    Ask(AskArgs),
    /// The definitions of files.
    Outline(OutlineArgs),
    /// Definitions by name.
    Symbols(SymbolsArgs),
    /// Every use of a name.
    Refs(RefsArgs),
    /// The best context for a token budget.
    Pack(PackArgs),
    /// The code that is most like that at a place.
    Similar(SimilarArgs),
    /// The daemon's state.
    Status(StatusArgs),
    /// The files that are not in the index, with reasons.
    Skipped(SkippedArgs),
    /// Registers and indexes a repository.
    AddRepo(AddRepo),
    /// Forgets a repository and deletes its index.
    RemoveRepo(RemoveRepo),
    /// Builds the index of a repository anew.
    ReindexRepo(ReindexRepo),
    /// Lists the registered repositories.
    ListRepos {},
    /// Asks the daemon to finish what runs and exit.
    Drain {
        /// Why: shown in the daemon's log and to other clients.
        reason: String,
    },
}

impl Call {
    /// The verb as it is written on the wire.
    pub fn verb(&self) -> &'static str {
        match self {
            Call::Search(_) => "search",
            Call::Ask(_) => "ask",
            Call::Outline(_) => "outline",
            Call::Symbols(_) => "symbols",
            Call::Refs(_) => "refs",
            Call::Pack(_) => "pack",
            Call::Similar(_) => "similar",
            Call::Status(_) => "status",
            Call::Skipped(_) => "skipped",
            Call::AddRepo(_) => "add_repo",
            Call::RemoveRepo(_) => "remove_repo",
            Call::ReindexRepo(_) => "reindex_repo",
            Call::ListRepos {} => "list_repos",
            Call::Drain { .. } => "drain",
        }
    }

    /// Whether a client may send the same call again after losing the daemon without knowing
    /// whether it was carried out.
    pub fn is_resendable(&self) -> bool {
        !matches!(self, Call::Drain { .. } | Call::ReindexRepo(_))
    }
}
