//! What is to be found out, and where.

use aiex_evidence::extract::Parts;
use serde::{Deserialize, Serialize};

use crate::SourceKind;

/// What kind of question it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Brief {
    /// What kind of question it is.
    pub kind: QuestionKind,
    /// What the reader wants to know or decide, in one or two sentences.
    pub objective: String,
    /// What the answer must respect: versions, platforms, wishes.
    pub constraints: Vec<String>,
    /// What would have been asked back, if the question is unclear.
    pub clarify: Option<String>,
}

/// One part of the question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubQuestion {
    /// The part, as a question.
    pub question: String,
    /// Where to look for it.
    pub sources: Vec<SourceKind>,
    /// What to search for; the question's own words when empty.
    pub queries: Vec<String>,
}

/// The parts of a question. Editable: a plan may be changed before it is approved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// The parts, the most important first.
    pub sub_questions: Vec<SubQuestion>,
}

impl Plan {
    /// What each part asks that the others do not.
    pub(crate) fn parts(&self) -> Parts {
        Parts::new(self.sub_questions.iter().map(|sub| sub.question.as_str()))
    }
}
