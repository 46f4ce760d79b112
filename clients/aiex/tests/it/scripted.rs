//! A daemon that answers as a test says: for what a real one without a model and a network never has to tell.

use std::sync::Arc;

use aiex_config::Home;
use aiex_config::info::write_info;
use aiex_protocol::hello::Build;
use aiex_protocol::{
    CONTRACT, Call, ClientFrame, DaemonInfo, Envelope, Event, Request, ServerFrame, StreamId, Welcome,
};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

use crate::world::World;

/// What a call is answered with. An answer without an end leaves the client waiting.
type Script = dyn Fn(&Call) -> Vec<Event> + Send + Sync;

/// Gone when dropped.
pub(crate) struct Scripted {
    _runtime: tokio::runtime::Runtime,
}

impl Scripted {
    /// Listens where the program looks for its daemon.
    pub(crate) fn start(
        world: &World,
        capabilities: &'static [&'static str],
        script: impl Fn(&Call) -> Vec<Event> + Send + Sync + 'static,
    ) -> Self {
        let home = Home::at(&world.aiex_home());
        home.create().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let entered = runtime.enter();
        let listener = UnixListener::bind(home.socket_file()).unwrap();
        let info = DaemonInfo {
            contract: CONTRACT,
            pid: std::process::id(),
            socket: home.socket_file().to_str().unwrap().to_owned(),
            tcp: None,
            build: build(),
            token: "token".into(),
            started_at_ms: 1,
        };
        write_info(&home, &info).unwrap();
        let script: Arc<Script> = Arc::new(script);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, capabilities, Arc::clone(&script)));
            }
        });
        drop(entered);
        Self { _runtime: runtime }
    }
}

/// A newer one than any program, so that none wants to replace it.
fn build() -> Build {
    Build {
        version: "999.0.0".into(),
        digest: "ffffffffffffffff".into(),
    }
}

async fn serve(stream: UnixStream, capabilities: &[&str], script: Arc<Script>) {
    let Ok(mut socket) = accept_async(stream).await else {
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        match serde_json::from_str(&text).unwrap() {
            ClientFrame::Hello(_) => {
                let welcome = Welcome {
                    contract: CONTRACT,
                    build: build(),
                    capabilities: capabilities.iter().map(|name| (*name).to_owned()).collect(),
                    config_digest: String::new(),
                    pid: std::process::id(),
                };
                send(&mut socket, ServerFrame::Welcome(welcome)).await;
            }
            ClientFrame::Request(request) => answer(&mut socket, &request, script.as_ref()).await,
            ClientFrame::Cancel { .. } | ClientFrame::Resume { .. } => {}
        }
    }
}

async fn answer(socket: &mut WebSocketStream<UnixStream>, request: &Request, script: &Script) {
    let accepted = Event::Accepted {
        stream: StreamId("s".into()),
    };
    for (seq, event) in [accepted].into_iter().chain(script(&request.call)).enumerate() {
        let envelope = Envelope {
            id: request.id,
            seq: seq as u64,
            event,
        };
        send(socket, ServerFrame::Event(envelope)).await;
    }
}

async fn send(socket: &mut WebSocketStream<UnixStream>, frame: ServerFrame) {
    // The client may have gone; that is for the test to see on its side.
    let _ = socket
        .send(Message::text(serde_json::to_string(&frame).unwrap()))
        .await;
}
