//! One connection: found through the info file, upgraded, greeted.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::time::Instant;

use aiex_config::Home;
use aiex_config::info::read_info;
use aiex_protocol::hello::Build;
use aiex_protocol::{CONTRACT, ClientFrame, Hello, Refusal, Welcome};
use futures_util::{SinkExt, StreamExt};
use rustix::process::{Pid, Signal};
use tokio::net::UnixStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::budget::Step;
use crate::wire::{Incoming, decode, encode};

/// The host is never resolved; the daemon's `Host` check knows it.
const URL: &str = "ws://aiex.localhost/v1/stream";

/// A list of a thousand hits with their text stays well below.
const MAX_MESSAGE: usize = 64 << 20;

/// Most frames are small, and a client reads little at a time: a small buffer keeps it small.
const READ_BUFFER: usize = 16 << 10;

pub(crate) type Socket = WebSocketStream<UnixStream>;

/// A greeted connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) socket: Socket,
    pub(crate) welcome: Welcome,
    pub(crate) peer: Peer,
}

/// The process at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer {
    /// As the system says, where it does.
    pid: Option<i32>,
    /// As the info file says.
    started_at_ms: u64,
}

impl Peer {
    /// Whether both are known to be one and the same process.
    pub(crate) fn is_same_process(self, other: Self) -> bool {
        self == other
    }

    /// Asks the process to exit. It is at the other end of an open connection, so the number is its own.
    pub(crate) fn terminate(self) {
        let own = std::process::id();
        if let Some(pid) = self
            .pid
            .filter(|pid| pid.unsigned_abs() != own)
            .and_then(Pid::from_raw)
        {
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
    }
}

/// Why there is no link.
#[derive(Debug)]
pub(crate) enum NoLink {
    /// Nobody listens.
    Absent { reason: String },
    /// It refused.
    Refused { refusal: Refusal, peer: Peer },
    /// It let us wait.
    Late { step: Step, peer: Peer },
    /// It is of another user.
    Foreign { socket: PathBuf, owner: u32 },
    /// It speaks something else.
    Broken { detail: String },
}

/// Tries once, taking no lock.
pub(crate) async fn open(
    home: &Home,
    client: &str,
    build: &Build,
    deadline: Instant,
) -> Result<Link, NoLink> {
    let info = match read_info(home) {
        Ok(Some(info)) => info,
        Ok(None) => {
            return Err(NoLink::Absent {
                reason: "there is no info file".to_owned(),
            });
        }
        Err(error) => {
            return Err(NoLink::Absent {
                reason: error.to_string(),
            });
        }
    };
    let stream = UnixStream::connect(&info.socket)
        .await
        .map_err(|error| absent(&info.socket, &error))?;
    let credentials = stream.peer_cred().map_err(|error| absent(&info.socket, &error))?;
    if credentials.uid() != rustix::process::getuid().as_raw() {
        return Err(NoLink::Foreign {
            socket: PathBuf::from(info.socket),
            owner: credentials.uid(),
        });
    }
    let peer = Peer {
        pid: credentials.pid(),
        started_at_ms: info.started_at_ms,
    };

    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE));
    let upgrade = client_async_with_config(URL, stream, Some(config));
    let (mut socket, _) = within(deadline, upgrade)
        .await
        .ok_or(NoLink::Late {
            step: Step::Handshake,
            peer,
        })?
        .map_err(no_link)?;

    let hello = ClientFrame::Hello(Hello {
        contract: CONTRACT,
        build: build.clone(),
        capabilities: Vec::new(),
        client: client.to_owned(),
        token: None,
    });
    let greeting = async {
        socket.send(encode(&hello)).await?;
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(Some(decode(&text))),
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
            }
        }
    };
    let answer = within(deadline, greeting).await.ok_or(NoLink::Late {
        step: Step::Welcome,
        peer,
    })?;
    match answer.map_err(no_link)? {
        Some(Incoming::Welcome(welcome)) => Ok(Link {
            socket,
            welcome,
            peer,
        }),
        Some(Incoming::Refused(refusal)) => Err(NoLink::Refused { refusal, peer }),
        Some(Incoming::Broken { detail }) => Err(NoLink::Broken { detail }),
        Some(other) => Err(NoLink::Broken {
            detail: format!("instead of a welcome it sent {other:?}"),
        }),
        None => Err(NoLink::Absent {
            reason: "the daemon closed the connection".to_owned(),
        }),
    }
}

fn absent(socket: &str, error: &io::Error) -> NoLink {
    NoLink::Absent {
        reason: format!("nobody listens on {socket} ({error})"),
    }
}

fn no_link(error: tokio_tungstenite::tungstenite::Error) -> NoLink {
    use tokio_tungstenite::tungstenite::Error;
    match error {
        // Cut off in the middle of a greeting: a daemon that is dying, not a stranger.
        Error::Io(_) | Error::ConnectionClosed | Error::AlreadyClosed => NoLink::Absent {
            reason: format!("the daemon cut the connection ({error})"),
        },
        Error::Protocol(
            tokio_tungstenite::tungstenite::error::ProtocolError::HandshakeIncomplete
            | tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        ) => NoLink::Absent {
            reason: format!("the daemon cut the connection ({error})"),
        },
        other => NoLink::Broken {
            detail: other.to_string(),
        },
    }
}

/// The outcome, or `None` when the deadline came first.
pub(crate) async fn within<F: Future>(deadline: Instant, future: F) -> Option<F::Output> {
    tokio::time::timeout_at(deadline.into(), future).await.ok()
}
