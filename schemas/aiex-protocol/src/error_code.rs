//! The closed list of ways in which a request can fail.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a request failed. Clients branch on this, never on the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request itself is malformed: bad arguments, an invalid regular expression, an unknown verb.
    InvalidRequest,
    /// The folder is not one that aiex indexes without being told to (`$HOME`, `/`, no repository, …).
    RootRefused,
    /// The repository or path named does not exist or is not registered.
    NotFound,
    /// The deadline of the request passed before it was done.
    DeadlineExceeded,
    /// The client cancelled the request.
    Cancelled,
    /// The daemon is draining: ask again, a new one will answer.
    Draining,
    /// Too many requests at once, or a bounded queue is full.
    Overloaded,
    /// The store cannot be written: disk full or read-only.
    Storage,
    /// No model provider is configured, or it refused or failed.
    Provider,
    /// The stream named in a resume is unknown or its events are gone.
    StreamGone,
    /// A bug or an unforeseen failure inside the daemon.
    Internal,
}

/// A failed request as it travels: what kind, what happened, what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{message}")]
pub struct WireError {
    /// The kind of failure.
    pub code: ErrorCode,
    /// What happened: a lower-case fragment without a full stop.
    pub message: String,
    /// What the user can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl WireError {
    /// A failure without advice.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
        }
    }

    /// The same failure with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
