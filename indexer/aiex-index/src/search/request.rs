//! What can be asked of a repository, and what comes back.

use std::collections::BTreeMap;

/// How to read a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// From its shape.
    #[default]
    Auto,
    /// As a regular expression; every match counts.
    Regex,
    /// As text to be found as it stands.
    Literal,
}

/// A search.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct SearchRequest {
    /// What to look for.
    pub query: String,
    /// How many hits at most.
    pub limit: usize,
    /// How to read the query.
    pub mode: Mode,
    /// For regex and literal: go on behind the page that gave this as its [`Matches::next`].
    pub after: Option<String>,
    /// Globs over paths; a leading `!` excludes.
    pub paths: Vec<String>,
    /// Only these files, by path, whatever the globs allow besides; all when none are named.
    pub files: Vec<String>,
    /// Language names.
    pub languages: Vec<String>,
    /// Symbol kinds.
    pub kinds: Vec<String>,
    /// Whether hits carry their score's parts.
    pub explain: bool,
    /// Constants of ranking that hold for this search alone.
    pub ranking: Vec<Constant>,
}

/// A constant of ranking by its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Constant {
    /// Its name, as `[ranking]` of the settings spells it.
    pub name: String,
    /// The bits of its value, so that requests can be compared.
    bits: u32,
}

impl Constant {
    /// A constant and its value.
    pub fn new(name: impl Into<String>, value: f32) -> Self {
        Self {
            name: name.into(),
            bits: value.to_bits(),
        }
    }

    /// Its value.
    pub fn value(&self) -> f32 {
        f32::from_bits(self.bits)
    }
}

/// One ranked span.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Higher is better; comparable within one answer.
    pub score: f32,
    /// Path inside the repository, with `/`.
    pub path: String,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// The symbol that the span defines or lies in, with its container.
    pub symbol: Option<String>,
    /// The symbol's kind.
    pub kind: Option<&'static str>,
    /// The file's language.
    pub language: Option<&'static str>,
    /// The span's text as indexed, secrets redacted.
    pub snippet: String,
    /// The line that best shows why the span matched.
    pub focus_line: u32,
    /// In a few words, why it ranks.
    pub why: Vec<String>,
    /// The score's parts, when asked for.
    pub explain: Option<Explanation>,
}

/// Where a score comes from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explanation {
    /// How the query was read.
    pub route: &'static str,
    /// Rank (from 1) and raw score in each arm that found the span.
    pub arms: BTreeMap<&'static str, (u32, f32)>,
    /// What the score was made by, in order.
    pub steps: Vec<Step>,
}

/// One rule's part in a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The rule's name.
    pub rule: &'static str,
    /// What it saw.
    pub detail: String,
    /// What it did.
    pub change: Change,
    /// The score after it.
    pub score: f32,
}

/// What a rule does to a score, which begins at nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// Adds this.
    Add(f32),
    /// Multiplies by this.
    Times(f32),
}

impl Change {
    /// The score after the change.
    pub fn of(self, score: f32) -> f32 {
        match self {
            Self::Add(more) => score + more,
            Self::Times(factor) => score * factor,
        }
    }
}

/// All that a pattern matches, on this page or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matches {
    /// Lines on which a match begins.
    pub lines: u64,
    /// Files that hold them.
    pub files: u64,
    /// What to go on behind; none when there is nothing.
    pub next: Option<String>,
}

/// The end of a search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchOutcome {
    /// Best first.
    pub hits: Vec<Hit>,
    /// How the query was read.
    pub route: &'static str,
    /// The generation searched.
    pub generation: u64,
    /// Whether it came from the cache.
    pub is_cached: bool,
    /// For regex and literal: whether every match was returned, or every one behind [`SearchRequest::after`].
    pub is_exhaustive: bool,
    /// For regex and literal: how many matches there are, returned or not.
    pub matches: Option<Matches>,
    /// What the user should know: an arm that could not answer.
    pub notices: Vec<String>,
    /// Words of the query that stand nowhere in the index in any form: what was found does not speak of them.
    pub nowhere: Vec<String>,
}
