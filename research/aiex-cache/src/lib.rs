//! Keeps what was expensive to get: in memory first, on disk behind it.
//!
//! A [`Cache`] holds bytes under a [`Key`], the digest of what was asked. Each [`Kind`] has its own time to live and its
//! own room in memory and on disk; what was used least recently goes first. An entry may depend on files: when one
//! changes, [`Cache::invalidate`] drops the entry. Callers that ask for the same thing at the same time wait for one
//! computation ([`Cache::get_or_compute`]).
//!
//! The disk part is a convenience: when it is damaged it is set aside and begun anew, when the disk is full the cache goes
//! on in memory, and [`Cache::stats`] says so. Nothing here is the only copy of anything.
//!
//! This crate does not know what the bytes mean.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod cache;
mod disk;
mod entry;
mod flight;
mod invalidation;
mod key;
mod settings;
mod stats;
mod store;

pub use cache::{Cache, KeptFile, MOST_FILES};
pub use flight::{Computed, Failed};
pub use key::{Dependency, Key, Kind};
pub use settings::{Clock, Limits, Settings};
pub use stats::{DiskState, KindStats, Stats};
