//! Everything that can go wrong with a provider, as closed classes. It does not know how a user is told; it
//! knows what to tell.

mod hint;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use crate::ProviderKind;
pub(crate) use verdict::{Fault, judge};

/// Whom an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The provider's configured name.
    pub provider: String,
    /// Its wire format.
    pub kind: ProviderKind,
    /// The model that was asked.
    pub model: String,
    /// The URL that was asked, without credentials and query.
    pub endpoint: String,
    /// Whether a key was sent.
    pub has_key: bool,
}

/// A provider that could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("provider `{}`: {failure}", target.provider)]
pub struct LlmError {
    /// Whom it is about.
    pub target: Arc<Target>,
    /// What went wrong.
    pub failure: Failure,
}

impl LlmError {
    /// What to do next, in whole sentences.
    pub fn hint(&self) -> String {
        hint::hint(&self.target, &self.failure)
    }

    /// Whether the same request may succeed if it is sent again, see [`Failure::is_retryable`].
    pub fn is_retryable(&self) -> bool {
        self.failure.is_retryable()
    }
}

/// What went wrong. Messages are the server's, shortened, without control characters and without the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The provider's settings cannot work.
    #[error("{reason}")]
    BadSettings {
        /// What is wrong with them.
        reason: String,
    },
    /// The key is missing, wrong, or not allowed to use this model.
    #[error("the key was rejected (HTTP {status}): {message}")]
    KeyRejected {
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// The account behind the key has no money or quota left; waiting does not help.
    #[error("the quota of this key is used up: {message}")]
    KeyExhausted {
        /// The server's words.
        message: String,
    },
    /// Too many requests or tokens a minute.
    #[error("the rate limit is reached: {message}")]
    RateLimited {
        /// How long the server asked to wait.
        retry_after: Option<Duration>,
        /// The server's words.
        message: String,
    },
    /// The server is overloaded, restarting or still loading the model.
    #[error("the server is busy (HTTP {status}): {message}")]
    Overloaded {
        /// The HTTP status.
        status: u16,
        /// How long the server asked to wait.
        retry_after: Option<Duration>,
        /// The server's words.
        message: String,
    },
    /// Prompt and answer do not fit into the model's context, or the prompt alone exceeds a rate limit.
    #[error("the prompt is too long for model `{model}`: {message}")]
    ContextOverflow {
        /// The model that was asked.
        model: String,
        /// The model's limit in tokens, where the message names it.
        limit: Option<u64>,
        /// The request's size in tokens, where the message names it.
        requested: Option<u64>,
        /// The server's words.
        message: String,
    },
    /// The server does not have the model.
    #[error("model `{model}` is not there: {message}")]
    ModelMissing {
        /// The model that was asked.
        model: String,
        /// The server's words.
        message: String,
    },
    /// The model needs more memory than the server's machine has.
    #[error("model `{model}` does not fit into the server's memory: {message}")]
    ModelTooLarge {
        /// The model that was asked.
        model: String,
        /// The server's words.
        message: String,
    },
    /// No connection: refused, name not found, TLS failure or connect deadline.
    #[error("cannot connect to {endpoint}: {reason}")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// The innermost cause.
        reason: String,
    },
    /// Connected, but nothing of an answer came in time.
    #[error("no answer began within {after:?}")]
    FirstByteTimeout {
        /// The deadline.
        after: Duration,
    },
    /// The answer began, then nothing more came in time.
    #[error("the answer stalled for {after:?}")]
    IdleTimeout {
        /// The deadline.
        after: Duration,
    },
    /// The server takes requests and says nothing, not even when it is called beside them.
    #[error("the server has said nothing for {after:?} and does not answer when it is called")]
    Silent {
        /// How long nothing was heard of it.
        after: Duration,
    },
    /// The whole took too long.
    #[error("the answer was not complete within {after:?}")]
    TotalTimeout {
        /// The deadline.
        after: Duration,
    },
    /// The server said success and sent no text.
    #[error("the answer is empty{}", if *only_thinking { ": the model only thought" } else { "" })]
    EmptyAnswer {
        /// The model thought, but said nothing; its output limit is the usual reason.
        only_thinking: bool,
    },
    /// The answer broke off: connection lost, an error in the stream, or no end marker.
    #[error("the answer broke off{}: {reason}", if *text_seen { "" } else { " before any text" })]
    BrokenStream {
        /// Some text was delivered before; what was delivered is the model's and may be kept.
        text_seen: bool,
        /// How it broke.
        reason: String,
    },
    /// Something other than a model server answered: a login page, a proxy, a web site.
    #[error("HTTP {status} with {content_type} instead of JSON: {excerpt}")]
    NotJson {
        /// The HTTP status.
        status: u16,
        /// What the server called it.
        content_type: String,
        /// Its beginning.
        excerpt: String,
    },
    /// The server sent the request elsewhere; the key does not follow.
    #[error("HTTP {status} redirects to {to}")]
    Redirected {
        /// The HTTP status.
        status: u16,
        /// Where to, without credentials and query.
        to: String,
    },
    /// Any other refusal.
    #[error("HTTP {status}: {message}")]
    Http {
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl Failure {
    /// Whether the server is there and has not loaded the model yet, in the words of llama.cpp's. That ends by itself,
    /// within a minute or so.
    pub fn is_loading(&self) -> bool {
        let says_so = |message: &str| message.to_ascii_lowercase().contains("loading model");
        matches!(self, Self::Overloaded { status: 503, message, .. } if says_so(message))
    }

    /// Whether the same request may succeed if it is sent again. Deadlines are not retried: the caller has
    /// waited that long already.
    pub fn is_retryable(&self) -> bool {
        match self {
            // A network that was away for a moment looks like this.
            Self::RateLimited { .. } | Self::Overloaded { .. } | Self::Silent { .. } => true,
            Self::BrokenStream { text_seen, .. } => !text_seen,
            Self::Http { status, .. } => matches!(status, 408 | 500),
            _ => false,
        }
    }

    /// The same for what knows no models: keys, rates and breakers.
    pub(crate) fn as_remote(&self) -> aiex_remote::Failure {
        use aiex_remote::{Failure as Remote, Phase};
        let message = self.to_string();
        match self {
            Self::KeyRejected { .. } => Remote::KeyRejected { message },
            Self::KeyExhausted { .. } => Remote::KeyExhausted { message },
            Self::RateLimited { retry_after, .. } => Remote::RateLimited {
                after: *retry_after,
                message,
            },
            Self::Overloaded {
                status, retry_after, ..
            } => Remote::Overloaded {
                status: *status,
                after: *retry_after,
                message,
            },
            Self::Http {
                status: status @ 500..,
                ..
            } => Remote::Overloaded {
                status: *status,
                after: None,
                message,
            },
            Self::Unreachable { .. } => Remote::Unreachable { message },
            Self::FirstByteTimeout { after } | Self::Silent { after } => Remote::Timeout {
                phase: Phase::FirstByte,
                after: *after,
            },
            Self::IdleTimeout { after } | Self::TotalTimeout { after } => Remote::Timeout {
                phase: Phase::Total,
                after: *after,
            },
            Self::BrokenStream { .. } => Remote::Broken { message },
            Self::NotJson { .. } | Self::EmptyAnswer { .. } => Remote::NotWhatWasAsked { message },
            Self::Redirected { to, .. } => Remote::Redirected { to: to.clone() },
            Self::Cancelled => Remote::Cancelled,
            Self::BadSettings { .. }
            | Self::ContextOverflow { .. }
            | Self::ModelMissing { .. }
            | Self::ModelTooLarge { .. }
            | Self::Http { .. } => Remote::BadRequest { status: 400, message },
        }
    }

    /// How long the server asked to wait before the next try.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Overloaded { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The part that came from the server, if any.
    pub(crate) fn words_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::KeyRejected { message, .. }
            | Self::KeyExhausted { message }
            | Self::RateLimited { message, .. }
            | Self::Overloaded { message, .. }
            | Self::ContextOverflow { message, .. }
            | Self::ModelMissing { message, .. }
            | Self::ModelTooLarge { message, .. }
            | Self::Http { message, .. } => Some(message),
            Self::BrokenStream { reason, .. } => Some(reason),
            Self::NotJson { excerpt, .. } => Some(excerpt),
            Self::Redirected { to, .. } => Some(to),
            _ => None,
        }
    }
}
