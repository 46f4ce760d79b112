//! A daemon in this process that does to each connection what a test says.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aiex_client::{Client, ConnectError, ConnectOptions};
use aiex_config::info::write_info;
use aiex_config::{DaemonLock, Home, build};
use aiex_protocol::hello::Build;
use aiex_protocol::{
    CONTRACT, ClientFrame, DaemonInfo, Envelope, Event, Hello, Refusal, RefusalReason, Request, RequestId,
    ServerFrame, StreamId, Welcome,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

pub(crate) const CONFIG: &str = "the digest of the settings";

/// A home of its own for one test.
pub(crate) struct Scratch {
    pub(crate) home: Home,
    _place: tempfile::TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let home = Home::at(place.path());
        home.create().unwrap();
        Self { home, _place: place }
    }

    /// A client that starts nothing.
    pub(crate) fn options(&self) -> ConnectOptions {
        ConnectOptions {
            config_digest: Some(CONFIG.to_owned()),
            deadline: Duration::from_secs(20),
            ..ConnectOptions::new(self.home.clone(), "test")
        }
    }
}

/// Connects and collects the notices.
pub(crate) async fn connect(options: ConnectOptions) -> (Result<Client, ConnectError>, Vec<String>) {
    let mut notices = Vec::new();
    let client = Client::connect(options, &mut |line: &str| notices.push(line.to_owned())).await;
    (client, notices)
}

pub(crate) fn info(home: &Home, started_at_ms: u64) -> DaemonInfo {
    DaemonInfo {
        contract: CONTRACT,
        pid: std::process::id(),
        socket: home.socket_file().to_str().unwrap().to_owned(),
        tcp: None,
        build: build::current(),
        token: "token".into(),
        started_at_ms,
    }
}

pub(crate) fn welcome() -> Welcome {
    Welcome {
        contract: CONTRACT,
        build: build::current(),
        capabilities: vec!["research".into()],
        config_digest: CONFIG.into(),
        pid: std::process::id(),
    }
}

pub(crate) fn refusal(reason: RefusalReason) -> Refusal {
    Refusal {
        reason,
        message: format!("no, because of {reason:?}"),
        hint: format!("mend {reason:?}"),
        build: Build {
            version: "9.9.9".into(),
            digest: "ffff".into(),
        },
    }
}

type Script = dyn Fn(usize, UnixStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// Holds the lock and listens. Gone when dropped.
pub(crate) struct Fake {
    serving: tokio::task::JoinHandle<()>,
    _lock: DaemonLock,
}

impl Fake {
    /// The script gets the number of the connection, from 0, and the raw socket.
    pub(crate) fn start<F>(
        home: &Home,
        script: impl Fn(usize, UnixStream) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let lock = DaemonLock::try_acquire(home).unwrap().unwrap();
        let _ = std::fs::remove_file(home.socket_file());
        let listener = UnixListener::bind(home.socket_file()).unwrap();
        write_info(home, &info(home, 1)).unwrap();
        let script: Arc<Script> = Arc::new(move |number, stream| Box::pin(script(number, stream)));
        let serving = tokio::spawn(async move {
            for number in 0.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                tokio::spawn(script(number, stream));
            }
        });
        Self { serving, _lock: lock }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A connection from the daemon's side.
pub(crate) struct Peer(WebSocketStream<UnixStream>);

impl Peer {
    pub(crate) async fn upgrade(stream: UnixStream) -> Self {
        Self(accept_async(stream).await.unwrap())
    }

    /// Upgrades and welcomes.
    pub(crate) async fn welcome(stream: UnixStream) -> Self {
        let mut peer = Self::upgrade(stream).await;
        peer.hello().await;
        peer.send(ServerFrame::Welcome(welcome())).await;
        peer
    }

    pub(crate) async fn hello(&mut self) -> Hello {
        match self.receive().await {
            Some(ClientFrame::Hello(hello)) => hello,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn request(&mut self) -> Request {
        match self.receive().await {
            Some(ClientFrame::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn receive(&mut self) -> Option<ClientFrame> {
        while let Some(Ok(message)) = self.0.next().await {
            if let Message::Text(text) = message {
                return Some(serde_json::from_str(&text).unwrap());
            }
        }
        None
    }

    pub(crate) async fn send(&mut self, frame: ServerFrame) {
        self.text(&serde_json::to_string(&frame).unwrap()).await;
    }

    pub(crate) async fn text(&mut self, text: &str) {
        // The client may have gone; that is for the test to see on its side.
        let _ = self.0.send(Message::text(text)).await;
    }

    pub(crate) async fn event(&mut self, id: RequestId, seq: u64, event: Event) {
        self.send(ServerFrame::Event(Envelope { id, seq, event })).await;
    }

    /// Accepts under this name, as event 0.
    pub(crate) async fn accept(&mut self, id: RequestId, stream: &str) {
        self.event(
            id,
            0,
            Event::Accepted {
                stream: StreamId(stream.into()),
            },
        )
        .await;
    }

    /// Until the client closes.
    pub(crate) async fn linger(mut self) {
        while self.receive().await.is_some() {}
    }
}

pub(crate) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
