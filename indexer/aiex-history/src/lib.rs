//! Searches a repository's history: commit messages and what they changed.
//!
//! [`History::update`] reads the commits that are new since the last time, from `HEAD` and the local branches, into a
//! small store: message, changed paths, added and removed lines. [`History::search`] ranks them for a question such as
//! `why was retry added author:ada since:2024`. [`History::churn`] says which files change often, and [`CommittedFiles`]
//! what a commit has in a file. [`Commits`] finds single commits by their ids.
//!
//! Git's objects are read in process; no program is started and nothing is written to the repository. The store is a
//! cache: it survives a kill at any instant, commits that are no longer reachable leave it, and a damaged one is begun
//! anew. Secrets are blotted out before anything is stored. All calls block; run them off the runtime's threads.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod change;
mod churn;
mod committed;
mod date;
mod error;
mod history;
mod hit;
mod limits;
mod named;
mod query;
mod rank;
mod repository;
mod store;
mod words;

pub use change::{ChangeKind, Side};
pub use churn::Churn;
pub use committed::CommittedFiles;
pub use error::HistoryError;
pub use history::{Cancel, History, Status, Updated};
pub use hit::{ChangedFile, CommitHit, DiffLine};
pub use limits::Limits;
pub use named::{CommitMessage, Commits};
