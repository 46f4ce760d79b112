//! One connection: hello, then requests in and events out. Nothing here knows what a verb does.

mod asked;
pub(crate) mod dispatch;
mod hello;
mod writer;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aiex_protocol::{
    ClientFrame, Envelope, ErrorCode, Event, Request, RequestId, ServerFrame, StreamId, WireError,
};
use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use asked::Asked;
pub(crate) use hello::refusal;

use crate::handle::{Handle, overloaded};
use crate::stream::{Stream, Watcher};

/// Frames that wait for the socket. Everything behind waits in its stream, which is bounded.
const OUTBOX: usize = 16;
/// Streams that one connection may read at once.
const MAX_STREAMS: usize = 64;
/// A connection that says nothing is asked for a sign of life this often …
const PING_INTERVAL: Duration = Duration::from_secs(30);
/// … and taken for dead after this long without one.
const SILENCE: Duration = Duration::from_secs(90);
/// How long a connection may take to send what is left when the daemon exits.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Serves a connection until either side ends it. `is_trusted` says that the transport has shown who is there.
pub(crate) async fn serve(socket: WebSocket, handle: Handle, is_trusted: bool, stopping: CancellationToken) {
    let (sink, mut incoming) = socket.split();
    let (outbox, messages) = mpsc::channel(OUTBOX);
    let writer = tokio::spawn(writer::write(sink, messages));
    let outbox = Outbox(outbox);

    match hello::greet(&mut incoming, &handle, is_trusted).await {
        Ok((welcome, presence)) => {
            if outbox.send(&ServerFrame::Welcome(welcome)).await {
                let mut session = Session {
                    handle,
                    outbox,
                    streams: HashMap::new(),
                    asked: Asked::default(),
                    forwards: JoinSet::new(),
                };
                session.run(&mut incoming, &stopping).await;
                let Session {
                    outbox, mut forwards, ..
                } = session;
                if stopping.is_cancelled() {
                    let rest = async { while forwards.join_next().await.is_some() {} };
                    // A client that does not read its last events in time does not get them.
                    let _ = tokio::time::timeout(LAST_WORDS, rest).await;
                }
                drop((forwards, outbox));
            }
            finish(writer).await;
            drop(presence);
        }
        Err(Some(refusal)) => {
            handle
                .counters
                .refused
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            tracing::info!(reason = ?refusal.reason, "client refused");
            outbox.send(&ServerFrame::Refused(refusal)).await;
            drop(outbox);
            finish(writer).await;
        }
        Err(None) => writer.abort(),
    }
}

/// Lets the writer send what it has, but not for ever.
async fn finish(mut writer: tokio::task::JoinHandle<()>) {
    if tokio::time::timeout(LAST_WORDS, &mut writer).await.is_err() {
        writer.abort();
    }
}

struct Session {
    handle: Handle,
    outbox: Outbox,
    streams: HashMap<RequestId, Arc<Stream>>,
    asked: Asked,
    forwards: JoinSet<(RequestId, Arc<Stream>)>,
}

impl Session {
    async fn run(
        &mut self,
        incoming: &mut futures_util::stream::SplitStream<WebSocket>,
        stopping: &CancellationToken,
    ) {
        let mut heard_at = Instant::now();
        let mut ping = tokio::time::interval(PING_INTERVAL);
        ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        ping.reset();
        loop {
            tokio::select! {
                message = incoming.next() => {
                    // A frame that is too large or not websocket at all ends the connection too.
                    let Some(Ok(message)) = message else { return };
                    heard_at = Instant::now();
                    match message {
                        Message::Text(text) => self.take(text.as_str()).await,
                        Message::Binary(_) => {
                            self.fail(RequestId(0), malformed("frames are text".to_owned())).await;
                        }
                        Message::Close(_) => return,
                        Message::Ping(_) | Message::Pong(_) => {}
                    }
                }
                Some(ended) = self.forwards.join_next() => {
                    if let Ok((id, stream)) = ended {
                        self.forget(id, &stream);
                    }
                }
                _ = ping.tick() => {
                    if heard_at.elapsed() > SILENCE || self.outbox.is_closed() {
                        return;
                    }
                    self.outbox.ping();
                }
                () = stopping.cancelled() => return,
            }
        }
    }

    async fn take(&mut self, text: &str) {
        match serde_json::from_str(text) {
            Ok(ClientFrame::Request(request)) => self.request(request).await,
            Ok(ClientFrame::Cancel { id }) => {
                // One that ended meanwhile needs no cancelling.
                if let Some(stream) = self.streams.get(&id) {
                    stream.cancel().cancel();
                }
            }
            Ok(ClientFrame::Resume { id, stream, after }) => self.resume(id, &stream, after).await,
            Ok(ClientFrame::Hello(_)) => {
                self.fail(RequestId(0), malformed("hello was said already".to_owned()))
                    .await;
            }
            Err(error) => self.fail(id_of(text), malformed(error.to_string())).await,
        }
    }

    async fn request(&mut self, request: Request) {
        let Request {
            id,
            call,
            deadline_ms,
            trace,
        } = request;
        let deadline = deadline_ms.map(Duration::from_millis);
        let refined = asked::refines(&call).and_then(|earlier| self.refine(earlier));
        self.asked.note(id, &call);
        let started = match self.room_for(id) {
            Ok(()) => dispatch::start(&self.handle, call, deadline, trace, refined),
            Err(error) => Err(error),
        };
        match started {
            Ok(stream) => match stream.watch(None) {
                Some(watcher) => self.forward(id, watcher),
                None => {
                    self.fail(
                        id,
                        WireError::new(ErrorCode::Internal, "the stream cannot be read"),
                    )
                    .await
                }
            },
            Err(error) => self.fail(id, error).await,
        }
    }

    async fn resume(&mut self, id: RequestId, stream: &StreamId, after: u64) {
        let watcher = self.room_for(id).and_then(|()| {
            let gone = || {
                WireError::new(ErrorCode::StreamGone, "there is no such stream, or no longer")
                    .with_hint("send the request again")
            };
            self.handle
                .streams
                .get(stream)
                .ok_or_else(gone)?
                .watch(Some(after))
                .ok_or_else(|| {
                    WireError::new(
                        ErrorCode::InvalidRequest,
                        format!("the stream has no event {after} yet"),
                    )
                })
        });
        match watcher {
            Ok(watcher) => self.forward(id, watcher),
            Err(error) => self.fail(id, error).await,
        }
    }

    /// Ends a search that another takes the place of. Its query, as long as it is remembered.
    fn refine(&self, earlier: RequestId) -> Option<String> {
        let query = self.asked.query(earlier)?;
        if let Some(stream) = self.streams.get(&earlier) {
            stream.cancel().cancel();
        }
        Some(query.to_owned())
    }

    fn room_for(&self, id: RequestId) -> Result<(), WireError> {
        // A client that has read the end may use the id again before we have noticed.
        if self.streams.get(&id).is_some_and(|stream| !stream.is_over()) {
            return Err(malformed(format!(
                "request {} runs already on this connection",
                id.0
            )));
        }
        if self.streams.len() >= MAX_STREAMS {
            return Err(overloaded(format!(
                "this connection reads {MAX_STREAMS} streams already"
            )));
        }
        Ok(())
    }

    /// Sends a stream's events from here on, at the pace of the socket.
    fn forward(&mut self, id: RequestId, mut watcher: Watcher) {
        self.streams.insert(id, watcher.stream().clone());
        let outbox = self.outbox.clone();
        self.forwards.spawn(async move {
            while let Some((seq, event)) = watcher.next().await {
                let event = Event::clone(&event);
                if !outbox
                    .send(&ServerFrame::Event(Envelope { id, seq, event }))
                    .await
                {
                    break;
                }
            }
            (id, watcher.stream().clone())
        });
    }

    /// A stream was read to its end. The id may mean another by now.
    fn forget(&mut self, id: RequestId, stream: &Arc<Stream>) {
        if self
            .streams
            .get(&id)
            .is_some_and(|current| Arc::ptr_eq(current, stream))
        {
            self.streams.remove(&id);
        }
    }

    async fn fail(&self, id: RequestId, error: WireError) {
        let event = Event::Error(error);
        self.outbox
            .send(&ServerFrame::Event(Envelope { id, seq: 0, event }))
            .await;
    }
}

/// The way to the socket. Sending waits while the socket is full.
#[derive(Clone)]
struct Outbox(mpsc::Sender<Message>);

impl Outbox {
    /// Whether the frame could be handed over.
    async fn send(&self, frame: &ServerFrame) -> bool {
        match serde_json::to_string(frame) {
            Ok(text) => self.0.send(Message::text(text)).await.is_ok(),
            Err(error) => {
                tracing::error!(%error, "a frame could not be written as JSON");
                true
            }
        }
    }

    /// Asks for a sign of life, unless the socket is full: then something else is on its way.
    fn ping(&self) {
        let _ = self.0.try_send(Message::Ping(axum::body::Bytes::new()));
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

fn malformed(what: String) -> WireError {
    WireError::new(
        ErrorCode::InvalidRequest,
        format!("the frame cannot be read: {what}"),
    )
}

/// The id of a frame that cannot be read as a whole; 0 if not even that is there.
fn id_of(text: &str) -> RequestId {
    let value: Option<serde_json::Value> = serde_json::from_str(text).ok();
    RequestId(value.and_then(|value| value.get("id")?.as_u64()).unwrap_or(0))
}
