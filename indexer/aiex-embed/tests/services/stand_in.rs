//! A stand-in HTTP service: answers each request with the next of its scripted answers and keeps what was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// One scripted answer.
#[derive(Clone)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Announces more bytes than it sends.
    cut: bool,
}

impl Answer {
    pub(crate) fn json(status: u16, body: impl ToString) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self {
            status,
            headers,
            body: body.to_string().into_bytes(),
            cut: false,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn cut(mut self) -> Self {
        self.cut = true;
        self
    }
}

/// What one request said.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

type Script = Box<dyn FnMut(&Asked) -> Answer + Send>;

/// A running stand-in. Its thread ends with the process.
pub(crate) struct StandIn {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl StandIn {
    /// Answers by a function of the request.
    pub(crate) fn start(mut script: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        thread::spawn(move || {
            let mut script: Script = Box::new(move |asked| script(asked));
            for stream in listener.incoming() {
                let _ = serve(&stream.unwrap(), &mut script, &kept);
            }
        });
        Self { url, asked }
    }

    /// Answers in order; the last one again for all that follow.
    pub(crate) fn scripted(answers: Vec<Answer>) -> Self {
        let mut at = 0;
        Self::start(move |_| {
            at += 1;
            answers[(at - 1).min(answers.len() - 1)].clone()
        })
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(stream: &TcpStream, script: &mut Script, kept: &Mutex<Vec<Asked>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length:")
            .map(|n| n.trim().parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let path = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let asked = Asked {
        path,
        head,
        body: String::from_utf8(body).unwrap(),
    };
    let answer = script(&asked);
    kept.lock().unwrap().push(asked);
    let announced = answer.body.len() + if answer.cut { 10 } else { 0 };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {} X\r\nconnection: close\r\ncontent-length: {announced}\r\n",
        answer.status
    )?;
    for (name, value) in &answer.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(&answer.body)?;
    stream.flush()
}
