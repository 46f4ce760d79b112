//! What the machine needs from the world: searching, reading, a model, the present state of a source, the time.
//!
//! The daemon implements these with the index, the web and the model providers; tests implement them with scripts.
//! All futures are boxed, so that the traits stay object-safe. A future that is dropped must stop its work; the token
//! given with a call is cancelled at the same time, for work that goes on elsewhere.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aiex_evidence::extract::Meaning;
use aiex_evidence::{EngineRun, Hindrance, Origin, Source};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::since::Since;

/// A future on the heap.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where a question can be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// Earlier reports. Answered by this crate's own store, never by a [`Searcher`].
    Reports,
}

impl SourceKind {
    /// Every kind, the nearest first.
    pub const ALL: [Self; 5] = [Self::Code, Self::Docs, Self::Git, Self::Web, Self::Reports];

    /// The word that users and reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Docs => "docs",
            Self::Git => "git",
            Self::Web => "web",
            Self::Reports => "reports",
        }
    }

    /// The kind of a word, as [`as_str`](Self::as_str) spells it.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// The run it is for.
    pub run: String,
    /// Where to look; never [`SourceKind::Reports`].
    pub source: SourceKind,
    /// What to look for.
    pub query: String,
    /// How many results at most.
    pub limit: usize,
    /// The repositories that count, as the user named them; empty for the daemon's choice.
    pub repos: Vec<String>,
    /// Only pages of the web that are no older than this; `None` for any age.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// The call is dropped after this long.
    pub deadline: Duration,
    /// Results that were kept before this moment are not taken, in milliseconds since 1970; 0 takes all.
    #[serde(default, skip_serializing_if = "takes_all")]
    pub kept_since_ms: u64,
    /// What engines of the source answered to this search before it was interrupted; they are not asked again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answered: Vec<EngineAnswer>,
}

/// What one engine of a source answered, in words that only the source understands. A run keeps it when it comes: after
/// a kill only the engines that owed an answer are asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineAnswer {
    /// The engine's name.
    pub engine: String,
    /// The answer, and what was asked.
    pub body: serde_json::Value,
}

/// Hears of a search of several engines while it runs.
pub trait Hears: Send + Sync {
    /// What was found so far, best first, whenever an engine has answered. It may be told again in another order, and is
    /// no promise of the end.
    fn found(&self, found: Vec<Found>);

    /// An engine's answer, each once. It is kept when the future ends; the search may go on meanwhile.
    fn answered(&self, answer: EngineAnswer) -> Boxed<'_, ()>;
}

/// Hears nothing.
#[derive(Debug, Clone, Copy)]
pub struct Deaf;

impl Hears for Deaf {
    fn found(&self, _found: Vec<Found>) {}

    fn answered(&self, _answer: EngineAnswer) -> Boxed<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// One result of a search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Where it lies; a web address must be canonical already.
    pub origin: Origin,
    /// What it calls itself.
    pub title: String,
    /// The piece that matched, in plain text; may be empty.
    pub snippet: String,
    /// How well it fits, higher is better; only compared with results of the same search.
    pub score: f32,
    /// The text, when it is at hand without a fetch: code spans, documentation, commits. `None` sends it to the
    /// [`Reader`].
    pub text: Option<String>,
    /// When it was written, as the source says it.
    pub date: Option<String>,
    /// The licence under which it may be quoted and whose it is, where the source says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Whether its text, or what the search shows of it, tries to instruct a model.
    #[serde(default)]
    pub instructs: bool,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "KeptFindings")]
pub struct Findings {
    /// Best first.
    pub found: Vec<Found>,
    /// The engines that were asked, of a source that has several: also those that failed while others answered.
    pub engines: Vec<EngineRun>,
    /// Words of the query that stand nowhere in what was searched, of a source that knows.
    pub nowhere: Vec<String>,
    /// Whether something that belongs to the source was not taken in yet: the same search may find more in a moment.
    pub is_unready: bool,
    /// What the source has not, and will not have by waiting, in words.
    pub lacks: Option<String>,
}

impl From<Vec<Found>> for Findings {
    fn from(found: Vec<Found>) -> Self {
        Self {
            found,
            ..Self::default()
        }
    }
}

/// Findings as journals keep them; those of older programs have results alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum KeptFindings {
    Bare(Vec<Found>),
    Whole {
        found: Vec<Found>,
        engines: Vec<EngineRun>,
        #[serde(default)]
        nowhere: Vec<String>,
        #[serde(default)]
        is_unready: bool,
        #[serde(default)]
        lacks: Option<String>,
    },
}

impl From<KeptFindings> for Findings {
    fn from(kept: KeptFindings) -> Self {
        match kept {
            KeptFindings::Bare(found) => found.into(),
            KeptFindings::Whole {
                found,
                engines,
                nowhere,
                is_unready,
                lacks,
            } => Self {
                found,
                engines,
                nowhere,
                is_unready,
                lacks,
            },
        }
    }
}

/// Why a search failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct SearchFailure {
    /// What happened, for people.
    pub message: String,
    /// What the user can do about it; may be empty.
    pub hint: String,
    /// Whether the same search may succeed in a moment.
    pub retryable: bool,
}

/// Finds documents.
pub trait Searcher: Send + Sync {
    /// The kinds of sources that can be searched now, without [`SourceKind::Reports`]. Plans hold no others.
    fn available(&self) -> Vec<SourceKind>;

    /// Searches. The order of the results is their rank. One call counts as one search of the budget, so retries
    /// are left to the caller.
    fn search<'a>(
        &'a self,
        search: &'a Search,
        cancel: &'a CancellationToken,
    ) -> Boxed<'a, Result<Findings, SearchFailure>>;

    /// The same, of a source that has several engines: `hears` is told whenever one of them has answered.
    fn search_telling<'a>(
        &'a self,
        search: &'a Search,
        hears: &'a dyn Hears,
        cancel: &'a CancellationToken,
    ) -> Boxed<'a, Result<Findings, SearchFailure>> {
        let _answers_at_once = hears;
        self.search(search, cancel)
    }
}

/// A page as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageText {
    /// The text, Markdown at best, without invisible characters.
    pub text: String,
    /// What the page calls itself; empty to keep the title of the search result.
    pub title: String,
    /// When it was written, as the page says it.
    pub date: Option<String>,
    /// Whether it tries to instruct a model.
    pub instructs: bool,
    /// Whether `text` is only the beginning of it.
    #[serde(default)]
    pub is_cut: bool,
}

/// Why a page could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ReadFailure {
    /// What happened, for people: `robots.txt forbids it`.
    pub message: String,
    /// Whether the same read may succeed in a moment.
    pub retryable: bool,
    /// What stood in the way.
    pub hindrance: Hindrance,
}

/// Reads what a search found and left unread: pages of the web.
pub trait Reader: Send + Sync {
    /// Reads it. One call counts as one fetch of the budget. Only results of this run's searches, those of earlier
    /// reports among them, are ever asked for. What was kept before `kept_since_ms` (milliseconds since 1970) is not taken
    /// unless its host says that it did not change.
    fn read<'a>(
        &'a self,
        found: &'a Found,
        kept_since_ms: u64,
        deadline: Duration,
        cancel: &'a CancellationToken,
    ) -> Boxed<'a, Result<PageText, ReadFailure>>;
}

/// What a model is asked for; the policy of models is chosen by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelStage {
    /// Scope, plan, further queries, outline.
    Plan,
    /// Quotes from pages.
    Extract,
    /// Prose.
    Write,
    /// Whether a quote bears a sentence out.
    Verify,
}

/// What is sent to a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// The run it is for, so that its calls may stay with one model.
    pub run: String,
    /// What it is for.
    pub stage: ModelStage,
    /// Instructions.
    pub system: String,
    /// The question and what belongs to it.
    pub user: String,
    /// What the question is about, as far as there may be more than a model has room for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub material: Option<Material>,
    /// The JSON Schema of the answer; `None` for prose.
    pub schema: Option<serde_json::Value>,
    /// The most tokens the answer may have, thinking included.
    pub max_tokens: u32,
    /// The call is dropped after this long.
    pub deadline: Duration,
    /// An answer that was kept before this moment is not taken, in milliseconds since 1970; 0 takes any.
    #[serde(default, skip_serializing_if = "takes_all")]
    pub kept_since_ms: u64,
    /// What the call may come to; decided when its turn has come, and no part of what is asked. `None` for anything.
    #[serde(skip)]
    pub allowance: Option<Allowance>,
}

/// Left out where it says nothing: journals find a call by its prompt.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn takes_all(kept_since_ms: &u64) -> bool {
    *kept_since_ms == 0
}

impl Prompt {
    /// The question with all of its material.
    pub fn whole(&self) -> String {
        let mut text = self.user.clone();
        if let Some(material) = &self.material {
            let told: String = material.parts.iter().map(Part::told).collect();
            if text.is_char_boundary(material.at) {
                text.insert_str(material.at, &told);
            }
        }
        text
    }
}

/// What a prompt is about. A model is sent what it has room for; which, is decided when it is asked, because only then
/// is it known which model it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Material {
    /// It stands behind this many bytes of the prompt's text.
    pub at: usize,
    /// In their order.
    pub parts: Vec<Part>,
    /// The words by which lines are chosen of a part that is cut.
    pub question: String,
    /// Parts that are not among these, because sending them to any model would cost more than they are worth.
    #[serde(default)]
    pub held_back: u32,
}

/// A part of a prompt's material.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The line before it, which is never cut: an id, a title. None when it is empty.
    pub head: String,
    /// The part itself; it ends with a line end.
    pub text: String,
    /// How late it goes in when there is no room for all: the lowest is kept the longest.
    pub rank: u32,
    /// What may be done with it then.
    pub cut: Cut,
}

/// What may be done with a part that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// It is whole or left out.
    Never,
    /// Only the lines with words of the question stay.
    ToTellingLines,
}

impl Part {
    /// As it is sent, whole.
    fn told(&self) -> String {
        let head = match self.head.as_str() {
            "" => String::new(),
            head => format!("{head}\n"),
        };
        head + &self.text
    }
}

/// What of its material a model was not shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// Parts that were cut.
    pub shortened: u32,
    /// Parts that were left out.
    pub left_out: u32,
}

/// Tokens and money: of one call, or the most that it can come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Money in millionths of a US dollar; `None` when the price is not known.
    pub micro_dollars: Option<u64>,
}

/// What a call to a model may come to, before it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The least that is needed to ask at all: one answer, of the model for which that is the least.
    pub least: Usage,
    /// The most that the call can use. It may be allowed less, see [`Allowance`].
    pub most: Usage,
}

impl From<Usage> for Bound {
    /// Of a call that is made whole or not at all.
    fn from(usage: Usage) -> Self {
        Self {
            least: usage,
            most: usage,
        }
    }
}

/// What a call may spend, over every try and every model that it takes. A try that could pass it is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Tokens, read and written.
    pub tokens: u64,
    /// Money in millionths of a US dollar; a model without a price is not asked then. `None` for any.
    pub micro_dollars: Option<u64>,
}

/// A model's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The text, without thinking. With a schema: JSON at best; anything is survived.
    pub text: String,
    /// What it came to, over every try that the port made for it.
    pub usage: Usage,
    /// The model that answered.
    pub model: String,
    /// What it was not shown of the prompt's material.
    #[serde(default)]
    pub unseen: Unseen,
}

/// How far a failure of a model reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The same call may succeed in a moment: the server is overloaded, the network was away.
    Passing,
    /// A limit of the service, which passes; until then calls fail at once and cost nothing.
    Limited,
    /// This call will not succeed; another may: the answer was empty, the prompt too long.
    Prompt,
    /// No call of this run will succeed: the key is rejected, the model is not there.
    Run,
}

/// Why a model did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ModelFailure {
    /// What happened, for people.
    pub message: String,
    /// What the user can do about it; may be empty.
    pub hint: String,
    /// What it means for the calls that follow.
    pub reach: Reach,
    /// What it cost all the same. When that is not known, the bound.
    pub spent: Usage,
}

/// Asks language models. Choice of model, retries, fail-over, packing, and the ladder of structured output lie behind it.
pub trait Model: Send + Sync {
    /// What a call with this prompt can come to. Reserved from the budget before the call: the most if there is so much
    /// left, else what is left if it is the least. Without a price (`micro_dollars: None` of the least) the call is refused
    /// when money is capped.
    fn bound(&self, prompt: &Prompt) -> Bound;

    /// Asks, and spends no more than [`Prompt::allowance`]. `on_delta` hears the text as it comes; only prose is listened
    /// to.
    fn ask<'a>(
        &'a self,
        prompt: &'a Prompt,
        cancel: &'a CancellationToken,
        on_delta: &'a (dyn Fn(&str) + Send + Sync),
    ) -> Boxed<'a, Result<Reply, ModelFailure>>;
}

/// What has become of a source since it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Present {
    /// It is there, with this text: of a code span, the whole file as it is now.
    There {
        /// The text.
        text: String,
    },
    /// It is not there any more.
    Gone,
    /// Nobody could look.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// Looks at sources again: for the check of an old report, and before a run quotes what an earlier one read on this machine.
pub trait Revisit: Send + Sync {
    /// The source as it is now.
    fn revisit<'a>(&'a self, source: &'a Source, cancel: &'a CancellationToken) -> Boxed<'a, Present>;
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970 (UTC). Never goes back while the process lives: the wall-time budget is kept by it.
    fn unix_ms(&self) -> u64;
}

/// The machine's clock, read once and then advanced by the monotonic one: a suspended machine spends no budget.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    began: Instant,
    began_ms: u64,
}

impl SystemClock {
    /// A clock that starts at the present.
    pub fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            began: Instant::now(),
            began_ms: since.as_millis() as u64,
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn unix_ms(&self) -> u64 {
        self.began_ms + self.began.elapsed().as_millis() as u64
    }
}

/// The world as one value.
#[derive(Clone)]
pub struct Ports {
    /// Finds documents.
    pub searcher: Arc<dyn Searcher>,
    /// Reads pages.
    pub reader: Arc<dyn Reader>,
    /// Asks models; `None` when the user has none. Runs are extractive then.
    pub model: Option<Arc<dyn Model>>,
    /// Looks at sources again.
    pub revisit: Arc<dyn Revisit>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Tells how near texts are to a question in meaning; `None` when nobody does. Words decide alone then.
    pub meaning: Option<Arc<dyn Meaning>>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports")
            .field("model", &self.model.is_some())
            .finish_non_exhaustive()
    }
}
