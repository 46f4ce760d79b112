//! A host with pages. It counts what it was asked for, and answers slowly where it is told to.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    path: String,
    pause: Duration,
    text: String,
}

impl Leaf {
    /// A page at a path, that comes after a pause.
    pub fn new(path: impl Into<String>, pause: Duration, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            pause,
            text: text.into(),
        }
    }
}

/// A host on this machine. It goes with the program.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    leaves: Mutex<BTreeMap<String, Leaf>>,
    asked: Mutex<BTreeMap<String, usize>>,
    /// The share of requests that fail by chance.
    chance: Mutex<Option<f64>>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host {
    /// Begins to listen.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub fn start(leaves: impl IntoIterator<Item = Leaf>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::<Shared>::default();
        let serving = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("stand-in".to_owned())
            .spawn(move || {
                for stream in listener.incoming().flatten() {
                    let shared = Arc::clone(&serving);
                    // A connection without a thread is closed, which its client sees as an error.
                    let _ = std::thread::Builder::new().spawn(move || shared.answer(stream));
                }
            })?;
        let host = Self { address, shared };
        host.publish(leaves);
        Ok(host)
    }

    /// Its address and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a page.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Has these pages too.
    pub fn publish(&self, leaves: impl IntoIterator<Item = Leaf>) {
        let leaves = leaves.into_iter().map(|leaf| (leaf.path.clone(), leaf));
        held(&self.shared.leaves).extend(leaves);
    }

    /// Lets so many of a hundred requests fail by chance: with a status of the 500s, or in the midst of the page.
    pub fn fail_by_chance(&self, share: f64) {
        *held(&self.shared.chance) = Some(share);
    }

    /// What it was asked for, and how often.
    pub fn asked(&self) -> BTreeMap<String, usize> {
        held(&self.shared.asked).clone()
    }

    /// How often it was asked for a page.
    pub fn times(&self, path: &str) -> usize {
        held(&self.shared.asked).get(path).copied().unwrap_or(0)
    }

    /// How often it was asked for any page; what it says of robots is none.
    pub fn pages(&self) -> usize {
        let asked = held(&self.shared.asked);
        let pages = asked.iter().filter(|(path, _)| *path != "/robots.txt");
        pages.map(|(_, times)| times).sum()
    }
}

impl Shared {
    fn answer(&self, mut stream: TcpStream) {
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") {
            if !matches!(stream.read(&mut byte), Ok(1)) {
                return;
            }
            request.extend(byte);
        }
        let request = String::from_utf8_lossy(&request).into_owned();
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        *held(&self.asked).entry(path.clone()).or_default() += 1;
        let leaf = held(&self.leaves).get(&path).cloned();
        if let Some(leaf) = &leaf {
            std::thread::park_timeout(leaf.pause);
        }
        let chance = *held(&self.chance);
        let fails = chance.is_some_and(|share| fastrand::f64() < share) && path != "/robots.txt";
        let (status, body) = match &leaf {
            Some(_) if fails && fastrand::bool() => (503, ""),
            Some(leaf) => (200, leaf.text.as_str()),
            None => (404, ""),
        };
        let sent = if fails { body.len() / 2 } else { body.len() };
        let head = format!(
            "HTTP/1.1 {status} -\r\ncontent-type: text/markdown\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        // A client that was killed does not take it.
        let _ = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body.as_bytes().get(..sent).unwrap_or_default()));
    }
}
