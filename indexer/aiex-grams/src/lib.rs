//! Which texts can an expression match in? Trigram postings answer without reading the texts.
//!
//! ```text
//! texts ─► Builder ─► Segment (a file that never changes) ─┐
//! pattern ─► Query (trigrams joined by and, or) ───────────┴─► documents that may match
//! ```
//!
//! An answer never lacks a document that matches, and may hold some that do not: the caller looks into each. A
//! [`Segment`] covers a set of documents; whatever no segment covers must be looked into as well. Nothing here knows
//! what a document is beyond two numbers, where texts come from, or what becomes of an answer.
//!
//! Grams are three successive bytes, in lower case as far as they are ASCII.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod builder;
mod codec;
mod document;
mod error;
mod folder;
mod gram;
mod merge;
mod query;
mod segment;
mod writer;

pub use builder::Builder;
pub use document::Document;
pub use error::GramsError;
pub use folder::{Folder, Opened};
pub use gram::Gram;
pub use merge::merge;
pub use query::{PatternError, Query};
pub use segment::{Candidates, Segment};
