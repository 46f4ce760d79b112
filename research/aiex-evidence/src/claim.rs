//! What a report claims, and how far its quotes bear it out.

use serde::{Deserialize, Serialize};

use crate::QuoteId;

/// How far the cited quotes bear a sentence out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// They say it.
    Supported,
    /// They say part of it.
    Partial,
    /// They do not say it.
    Unsupported,
    /// They say the opposite.
    Contradicted,
    /// Nobody looked: no model, no budget, or the answer could not be read. Never shown as refuted.
    Unchecked,
}

/// One sentence with its citations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// The words, without citation marks.
    pub text: String,
    /// The quotes it rests on, in the order it cites them.
    pub cites: Vec<QuoteId>,
    /// How far they bear it out; `None` for a sentence that claims nothing (a heading's lead-in, a transition).
    pub verdict: Option<Verdict>,
    /// Why the verdict is what it is, for people: `the number 42 is in none of the quotes`.
    pub reason: Option<String>,
    /// Whether a model gave the verdict, where code was in doubt.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub judged: bool,
}
