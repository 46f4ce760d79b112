//! What a run of research costs while everything outside of this machine is down: models and search engines that refuse,
//! are busy, or say nothing.
//!
//! A run is over when it has told its end. Beside the whole time stands the longest time in which it told nothing: what
//! was waited for in vain.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::subject::Subject;

const QUESTION: &str = "how long does the back-off policy wait before the next attempt";

const CODE: &str = "/// How a failed request is tried again.\npub struct BackOff {\n    /// The pause before the next attempt.\n    \
pub pause: u64,\n}\n\n/// How long the back-off policy waits before the next attempt: twice as long each time, five seconds \
at most.\npub fn next_wait(policy: &BackOff) -> u64 {\n    (policy.pause * 2).min(5_000)\n}\n";

/// How a service is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Down {
    /// Nobody listens.
    Refuses,
    /// It answers HTTP 503.
    Busy,
    /// It takes connections and says nothing.
    Hangs,
    /// It begins an answer, and then says nothing to anybody.
    Freezes,
    /// It begins answers and never ends them, but says which models it has.
    Stalls,
}

impl Down {
    const ALL: [(Self, &str); 5] = [
        (Self::Refuses, "refuses connections"),
        (Self::Busy, "answers 503"),
        (Self::Hangs, "hangs before the first byte"),
        (Self::Freezes, "freezes in the midst of an answer"),
        (Self::Stalls, "stalls in its answers, though it is there"),
    ];
}

/// Measures runs in which every service outside is down.
pub(crate) async fn all(program: &Path, scratch: &Path) -> Result<(), Failure> {
    println!(
        "| everything outside | sources | model | run takes | longest silence | ends with |\n|---|---|---|---|---|---|"
    );
    for (down, words) in Down::ALL {
        for sources in ["code,web", "web"] {
            for (place, name) in [
                ("[::ffff:127.0.0.1]", "elsewhere"),
                ("127.0.0.1", "on this machine"),
            ] {
                // A model on this machine is waited for longer; once is enough to show it.
                if place == "127.0.0.1" && sources == "web" {
                    continue;
                }
                let row = one(program, scratch, down, sources, place).await?;
                println!("| {words} | {sources} | {name} | {row} |");
            }
        }
    }
    Ok(())
}

async fn one(
    program: &Path,
    scratch: &Path,
    down: Down,
    sources: &str,
    place: &str,
) -> Result<String, Failure> {
    let folder = tempfile::tempdir_in(scratch)?;
    let repo = folder.path().join("repo");
    std::fs::create_dir_all(repo.join("src"))?;
    std::fs::write(repo.join("src/retry.rs"), CODE)?;
    let (engine, model) = (serve(down)?, serve(down)?);
    let home = folder.path().join("home");
    std::fs::create_dir_all(&home)?;
    std::fs::write(
        home.join("config.toml"),
        format!(
            "[web]\nenabled = true\nkeyless = false\n[[web.engine]]\nkind = \"searxng\"\nurl = \"http://{engine}\"\n\
             [[provider]]\nname = \"down\"\nkind = \"openai\"\nurl = \"http://{place}:{}/v1\"\nmodel = \"m\"\n",
            model.port()
        ),
    )?;
    let subject = Subject::start(program, &home).await?;
    subject.index(&repo).await?;
    let began = Instant::now();
    let mut command = subject.command();
    command
        .current_dir(&repo)
        .args(["research", QUESTION, "--sources", sources, "--yes", "--json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let took = began.elapsed();
    let mut times: Vec<u64> = Vec::new();
    let (mut end, mut quotes) = ("nothing".to_owned(), 0);
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        times.extend(row["at_ms"].as_u64());
        match row["kind"].as_str().unwrap_or_default() {
            "quoted" => quotes += 1,
            "failed" => end = format!("an error: {}", row["reason"].as_str().unwrap_or_default()),
            "done" => end = format!("a report: {}", row["partial"].as_str().unwrap_or("whole")),
            _ => {}
        }
    }
    let silence = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max();
    Ok(format!(
        "{:.1} s | {:.1} s | {quotes} quotes, {}",
        took.as_secs_f64(),
        Duration::from_millis(silence.unwrap_or_default()).as_secs_f64(),
        end.replace('|', "/").chars().take(160).collect::<String>()
    ))
}

/// Starts a service that is down. It goes with the program.
fn serve(down: Down) -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    if down == Down::Refuses {
        return Ok(address);
    }
    std::thread::spawn(move || {
        // Held open, so that clients wait.
        let held: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        for stream in listener.incoming().flatten() {
            let held = Arc::clone(&held);
            std::thread::spawn(move || {
                if let Some(stream) = answer(stream, down) {
                    held.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
                }
            });
        }
    });
    Ok(address)
}

/// Answers as far as it answers; gives back what is to be held open.
fn answer(mut stream: TcpStream, down: Down) -> Option<TcpStream> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return None;
        }
        request.extend(byte);
    }
    let is_call = request.starts_with(b"GET /v1/models");
    let text = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"It\"}}]}\n\n";
    let whole = |status: &str, body: &str| {
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    let begun = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n",
        text.len()
    );
    let (reply, ends) = match down {
        Down::Refuses => return None,
        Down::Busy => (
            whole(
                "503 Service Unavailable",
                "{\"error\":{\"message\":\"overloaded\"}}",
            ),
            true,
        ),
        Down::Hangs => return Some(stream),
        Down::Freezes if is_call => return Some(stream),
        Down::Stalls if is_call => (whole("200 OK", "{\"data\":[]}"), true),
        Down::Freezes | Down::Stalls => (begun, false),
    };
    // A client that has gone does not take it.
    let _ = stream.write_all(reply.as_bytes());
    (!ends).then_some(stream)
}
