//! What a provider is: where, which model, with which key and how long to wait. It does not know where these
//! values were configured.

use std::time::Duration;

use crate::{Retry, Secret};

/// Which wire format a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// Chat completions with server-sent events: OpenAI and everything compatible with it.
    OpenAi,
    /// Ollama's own `/api/chat`, which, unlike its OpenAI-compatible face, can set the context length.
    Ollama,
}

/// One configured provider.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// The name the user gave it; errors are told in this name.
    pub name: String,
    /// The wire format.
    pub kind: ProviderKind,
    /// For OpenAI-compatible servers the part before `/chat/completions` (`https://api.openai.com/v1`);
    /// a URL without a path gets `/v1`. For Ollama the server's root (`http://127.0.0.1:11434`).
    pub base_url: String,
    /// The model, in the provider's own spelling.
    pub model: String,
    /// The key, sent as a bearer token; local servers often need none.
    pub key: Option<Secret>,
    /// How long to wait for what.
    pub deadlines: Deadlines,
    /// The model's context length in tokens. Ollama is told to use exactly this much; when unknown, a
    /// context that holds the prompt is asked for.
    pub context_tokens: Option<u32>,
    /// The longest answer to ask for, in tokens.
    pub max_output_tokens: u32,
    /// Sampling temperature; `None` leaves the model's default.
    pub temperature: Option<f32>,
    /// How often to try again before the first text, and with which pauses.
    pub retry: Retry,
}

impl ProviderConfig {
    /// A provider with the default limits and no key.
    pub fn new(
        name: impl Into<String>,
        kind: ProviderKind,
        base_url: impl Into<String>,
        model: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            kind,
            base_url: base_url.into(),
            model: model.into(),
            key: None,
            deadlines: Deadlines::default(),
            context_tokens: None,
            // Two pages of text: longer than a good answer to a question about code.
            max_output_tokens: 1500,
            temperature: None,
            retry: Retry::default(),
        }
    }
}

/// How long to wait for each step of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For the connection, name lookup and TLS included.
    pub connect: Duration,
    /// From sending the request to the first byte of the answer's body.
    pub first_byte: Duration,
    /// Between two reads of the body. Heartbeats count as life; `total` bounds a server that only beats.
    pub idle: Duration,
    /// For everything, retries and their pauses included.
    pub total: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            // A local server may have to read tens of gigabytes of weights from a disk first.
            first_byte: Duration::from_secs(120),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(600),
        }
    }
}
