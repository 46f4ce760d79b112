//! The task that owns the connection: sends what is asked, hands out what comes, and reconnects.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use aiex_protocol::{ClientFrame, Envelope, ErrorCode, Event, Request, RequestId, Welcome};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use crate::budget::Backoff;
use crate::connector::Connector;
use crate::error::RequestError;
use crate::inbox::Inbox;
use crate::link::{Link, Peer};
use crate::recovery::{Recovery, Standing};
use crate::wire::{Incoming, decode, encode};

/// What streams and the client ask of the connection.
#[derive(Debug)]
pub(crate) enum Command {
    Open {
        request: Box<Request>,
        deadline: Option<Instant>,
        inbox: Arc<Inbox>,
    },
    Cancel(RequestId),
    /// After everything asked before.
    Close,
}

/// A request that has not ended.
#[derive(Debug)]
struct Live {
    standing: Standing,
    trace: Option<String>,
    deadline: Option<Instant>,
    inbox: Arc<Inbox>,
}

impl Live {
    /// The request with the time that it still has.
    fn request(&self, id: RequestId) -> Request {
        let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now()).as_millis();
        Request {
            id,
            call: self.standing.call.clone(),
            deadline_ms: self
                .deadline
                .map(|deadline| u64::try_from(left(deadline)).unwrap_or(u64::MAX)),
            trace: self.trace.clone(),
        }
    }
}

pub(crate) struct Session {
    connector: Connector,
    /// `None` after a loss that concerned no request, until the next one.
    link: Option<Link>,
    /// The daemon of the last connection.
    peer: Peer,
    commands: mpsc::Receiver<Command>,
    welcome: Arc<Mutex<Welcome>>,
    live: BTreeMap<RequestId, Live>,
}

/// What woke the task.
enum Wake {
    Command(Option<Command>),
    Frame(Option<Result<Message, SocketError>>),
}

impl Session {
    pub(crate) fn new(
        mut connector: Connector,
        link: Link,
        commands: mpsc::Receiver<Command>,
        welcome: Arc<Mutex<Welcome>>,
    ) -> Self {
        // Another daemon may have been started since, with other settings; that was its starter's business.
        connector.accepts_any = true;
        let peer = link.peer;
        Self {
            connector,
            link: Some(link),
            peer,
            commands,
            welcome,
            live: BTreeMap::new(),
        }
    }

    /// Until it is closed, or every handle of the client is gone.
    pub(crate) async fn run(mut self) {
        loop {
            let wake = match &mut self.link {
                Some(link) => tokio::select! {
                    command = self.commands.recv() => Wake::Command(command),
                    frame = link.socket.next() => Wake::Frame(frame),
                },
                None => Wake::Command(self.commands.recv().await),
            };
            match wake {
                Wake::Command(Some(Command::Close) | None) => break,
                Wake::Command(Some(command)) => self.command(command).await,
                Wake::Frame(Some(Ok(Message::Text(text)))) => self.frame(&text).await,
                Wake::Frame(Some(Ok(Message::Close(_))) | None) => self.lost("it was closed").await,
                Wake::Frame(Some(Ok(_))) => {}
                Wake::Frame(Some(Err(error))) => self.lost(&error.to_string()).await,
            }
        }
        for live in self.live.into_values() {
            live.inbox.fail(RequestError::Lost {
                reason: "this program closed it".to_owned(),
            });
        }
        if let Some(mut link) = self.link {
            let _ = link.socket.close(None).await;
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Open {
                request,
                deadline,
                inbox,
            } => {
                let Request { id, call, trace, .. } = *request;
                let mut live = Live {
                    standing: Standing::new(call),
                    trace,
                    deadline,
                    inbox,
                };
                if self.link.is_none() {
                    // Opening the connection sends everything that is live, this included.
                    self.live.insert(id, live);
                    self.recover("it was closed").await;
                } else {
                    live.standing.note_sending();
                    let frame = ClientFrame::Request(live.request(id));
                    self.live.insert(id, live);
                    self.send(frame).await;
                }
            }
            Command::Cancel(id) => {
                let Some(live) = self.live.get(&id) else { return };
                if live.inbox.is_abandoned() {
                    self.live.remove(&id);
                }
                if self.link.is_some() {
                    self.send(ClientFrame::Cancel { id }).await;
                }
            }
            Command::Close => {}
        }
    }

    async fn send(&mut self, frame: ClientFrame) {
        let Some(link) = &mut self.link else { return };
        if let Err(error) = link.socket.send(encode(&frame)).await {
            self.lost(&error.to_string()).await;
        }
    }

    async fn frame(&mut self, text: &str) {
        match decode(text) {
            Incoming::Event(envelope) => self.event(envelope).await,
            Incoming::Unknown { what } => tracing::debug!(%what, "skipped"),
            Incoming::BrokenEnd { id, detail } => {
                if let Some(live) = self.live.remove(&id) {
                    live.inbox.fail(RequestError::Protocol { detail });
                }
            }
            other => tracing::warn!(frame = ?other, "not expected in the middle of a connection"),
        }
    }

    async fn event(&mut self, Envelope { id, seq, event }: Envelope) {
        let Some(live) = self.live.get_mut(&id) else {
            return;
        };
        let is_last = event.is_last();
        // An end is never one too many: what had ended is not live. It may answer a resume, and count anew.
        if !live.standing.note(seq, &event) && !is_last {
            return;
        }
        if matches!(&event, Event::Error(error) if error.code == ErrorCode::StreamGone) {
            // The answer to a resume. The daemon is well, only the stream is gone.
            if let Some(frame) = self.start_over(id) {
                self.send(frame).await;
            }
            return;
        }
        live.inbox.push(event);
        if is_last {
            self.live.remove(&id);
        }
    }

    async fn lost(&mut self, reason: &str) {
        tracing::debug!(%reason, "the connection to the daemon was lost");
        self.link = None;
        self.live.retain(|_, live| !live.inbox.is_abandoned());
        for live in self.live.values_mut() {
            live.standing.note_loss();
        }
        if !self.live.is_empty() {
            self.recover(reason).await;
        }
    }

    /// Connects again and puts every live stream on the new connection, as far as it can be.
    async fn recover(&mut self, reason: &str) {
        let mut backoff = Backoff::new();
        let deadline = Instant::now() + self.connector.options.deadline;
        'connect: loop {
            let mut notices = Vec::new();
            let mut connector = self.connector.clone();
            if !self.live.values().any(|live| live.standing.may_resend()) {
                // A new daemon would be of no use to those that are left.
                connector.options.spawn = None;
            }
            let link = connector
                .connect(&mut |line: &str| notices.push(line.to_owned()))
                .await;
            let mut link = match link {
                Ok(link) => link,
                Err(error) => {
                    let why = format!("{reason}, and there is no other: {error}");
                    for live in std::mem::take(&mut self.live).into_values() {
                        live.inbox.fail(RequestError::Lost { reason: why.clone() });
                    }
                    return;
                }
            };
            let is_same_process = link.peer.is_same_process(self.peer);
            self.peer = link.peer;
            *self.welcome.lock().unwrap_or_else(PoisonError::into_inner) = link.welcome.clone();
            for message in notices {
                for live in self.live.values() {
                    live.inbox.push(Event::Notice {
                        message: message.clone(),
                    });
                }
            }
            let ids: Vec<RequestId> = self.live.keys().copied().collect();
            for id in ids {
                let Some(frame) = self.recovery_frame(id, is_same_process, reason) else {
                    continue;
                };
                if link.socket.send(encode(&frame)).await.is_err() {
                    self.live.values_mut().for_each(|live| live.standing.note_loss());
                    if backoff.pause(deadline).await {
                        continue 'connect;
                    }
                }
            }
            self.link = Some(link);
            return;
        }
    }

    /// The frame that puts a stream on a new connection. A stream that cannot be is ended.
    fn recovery_frame(&mut self, id: RequestId, is_same_process: bool, reason: &str) -> Option<ClientFrame> {
        let live = self.live.get_mut(&id)?;
        match live.standing.recover(is_same_process) {
            Recovery::Resume { stream, after } => Some(ClientFrame::Resume { id, stream, after }),
            Recovery::Resend => self.resend(id),
            Recovery::Lost(why) => {
                live.inbox.fail(RequestError::Lost {
                    reason: format!("{reason}, and {why}"),
                });
                self.live.remove(&id);
                None
            }
        }
    }

    fn start_over(&mut self, id: RequestId) -> Option<ClientFrame> {
        let live = self.live.get_mut(&id)?;
        if let Recovery::Lost(why) = live.standing.start_over() {
            live.inbox.fail(RequestError::Lost {
                reason: format!("the daemon forgot the request, and {why}"),
            });
            self.live.remove(&id);
            return None;
        }
        self.resend(id)
    }

    fn resend(&mut self, id: RequestId) -> Option<ClientFrame> {
        let live = self.live.get_mut(&id)?;
        if live.standing.was_sent() {
            let message = "the connection to the daemon was lost; asked again".to_owned();
            live.inbox.push(Event::Notice { message });
        }
        live.standing.note_sending();
        Some(ClientFrame::Request(live.request(id)))
    }
}
