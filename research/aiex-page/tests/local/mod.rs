//! A real HTTP server on this machine, and names that lead where a test wants.
#![allow(dead_code, reason = "each test program uses its part")]

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiex_page::fetch::{FetchDeadlines, FetchSettings, Fetcher, Lookup, Names, Pace};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the server does for a request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Sends these bytes and hangs up.
    Send(Vec<u8>),
    /// Sends these bytes after a while and hangs up.
    Late(Duration, Vec<u8>),
    /// Sends these bytes and then nothing, without hanging up.
    Stall(Vec<u8>),
    /// Sends these bytes, and then one more every few milliseconds for ever.
    Trickle(Vec<u8>),
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) host: String,
    /// Header lines in lower case, names and values.
    pub(crate) headers: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

type Script = dyn Fn(&Request) -> Act + Send + Sync;

/// A running server; it ends with the test's runtime.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) async fn start(script: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Self {
        Self::start_on("127.0.0.1:0", script).await.unwrap()
    }

    pub(crate) async fn start_on(
        address: &str,
        script: impl Fn(&Request) -> Act + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let script: Arc<Script> = Arc::new(script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, script) = (Arc::clone(&log), Arc::clone(&script));
                tokio::spawn(async move {
                    // A client that hangs up early is part of many tests.
                    let _ = serve(stream, &log, &*script).await;
                });
            }
        });
        Ok(Self { address, seen })
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// Requests for pages, without those for robots.txt.
    pub(crate) fn pages(&self) -> Vec<Request> {
        self.requests()
            .into_iter()
            .filter(|request| request.path != "/robots.txt")
            .collect()
    }
}

async fn serve(stream: TcpStream, log: &Mutex<Vec<Request>>, script: &Script) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let host = headers
        .iter()
        .find(|(name, _)| name == "host")
        .map(|(_, host)| host.clone());
    let request = Request {
        path,
        host: host.unwrap_or_default(),
        headers,
    };
    log.lock().unwrap().push(request.clone());
    match script(&request) {
        Act::Send(bytes) => stream.write_all(&bytes).await?,
        Act::Late(pause, bytes) => {
            tokio::time::sleep(pause).await;
            stream.write_all(&bytes).await?;
        }
        Act::Stall(bytes) => {
            stream.write_all(&bytes).await?;
            std::future::pending::<()>().await;
        }
        Act::Trickle(bytes) => {
            stream.write_all(&bytes).await?;
            loop {
                tokio::time::sleep(Duration::from_millis(5)).await;
                stream.write_all(b"x").await?;
            }
        }
    }
    stream.shutdown().await
}

/// An answer with a status line, headers and a body.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Act {
    let body = body.as_ref();
    let mut text = format!(
        "HTTP/1.1 {status} Whatever\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    Act::Send([text.as_bytes(), body].concat())
}

pub(crate) fn html(body: impl AsRef<[u8]>) -> Act {
    answer(200, &[("content-type", "text/html; charset=utf-8")], body)
}

pub(crate) fn redirect(to: &str) -> Act {
    answer(302, &[("location", to)], "")
}

pub(crate) fn missing() -> Act {
    answer(404, &[], "")
}

/// Names and the addresses that each look-up gives; the last one repeats. Unknown names have none.
#[derive(Debug, Default)]
pub(crate) struct Book {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    default: Option<IpAddr>,
    asked: Mutex<Vec<String>>,
}

impl Book {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Every name leads there.
    pub(crate) fn all(address: &str) -> Self {
        Self {
            default: Some(address.parse().unwrap()),
            ..Self::default()
        }
    }

    pub(crate) fn name(mut self, host: &str, answers: &[&[&str]]) -> Self {
        let parse = |addresses: &&[&str]| addresses.iter().map(|address| address.parse().unwrap()).collect();
        self.answers
            .insert(host.to_owned(), answers.iter().map(parse).collect());
        self
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Names for Book {
    fn lookup(&self, host: &str) -> Lookup {
        let mut asked = self.asked.lock().unwrap();
        let before = asked.iter().filter(|known| *known == host).count();
        asked.push(host.to_owned());
        let found = match self.answers.get(host) {
            Some(answers) => answers[before.min(answers.len() - 1)].clone(),
            None => self.default.into_iter().collect(),
        };
        Box::pin(async move { Ok(found) })
    }
}

/// Settings for tests: this server counts as the internet, and nobody waits.
pub(crate) fn settings(outside: &[SocketAddr]) -> FetchSettings {
    FetchSettings {
        contact: Some("https://contact.example/bot".to_owned()),
        reachable: outside.to_vec(),
        deadlines: FetchDeadlines {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(10),
            idle: Duration::from_secs(10),
            total: Duration::from_secs(30),
            turn: Duration::from_secs(30),
        },
        pace: Pace {
            spacing: Duration::ZERO,
            ..Pace::default()
        },
        ..FetchSettings::default()
    }
}

/// A fetcher for which every name leads to this server.
pub(crate) fn fetcher(server: &Server) -> Fetcher {
    fetcher_with(server, |_| {})
}

pub(crate) fn fetcher_with(server: &Server, change: impl FnOnce(&mut FetchSettings)) -> Fetcher {
    let mut settings = settings(&[server.address]);
    change(&mut settings);
    Fetcher::with_names(settings, Arc::new(Book::all("127.0.0.1"))).unwrap()
}
