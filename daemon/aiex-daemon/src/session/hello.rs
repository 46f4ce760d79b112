//! The first frame each way: who is there, and whether we can work together.

use std::time::Duration;

use aiex_protocol::{CONTRACT, ClientFrame, Hello, Refusal, RefusalReason, Welcome, capability};
use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;

use crate::handle::{Handle, Presence};
use crate::token;

/// A client that connects says hello at once; five seconds are for one that is being swapped out.
const PATIENCE: Duration = Duration::from_secs(5);

/// Optional abilities of this daemon.
const CAPABILITIES: &[&str] = &[
    "gap",
    "resume",
    "wait_fresh",
    "watch_streams",
    capability::CACHE,
    capability::GRAPH,
    capability::KEYS,
    capability::RESEARCH,
    capability::SESSIONS,
    capability::PAGES,
    capability::SINCE,
    capability::SOURCES,
    capability::TARGETS,
    capability::VECTORS,
];

/// Reads the hello and judges it. `Err(None)` when the connection went before anything was said.
pub(super) async fn greet(
    incoming: &mut SplitStream<WebSocket>,
    handle: &Handle,
    is_trusted: bool,
) -> Result<(Welcome, Presence), Option<Refusal>> {
    let bad = |message: &str| {
        Some(refusal(
            handle,
            RefusalReason::BadHello,
            message,
            "say hello first",
        ))
    };
    let hello = match tokio::time::timeout(PATIENCE, first_message(incoming)).await {
        Err(_) => return Err(bad("no hello came in time")),
        Ok(None) => return Err(None),
        Ok(Some(Message::Text(text))) => match serde_json::from_str(text.as_str()) {
            Ok(ClientFrame::Hello(hello)) => hello,
            Ok(_) => return Err(bad("the first frame is not a hello")),
            Err(error) => return Err(bad(&format!("the first frame cannot be read: {error}"))),
        },
        Ok(Some(_)) => return Err(bad("the first frame is not text")),
    };
    judge(&hello, handle, is_trusted).map_err(Some)?;
    let Some(presence) = handle.admit(&hello.client) else {
        let limit = handle.settings.daemon.max_connections;
        return Err(Some(refusal(
            handle,
            RefusalReason::Overloaded,
            &format!("{limit} clients are connected already"),
            "close some, or raise `daemon.max_connections`",
        )));
    };
    let welcome = Welcome {
        contract: CONTRACT,
        build: handle.build.clone(),
        capabilities: CAPABILITIES.iter().map(|name| (*name).to_owned()).collect(),
        config_digest: handle.settings.digest(),
        pid: std::process::id(),
    };
    Ok((welcome, presence))
}

async fn first_message(incoming: &mut SplitStream<WebSocket>) -> Option<Message> {
    loop {
        match incoming.next().await?.ok()? {
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => return None,
            message => return Some(message),
        }
    }
}

fn judge(hello: &Hello, handle: &Handle, is_trusted: bool) -> Result<(), Refusal> {
    // First, because who is not known is told nothing else.
    if !is_trusted
        && !hello
            .token
            .as_deref()
            .is_some_and(|given| token::is_equal(given, &handle.info.token))
    {
        return Err(refusal(
            handle,
            RefusalReason::TokenRejected,
            "the token is missing or wrong",
            "send the token of the daemon's info file",
        ));
    }
    if hello.contract != CONTRACT {
        let (reason, hint) = if hello.contract < CONTRACT {
            (RefusalReason::ClientTooOld, "update the client")
        } else {
            (
                RefusalReason::DaemonTooOld,
                "run `aiex daemon restart` with the newer build",
            )
        };
        let message = format!(
            "the daemon speaks contract {CONTRACT}, the client {}",
            hello.contract
        );
        return Err(refusal(handle, reason, &message, hint));
    }
    if handle.is_draining() {
        let hint = "try again in a moment; a new daemon will answer";
        return Err(refusal(
            handle,
            RefusalReason::Draining,
            "the daemon is about to exit",
            hint,
        ));
    }
    Ok(())
}

/// A refusal as it travels.
pub(crate) fn refusal(handle: &Handle, reason: RefusalReason, message: &str, hint: &str) -> Refusal {
    Refusal {
        reason,
        message: message.to_owned(),
        hint: hint.to_owned(),
        build: handle.build.clone(),
    }
}
