//! What happens in a run, as its followers see it.
//!
//! Events are kept in the store and counted from 1 without gaps, so that a run can be followed again from any number
//! at any time, also after it has ended. Their bytes grow with what happened, never with its square: text is sent as
//! additions.

use aiex_evidence::{EngineRun, Ledger, Origin, QuoteId, SourceId};
use serde::{Deserialize, Serialize};

use crate::SourceKind;
use crate::plan::{Brief, Plan};
use crate::request::{Depth, Limits};

/// The stages of a run, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The question is classified, clarified, and briefed.
    Scope,
    /// It is cut into sub-questions.
    Plan,
    /// Rounds of searching, reading and quoting.
    Gather,
    /// The report's sections are chosen from the quotes.
    Outline,
    /// They are written.
    Write,
    /// Every sentence is checked against its quotes, and repaired where that helps.
    Check,
    /// The report is put together and kept.
    Report,
}

/// Why a round of searching was the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopRule {
    /// Every sub-question has quotes of two independent sources.
    Answered,
    /// The depth's rounds are used.
    Rounds,
    /// Two rounds brought no new quote.
    Stalled,
    /// Every further query had been asked already.
    Duplicates,
    /// The budget, less the reserve for the report, is used.
    Budget,
    /// The user said so.
    Told,
    /// Nothing can be searched.
    Unreachable,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run exists.
    Created {
        /// What was asked.
        question: String,
        /// How far it goes.
        depth: Depth,
        /// What it may spend.
        limits: Limits,
        /// Whether a model takes part.
        model: bool,
    },
    /// A stage begins. The same stage may begin again after a restart.
    StageBegan {
        /// Which.
        stage: Stage,
    },
    /// A stage ended.
    StageEnded {
        /// Which.
        stage: Stage,
        /// How long it took in this process, in milliseconds.
        took_ms: u64,
    },
    /// The question was understood so.
    Briefed {
        /// How.
        brief: Brief,
    },
    /// There is a plan.
    Planned {
        /// The plan.
        plan: Plan,
    },
    /// The run waits for a yes.
    AwaitingApproval,
    /// The plan was approved.
    Approved {
        /// As it now is.
        plan: Plan,
    },
    /// A round of searches begins.
    RoundBegan {
        /// Its number, from 1.
        round: u32,
        /// How many searches it holds.
        searches: u32,
    },
    /// A search ended.
    Searched {
        /// The round.
        round: u32,
        /// The sub-question, by place in the plan.
        sub_question: usize,
        /// Where.
        source: SourceKind,
        /// What for.
        query: String,
        /// How many results came.
        found: u32,
        /// Why it failed, if it did.
        failure: Option<String>,
        /// The engines that it went to, of a source that has several.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        engines: Vec<EngineRun>,
    },
    /// A source was read.
    Read {
        /// Its number.
        source: SourceId,
        /// Where it lies.
        origin: Origin,
        /// What it calls itself.
        title: String,
        /// Whether it tries to instruct a model.
        instructs: bool,
    },
    /// A source could not be read.
    ReadFailed {
        /// Where it lies.
        origin: Origin,
        /// Why.
        failure: String,
    },
    /// A quote was accepted.
    Quoted {
        /// Its number.
        quote: QuoteId,
        /// The sub-question it was taken for.
        sub_question: Option<usize>,
        /// The words.
        text: String,
    },
    /// A round ended.
    RoundEnded {
        /// Its number.
        round: u32,
        /// Quotes it brought.
        new_quotes: u32,
        /// Sub-questions that two independent sources answer by now.
        answered: u32,
        /// Why it was the last, if it was.
        stop: Option<StopRule>,
    },
    /// The sections are chosen.
    Outlined {
        /// Their headings, in order.
        headings: Vec<String>,
    },
    /// A section's text grows, as the model writes it: unchecked, with the model's own marks. An offset of 0 begins
    /// it anew.
    Draft {
        /// The section's place.
        section: usize,
        /// Where the addition begins, in bytes of the draft.
        offset: usize,
        /// The addition.
        text: String,
    },
    /// A section was written.
    Written {
        /// The section's place.
        section: usize,
        /// Its sentences.
        sentences: u32,
        /// Citations of things that do not exist, taken out.
        unknown_cites: u32,
    },
    /// Every sentence was checked.
    Checked {
        /// Borne out by their quotes.
        supported: u32,
        /// In part.
        partial: u32,
        /// Not.
        unsupported: u32,
        /// Said otherwise.
        contradicted: u32,
        /// Nobody looked.
        unchecked: u32,
        /// Repaired by another quote.
        repaired: u32,
    },
    /// Something was done without the model or without a source; the run goes on.
    Fallback {
        /// Where.
        stage: Stage,
        /// Why.
        reason: String,
    },
    /// What was spent so far.
    Spent {
        /// The ledger.
        ledger: Ledger,
    },
    /// The run goes on after a restart, a pause, a retry.
    Resumed,
    /// The user paused it.
    Paused,
    /// The user told it to finish with what it has.
    Finishing,
    /// The user ended it.
    Cancelled,
    /// It ended without a report.
    Failed {
        /// Why.
        reason: String,
        /// What to do about it.
        hint: String,
    },
    /// It ended with a report.
    Done {
        /// Why the report is partial, if it is.
        partial: Option<String>,
        /// What was spent.
        ledger: Ledger,
    },
}

/// An event and its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number within the run, from 1, without gaps.
    pub seq: u64,
    /// When, in milliseconds since 1970 (UTC).
    pub at_ms: u64,
    /// What.
    pub event: Event,
}
