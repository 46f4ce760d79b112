//! The index through real stores and real files.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod answers;
mod costly;
mod damage;
mod exhaustive;
mod fixture;
mod oddities;
mod reuse;
mod ripgrep;
mod room;
mod updates;
mod vector_server;
