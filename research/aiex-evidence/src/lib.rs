//! Evidence and what is claimed from it: sources, quotes, citations, their checks, and the report.
//!
//! A [`Source`] is a document that a search returned and that was read; its text is kept as it was read (the *snapshot*).
//! A [`Quote`] is a verbatim piece of a snapshot. A [`Sentence`] of a [`Report`] cites quotes by id, never by address:
//! addresses are rendered from the catalogue, so that a report cannot hold a link that nobody fetched.
//!
//! The way of a report: documents become sources ([`Catalogue::add`]), passages become quotes ([`Quotes::accept`],
//! [`Quotes::extract`]), a model's prose becomes sections ([`draft::parse`]), sentences get verdicts ([`check::settle`]),
//! wrong citations are mended ([`repair::repair`]), and the whole is rendered ([`render`]) and mapped ([`graph`]).
//!
//! This crate is pure: no network, no files, no clock, no model.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod align;
pub mod check;
mod claim;
pub mod date;
pub mod disagree;
pub mod draft;
mod evidence;
pub mod extract;
mod facts;
mod fold;
pub mod graph;
mod inline;
pub mod quote;
pub mod render;
pub mod repair;
mod report;
pub mod sentences;
mod source;
mod words;

pub use check::{Doubt, Finding};
pub use claim::{Sentence, Verdict};
pub use draft::Draft;
pub use evidence::Evidence;
pub use extract::Rarity;
pub use fold::visible;
pub use graph::KnowledgeGraph;
pub use quote::{Quote, QuoteId, Quotes, Rejected};
pub use report::{
    Disagreement, EngineRun, Hindrance, Ledger, Paragraph, Removed, Report, SearchRun, Section, Tally, Unread,
};
pub use source::{Catalogue, Document, Origin, PROSE, Source, SourceId};
