//! What a user made with aiex, copied away, checked, and brought back.
//!
//! ```text
//! home ── write ──► a folder: manifest.json (names, sizes, digests) and a copy of each part
//!   ▲                  │
//!   └──── restore ◄── verify
//! ```
//!
//! What belongs to it is in [`part`]: settings, history and bookmarks, research, keys, the list of repositories. Indexes and
//! caches do not: they can be computed again. A backup can be written while the daemon works. It is there whole or not at
//! all, and nothing that a restore replaces is lost: it is set aside.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod database;
mod error;
mod files;
pub mod manifest;
pub mod part;
pub mod restore;
pub mod verify;
pub mod write;

pub use error::BackupError;
