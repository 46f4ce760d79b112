//! What can go wrong between a client and a paid service, as closed classes. It does not know who says it how.

use std::fmt;
use std::time::Duration;

/// Why a service did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The service wants a key and there is none.
    #[error("no key is set")]
    KeyMissing,
    /// The key is wrong, expired, or not allowed to do this. Waiting does not help.
    #[error("the key was rejected: {message}")]
    KeyRejected {
        /// The server's words.
        message: String,
    },
    /// The key's money or quota is used up. Waiting helps in hours at best.
    #[error("the key is used up: {message}")]
    KeyExhausted {
        /// The server's words.
        message: String,
    },
    /// Too many requests.
    #[error("too many requests: {message}")]
    RateLimited {
        /// How long to wait, if the server said so.
        after: Option<Duration>,
        /// The server's words.
        message: String,
    },
    /// The server is ill or busy (5xx).
    #[error("the server cannot answer now (HTTP {status}): {message}")]
    Overloaded {
        /// The HTTP status.
        status: u16,
        /// How long to wait, if the server said so.
        after: Option<Duration>,
        /// The server's words.
        message: String,
    },
    /// The server understood the request and refused it; the same request will be refused again.
    #[error("the request was refused (HTTP {status}): {message}")]
    BadRequest {
        /// The HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
    /// Nothing came in time.
    #[error("{phase} took longer than {} ms", .after.as_millis())]
    Timeout {
        /// What was waited for.
        phase: Phase,
        /// For how long.
        after: Duration,
    },
    /// No connection.
    #[error("no connection: {message}")]
    Unreachable {
        /// Why, as the system says it.
        message: String,
    },
    /// The connection broke before the answer was whole.
    #[error("the answer broke off: {message}")]
    Broken {
        /// Why, as the system says it.
        message: String,
    },
    /// An answer of another kind: a page where JSON was asked for, half a document, other fields.
    #[error("not the answer that was asked for: {message}")]
    NotWhatWasAsked {
        /// What came instead.
        message: String,
    },
    /// An answer larger than any honest one.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// What would have been read.
        limit: usize,
    },
    /// The server points to another host, to which no key may travel.
    #[error("the server points elsewhere, to {to}")]
    Redirected {
        /// Where to, without user name, password and query.
        to: String,
    },
    /// The answer holds nothing because what stands behind the service failed, not because there is nothing.
    #[error("the service answered without having looked: {message}")]
    EmptyButFailed {
        /// What failed.
        message: String,
    },
    /// Nothing was sent: every key rests, or the service does.
    #[error("not asked: {message}")]
    Resting {
        /// Why, and for whom.
        message: String,
        /// When it makes sense to ask again, if ever without a change of settings.
        after: Option<Duration>,
    },
    /// The caller no longer wants the answer.
    #[error("cancelled")]
    Cancelled,
}

/// What a deadline was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The connection, TLS included.
    Connect,
    /// The first byte of the answer.
    FirstByte,
    /// Everything.
    Total,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::FirstByte => "the first byte",
            Self::Total => "the whole answer",
        })
    }
}

impl Failure {
    /// A short name that never changes, for counters and journals.
    pub fn class(&self) -> &'static str {
        match self {
            Self::KeyMissing => "key_missing",
            Self::KeyRejected { .. } => "key_rejected",
            Self::KeyExhausted { .. } => "key_exhausted",
            Self::RateLimited { .. } => "rate_limited",
            Self::Overloaded { .. } => "overloaded",
            Self::BadRequest { .. } => "bad_request",
            Self::Timeout { .. } => "timeout",
            Self::Unreachable { .. } => "unreachable",
            Self::Broken { .. } => "broken",
            Self::NotWhatWasAsked { .. } => "not_what_was_asked",
            Self::TooLarge { .. } => "too_large",
            Self::Redirected { .. } => "redirected",
            Self::EmptyButFailed { .. } => "empty_but_failed",
            Self::Resting { .. } => "resting",
            Self::Cancelled => "cancelled",
        }
    }

    /// What to do about it, as a sentence. `service` is the name the user gave or knows.
    pub fn hint(&self, service: &str) -> String {
        match self {
            Self::KeyMissing => format!("Set a key for `{service}`, or leave it out of the search."),
            Self::KeyRejected { .. } => {
                format!("Check the key of `{service}`: is it complete, still valid, and allowed to search?")
            }
            Self::KeyExhausted { .. } => {
                format!("Add credit or a second key for `{service}`; until then the other sources are used.")
            }
            Self::RateLimited { after, .. } => match after {
                Some(after) => format!("Ask `{service}` again in {} s.", after.as_secs().max(1)),
                None => format!("Ask `{service}` again in a minute, or add a second key."),
            },
            Self::Overloaded { .. } | Self::EmptyButFailed { .. } => {
                format!("Ask `{service}` again in a few minutes; the other sources were used.")
            }
            Self::BadRequest { .. } => {
                format!("Check the settings of `{service}` against the server's message.")
            }
            Self::Timeout { .. } => {
                format!("Ask `{service}` again; the other sources were used.")
            }
            Self::Unreachable { .. } => {
                format!("Check the network, and the `url` of `{service}`.")
            }
            Self::Broken { .. } => format!("Ask `{service}` again."),
            Self::NotWhatWasAsked { .. } => format!(
                "Check the `url` of `{service}`, and whether a proxy or a sign-in page stands before it."
            ),
            Self::TooLarge { .. } => {
                format!("Check the `url` of `{service}`: no search answers like this.")
            }
            Self::Redirected { to } => {
                format!("Set the `url` of `{service}` to where it is now ({to}), if you trust that place.")
            }
            Self::Resting {
                after: Some(after), ..
            } => {
                format!("`{service}` is asked again in {}.", rough(*after))
            }
            Self::Resting { after: None, .. } => format!("Set a working key for `{service}`."),
            Self::Cancelled => "Ask again when you want the answer.".to_owned(),
        }
    }

    /// Whether the same request may succeed if it is sent again soon.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::Overloaded { .. }
                | Self::Unreachable { .. }
                | Self::Broken { .. }
                | Self::EmptyButFailed { .. }
        )
    }

    /// Whether it tells that the service is ill, rather than one key or one request.
    pub fn blames_service(&self) -> bool {
        self.is_passing()
            || matches!(
                self,
                Self::Timeout { .. }
                    | Self::NotWhatWasAsked { .. }
                    | Self::TooLarge { .. }
                    | Self::Redirected { .. }
            )
    }

    /// What the server asked for.
    pub fn after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { after, .. }
            | Self::Overloaded { after, .. }
            | Self::Resting { after, .. } => *after,
            _ => None,
        }
    }

    /// The words in it that came from outside, for scrubbing.
    pub fn words_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::KeyRejected { message }
            | Self::KeyExhausted { message }
            | Self::RateLimited { message, .. }
            | Self::Overloaded { message, .. }
            | Self::BadRequest { message, .. }
            | Self::Unreachable { message }
            | Self::Broken { message }
            | Self::NotWhatWasAsked { message }
            | Self::EmptyButFailed { message } => Some(message),
            Self::Redirected { to } => Some(to),
            Self::KeyMissing
            | Self::Timeout { .. }
            | Self::TooLarge { .. }
            | Self::Resting { .. }
            | Self::Cancelled => None,
        }
    }
}

/// A duration as people say it: `40 s`, `5 min`, `6 h`.
pub(crate) fn rough(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds < 90.0 => format!("{} s", seconds.ceil().max(1.0)),
        seconds if seconds < 5400.0 => format!("{} min", (seconds / 60.0).ceil()),
        seconds => format!("{} h", (seconds / 3600.0).ceil()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_roughly() {
        let said = |seconds| rough(Duration::from_secs(seconds));
        assert_eq!(
            [said(0), said(40), said(300), said(21_600)],
            ["1 s", "40 s", "5 min", "6 h"]
        );
    }

    #[test]
    fn hints_call_the_address_as_the_settings_do() {
        let message = String::from("no");
        for failure in [
            Failure::Unreachable {
                message: message.clone(),
            },
            Failure::NotWhatWasAsked { message },
            Failure::TooLarge { limit: 1 },
            Failure::Redirected {
                to: "https://b.example/".to_owned(),
            },
        ] {
            let hint = failure.hint("searxng");
            assert!(hint.contains("the `url` of `searxng`"), "{hint}");
        }
    }

    #[test]
    fn a_key_is_not_the_services_fault() {
        let message = String::from("no");
        for failure in [
            Failure::KeyRejected {
                message: message.clone(),
            },
            Failure::KeyExhausted {
                message: message.clone(),
            },
            Failure::BadRequest { status: 400, message },
            Failure::Cancelled,
        ] {
            assert!(!failure.blames_service() && !failure.is_passing(), "{failure}");
        }
    }
}
