//! What the daemon tells about a request.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::WireError;
use crate::cache::{CacheCleared, CacheReport};
use crate::code::{OutlineReport, PackReport, RefsReport, SymbolsReport};
use crate::journal::RunEntry;
use crate::keys::KeyReport;
use crate::repos::{IndexProgress, RepoStatus};
use crate::request::{RequestId, StreamId};
use crate::research::{Document, Estimate, GraphView, RunSummary, RunView, TemplateInfo, Verification};
use crate::search::{Answer, Hits, SearchSummary};
use crate::sessions::{BookmarkList, History, HistoryCleared};
use crate::source::{FoundList, SourceStatus};
use crate::status::{DaemonStatus, SkippedReport};

/// An event of one request: `{"id", "seq", "event", "data"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope {
    /// The request.
    pub id: RequestId,
    /// From 0, without holes within a stream; what a slow client missed is told by `gap`.
    pub seq: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened. `done` and `error` end a stream; a reader skips events that it does not know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum Event {
    /// The request runs. Always the first event.
    Accepted {
        /// The name under which the stream can be resumed or watched.
        stream: StreamId,
    },
    /// Indexing goes on.
    Progress(IndexProgress),
    /// Something that the user should know and that is not an error.
    Notice {
        /// One line.
        message: String,
    },
    /// Ranked spans, early or final.
    Hits(Hits),
    /// The next piece of a streamed answer.
    AnswerDelta {
        /// Text to append.
        text: String,
    },
    /// The whole answer, citations resolved.
    Answer(Answer),
    /// The definitions of files.
    Outline(OutlineReport),
    /// Definitions by name.
    Symbols(SymbolsReport),
    /// The definitions and uses of a name.
    Refs(RefsReport),
    /// The best context for a token budget.
    Pack(PackReport),
    /// The daemon's state.
    Status(Box<DaemonStatus>),
    /// The files that are not in the index.
    Skipped(SkippedReport),
    /// The repositories.
    Repos {
        /// In the order of registration.
        repos: Vec<RepoStatus>,
    },
    /// How one source of a search fares.
    Source(SourceStatus),
    /// What sources other than code have found, early or final.
    Found(FoundList),
    /// A run of research, as it stands after what was asked.
    Run(RunSummary),
    /// The runs of research.
    Runs {
        /// The newest first.
        runs: Vec<RunSummary>,
    },
    /// Everything about a run but its journal and its report.
    RunView(Box<RunView>),
    /// An entry of a run's journal.
    RunEntry(Box<RunEntry>),
    /// What a run would come to.
    Estimate(Estimate),
    /// A report or a graph as text.
    Document(Document),
    /// A look at a graph of knowledge.
    Graph(GraphView),
    /// What has become of what a report rests on.
    Verification(Verification),
    /// The templates for research.
    Templates {
        /// The user's first.
        templates: Vec<TemplateInfo>,
    },
    /// What the caches hold.
    Cache(CacheReport),
    /// What was taken out of the caches.
    CacheCleared(CacheCleared),
    /// The searches that were made.
    History(History),
    /// What was taken out of the history.
    HistoryCleared(HistoryCleared),
    /// Lines that are kept, or were until now.
    Bookmarks(BookmarkList),
    /// Which keys there are, and where.
    Keys(KeyReport),
    /// The client was too slow and events were dropped; lists and totals that follow are whole.
    Gap {
        /// How many events were dropped.
        missed: u64,
    },
    /// The end of a request that succeeded.
    Done {
        /// What a search or question reflects.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<SearchSummary>,
    },
    /// The end of a request that failed.
    Error(WireError),
}

impl Event {
    /// Whether the stream ends with this event.
    pub fn is_last(&self) -> bool {
        matches!(self, Event::Done { .. } | Event::Error(_))
    }
}
