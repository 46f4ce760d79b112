//! What can go wrong, whichever the engine. How each engine says it is in `refusals`.

use std::io::Write;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::reply::{End, Reply};
use super::{Page, Received, refusals, replies};

/// What happens to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: an answer as usual.
    None,
    /// The key is wrong, in the engine's own words and status.
    KeyRejected,
    /// The key's credit or quota is used up, in the engine's own words and status.
    KeyExhausted,
    /// Too many requests, in the engine's own words and status.
    RateLimited(Wait),
    /// The query is longer than the engine takes, in its own words and status.
    TooLong,
    /// A status of the 500s in the engine's own words.
    Overloaded(u16),
    /// A page with this status where an answer was expected.
    Html(u16),
    /// Half of the document, with a proper end of the transfer.
    Half,
    /// Bytes that are no UTF-8.
    NotUtf8,
    /// Status 200 and nothing.
    Empty,
    /// `null`.
    Null,
    /// The answer of an engine that found nothing: its optional keys are absent.
    Nothing,
    /// An answer that holds nothing because what stands behind the engine failed.
    Unresponsive,
    /// Nothing comes for so long, then the answer.
    Late(Duration),
    /// Half of the document, and then nothing more until the client leaves.
    Stall,
    /// Half of the document, and the connection is closed.
    Cut,
    /// The request is sent elsewhere.
    Redirect(String),
    /// The request is sent back to itself.
    Circle,
    /// A small body that decompresses to so many bytes.
    Bomb(usize),
    /// The answer, and the wish to be left alone for so many seconds (Stack Exchange).
    Pause(u64),
}

/// How a rate limit says how long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    Unsaid,
    /// `retry-after` in seconds.
    Seconds(u64),
    /// `retry-after-ms`.
    Millis(u64),
    /// `retry-after` as a date so far away.
    Date(Duration),
}

impl Fault {
    /// One that passes.
    pub(super) fn by_chance(chance: &mut fastrand::Rng) -> Self {
        match chance.u8(0..7) {
            0 => Self::RateLimited(Wait::Millis(1)),
            1 => Self::Overloaded(503),
            2 => Self::Overloaded(500),
            3 => Self::Html(200),
            4 => Self::Half,
            5 => Self::Cut,
            _ => Self::Empty,
        }
    }
}

/// The reply to `request`.
pub(super) fn reply(request: &Received, pages: &[Page], fate: &Fault) -> Reply {
    let usual = || replies::answer(request, pages);
    let refused = || refusals::refusal(&request.engine, fate);
    match fate {
        Fault::None | Fault::Late(_) => usual(),
        Fault::RateLimited(Wait::Unsaid)
        | Fault::KeyRejected
        | Fault::KeyExhausted
        | Fault::TooLong
        | Fault::Overloaded(_) => refused(),
        Fault::RateLimited(Wait::Seconds(seconds)) => refused().with("retry-after", seconds.to_string()),
        Fault::RateLimited(Wait::Millis(millis)) => refused().with("retry-after-ms", millis.to_string()),
        Fault::RateLimited(Wait::Date(from_now)) => {
            let date = httpdate::fmt_http_date(SystemTime::now() + *from_now);
            refused().with("retry-after", date)
        }
        Fault::Html(status) => Reply::new(
            *status,
            "text/html; charset=utf-8",
            "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>",
        ),
        Fault::Half => rewritten(usual(), |body| body[..body.len() / 2].to_vec(), End::Proper),
        Fault::NotUtf8 => rewritten(usual(), |_| b"{\"\xff\xfe\": \x80}".to_vec(), End::Proper),
        Fault::Empty => rewritten(usual(), |_| Vec::new(), End::Proper),
        Fault::Null => rewritten(usual(), |_| b"null".to_vec(), End::Proper),
        Fault::Nothing => replies::nothing(request),
        Fault::Unresponsive => replies::unresponsive(request),
        Fault::Stall => rewritten(usual(), |body| body[..body.len() / 2].to_vec(), End::Stall),
        Fault::Cut => rewritten(usual(), |body| body[..body.len() / 2].to_vec(), End::Cut),
        Fault::Redirect(to) => Reply::new(302, "text/plain", "").with("location", to),
        Fault::Circle => {
            let itself = format!("/{}{}", request.engine, request.path);
            Reply::new(308, "text/plain", "").with("location", itself)
        }
        Fault::Bomb(size) => {
            Reply::new(200, "application/json", gzip(&vec![b' '; *size])).with("content-encoding", "gzip")
        }
        Fault::Pause(seconds) => replies::pausing(request, pages, *seconds),
    }
}

fn rewritten(mut reply: Reply, rewrite: impl FnOnce(&[u8]) -> Vec<u8>, end: End) -> Reply {
    reply.headers.retain(|(name, _)| *name != "content-encoding");
    reply.body = rewrite(&replies::unzipped(&reply.body));
    reply.end = end;
    reply
}

/// `bytes` compressed; writing to memory cannot fail.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_else(|_| Vec::new())
}
