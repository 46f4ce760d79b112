//! From a refusal to its class, where no code in the body tells: by status. It does not know the engine.

use std::time::SystemTime;

use aiex_remote::{Failure, clipped, retry_after};

use super::Ask;
use crate::http::Answer;

/// The class that the status tells; `words` are the server's, if it had any.
pub(super) fn by_status(ask: &Ask, answer: &Answer, words: &str) -> Failure {
    let status = answer.status;
    let message = said(words, status);
    let after = retry_after(&answer.headers, SystemTime::now());
    match status {
        401 | 403 if ask.has_key => Failure::KeyRejected { message },
        401 => Failure::KeyMissing,
        402 => Failure::KeyExhausted { message },
        408 | 500..=599 => Failure::Overloaded {
            status,
            after,
            message,
        },
        429 => Failure::RateLimited { after, message },
        _ => Failure::BadRequest { status, message },
    }
}

/// The server's words, fit to be shown.
pub(super) fn said(words: &str, status: u16) -> String {
    let words = clipped(words);
    if words.is_empty() {
        format!("HTTP {status}")
    } else {
        words
    }
}

/// Whether `words` say one of `parts`, whatever the case.
pub(super) fn says(words: &str, parts: &[&str]) -> bool {
    let words = words.to_lowercase();
    parts.iter().any(|part| words.contains(part))
}
