//! Text in, vectors out: the built-in static model, ONNX models and embedders behind HTTP, all as one [`Embedder`].
//!
//! It does not know where texts come from, how vectors are stored or searched, or which settings a user wrote: an embedder
//! is opened from an [`EmbedderChoice`], a plain value.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod choice;
mod embedder;
mod error;
pub mod http;
pub mod onnx;
mod secret;
pub mod static_model;
pub mod tokenizer;

pub use choice::{EmbedderChoice, open};
pub use embedder::{Cost, Embedder, normalise};
pub use error::EmbedError;
pub use secret::Secret;
