//! Search and ask: arguments, hits, answers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::source::{Since, SourceKind};

/// Which code to search.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Filters {
    /// Only paths that match one of these globs (`src/**`, `*.rs`); a leading `!` excludes.
    pub paths: Vec<String>,
    /// Only these languages, by name (`rust`, `typescript`).
    pub languages: Vec<String>,
    /// Only spans that define a symbol of one of these kinds (`function`, `type`).
    pub kinds: Vec<String>,
}

/// How to read the query. `Auto` is what people want.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Decided from the query's shape.
    #[default]
    Auto,
    /// The query is a regular expression; every match counts, ranking is by place.
    Regex,
    /// The query is plain text to be found as it stands.
    Literal,
}

/// Arguments of `search`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SearchArgs {
    /// What to look for.
    pub query: String,
    /// A folder inside the repository to search; it is registered on first use.
    pub repo: String,
    /// How many hits at most; 0 means the default (10).
    pub limit: u32,
    /// How to read the query.
    pub mode: Mode,
    /// Which code to search.
    pub filters: Filters,
    /// Whether each hit carries its score's parts.
    pub explain: bool,
    /// Wait this many milliseconds for the index to see everything that is on disk now.
    pub wait_fresh_ms: Option<u64>,
    /// Wait for a first complete index before answering (a script's choice; people get partial results at once).
    pub wait_complete: bool,
    /// Register a folder that is not a repository, or a refused one, all the same.
    pub yes: bool,
    /// Where to look; in code alone when empty. With others, how each fares is told by `source` events and what they
    /// find by `found`; filters hold for code. Needs the capability [`SOURCES`](crate::capability::SOURCES).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceKind>,
    /// Only pages of the web that are no older than this, as far as an engine can tell; other sources are not limited.
    /// Refused unless the web is among the sources. Needs the capability [`SINCE`](crate::capability::SINCE).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// Constants of ranking that hold for this request alone, by name: to try them, and to measure what each is worth.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ranking: BTreeMap<String, f32>,
    /// A name for searches that belong together, such as those of one window; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub session: String,
    /// Whether the words of the last search count too, for less: the last of the session or, without one, of the
    /// repository. If that was a follow-up, so do those of the one before it, for less again, up to four steps back; a
    /// model that answers is told the questions. Of `search` and `ask`; needs the capability [`SESSIONS`](crate::capability::SESSIONS), as do the next
    /// two.
    #[serde(skip_serializing_if = "is_false")]
    pub follow_up: bool,
    /// Look only into the files that the last search found.
    #[serde(skip_serializing_if = "is_false")]
    pub within_last: bool,
    /// A search or question of the same connection that this one takes the place of, for clients that search while one
    /// types: it is cancelled if it still runs, and its words count as those of a follow-up. One that the daemon does
    /// not remember changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refines: Option<u64>,
    /// For exhaustive modes: go on behind the page whose summary named this as the next. Needs the capability
    /// [`PAGES`](crate::capability::PAGES).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub after: String,
    /// Whether to leave this search out of the history: programs that measure are not people.
    #[serde(skip_serializing_if = "is_false")]
    pub unrecorded: bool,
}

impl SearchArgs {
    /// Whether an earlier search has a part in this one.
    pub fn builds_on_earlier(&self) -> bool {
        self.follow_up || self.within_last || self.refines.is_some()
    }
}

pub(crate) fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Arguments of `ask`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AskArgs {
    /// The question and where to look.
    pub search: SearchArgs,
    /// Answer from the evidence alone even if a model is configured.
    pub extractive: bool,
    /// The provider to use, by its name in the settings; the first configured one otherwise.
    pub provider: Option<String>,
}

/// One ranked span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hit {
    /// From 1.
    pub rank: u32,
    /// Higher is better; comparable within one answer only.
    pub score: f32,
    /// Absolute path of the repository.
    pub repo: String,
    /// Path inside the repository, with `/`.
    pub path: String,
    /// First line of the span, from 1.
    pub start_line: u32,
    /// Last line of the span, inclusive.
    pub end_line: u32,
    /// The symbol that the span defines or lies in (`Parser::next`), if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// What the symbol is (`function`, `type`, …), if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The file's language, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The span's text as indexed, secrets redacted.
    pub snippet: String,
    /// The line that best shows why the span matched, from 1.
    pub focus_line: u32,
    /// In a few words, why the span ranks (`defines "retry"`, `path words`, `meaning`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// Every contribution to the score, when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<Explanation>,
}

/// Where a hit's score comes from. The steps are applied in order; the last value is the score.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// How the query was read.
    pub route: String,
    /// Rank and raw score in each arm that found the span.
    pub arms: BTreeMap<String, ArmPlace>,
    /// What each step did.
    pub steps: Vec<ScoreStep>,
}

/// A span's place in one arm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArmPlace {
    /// From 1.
    pub rank: u32,
    /// The arm's own score.
    pub score: f32,
}

/// One step of the ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScoreStep {
    /// The rule's name in the ranking settings.
    pub rule: String,
    /// What the rule saw.
    pub detail: String,
    /// The score after it.
    pub score: f32,
}

/// How firm a list of hits is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// From the first arm that answered; order may change.
    Early,
    /// The final order of this request.
    Final,
}

/// A list of hits. A later list of the same request replaces an earlier one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hits {
    /// How firm the list is.
    pub stage: Stage,
    /// Best first.
    pub hits: Vec<Hit>,
}

/// What the answer to a search reflects.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchSummary {
    /// Absolute path of the repository searched.
    pub repo: String,
    /// How the query was read.
    pub route: String,
    /// The generation that was searched.
    pub generation: u64,
    /// Files known to have changed since that generation.
    pub stale_files: u64,
    /// Whether the first index of the repository is complete; otherwise hits are from a part of it.
    pub is_complete: bool,
    /// Files indexed, of `files_total`.
    pub files_indexed: u64,
    /// Files that the index will hold when complete.
    pub files_total: u64,
    /// Chunks that have a vector, of `chunks_total`.
    pub chunks_embedded: u64,
    /// Chunks indexed.
    pub chunks_total: u64,
    /// Whether the answer came from the cache.
    pub is_cached: bool,
    /// Time in the daemon, in microseconds.
    pub took_us: u64,
    /// For exhaustive modes: whether every match was returned, or every one behind the page before.
    pub is_exhaustive: bool,
    /// For exhaustive modes: all that there is, returned or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<Matches>,
    /// Words of the query that stand nowhere in the index, in any form. Not told before the first index is complete.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nowhere: Vec<String>,
}

/// All that a pattern matches, on this page or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Matches {
    /// Lines on which a match begins.
    pub lines: u64,
    /// Files that hold them.
    pub files: u64,
    /// What to hand back as `after` for the page behind this one; none when this is the last. A page taken after the
    /// index has changed goes on behind the same line of the same file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A source that an answer may cite. Models see and emit only the id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Citation {
    /// As it stands in the answer: `[1]`.
    pub id: u32,
    /// Path inside the repository.
    pub path: String,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
}

/// The author of answers that no model wrote.
pub const EXTRACTIVE: &str = "extractive";

/// The end of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// The whole text, citations as `[n]`.
    pub text: String,
    /// The sources that the text cites, every one resolved by code.
    pub citations: Vec<Citation>,
    /// `extractive`, or the provider and model that wrote it.
    pub author: String,
    /// Ids that the model made up and that were taken out of the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejected_citations: Vec<u32>,
    /// Tokens read and written, when the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<TokenUsage>,
}

/// Tokens of one model call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenUsage {
    /// Tokens read.
    pub input: u64,
    /// Tokens written.
    pub output: u64,
}
