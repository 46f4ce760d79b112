//! Research runs: starting, steering, looking at them, and what comes of them.
//!
//! A run belongs to the daemon: a client that leaves never stops it. What happens in it is told by its
//! [journal](crate::journal).

mod graph;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::{QuoteRef, RunStage};
use crate::search::is_false;
use crate::source::SourceKind;

pub use graph::{GraphKind, GraphRelation};

/// How far to go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// One round of searches.
    Quick,
    /// Up to two.
    #[default]
    Standard,
    /// Up to four.
    Deep,
}

/// Limits of a run; what is left out has the depth's value. They are never passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Budget {
    /// Seconds at work; pauses and restarts do not count.
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

/// Arguments of `research.start` and `research.estimate`, and what a run remembers of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ResearchArgs {
    /// The question.
    pub question: String,
    /// The name of a template; the question decides without.
    pub template: Option<String>,
    /// How far to go; as the settings say without.
    pub depth: Option<Depth>,
    /// Limits.
    pub budget: Budget,
    /// The sources to ask; all that there are when empty.
    pub sources: Vec<SourceKind>,
    /// Folders inside the repositories that count, absolute; each is registered on first use.
    pub repos: Vec<String>,
    /// Register a folder that is not a repository, or a refused one, all the same.
    pub yes: bool,
    /// Stop behind the plan. Approving it later continues the run.
    pub plan_only: bool,
    /// Wait for approval of the plan.
    pub approve: bool,
    /// Begin a run of its own, which asks engines, pages and models anew. Without, the run is told whose report answers the
    /// same request already, if there is one that nothing has changed for since, or that is at work on it now.
    #[serde(skip_serializing_if = "is_false")]
    pub fresh: bool,
    /// The client's own name for this request, drawn at random. Asked again with it, by a client that does not know whether
    /// it was heard, the run that it began is told, and none is begun anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// Arguments of the verbs that take a run and nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RunArgs {
    /// The run's whole name.
    pub run: String,
}

/// Arguments of `research.follow`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FollowArgs {
    /// The run's whole name.
    pub run: String,
    /// The first entry of the journal that is wanted; 0 and 1 are the beginning.
    pub from_seq: u64,
}

/// Arguments of `research.approve`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ApproveArgs {
    /// The run's whole name.
    pub run: String,
    /// The plan as edited; as it is without.
    pub plan: Option<Plan>,
    /// An answer to the clarifying question, or further wishes.
    pub note: Option<String>,
}

/// Arguments of `research.report`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReportArgs {
    /// The run's whole name.
    pub run: String,
    /// How it is written.
    pub format: ReportFormat,
}

/// How a report is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// For people and for other documents.
    #[default]
    Markdown,
    /// One safe page that loads nothing.
    Html,
    /// Everything, for programs.
    Json,
    /// The sources, for bibliographies.
    Bibtex,
}

/// Arguments of `research.graph`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GraphArgs {
    /// The run whose graph is meant; those of all finished runs, merged, without.
    pub run: Option<String>,
    /// The whole graph as text in this format (`document`). Without, a look at it (`graph`).
    pub format: Option<GraphFormat>,
    /// For a look: nodes whose name holds this, with their neighbours; the best connected ones without, sources last.
    /// `invalid_request` together with a format.
    pub name: Option<String>,
    /// For a look: how many nodes, and how many neighbours of each, at most; 0 means the default (10).
    pub limit: u32,
    /// The shortest way from the best match of `name` to that of this, either way along edges (`graph`): its nodes are the
    /// matches, in order, each with the next one as its only neighbour. Without a way there are none, and a `notice` says why.
    /// `invalid_request` without a name, or together with a format or kinds. Needs the capability
    /// [`GRAPH`](crate::capability::GRAPH), as do the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// For a look: only nodes of these kinds, with neighbours of any; of all kinds when empty. `invalid_request` together with
    /// a format.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<GraphKind>,
    /// For a look or a way: only edges that say one of these, and only nodes that have such an edge; all when empty.
    /// `invalid_request` together with a format.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<GraphRelation>,
}

impl GraphArgs {
    /// Whether a way is asked for, or nodes and edges are chosen from.
    pub(crate) fn is_chosen(&self) -> bool {
        self.to.is_some() || !self.kinds.is_empty() || !self.relations.is_empty()
    }
}

/// How a graph is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphFormat {
    /// Lists of nodes and edges.
    #[default]
    Json,
    /// The language of Graphviz.
    Dot,
    /// An XML that graph programs read.
    Graphml,
}

/// A text made by the daemon: a report or a graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// The run it is of; none for a graph of many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The format that was asked for, by its name.
    pub format: String,
    /// The text.
    pub text: String,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// At work.
    Running,
    /// Waits for a yes to its plan.
    AwaitingApproval,
    /// Stopped by the user; `research.resume` goes on.
    Paused,
    /// Ended with a report, which may be partial.
    Done,
    /// Ended without a report. Evidence is kept; `research.retry` tries what failed again.
    Failed,
    /// Ended by the user; `research.retry` goes on.
    Cancelled,
}

impl RunState {
    /// Whether nothing more happens unless the user acts.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// A line of the list of runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunSummary {
    /// The run's name: the day and a few hexadecimal digits (`20260131-0af3c9`).
    pub id: String,
    /// What was asked.
    pub question: String,
    /// How far it goes.
    pub depth: Depth,
    /// Where it stands.
    pub state: RunState,
    /// The stage it has reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<RunStage>,
    /// When it was started, in milliseconds since the Unix epoch.
    pub created_ms: u64,
    /// When it last changed its state, in milliseconds since the Unix epoch.
    pub changed_ms: u64,
    /// Why it failed or ended early, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Everything about a run but its journal and its report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunView {
    /// The line of the list.
    pub summary: RunSummary,
    /// What was asked for.
    pub request: ResearchArgs,
    /// How it was understood, once it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brief: Option<Brief>,
    /// The plan, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// What it has spent.
    pub ledger: Ledger,
    /// What it may spend.
    pub limits: Limits,
    /// The number of the last entry of its journal.
    pub last_seq: u64,
}

/// What kind of question it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// Things set side by side.
    Comparison,
    /// Why something goes wrong.
    Cause,
    /// From one thing to another.
    Migration,
    /// How something is built.
    Tour,
    /// What could be attacked.
    Security,
    /// A newer version of a dependency.
    Upgrade,
    /// One fact.
    Lookup,
    /// Anything else.
    #[default]
    Open,
}

/// The question as it was understood.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Brief {
    /// What kind of question it is.
    pub kind: QuestionKind,
    /// What the reader wants to know or decide.
    pub objective: String,
    /// What the answer must respect: versions, platforms, wishes.
    pub constraints: Vec<String>,
    /// What would have been asked back, if the question is unclear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clarify: Option<String>,
}

/// The parts of a question. It may be changed before it is approved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Plan {
    /// The parts, the most important first.
    pub sub_questions: Vec<SubQuestion>,
}

/// One part of a question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SubQuestion {
    /// The part, as a question.
    pub question: String,
    /// Where to look for it.
    pub sources: Vec<SourceKind>,
    /// What to search for; the question's own words when empty.
    pub queries: Vec<String>,
}

/// What a run spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Ledger {
    /// Time at work, in milliseconds.
    pub wall_ms: u64,
    /// Tokens read by models.
    pub input_tokens: u64,
    /// Tokens written by models.
    pub output_tokens: u64,
    /// Money, in millionths of a US dollar.
    pub micro_dollars: u64,
    /// Searches made.
    pub searches: u32,
    /// Pages fetched.
    pub fetches: u32,
    /// Model calls made.
    pub model_calls: u32,
}

/// What a run may spend, all of it decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Limits {
    /// Time at work, in milliseconds.
    pub wall_ms: u64,
    /// Tokens.
    pub tokens: u64,
    /// Money in millionths of a US dollar; no cap without.
    pub micro_dollars: Option<u64>,
    /// Fetches.
    pub fetches: u32,
    /// Searches.
    pub searches: u32,
}

/// What a run would come to at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Estimate {
    /// Searches.
    pub searches: u32,
    /// Pages fetched.
    pub fetches: u32,
    /// Model calls; 0 when no model is configured.
    pub model_calls: u32,
    /// Tokens.
    pub tokens: u64,
    /// Money in millionths of a US dollar, when every price is known.
    pub micro_dollars: Option<u64>,
    /// Seconds at work, if all goes well.
    pub wall_seconds_low: u64,
    /// Seconds at work, if much is slow.
    pub wall_seconds_high: u64,
    /// What it can never pass.
    pub limits: Limits,
}

/// A template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TemplateInfo {
    /// What it is called by.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub about: String,
    /// The headings of its sections.
    pub sections: Vec<String>,
    /// Its file: a beginning for one's own. Empty from daemons that do not tell it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// An old report as it stands today.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Verification {
    /// The run.
    pub run: String,
    /// Quotes that were looked at.
    pub quotes: u32,
    /// Those that their sources still say, moved ones included.
    pub kept: u32,
    /// Those that moved, changed or went, and those that nobody could look at.
    pub drifted: Vec<Drift>,
    /// Claims of the report that were borne out when it was made.
    pub claims: u32,
    /// Those of them that still are: every quote that they rest on is kept.
    pub standing: u32,
    /// Those of them that nobody could look at in full, though nothing speaks against them.
    pub unknown: u32,
}

/// A quote that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drift {
    /// Which.
    pub quote: QuoteRef,
    /// Where its source lies, as reports show it.
    pub place: String,
    /// What has become of it.
    pub state: QuoteState,
    /// The sentences of the report that rest on it.
    pub sentences: Vec<String>,
}

/// What has become of a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum QuoteState {
    /// Its source still says it, word for word.
    Kept,
    /// Its source still says it, at other lines than those cited.
    Moved {
        /// The first line now, from 1.
        first_line: u32,
        /// The last line now.
        last_line: u32,
    },
    /// Its source does not say it any more.
    Changed,
    /// Its source is not there any more.
    Gone,
    /// Nobody could look.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// A look at a graph of knowledge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GraphView {
    /// Nodes in all.
    pub nodes: u64,
    /// Edges in all.
    pub edges: u64,
    /// The nodes that were asked for, best first.
    pub matches: Vec<GraphMatch>,
    /// How many there are, shown or not.
    pub total: u64,
}

/// A node and what is beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GraphMatch {
    /// The node.
    pub node: GraphNode,
    /// Its neighbours, heaviest edge first.
    pub neighbours: Vec<GraphNeighbour>,
    /// How many neighbours there are, shown or not.
    pub total: u64,
}

/// A node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GraphNode {
    /// What it is: `identifier`, `package`, `path`, `name`, `claim` or `source`.
    pub kind: String,
    /// The name, the sentence, or where the source lies.
    pub name: String,
    /// How far a claim is borne out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// The runs that know it.
    pub runs: Vec<String>,
}

/// A neighbour of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GraphNeighbour {
    /// What joins them: `cites`, `mentions`, `contradicts` or `co_occurs`.
    pub relation: String,
    /// How often that was seen.
    pub weight: u32,
    /// The neighbour.
    pub node: GraphNode,
}
