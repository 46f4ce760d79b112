//! Asks a daemon to finish what runs and exit, and waits until it has.

use std::time::{Duration, Instant};

use aiex_config::{Home, daemon_lock_owner, is_daemon_alive};
use aiex_protocol::{Call, ClientFrame, Request, RequestId};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use crate::budget::{Backoff, Step};
use crate::connector::ConnectOptions;
use crate::error::ConnectError;
use crate::link::{self, Link, NoLink, within};
use crate::wire::{Incoming, decode, encode};

/// How long the daemon may take to say that it drains. Whether it does is seen by its lock.
const ACKNOWLEDGEMENT: Duration = Duration::from_secs(2);

/// What became of a request to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// There was none.
    WasNotRunning,
    /// It exited.
    Exited,
}

/// Stops the daemon, whatever its build and settings. One that does not answer is sent a signal to exit.
pub async fn stop(options: &ConnectOptions, reason: &str) -> Result<Stopped, ConnectError> {
    let ConnectOptions {
        home,
        client,
        build,
        deadline: budget,
        ..
    } = options;
    let deadline = Instant::now() + *budget;
    let late = |step| ConnectError::Deadline {
        step,
        budget: *budget,
    };
    let mut backoff = Backoff::new();
    let mut was_asked = false;
    let owner = daemon_lock_owner(home);
    loop {
        let was_alive = is_daemon_alive(home);
        if !was_alive {
            return Ok(if was_asked {
                Stopped::Exited
            } else {
                Stopped::WasNotRunning
            });
        }
        match link::open(home, client, build, Instant::now() + budget.mul_f32(0.25)).await {
            Ok(link) if was_asked => drop(link),
            Ok(link) => {
                ask_to_drain(link, reason, deadline).await;
                was_asked = true;
            }
            Err(NoLink::Late { peer, .. } | NoLink::Refused { peer, .. }) => {
                if !was_asked {
                    peer.terminate();
                }
                was_asked = true;
            }
            Err(NoLink::Absent { .. } | NoLink::Broken { .. }) => {}
            Err(NoLink::Foreign { socket, owner }) => {
                return Err(ConnectError::ForeignPeer { socket, owner });
            }
        }
        if was_asked {
            let is_gone = wait_until_gone(home, owner, deadline).await;
            return if is_gone {
                Ok(Stopped::Exited)
            } else {
                Err(late(Step::OldDaemonExit))
            };
        }
        if !backoff.pause(deadline).await {
            return Err(late(Step::Listening));
        }
    }
}

/// Sends the request and reads until the daemon has taken it in.
pub(crate) async fn ask_to_drain(mut link: Link, reason: &str, deadline: Instant) {
    let request = ClientFrame::Request(Request {
        id: RequestId(1),
        call: Call::Drain {
            reason: reason.to_owned(),
        },
        deadline_ms: None,
        trace: None,
    });
    let asking = async {
        if link.socket.send(encode(&request)).await.is_err() {
            return;
        }
        while let Some(Ok(message)) = link.socket.next().await {
            let Message::Text(text) = message else { continue };
            if matches!(decode(&text), Incoming::Event(envelope) if envelope.event.is_last()) {
                return;
            }
        }
    };
    within(deadline.min(Instant::now() + ACKNOWLEDGEMENT), asking).await;
}

/// Waits until the daemon that wrote `owner` into the lock holds it no longer; `false` when the deadline came first.
/// Whoever follows a run may have started the next daemon by then, so that the lock never looks free.
pub(crate) async fn wait_until_gone(home: &Home, owner: Option<String>, deadline: Instant) -> bool {
    let mut backoff = Backoff::new();
    // A daemon that was just starting had not written yet.
    let owner = owner.filter(|owner| !owner.is_empty());
    let is_the_same = || owner.is_none() || daemon_lock_owner(home) == owner;
    while is_daemon_alive(home) && is_the_same() {
        if !backoff.pause(deadline).await {
            return false;
        }
    }
    true
}
