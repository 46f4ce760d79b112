//! The index of a repository: catalogue, content, generations, pipeline, search.
//!
//! ```text
//! files ─walk─► catalogue diff ─► read, filter, chunk ─► content store ─► full text ─► generation N
//!                                                        (shared, by key)  vectors fill in behind
//! ```
//!
//! An [`Engine`] owns what repositories share (content by key, the embedder, the query cache); a
//! [`RepoIndex`] is one repository: [`RepoIndex::update`] brings it in line with the disk,
//! [`RepoIndex::search`] asks the last complete generation. All calls block: they run on worker
//! threads. This crate knows no socket, no terminal and no environment; settings come in as values.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod catalogue;
pub mod content;
pub mod engine;
pub mod error;
pub mod generation;
mod grams;
mod layout;
pub mod look;
pub mod observer;
pub mod outline;
mod package;
mod packed;
pub mod pipeline;
pub mod repo;
mod role;
pub mod search;
mod seating;
pub mod settings;
pub mod snapshot;
pub mod suspects;

pub use engine::{Engine, Registered};
pub use error::{IndexError, SearchError};
pub use look::Defined;
pub use look::outlines::{FileOutline, OutlineOutcome, OutlineRequest};
pub use look::refs::{Reference, RefsOutcome, RefsRequest};
pub use look::symbols::{SymbolsOutcome, SymbolsRequest};
pub use observer::{Observer, Phase, Progress, Silent};
pub use repo::{CoverReport, EmbedReport, Facts, RepoIndex, Scope, SkippedFile, UpdateReport, VectorFacts};
pub use search::pack::{PackOutcome, PackRequest, PackedSpan};
pub use search::request::{
    Change, Constant, Explanation, Hit, Matches, Mode, SearchOutcome, SearchRequest, Step,
};
pub use search::similar::SimilarRequest;
pub use seating::VectorPlace;
pub use settings::IndexSettings;
