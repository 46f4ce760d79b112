//! Runs it: components, events, and the server on the unix socket.
//!
//! ```text
//! socket ─► server ─► session ─► dispatch ─► verb ─► repositories ─► index
//!                        ▲                     │
//!                        └── stream ◄── events ┘        workers: watch ─► update ─► embed
//! ```
//!
//! [`run`] blocks until the daemon ends. Inside, everything that can fail on its own is a
//! [`component::Component`] that is restarted when it does; facts travel on one bus
//! ([`event::Event`]); every request is a [`stream::Stream`] of numbered events that never waits
//! for its readers. The crate knows no terminal and no client, and it knows the index only through
//! [`repository::Repositories`], which tests stand in for.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod answer;
pub mod component;
mod daemon;
mod drain;
mod embedder;
mod error;
pub mod event;
mod handle;
mod housekeeping;
mod idle;
mod indexing;
mod keys;
mod log;
mod memory;
mod models;
mod notebook;
mod panics;
mod power;
pub mod repository;
mod research;
mod resources;
mod server;
mod session;
mod status;
pub mod stream;
mod streams;
pub mod supervise;
mod token;
mod verb;
mod wire;

use aiex_config::{Environment, ProviderSettings, ResearchSettings};

pub use aiex_index::suspects::Trial;
pub use daemon::{Exit, Logging, OnReady, RepositorySource, RunOptions, run};
pub use error::DaemonError;
pub use models::Problem;

/// The day of the built-in prices. The user's come before them, if the settings name a file: no model is asked when it cannot
/// be read.
pub fn check_prices(settings: &ResearchSettings, environment: &dyn Environment) -> Result<String, Problem> {
    models::prices(settings, environment).map(|prices| prices.dated().to_owned())
}

/// Whether the vocabulary that a provider's settings name can be read, if they name one.
///
/// # Errors
/// What is wrong with the file, and what can be done about it.
pub fn check_tokenizer(provider: &ProviderSettings, environment: &dyn Environment) -> Result<(), Problem> {
    models::tokenizer(provider, environment).map(|_| ())
}

/// The names of the constants that `[ranking]` may set.
pub fn ranking_constants() -> &'static [&'static str] {
    aiex_index::search::RankSettings::NAMES
}

/// The signals of ranking that can be switched off for one search, each with the value that does so.
pub fn ranking_signals() -> Vec<(&'static str, f32)> {
    use aiex_index::search::RankSettings;
    let signals = RankSettings::NAMES.iter();
    signals
        .filter_map(|name| Some((*name, RankSettings::off(name)?)))
        .collect()
}
