//! Runs research: a journalled machine from a question to a report whose citations are checked.
//!
//! [`Research`] is the handle. A run classifies its question, plans sub-questions, searches and reads in rounds, takes
//! verbatim quotes, writes sections from quotes alone, checks every sentence, and keeps a report. Every call to the
//! outside is written to a journal before it is made and after it has ended, so a run goes on after a crash without
//! repeating what was done; see [`Event`] for what followers see. Without a model the report is made of the quotes
//! themselves, and says so.
//!
//! This crate knows no index, no web and no model provider: [`Ports`] are what it needs of them.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod ask;
mod budget;
mod checking;
mod echo;
mod error;
mod estimate;
mod event;
mod extractive;
mod feed;
mod fusion;
mod gather;
mod journal;
mod lenient;
mod live;
mod machine;
mod outline;
mod plan;
mod ports;
mod prompt;
mod request;
mod research;
mod run;
mod scope;
mod settings;
mod sides;
mod since;
mod store;
mod template;
mod terms;
mod verify;
mod writing;

pub use error::{ResearchError, TemplateError};
pub use estimate::Estimate;
pub use event::{Entry, Event, Stage, StopRule};
pub use feed::Follow;
pub use fusion::{Fusion, same_result};
pub use plan::{Brief, Plan, QuestionKind, SubQuestion};
pub use ports::{
    Allowance, Bound, Boxed, Clock, Cut, Deaf, EngineAnswer, Findings, Found, Hears, Material, Model,
    ModelFailure, ModelStage, PageText, Part, Ports, Present, Prompt, Reach, ReadFailure, Reader, Reply,
    Revisit, Search, SearchFailure, Searcher, SourceKind, SystemClock, Unseen, Usage,
};
pub use request::{Approval, Budget, Depth, Limits, Request};
pub use research::Research;
pub use run::{RunId, RunState, RunSummary, RunView};
pub use settings::Settings;
pub use since::Since;
pub use template::TemplateInfo;
pub use verify::{Drift, QuoteState, Verification};
