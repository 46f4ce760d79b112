//! Just enough of a websocket to say what no real client says.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

pub(crate) struct Raw {
    stream: UnixStream,
}

impl Raw {
    pub(crate) fn connect(socket: &Path) -> Self {
        let mut stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
            .write_all(
                b"GET /v1/stream HTTP/1.1\r\nHost: aiex.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                  Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            )
            .unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head);
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        Self { stream }
    }

    /// Sends one text frame, masked with zeros as a client may.
    pub(crate) fn send(&mut self, text: &str) {
        let mut frame = vec![0x81];
        match u16::try_from(text.len()).unwrap() {
            length @ 0..126 => frame.push(0x80 | length as u8),
            length => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.stream.write_all(&frame).unwrap();
    }

    /// The next text frame.
    pub(crate) fn receive(&mut self) -> Value {
        loop {
            let mut head = [0; 2];
            self.stream.read_exact(&mut head).unwrap();
            let length = match head[1] & 0x7f {
                126 => {
                    let mut long = [0; 2];
                    self.stream.read_exact(&mut long).unwrap();
                    u64::from(u16::from_be_bytes(long))
                }
                127 => {
                    let mut long = [0; 8];
                    self.stream.read_exact(&mut long).unwrap();
                    u64::from_be_bytes(long)
                }
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.stream.read_exact(&mut payload).unwrap();
            if head[0] & 0x0f == 1 {
                return serde_json::from_slice(&payload).unwrap();
            }
        }
    }
}

/// Listens at `front`, passes everything on to the daemon at `back`, and replaces what the daemon says of
/// itself by words of the same length. Lives as long as the test's process.
pub(crate) fn disguise(front: &Path, back: PathBuf, words: &[(&'static str, &'static str)]) {
    let listener = UnixListener::bind(front).unwrap();
    let words = words.to_vec();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, daemon) = (client.unwrap(), UnixStream::connect(&back));
            // As if nobody listened any more.
            let Ok(daemon) = daemon else { continue };
            let (up, down) = (client.try_clone().unwrap(), daemon.try_clone().unwrap());
            let words = words.clone();
            std::thread::spawn(move || pass(up, daemon, &[]));
            std::thread::spawn(move || pass(down, client, &words));
        }
    });
}

fn pass(mut from: UnixStream, mut to: UnixStream, words: &[(&str, &str)]) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let said = &mut buffer[..length];
        for (old, new) in words {
            assert_eq!(old.len(), new.len());
            while let Some(at) = said.windows(old.len()).position(|part| part == old.as_bytes()) {
                said[at..at + new.len()].copy_from_slice(new.as_bytes());
            }
        }
        if to.write_all(said).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
