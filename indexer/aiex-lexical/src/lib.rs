//! Full text: the only crate that knows tantivy.
//!
//! A [`LexicalIndex`] finds chunk ids by the words of their text, names, path and breadcrumb. It stores no text,
//! knows no file, repository or language, and never decides when to commit or to show what was committed. What is
//! in an index can always be made again, so one that is [`LexicalError::Damaged`] is thrown away by its caller
//! and never repaired here.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod analyser;
mod document;
mod error;
mod fields;
mod format;
mod index;
mod stemming;
mod writer;

pub use document::{Document, Query, Rarity, Scored, TermScore, chunk_version};
pub use error::LexicalError;
pub use index::{Admit, LexicalIndex};
pub use stemming::stem;
pub use writer::Writer;
