//! One request in, one reply out, on a connection that is closed after it. It knows no engine.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// The largest request that is read.
const LARGEST: u64 = 1 << 20;

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) end: End,
}

/// How a reply ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// As announced.
    Proper,
    /// The connection is closed before everything that was announced is there.
    Cut,
    /// Nothing more comes until the client leaves.
    Stall,
}

impl Reply {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: body.into(),
            end: End::Proper,
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    /// Sends it; for one that stalls, waits until the client leaves.
    pub(super) async fn send(&self, stream: &mut TcpStream) -> io::Result<()> {
        let announced = match self.end {
            End::Proper => self.body.len(),
            End::Cut | End::Stall => 2 * self.body.len() + 2,
        };
        let mut head = format!(
            "HTTP/1.1 {} Status\r\nconnection: close\r\ncontent-length: {announced}\r\n",
            self.status
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&self.body).await?;
        if self.end == End::Stall {
            left(stream).await;
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        stream.shutdown().await
    }
}

/// Returns when the client closes the connection.
pub(super) async fn left(stream: &mut TcpStream) {
    let mut ignored = [0; 64];
    while stream.read(&mut ignored).await.is_ok_and(|count| count > 0) {}
}

/// A request's path, headers (names in lower case) and body.
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Reads one request; `None` when the connection closed before one came.
pub(super) async fn receive(stream: &mut TcpStream) -> io::Result<Option<Asked>> {
    let mut reader = BufReader::new(stream).take(LARGEST);
    let mut line = String::new();
    if reader.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let path = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let mut headers: Vec<(String, String)> = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body).await?;
    Ok(Some(Asked { path, headers, body }))
}
