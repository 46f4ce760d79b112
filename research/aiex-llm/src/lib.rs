//! Model providers: any OpenAI-compatible URL and Ollama, streamed.
//!
//! A [`Provider`] turns a [`Prompt`] into an [`Answer`], a stream of [`Delta`]s. Whatever goes wrong on the
//! way has a class ([`Failure`]) and a sentence on what to do next ([`LlmError::hint`]).
//!
//! This crate does not know what is asked or why: no search, no citations, no files. It reads no environment
//! variable and no configuration file; keys, URLs and deadlines come in as values.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod answer;
mod backoff;
mod config;
mod dialect;
mod endpoint;
mod failure;
mod framing;
mod prompt;
mod provider;
mod reading;
mod secret;
#[cfg(feature = "standin")]
pub mod standin;
mod thinking;
pub mod tokens;

pub use answer::{Answer, Delta, Finish, Usage};
pub use backoff::Retry;
pub use config::{Deadlines, ProviderConfig, ProviderKind};
pub use failure::{Failure, LlmError, Target};
pub use prompt::{Message, Prompt, Role};
pub use provider::Provider;
pub use secret::Secret;
