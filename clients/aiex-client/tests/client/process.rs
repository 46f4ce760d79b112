//! A daemon in a process of its own: this test binary, started by the client with a variable that says how
//! to behave.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use aiex_client::DaemonCommand;
use aiex_config::info::{remove_info, write_info};
use aiex_config::{DaemonLock, Home, MapEnvironment, StartFailure};
use aiex_protocol::hello::Build;
use aiex_protocol::{Call, ClientFrame, Event, ServerFrame, Welcome};
use tokio::net::UnixListener;
use tokio::sync::mpsc;

use crate::fake::{Peer, info, welcome};

const BEHAVIOUR: &str = "AIEX_TEST_DAEMON";
const VERSION: &str = "AIEX_TEST_VERSION";

/// No daemon of a test stays longer, whatever becomes of the test.
const LIFETIME: Duration = Duration::from_secs(60);

/// How to start one.
pub(crate) fn command(behaviour: &str) -> DaemonCommand {
    DaemonCommand {
        exe: std::env::current_exe().unwrap(),
        args: ["process::the_daemon", "--exact", "--nocapture"]
            .map(Into::into)
            .into(),
        env: vec![(BEHAVIOUR.into(), behaviour.into())],
    }
}

/// One that says it is of this version.
pub(crate) fn command_of_version(version: &str) -> DaemonCommand {
    let mut command = command("serve");
    command.env.push((VERSION.into(), version.into()));
    command
}

/// How many were started in this home.
pub(crate) fn starts(home: &Home) -> usize {
    std::fs::read_to_string(home.state.join("starts"))
        .unwrap_or_default()
        .lines()
        .count()
}

/// Not a test in this process: the body of the daemon.
#[test]
fn the_daemon() {
    let Some(behaviour) = std::env::var_os(BEHAVIOUR) else {
        return;
    };
    let environment = MapEnvironment::new([("AIEX_HOME", std::env::var_os("AIEX_HOME").unwrap())]);
    let (home, _) = Home::locate(&environment).unwrap();
    let mut starts = OpenOptions::new()
        .append(true)
        .create(true)
        .open(home.state.join("starts"))
        .unwrap();
    writeln!(starts, "{}", std::process::id()).unwrap();
    match behaviour.to_str().unwrap() {
        "serve" => run(&home, false),
        "abort at the first request" => run(&home, true),
        "explain and exit" => {
            let failure = StartFailure {
                pid: std::process::id(),
                message: "the disk is full".into(),
                hint: Some("make room".into()),
                at_ms: 0,
            };
            failure.write(&home).unwrap();
            panic!("not started");
        }
        "die" => {
            // The test harness has more to say behind a panic than the client shows.
            writeln!(std::io::stderr(), "the stars are wrong").unwrap();
            std::process::abort();
        }
        "hang" => std::thread::park_timeout(Duration::from_secs(5)),
        other => panic!("{other}"),
    }
}

fn run(home: &Home, aborts: bool) {
    let Some(_lock) = DaemonLock::try_acquire(home).unwrap() else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _ = runtime.block_on(async { tokio::time::timeout(LIFETIME, serve(home, aborts)).await });
    remove_info(home).unwrap();
}

async fn serve(home: &Home, aborts: bool) {
    let _ = std::fs::remove_file(home.socket_file());
    let listener = UnixListener::bind(home.socket_file()).unwrap();
    write_info(home, &info(home, u64::from(std::process::id()))).unwrap();
    let (drain, mut drained) = mpsc::channel(1);
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.unwrap();
                let drain = drain.clone();
                tokio::spawn(async move {
                    let mut peer = Peer::upgrade(stream).await;
                    let Some(ClientFrame::Hello(_)) = peer.receive().await else { return };
                    let mut welcome: Welcome = welcome();
                    if let Ok(version) = std::env::var(VERSION) {
                        welcome.build = Build { version, digest: "another".into() };
                    }
                    peer.send(ServerFrame::Welcome(welcome)).await;
                    while let Some(frame) = peer.receive().await {
                        let ClientFrame::Request(request) = frame else { continue };
                        if aborts {
                            std::process::abort();
                        }
                        peer.accept(request.id, "s").await;
                        peer.event(request.id, 1, Event::Done { summary: None }).await;
                        if matches!(request.call, Call::Drain { .. }) {
                            drain.send(()).await.unwrap();
                        }
                    }
                });
            }
            _ = drained.recv() => return,
        }
    }
}
