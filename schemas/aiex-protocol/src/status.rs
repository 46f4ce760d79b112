//! The daemon's state as `aiex status` and `aiex doctor` show it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cache::CacheProblem;
use crate::hello::Build;
use crate::repos::RepoStatus;

/// Arguments of `status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StatusArgs {
    /// Only the repository that holds this folder.
    pub repo: Option<String>,
}

/// Arguments of `skipped`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SkippedArgs {
    /// A folder inside the repository.
    pub repo: String,
    /// Only files skipped for this reason.
    pub reason: Option<String>,
    /// How many files to list at most; the counts are always whole. 0 means the default (200).
    pub limit: u32,
}

/// What the daemon is and does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DaemonStatus {
    /// Process id.
    pub pid: u32,
    /// The build.
    pub build: Build,
    /// Absolute path of the unix socket.
    pub socket: String,
    /// `127.0.0.1:PORT` when the loopback listener is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<String>,
    /// The directory that holds all state.
    pub home: String,
    /// Since when, in milliseconds since the Unix epoch.
    pub started_at_ms: u64,
    /// Seconds without a client after which it exits; 0 for never.
    pub idle_exit_s: u64,
    /// Connected clients.
    pub clients: u32,
    /// Requests that run.
    pub running_requests: u32,
    /// What it may use and what it uses.
    pub budgets: Budgets,
    /// The query cache.
    pub cache: CacheStatus,
    /// What is wrong with the caches of searches, pages and answers; none when they work or nobody has needed them yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_problem: Option<CacheProblem>,
    /// The embedder in use, as `name (dimensions)`.
    pub embedder: String,
    /// Why the configured embedder is not in use, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedder_problem: Option<String>,
    /// The server that the settings name for vectors, without credentials, if they name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector_server: Option<String>,
    /// Why it cannot be used now, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector_server_problem: Option<String>,
    /// The models and search engines that research and searches have used since the daemon started or their keys changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceStatus>,
    /// The components, supervised.
    pub components: Vec<ComponentStatus>,
    /// The repositories.
    pub repos: Vec<RepoStatus>,
}

/// How a service outside does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServiceStatus {
    /// What it is.
    pub kind: ServiceKind,
    /// Its name in the settings.
    pub name: String,
    /// The model that is asked, of a provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Why it is not asked now, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest: Option<ServiceRest>,
    /// Its keys that are not used now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<RestingKey>,
}

/// What a service is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    /// A `[[provider]]`: a language model.
    #[default]
    Provider,
    /// A `[[web.engine]]`: a search engine.
    Engine,
}

/// Why a service is left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServiceRest {
    /// What happened.
    pub reason: String,
    /// Seconds until it is tried again.
    pub left_s: u64,
}

/// A key that is left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RestingKey {
    /// Its place among the keys of its service, from 1.
    pub number: u32,
    /// Why.
    pub state: RestingKeyState,
    /// The server's words; empty when there are none.
    pub message: String,
    /// Seconds until it is used again; none when that takes another key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_s: Option<u64>,
}

/// Why a key is left alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestingKeyState {
    /// The service does not take it.
    #[default]
    Rejected,
    /// Its quota or its money is used up.
    Exhausted,
    /// It was used too often.
    Limited,
}

/// Limits and use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Budgets {
    /// Resident memory now that is the daemon's own, in bytes: what the budget is for.
    pub memory_used: u64,
    /// Resident pages of mapped files, in bytes, which the system takes back when memory is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_of_files: Option<u64>,
    /// The memory budget, in bytes.
    pub memory_budget: u64,
    /// Watches in use.
    pub watches_used: u64,
    /// The watch budget.
    pub watches_budget: u64,
    /// Bytes of all stores on disk.
    pub disk_used: u64,
    /// Bytes that they may take together; left out where there is no bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_budget: Option<u64>,
    /// Files and sockets that are open, and threads that run, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handles: Option<Handles>,
}

/// What the system counts for a process and allows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Handles {
    /// Files and sockets that are open.
    pub files_open: u64,
    /// How many may be; repositories that nobody asked for lately are put to rest before that.
    pub files_budget: u64,
    /// Threads.
    pub threads: u64,
}

/// The query cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CacheStatus {
    /// Answers served from it.
    pub hits: u64,
    /// Answers computed.
    pub misses: u64,
    /// Answers held.
    pub entries: u64,
}

/// One supervised component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComponentStatus {
    /// Its name.
    pub name: String,
    /// What it is doing.
    pub state: ComponentState,
    /// How often it was restarted.
    pub restarts: u32,
    /// Why it was last restarted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// The life of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComponentState {
    /// Doing its work.
    Running,
    /// Failed; waiting to be started again.
    BackingOff,
    /// Ended as it should.
    Stopped,
    /// Failed too often; not started again.
    GivenUp,
}

/// The files that are not in the index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkippedReport {
    /// How many files for each reason, most first.
    pub reasons: Vec<ReasonCount>,
    /// The files, as many as asked for.
    pub files: Vec<SkippedFile>,
    /// Secrets blotted out of files that are indexed.
    pub redactions: u64,
}

/// A count by reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReasonCount {
    /// The reason's name.
    pub reason: String,
    /// How many files.
    pub files: u64,
}

/// One file that is not in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkippedFile {
    /// Path inside the repository; bytes that are not UTF-8 are shown as `\xNN`.
    pub path: String,
    /// The reason's name.
    pub reason: String,
    /// What exactly was seen.
    pub detail: String,
}
