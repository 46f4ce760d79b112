//! What a provider is: where, which model, with which key and how long to wait. It does not know where these
//! values were configured.

use std::time::Duration;

use aiex_remote::{LONGEST_WAIT, Secret};

use crate::tokens::Tokenizer;

/// Which wire format a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProviderKind {
    /// Chat completions with server-sent events: OpenAI and everything compatible with it.
    OpenAi,
    /// OpenAI's responses. Nothing is stored at the provider.
    OpenAiResponses,
    /// Anthropic's messages.
    Anthropic,
    /// Ollama's own `/api/chat`, which, unlike its OpenAI-compatible face, can set the context length.
    Ollama,
    /// LM Studio: chat completions with schemas as the only structured output, answers that land among the
    /// thoughts, and errors in shapes of its own.
    LmStudio,
}

impl ProviderKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::OpenAi,
        Self::OpenAiResponses,
        Self::Anthropic,
        Self::Ollama,
        Self::LmStudio,
    ];
}

/// One configured provider.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// The name the user gave it; errors are told in this name.
    pub name: String,
    /// The wire format.
    pub kind: ProviderKind,
    /// For OpenAI-compatible servers the part before `/chat/completions` or `/responses`
    /// (`https://api.openai.com/v1`); a URL without a path gets `/v1`. For Anthropic, Ollama and LM Studio the
    /// server's root (`https://api.anthropic.com`, `http://127.0.0.1:11434`, `http://127.0.0.1:1234`).
    pub base_url: String,
    /// The model, in the provider's own spelling.
    pub model: String,
    /// The key, sent as the provider wants it; local servers often need none.
    pub key: Option<Secret>,
    /// How long to wait for what.
    pub deadlines: Deadlines,
    /// The model's context length in tokens. Ollama is told to use exactly this much; when unknown, a
    /// context that holds the prompt is asked for.
    pub context_tokens: Option<u32>,
    /// The model's vocabulary, to count its tokens by; without one they are counted as its name suggests, or estimated.
    pub tokenizer: Option<Tokenizer>,
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
            tokenizer: None,
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

/// How often to try again, and with which pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Further tries after the first.
    pub attempts: u32,
    /// The pause before the first further try; doubled for each one after it.
    pub pause: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            pause: Duration::from_millis(500),
        }
    }
}

impl Retry {
    /// No further tries: for callers that have another provider to turn to.
    pub const NEVER: Self = Self {
        attempts: 0,
        pause: Duration::ZERO,
    };

    /// The pause before further try number `attempt` (from 0): what the server asked for, or the exponential
    /// pause less up to half of it, so that many clients do not come back together. At most a minute.
    pub(crate) fn pause_before(&self, attempt: u32, asked: Option<Duration>) -> Duration {
        let pause = asked.unwrap_or_else(|| {
            let full = self.pause.saturating_mul(2u32.saturating_pow(attempt));
            full.mul_f64(0.5 + 0.5 * fastrand::f64())
        });
        pause.min(LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_capped() {
        let retry = Retry {
            attempts: 9,
            pause: Duration::from_secs(1),
        };
        for attempt in 0..9 {
            let pause = retry.pause_before(attempt, None);
            let full = Duration::from_secs(1 << attempt);
            assert!(full / 2 <= pause || pause == LONGEST_WAIT, "{attempt}: {pause:?}");
            assert!(pause <= full && pause <= LONGEST_WAIT, "{attempt}: {pause:?}");
        }
        assert_eq!(
            retry.pause_before(0, Some(Duration::from_secs(3600))),
            LONGEST_WAIT
        );
        assert_eq!(retry.pause_before(5, Some(Duration::ZERO)), Duration::ZERO);
    }
}
