//! Text in, chunks and symbols out. Pure: no IO. The only crate that knows tree-sitter.
//!
//! It does not know paths beyond what [`Language::detect`] is told, nor what becomes of its output. Nothing
//! here fails: text that cannot be parsed in time is cut by lines instead.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod chunk;
mod cut;
mod grammar;
mod hazard;
mod language;
mod languages;
mod limits;
mod macros;
mod measure;
mod outline;
mod parse;
mod symbol;
mod units;

pub use chunk::{Chunk, ChunkKind, Chunked, Parse, chunk};
pub use language::Language;
pub use limits::Limits;
pub use measure::tokens;
pub use symbol::{Symbol, SymbolKind};

/// Version of the output. Part of the content key, so it must change whenever the same text would give other
/// chunks or symbols.
pub const VERSION: u32 = 3;
