//! Finds files: roots, ignore rules, filters, secrets, git, watching. Knows nothing of chunks or stores.
//!
//! Everything between the disk and a clean text happens here:
//! [`root`] decides what may be indexed, [`walk`] lists it, [`filter`] reads one file and says why not,
//! [`secret`] keeps key material out, [`git`] lends object ids, [`watch`] says what may have changed.
//! A scan is the truth; the watcher only gives hints.
//!
//! Settings come in as values: no environment, no home directory, no terminal, no child process.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod filter;
pub mod git;
mod open;
mod reason;
mod relpath;
pub mod root;
pub mod rules;
pub mod secret;
pub mod stat;
pub mod walk;
pub mod watch;

pub use reason::SkipReason;
pub use relpath::RelPath;
