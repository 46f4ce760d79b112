//! Searches the web: engines, one coordinator over them, and a merged ranking.
//!
//! A [`Coordinator`] sends a [`Query`] to every engine at once and tells what comes back as [`Event`]s: each answer and
//! each failure as it comes, the merged ranking after each of them, and a [`Summary`] of what was searched and what
//! failed. No engine waits for another. [`Pool`] is the merging and ranking alone, for callers that keep answers.
//!
//! This crate reads no page, no environment variable and no configuration file; keys, URLs and deadlines come in as
//! values. Nothing is sent before secrets were taken out of it.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod canonical;
mod config;
mod coordinator;
mod date;
mod engine;
mod enhance;
mod found;
mod http;
mod markup;
mod outgoing;
mod pool;
mod query;
mod service;
mod shingle;
#[cfg(feature = "standin")]
pub mod standin;
mod summary;
mod trust;
mod weight;

pub use canonical::Canonical;
pub use config::{ConfigError, Configured, Deadlines, EngineConfig, EngineKind, JsonEndpoint};
pub use coordinator::{Coordinator, EngineHealth, Event, Searching};
pub use enhance::Wording;
pub use found::{Found, Hit, Sighting};
pub use pool::{Pool, Ranking};
pub use query::{Answered, Dependency, Ecosystem, Enhance, Freshness, Hosts, Kind, Query, Reach};
pub use summary::{NotAsked, Run, RunFailure, Summary};
pub use trust::Trust;
