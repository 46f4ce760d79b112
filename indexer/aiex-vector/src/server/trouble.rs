//! Why a server did not do its part, sorted by what a user can do about it.

use std::time::Duration;

use qdrant_client::QdrantError;

/// Why a server did not do its part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nothing answers, not in time, or not in its language.
    #[error("it does not answer ({what})")]
    Silent {
        /// What happened on the way.
        what: String,
    },
    /// It has too much to do, or limits the rate, and still did after several attempts.
    #[error("it is busy ({what})")]
    Busy {
        /// What it said.
        what: String,
        /// When it wants to be asked again.
        after: Option<Duration>,
    },
    /// The key cannot be had.
    #[error("{what}")]
    Key {
        /// Why.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// It wants a key, or another one.
    #[error("it does not accept the key, or wants one")]
    KeyRefused,
    /// The collection is not there.
    #[error("the collection is not there")]
    Missing,
    /// The collection is not one of ours.
    #[error("the collection {collection} holds {found}, which is not from aiex")]
    Foreign {
        /// Its name.
        collection: String,
        /// What it is made for.
        found: String,
    },
    /// Nobody said where it is.
    #[error("vector.url is not set")]
    Unset,
    /// The address makes no sense.
    #[error("the address cannot be used ({what})")]
    Address {
        /// Why.
        what: String,
    },
    /// It answered with another error.
    #[error("it refused ({what})")]
    Refused {
        /// What it said.
        what: String,
    },
}

impl Trouble {
    /// What a user can do.
    pub fn hint(&self) -> String {
        match self {
            Self::Silent { .. } => {
                "see that the server runs, and that vector.url is the address of its gRPC interface \
                (port 6334 unless it was set otherwise)"
                    .to_owned()
            }
            Self::Busy { .. } => "it is asked again by itself".to_owned(),
            Self::Key { hint, .. } => hint.clone(),
            Self::KeyRefused => {
                "keep the key with `aiex keys set qdrant`, or name its variable in vector.key_env".to_owned()
            }
            Self::Missing => "it is made and filled again by itself, without embedding anything".to_owned(),
            Self::Foreign { .. } => "delete the collection, or set another vector.prefix".to_owned(),
            Self::Unset => {
                "set vector.url, or bring the vectors here with `aiex repos move-vectors --to local`"
                    .to_owned()
            }
            Self::Address { .. } => "set vector.url as in \"http://127.0.0.1:6334\"".to_owned(),
            Self::Refused { .. } => "the server's log may say more".to_owned(),
        }
    }

    /// Whether the same call may succeed in a moment.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Silent { .. } | Self::Busy { .. })
    }

    /// Sorts what the client said.
    pub(super) fn of(error: &QdrantError) -> Self {
        match error {
            QdrantError::ResponseError { status } => by_code(status.code() as i32, status.message()),
            QdrantError::ResourceExhaustedError {
                status,
                retry_after_seconds,
            } => Self::Busy {
                what: plain(status.message()),
                after: Some(Duration::from_secs(*retry_after_seconds)),
            },
            QdrantError::InvalidUri(error) => Self::Address {
                what: error.to_string(),
            },
            QdrantError::Io(error) => Self::Silent {
                what: error.to_string(),
            },
            other => Self::Refused {
                what: plain(&other.to_string()),
            },
        }
    }
}

/// The numbers are gRPC's own, the same in every language.
fn by_code(code: i32, message: &str) -> Trouble {
    const CANCELLED: i32 = 1;
    const UNKNOWN: i32 = 2;
    const DEADLINE_EXCEEDED: i32 = 4;
    const NOT_FOUND: i32 = 5;
    const PERMISSION_DENIED: i32 = 7;
    const RESOURCE_EXHAUSTED: i32 = 8;
    const ABORTED: i32 = 10;
    const UNIMPLEMENTED: i32 = 12;
    const INTERNAL: i32 = 13;
    const UNAVAILABLE: i32 = 14;
    const UNAUTHENTICATED: i32 = 16;
    let what = plain(message);
    match code {
        UNAUTHENTICATED | PERMISSION_DENIED => Trouble::KeyRefused,
        NOT_FOUND => Trouble::Missing,
        RESOURCE_EXHAUSTED => Trouble::Busy { what, after: None },
        CANCELLED | DEADLINE_EXCEEDED | ABORTED | UNAVAILABLE => Trouble::Silent { what },
        // The client uses these two for connections that fail or break; the server's own begin as below.
        INTERNAL | UNKNOWN if !message.starts_with("Service ") => Trouble::Silent { what },
        // Another kind of server.
        UNIMPLEMENTED => Trouble::Silent { what },
        _ => Trouble::Refused { what },
    }
}

/// A line for people. A failure to connect is told by the client as a structure inside a structure, with the address as
/// it was given.
fn plain(message: &str) -> String {
    const LONGEST: usize = 200;
    if message.starts_with("Failed to connect") {
        let inner = message.split("message: \"").nth(1);
        if let Some(inner) = inner.and_then(|rest| rest.split('"').next()) {
            return inner.to_owned();
        }
        return "no connection".to_owned();
    }
    let line: String = message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    let line = line.trim();
    if line.is_empty() { "no reason given" } else { line }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_passes_and_a_refusal_does_not() {
        for (code, message) in [
            (14, "tcp connect error"),
            (1, "Timeout expired"),
            (13, "h2 protocol error: error reading a body from connection"),
            (2, "transport error"),
            (8, "Read rate limit exceeded"),
        ] {
            assert!(by_code(code, message).is_passing(), "{message}");
        }
        for (code, message) in [
            (16, "Must provide an API key"),
            (7, "Forbidden"),
            (5, "Collection `x` doesn't exist!"),
            (13, "Service internal error: out of disk"),
            (3, "Wrong input"),
        ] {
            assert!(!by_code(code, message).is_passing(), "{message}");
        }
    }

    #[test]
    fn the_address_is_not_repeated_in_the_reason() {
        let said = "Failed to connect to http://user:pass@host:1/: tonic::transport::Error(Transport, \
            ConnectError(ConnectError(\"tcp connect error\", 127.0.0.1:1, Os { code: 111, kind: ConnectionRefused, \
            message: \"Connection refused\" })))";
        assert_eq!(plain(said), "Connection refused");
        assert_eq!(
            plain("Failed to connect to http://user:pass@host"),
            "no connection"
        );
        assert_eq!(plain(" \n"), "no reason given");
    }
}
