//! Vectors: the only crate that knows Qdrant.
//!
//! A [`VectorStore`] keeps one 8-bit vector per chunk id and finds the ids nearest to a query. It knows nothing
//! of texts, models, files or repositories, and never decides when to flush or to optimise: both are calls.
//! What is in a store can always be made again, so a store that is [`VectorError::Damaged`] is thrown away by
//! its caller and never repaired here.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod edge;
mod error;
mod format;
mod memory;
mod server;
mod similarity;
mod sketch;
mod store;
mod whole;

pub use edge::{EdgeSettings, EdgeStore};
pub use error::{Format, VectorError};
pub use memory::MemoryStore;
pub use server::{KeyTrouble, Server, ServerKey, ServerKeySource, ServerSettings, ServerStore, Trouble};
pub use similarity::quantise;
pub use store::{Filter, Near, VectorStore};
