//! What a client can ask.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cache::ClearCache;
use crate::capability;
use crate::code::{OutlineArgs, PackArgs, RefsArgs, SimilarArgs, SymbolsArgs};
use crate::keys::{ForgetKey, SetKey, UnlockKeys};
use crate::repos::{AddRepo, MoveVectors, ReindexRepo, RemoveRepo};
use crate::research::{ApproveArgs, FollowArgs, GraphArgs, ReportArgs, ResearchArgs, RunArgs};
use crate::search::{AskArgs, SearchArgs};
use crate::sessions::{AddBookmark, ClearHistory, ListBookmarks, ListHistory, RemoveBookmarks};
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
    /// Moves the vectors of a repository to the server or back.
    MoveVectors(MoveVectors),
    /// Lists the registered repositories.
    ListRepos {},
    /// Starts a run and leaves it to the daemon: `estimate`, then `run`.
    #[serde(rename = "research.start")]
    ResearchStart(ResearchArgs),
    /// What a run would come to, without starting it: `estimate`.
    #[serde(rename = "research.estimate")]
    ResearchEstimate(ResearchArgs),
    /// The runs: `runs`.
    #[serde(rename = "research.list")]
    ResearchList {},
    /// Everything about a run but its journal and its report: `run_view`.
    #[serde(rename = "research.show")]
    ResearchShow(RunArgs),
    /// A run's journal, first what is kept and then as it grows, until the run is over: `run_entry`. It is told at the
    /// pace of who reads it, without gaps.
    #[serde(rename = "research.follow")]
    ResearchFollow(FollowArgs),
    /// Stops a run that is at work, for a while: `run`.
    #[serde(rename = "research.pause")]
    ResearchPause(RunArgs),
    /// Goes on with a paused run: `run`.
    #[serde(rename = "research.resume")]
    ResearchResume(RunArgs),
    /// Ends a run without a report; its evidence is kept: `run`.
    #[serde(rename = "research.cancel")]
    ResearchCancel(RunArgs),
    /// Tries again what failed in a run that is over: `run`.
    #[serde(rename = "research.retry")]
    ResearchRetry(RunArgs),
    /// Ends the gathering of a run; it reports what it has: `run`.
    #[serde(rename = "research.finish")]
    ResearchFinish(RunArgs),
    /// Says yes to a run's plan: `run`.
    #[serde(rename = "research.approve")]
    ResearchApprove(ApproveArgs),
    /// A run's report as text: `document`.
    #[serde(rename = "research.report")]
    ResearchReport(ReportArgs),
    /// The graph of knowledge, as text or a look at it: `document` or `graph`.
    #[serde(rename = "research.graph")]
    ResearchGraph(GraphArgs),
    /// Looks again at what a report rests on: `verification`.
    #[serde(rename = "research.verify")]
    ResearchVerify(RunArgs),
    /// Deletes a run that is over, with everything that is kept of it.
    #[serde(rename = "research.remove")]
    ResearchRemove(RunArgs),
    /// The templates: `templates`.
    #[serde(rename = "research.templates")]
    ResearchTemplates {},
    /// What the caches hold: `cache`.
    #[serde(rename = "cache.stats")]
    CacheStats {},
    /// Empties caches: `cache_cleared`.
    #[serde(rename = "cache.clear")]
    CacheClear(ClearCache),
    /// The searches that were made: `history`.
    #[serde(rename = "history.list")]
    HistoryList(ListHistory),
    /// Forgets searches: `history_cleared`.
    #[serde(rename = "history.clear")]
    HistoryClear(ClearHistory),
    /// Keeps lines of a file, a page, a commit or a quote: `bookmarks`.
    #[serde(rename = "bookmark.add")]
    BookmarkAdd(AddBookmark),
    /// The bookmarks, and what has become of what they keep: `bookmarks`.
    #[serde(rename = "bookmark.list")]
    BookmarkList(ListBookmarks),
    /// Removes bookmarks: `bookmarks`, those removed.
    #[serde(rename = "bookmark.remove")]
    BookmarkRemove(RemoveBookmarks),
    /// Keeps the key of a provider or search engine: `keys`.
    #[serde(rename = "keys.set")]
    KeysSet(SetKey),
    /// Which keys there are and where: `keys`. Never a key.
    #[serde(rename = "keys.list")]
    KeysList {},
    /// Keeps a key no longer: `keys`, those that are left.
    #[serde(rename = "keys.forget")]
    KeysForget(ForgetKey),
    /// Opens the encrypted file of keys until it is locked or the daemon ends: `keys`.
    #[serde(rename = "keys.unlock")]
    KeysUnlock(UnlockKeys),
    /// Forgets the passphrase and what it opened: `keys`.
    #[serde(rename = "keys.lock")]
    KeysLock {},
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
            Call::MoveVectors(_) => "move_vectors",
            Call::ListRepos {} => "list_repos",
            Call::ResearchStart(_) => "research.start",
            Call::ResearchEstimate(_) => "research.estimate",
            Call::ResearchList {} => "research.list",
            Call::ResearchShow(_) => "research.show",
            Call::ResearchFollow(_) => "research.follow",
            Call::ResearchPause(_) => "research.pause",
            Call::ResearchResume(_) => "research.resume",
            Call::ResearchCancel(_) => "research.cancel",
            Call::ResearchRetry(_) => "research.retry",
            Call::ResearchFinish(_) => "research.finish",
            Call::ResearchApprove(_) => "research.approve",
            Call::ResearchReport(_) => "research.report",
            Call::ResearchGraph(_) => "research.graph",
            Call::ResearchVerify(_) => "research.verify",
            Call::ResearchRemove(_) => "research.remove",
            Call::ResearchTemplates {} => "research.templates",
            Call::CacheStats {} => "cache.stats",
            Call::CacheClear(_) => "cache.clear",
            Call::HistoryList(_) => "history.list",
            Call::HistoryClear(_) => "history.clear",
            Call::BookmarkAdd(_) => "bookmark.add",
            Call::BookmarkList(_) => "bookmark.list",
            Call::BookmarkRemove(_) => "bookmark.remove",
            Call::KeysSet(_) => "keys.set",
            Call::KeysList {} => "keys.list",
            Call::KeysForget(_) => "keys.forget",
            Call::KeysUnlock(_) => "keys.unlock",
            Call::KeysLock {} => "keys.lock",
            Call::Drain { .. } => "drain",
        }
    }

    /// Whether a client may send the same call again after losing the daemon without knowing
    /// whether it was carried out.
    pub fn is_resendable(&self) -> bool {
        if let Call::ResearchStart(args) = self {
            return args.ticket.is_some();
        }
        !matches!(
            self,
            Call::Drain { .. }
                | Call::ReindexRepo(_)
                | Call::ResearchPause(_)
                | Call::ResearchResume(_)
                | Call::ResearchCancel(_)
                | Call::ResearchRetry(_)
                | Call::ResearchFinish(_)
                | Call::ResearchApprove(_)
                | Call::ResearchRemove(_)
                | Call::BookmarkAdd(_)
                | Call::BookmarkRemove(_)
                | Call::KeysForget(_)
        )
    }

    /// The [`capability`] that a daemon must announce to understand the call; none for what every
    /// daemon of this contract understands.
    pub fn needs(&self) -> Option<&'static str> {
        match self {
            // What came last comes first: a daemon that knows sessions knows sources too.
            Call::Search(args) if args.since.is_some() => Some(capability::SINCE),
            Call::Search(args) if !args.after.is_empty() => Some(capability::PAGES),
            Call::Search(args) | Call::Ask(AskArgs { search: args, .. }) if args.builds_on_earlier() => {
                Some(capability::SESSIONS)
            }
            Call::Search(args) if !args.sources.is_empty() => Some(capability::SOURCES),
            Call::CacheStats {} | Call::CacheClear(_) => Some(capability::CACHE),
            Call::BookmarkAdd(args) if args.target.is_some() => Some(capability::TARGETS),
            Call::HistoryList(_)
            | Call::HistoryClear(_)
            | Call::BookmarkAdd(_)
            | Call::BookmarkList(_)
            | Call::BookmarkRemove(_) => Some(capability::SESSIONS),
            Call::KeysSet(_)
            | Call::KeysList {}
            | Call::KeysForget(_)
            | Call::KeysUnlock(_)
            | Call::KeysLock {} => Some(capability::KEYS),
            Call::MoveVectors(_) => Some(capability::VECTORS),
            Call::ResearchGraph(args) if args.is_chosen() => Some(capability::GRAPH),
            call if call.verb().starts_with("research.") => Some(capability::RESEARCH),
            _ => None,
        }
    }
}
