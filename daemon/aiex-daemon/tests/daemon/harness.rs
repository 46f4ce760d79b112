//! Starting a daemon, and talking to it frame by frame.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::Duration;

use aiex_config::{Home, Settings};
use aiex_daemon::{DaemonError, Exit, Logging, RepositorySource, RunOptions, run};
use aiex_protocol::hello::Build;
use aiex_protocol::search::SearchArgs;
use aiex_protocol::{
    CONTRACT, Call, ClientFrame, DaemonInfo, Envelope, Event, Hello, Refusal, Request, RequestId,
    ServerFrame, Welcome,
};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::fake::Fake;

/// Long enough for the slowest machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon in a temporary folder. It is drained when dropped.
pub(crate) struct Daemon {
    pub(crate) home: Home,
    pub(crate) info: DaemonInfo,
    /// Searches of the fake repository that hang.
    pub(crate) hanging: Arc<AtomicUsize>,
    thread: Option<JoinHandle<Result<Exit, DaemonError>>>,
    _folder: tempfile::TempDir,
}

/// Settings under which a test never waits for a timeout that it does not test.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.daemon.idle_exit = Duration::ZERO;
    settings.daemon.drain_timeout = Duration::from_millis(200);
    settings
}

impl Daemon {
    pub(crate) fn start() -> Self {
        Self::start_with(settings(), |_| {})
    }

    pub(crate) fn start_with(settings: Settings, change: impl FnOnce(&mut RunOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(&folder.path().join("home"));
        let fake = Fake::default();
        let hanging = fake.hanging.clone();
        let (sender, ready) = sync_channel(1);
        let mut options = RunOptions::new(home.clone(), settings);
        options.logging = Logging::Inherited;
        options.repositories = RepositorySource::Given(Arc::new(fake));
        options.on_ready = Some(Box::new(move |info| sender.send(info.clone()).unwrap()));
        change(&mut options);
        let thread = std::thread::spawn(move || run(options));
        let info = ready.recv_timeout(PATIENCE).expect("the daemon starts");
        Self {
            home,
            info,
            hanging,
            thread: Some(thread),
            _folder: folder,
        }
    }

    pub(crate) async fn connect(&self) -> Client<UnixStream> {
        let mut client = self.dial().await;
        client.hello().await.expect("the daemon welcomes");
        client
    }

    /// A connection that has said nothing yet.
    pub(crate) async fn dial(&self) -> Client<UnixStream> {
        let socket = UnixStream::connect(&self.info.socket).await.unwrap();
        Client::over(socket, "ws://aiex/v1/stream").await
    }

    /// Sends a whole HTTP request over the unix socket and reads to the end.
    pub(crate) async fn http(&self, request: &str) -> String {
        exchange(UnixStream::connect(&self.info.socket).await.unwrap(), request).await
    }

    /// Waits until `condition` holds.
    pub(crate) async fn until(&self, condition: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !condition(self) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .expect("the condition comes true");
    }

    pub(crate) fn num_hanging(&self) -> usize {
        self.hanging.load(Ordering::SeqCst)
    }

    /// Waits for the end.
    pub(crate) async fn ended(mut self) -> (Exit, PathBuf, tempfile::TempDir) {
        let thread = self.thread.take().unwrap();
        let exit = tokio::task::spawn_blocking(move || thread.join().unwrap().unwrap());
        let exit = tokio::time::timeout(PATIENCE, exit)
            .await
            .expect("the daemon ends")
            .unwrap();
        (
            exit,
            self.home.info_file(),
            std::mem::replace(&mut self._folder, tempfile::tempdir().unwrap()),
        )
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        // Without its info file a daemon goes at the next round; here it is asked to.
        let info = self.info.clone();
        let asked = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let Ok(socket) = UnixStream::connect(&info.socket).await else {
                    return;
                };
                let mut client = Client::over(socket, "ws://aiex/v1/stream").await;
                if client.hello().await.is_ok() {
                    client
                        .send(
                            1,
                            Call::Drain {
                                reason: "the test is over".to_owned(),
                            },
                        )
                        .await;
                    client.read_all(1).await;
                }
            });
        });
        let _ = asked.join();
        if !std::thread::panicking() {
            thread.join().unwrap().unwrap();
        }
    }
}

pub(crate) async fn exchange(mut socket: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    tokio::time::timeout(PATIENCE, socket.read_to_end(&mut reply))
        .await
        .expect("a whole reply")
        .unwrap();
    String::from_utf8(reply).unwrap()
}

pub(crate) fn hello() -> Hello {
    Hello {
        contract: CONTRACT,
        build: Build {
            version: "0.1.0".to_owned(),
            digest: "test".to_owned(),
        },
        capabilities: Vec::new(),
        client: "test".to_owned(),
        token: None,
    }
}

pub(crate) fn search(query: &str) -> Call {
    Call::Search(SearchArgs {
        query: query.to_owned(),
        repo: "/fake/src".to_owned(),
        ..SearchArgs::default()
    })
}

/// A raw client.
pub(crate) struct Client<S> {
    socket: WebSocketStream<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) async fn over(socket: S, url: &str) -> Self {
        let (socket, _) = tokio_tungstenite::client_async(url, socket).await.unwrap();
        Self { socket }
    }

    pub(crate) async fn hello(&mut self) -> Result<Welcome, Refusal> {
        self.say_hello(hello()).await
    }

    pub(crate) async fn say_hello(&mut self, hello: Hello) -> Result<Welcome, Refusal> {
        self.frame(&ClientFrame::Hello(hello)).await;
        match self.next().await.expect("an answer to the hello") {
            ServerFrame::Welcome(welcome) => Ok(welcome),
            ServerFrame::Refused(refusal) => Err(refusal),
            ServerFrame::Event(event) => panic!("an event before the welcome: {event:?}"),
        }
    }

    pub(crate) async fn text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn frame(&mut self, frame: &ClientFrame) {
        self.text(&serde_json::to_string(frame).unwrap()).await;
    }

    pub(crate) async fn send(&mut self, id: u64, call: Call) {
        self.request(Request {
            id: RequestId(id),
            call,
            deadline_ms: None,
            trace: None,
        })
        .await;
    }

    pub(crate) async fn request(&mut self, request: Request) {
        self.frame(&ClientFrame::Request(request)).await;
    }

    /// The next frame; none when the connection is closed.
    pub(crate) async fn next(&mut self) -> Option<ServerFrame> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next())
                .await
                .expect("a frame in time");
            match message? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(text.as_str()).unwrap()),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    pub(crate) async fn event(&mut self, id: u64) -> Envelope {
        match self.next().await.expect("an event") {
            ServerFrame::Event(envelope) if envelope.id == RequestId(id) => envelope,
            other => panic!("not an event of request {id}: {other:?}"),
        }
    }

    /// Reads a request to its end.
    pub(crate) async fn read_all(&mut self, id: u64) -> Vec<Envelope> {
        let mut all = Vec::new();
        loop {
            let envelope = self.event(id).await;
            let is_last = envelope.event.is_last();
            all.push(envelope);
            if is_last {
                return all;
            }
        }
    }

    /// Asks and reads to the end.
    pub(crate) async fn ask(&mut self, id: u64, call: Call) -> Vec<Event> {
        self.send(id, call).await;
        self.read_all(id)
            .await
            .into_iter()
            .map(|envelope| envelope.event)
            .collect()
    }
}
