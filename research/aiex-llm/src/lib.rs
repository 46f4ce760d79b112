//! Model providers: OpenAI (chat completions and responses), Anthropic, Ollama, LM Studio and whatever is
//! compatible with them.
//!
//! From below upwards: a [`Provider`] turns a [`Request`] into an [`Answer`], a stream of [`Delta`]s. [`Models`]
//! choose among several providers by stage and policy, keep to their limits, and go on with another when one
//! fails. [`structured`] gets a value of a type out of any of them. [`pack`](mod@pack) fits the [`Material`] of a
//! request into the context of the model that is asked and says what it left out, [`tokens`] counts, [`price`] says what it costs, [`keys`] keeps keys.
//!
//! Whatever goes wrong has a class ([`Failure`]) and a sentence on what to do next ([`LlmError::hint`],
//! [`NoAnswer::hint`]).
//!
//! This crate does not know what is asked or why: no search, no citations. It reads no environment variable and
//! no configuration file; keys, URLs and deadlines come in as values.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod answer;
mod config;
mod cut;
mod dialect;
mod endpoint;
mod failure;
mod framing;
mod json;
pub mod keys;
pub mod models;
pub mod pack;
pub mod price;
mod prompt;
mod provider;
mod reading;
mod repetition;
#[cfg(feature = "standin")]
pub mod standin;
mod structured;
mod thinking;
pub mod tokens;
mod turns;

pub use aiex_remote::Secret;
pub use answer::{Answer, Delta, Finish, Usage};
pub use config::{Deadlines, ProviderConfig, ProviderKind, Retry};
pub use failure::{Failure, LlmError, Target};
pub use models::{Models, NoAnswer, Run, Stage};
pub use prompt::{Allowance, Material, Message, Prompt, Request, Role, Schema};
pub use provider::Provider;
pub use structured::{Rung, Structured, structured};
