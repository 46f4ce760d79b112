//! A scripted HTTP server on 127.0.0.1 that answers like the real services, byte for byte, and remembers what
//! it was asked. For tests. It runs on threads of its own, so it serves blocking and asynchronous tests alike.
//!
//! It does not know which scenario a test is about: the modules of the vendors write the scripts, and
//! [`StandIn::answering`] takes one that looks at what was asked.

pub mod anthropic;
pub mod lmstudio;
pub mod ollama;
pub mod openai;
mod reply;
pub mod responses;
mod speech;

use std::fmt;

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub use reply::{Reply, Step};
pub use speech::{Counts, Fault, Said};

/// How often a waiting connection looks whether its client is still there.
const LOOK: Duration = Duration::from_millis(10);

/// A running stand-in; it stops when dropped.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// A request as it was received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// `POST`, `GET` …
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// The client closed the connection before the reply was over.
    pub hung_up: bool,
    /// The reply was sent to its end.
    pub answered: bool,
}

impl Received {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Where replies come from.
enum Script {
    /// In their order; the last repeats.
    Replies(Vec<Reply>),
    /// By what was asked.
    Answers(Box<dyn Fn(&Received) -> Said + Send + Sync>),
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replies(replies) => f.debug_tuple("Replies").field(&replies.len()).finish(),
            Self::Answers(_) => f.write_str("Answers"),
        }
    }
}

impl Script {
    fn reply(&self, at: usize, request: &Received) -> Option<Reply> {
        match self {
            Self::Replies(replies) => replies.get(at).or(replies.last()).cloned(),
            Self::Answers(answer) => Some(speech::reply(request.kind(), request, answer(request))),
        }
    }
}

#[derive(Debug)]
struct Shared {
    script: Script,
    state: Mutex<State>,
    changed: Condvar,
    /// Whether calls beside requests go unanswered.
    deaf: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    received: Vec<Received>,
    stopped: bool,
}

impl StandIn {
    /// Answers the first request with the first reply and so on; the last reply repeats.
    pub fn start(replies: impl IntoIterator<Item = Reply>) -> io::Result<Self> {
        Self::playing(Script::Replies(replies.into_iter().collect()))
    }

    /// A model that answers by what it is asked, in the dialect it is asked in. `answer` is called on the
    /// thread of each connection, at once for requests that run at once.
    pub fn answering<S: Into<Said>>(
        answer: impl Fn(&Received) -> S + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::playing(Script::Answers(Box::new(move |request| answer(request).into())))
    }

    fn playing(script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script,
            state: Mutex::default(),
            changed: Condvar::new(),
            deaf: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        thread::Builder::new()
            .name("stand-in".to_owned())
            .spawn(move || {
                for stream in listener.incoming() {
                    if serving.state().stopped {
                        return;
                    }
                    let Ok(stream) = stream else { continue };
                    let serving = Arc::clone(&serving);
                    // A connection without a thread is closed, which the test sees as an error.
                    let _ = thread::Builder::new().spawn(move || serving.serve(stream));
                }
            })?;
        Ok(Self { address, shared })
    }

    /// `http://127.0.0.1:port`, which is a `base_url` for either kind of provider.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same place under an address that is not taken for one of this machine or its network.
    pub fn url_from_elsewhere(&self) -> String {
        format!("http://[::ffff:{}]:{}", self.address.ip(), self.address.port())
    }

    /// From now on it does not answer either when it is called beside its requests: nobody is there.
    pub fn go_deaf(&self) {
        self.shared.deaf.store(true, Ordering::SeqCst);
    }

    /// All requests so far. Calls that ask which models there are, as one asks whether anybody is there, are none.
    pub fn received(&self) -> Vec<Received> {
        self.shared.state().received.clone()
    }

    /// How many requests there were so far.
    pub fn requests(&self) -> usize {
        self.shared.state().received.len()
    }

    /// How many requests so far were like this.
    pub fn count(&self, like: impl Fn(&Received) -> bool) -> usize {
        self.shared
            .state()
            .received
            .iter()
            .filter(|request| like(request))
            .count()
    }

    /// Waits until what was received satisfies `condition`; `false` if it does not within `within`.
    pub fn wait_until(&self, within: Duration, condition: impl Fn(&[Received]) -> bool) -> bool {
        let state = self.shared.state();
        let waited = self
            .shared
            .changed
            .wait_timeout_while(state, within, |state| !condition(&state.received));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        condition(&state.received)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.shared.state().stopped = true;
        self.shared.changed.notify_all();
        // Wakes the listener; if that fails the listener is gone already.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, at: usize, change: impl FnOnce(&mut Received)) {
        if let Some(received) = self.state().received.get_mut(at) {
            change(received);
        }
        self.changed.notify_all();
    }

    /// One request, one reply, and the connection is closed.
    fn serve(&self, mut stream: TcpStream) {
        let Ok(Some(request)) = receive(&stream) else {
            return;
        };
        if request.method == "GET" {
            let reply = if self.deaf.load(Ordering::SeqCst) {
                Reply {
                    steps: vec![Step::Hang],
                    ..Reply::new(200, "application/json", "")
                }
            } else {
                Reply::new(200, "application/json", r#"{"data":[]}"#)
            };
            let _ = self.play(&mut stream, &reply);
            let _ = stream.shutdown(Shutdown::Write);
            return;
        }
        let at = {
            let mut state = self.state();
            state.received.push(request.clone());
            state.received.len() - 1
        };
        self.changed.notify_all();
        let Some(reply) = self.script.reply(at, &request) else {
            return;
        };
        match self.play(&mut stream, &reply) {
            Ok(true) => self.update(at, |received| received.answered = true),
            Ok(false) => {}
            Err(_) => self.update(at, |received| received.hung_up = true),
        }
        let _ = stream.shutdown(Shutdown::Write);
    }

    /// `Ok(false)` when the script cut the connection or the stand-in stopped; an error when the client
    /// hung up.
    fn play(&self, stream: &mut TcpStream, reply: &Reply) -> io::Result<bool> {
        // Every step is to arrive as it was cut.
        stream.set_nodelay(true)?;
        let mut head = Some(reply.head());
        for step in &reply.steps {
            match step {
                Step::Bytes(bytes) => {
                    let mut out = head.take().unwrap_or_default();
                    out.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
                    out.extend_from_slice(bytes);
                    out.extend_from_slice(b"\r\n");
                    stream.write_all(&out)?;
                }
                Step::Head => stream.write_all(&head.take().unwrap_or_default())?,
                Step::Pause(pause) => self.linger(stream, Some(*pause))?,
                Step::Hang => {
                    self.linger(stream, None)?;
                    return Ok(false);
                }
                Step::Cut => return Ok(false),
            }
        }
        stream.write_all(&head.take().unwrap_or_default())?;
        stream.write_all(b"0\r\n\r\n")?;
        Ok(true)
    }

    /// Waits and watches the client; an error when it closes the connection.
    fn linger(&self, stream: &mut TcpStream, pause: Option<Duration>) -> io::Result<()> {
        let begun = Instant::now();
        while !self.state().stopped {
            let left = pause.map(|pause| pause.saturating_sub(begun.elapsed()));
            if left == Some(Duration::ZERO) {
                break;
            }
            stream.set_read_timeout(Some(left.unwrap_or(LOOK).min(LOOK)))?;
            match stream.read(&mut [0; 64]) {
                Ok(0) => return Err(ErrorKind::ConnectionAborted.into()),
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Reads a request; `None` when the connection closed before one came.
fn receive(stream: &TcpStream) -> io::Result<Option<Received>> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut received = Received {
        method,
        path,
        ..Received::default()
    };
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        received
            .headers
            .push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = received
        .header("content-length")
        .and_then(|value| value.parse().ok())
        .unwrap_or(0);
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    received.body = String::from_utf8_lossy(&body).into_owned();
    Ok(Some(received))
}
