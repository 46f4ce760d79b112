//! Starting, being alone, draining, going.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use aiex_config::StartFailure;
use aiex_daemon::{DaemonError, Exit, Logging, RunOptions, run};
use aiex_protocol::{Call, ClientFrame, ErrorCode, Event, RefusalReason, RequestId, ServerFrame};

use crate::harness::{Daemon, search, settings};

#[tokio::test]
async fn the_socket_and_the_info_file_are_for_the_user_only() {
    let daemon = Daemon::start();
    for path in [daemon.home.socket_file(), daemon.home.info_file()] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    let found = aiex_config::info::read_info(&daemon.home).unwrap().unwrap();
    assert_eq!(found, daemon.info);
    assert_eq!(found.token.len(), 32);
}

#[tokio::test]
async fn a_second_daemon_is_refused_and_says_why() {
    let daemon = Daemon::start();
    let mut options = RunOptions::new(daemon.home.clone(), settings());
    options.logging = Logging::Inherited;
    assert!(matches!(run(options), Err(DaemonError::AlreadyRunning { .. })));
    let failure = StartFailure::read(&daemon.home).unwrap();
    assert_eq!(failure.pid, std::process::id());
    assert!(
        failure.message.contains("another daemon holds"),
        "{}",
        failure.message
    );
    // The first one was not disturbed.
    daemon.connect().await;
}

#[tokio::test]
async fn a_socket_left_by_a_crash_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let home = aiex_config::Home::at(folder.path());
    home.create().unwrap();
    drop(std::os::unix::net::UnixListener::bind(home.socket_file()).unwrap());
    let daemon = Daemon::start_with(settings(), |options| options.home = home);
    daemon.connect().await;
}

#[tokio::test]
async fn an_idle_daemon_goes_and_leaves_nothing_behind() {
    let mut settings = settings();
    settings.daemon.idle_exit = Duration::from_millis(30);
    let daemon = Daemon::start_with(settings, |_| {});
    let socket = daemon.home.socket_file();
    let (exit, info_file, _folder) = daemon.ended().await;
    assert_eq!(
        exit,
        Exit::Idle {
            after: Duration::from_millis(30)
        }
    );
    assert!(!info_file.exists() && !socket.exists());
}

#[tokio::test]
async fn a_client_keeps_the_daemon_and_its_leaving_lets_it_go() {
    let mut settings = settings();
    settings.daemon.idle_exit = Duration::from_secs(2);
    let daemon = Daemon::start_with(settings, |_| {});
    let mut client = daemon.connect().await;
    // Longer than it would have stayed alone.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(matches!(
        client.ask(1, search("retry")).await.last(),
        Some(Event::Done { .. })
    ));
    drop(client);
    assert!(matches!(daemon.ended().await.0, Exit::Idle { .. }));
}

#[tokio::test]
async fn draining_refuses_what_is_new_and_lets_what_runs_finish() {
    let mut settings = settings();
    settings.daemon.drain_timeout = Duration::from_secs(600);
    let daemon = Daemon::start_with(settings, |_| {});
    let (mut busy, mut other) = (daemon.connect().await, daemon.connect().await);
    busy.send(1, search("hang")).await;
    busy.event(1).await;
    daemon.until(|daemon| daemon.num_hanging() == 1).await;
    let drain = Call::Drain {
        reason: "an update".to_owned(),
    };
    assert!(matches!(
        other.ask(1, drain).await.last(),
        Some(Event::Done { .. })
    ));

    let Some(Event::Error(error)) = other.ask(2, search("retry")).await.pop() else {
        panic!("not refused")
    };
    assert_eq!(error.code, ErrorCode::Draining);
    let refusal = daemon.dial().await.hello().await.unwrap_err();
    assert_eq!(refusal.reason, RefusalReason::Draining);

    busy.frame(&ClientFrame::Cancel { id: RequestId(1) }).await;
    busy.read_all(1).await;
    assert!(busy.next().await.is_none(), "the daemon closes the connection");
    let (exit, ..) = daemon.ended().await;
    assert_eq!(
        exit,
        Exit::Requested {
            reason: "an update".to_owned()
        }
    );
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cancelled_and_told_so() {
    let mut settings = settings();
    settings.daemon.drain_timeout = Duration::from_millis(20);
    let daemon = Daemon::start_with(settings, |_| {});
    let mut busy = daemon.connect().await;
    busy.send(1, search("hang")).await;
    busy.event(1).await;
    daemon.until(|daemon| daemon.num_hanging() == 1).await;
    busy.send(
        2,
        Call::Drain {
            reason: "an update".to_owned(),
        },
    )
    .await;
    let told = loop {
        match busy
            .next()
            .await
            .expect("an error before the connection is closed")
        {
            ServerFrame::Event(envelope) if envelope.id == RequestId(1) => break envelope.event,
            _ => {}
        }
    };
    assert!(matches!(told, Event::Error(error) if error.code == ErrorCode::Cancelled));
    daemon.ended().await;
}
