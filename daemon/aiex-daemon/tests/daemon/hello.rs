//! The first frame each way.

use aiex_protocol::{CONTRACT, Hello, RefusalReason};

use crate::harness::{Daemon, hello, settings};

#[tokio::test]
async fn a_client_is_welcomed_and_told_who_is_there() {
    let daemon = Daemon::start();
    let mut client = daemon.dial().await;
    let welcome = client.hello().await.unwrap();
    assert_eq!(welcome.contract, CONTRACT);
    assert_eq!(welcome.pid, std::process::id());
    assert_eq!(welcome.config_digest, settings().digest());
    assert!(welcome.capabilities.contains(&"resume".to_owned()));
}

#[tokio::test]
async fn other_contracts_are_refused_with_advice() {
    let daemon = Daemon::start();
    for (contract, reason) in [
        (CONTRACT - 1, RefusalReason::ClientTooOld),
        (CONTRACT + 1, RefusalReason::DaemonTooOld),
    ] {
        let mut client = daemon.dial().await;
        let refusal = client.say_hello(Hello { contract, ..hello() }).await.unwrap_err();
        assert_eq!(refusal.reason, reason);
        assert!(!refusal.hint.is_empty());
        assert!(client.next().await.is_none(), "the connection is closed");
    }
}

#[tokio::test]
async fn what_is_no_hello_is_refused() {
    let daemon = Daemon::start();
    for first in ["nonsense", r#"{"type":"cancel","id":1}"#, r#"{"type":"hello"}"#] {
        let mut client = daemon.dial().await;
        client.text(first).await;
        match client.next().await.unwrap() {
            aiex_protocol::ServerFrame::Refused(refusal) => {
                assert_eq!(refusal.reason, RefusalReason::BadHello, "{first}");
            }
            other => panic!("{first}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_hello_with_fields_of_the_future_is_understood() {
    let daemon = Daemon::start();
    let mut client = daemon.dial().await;
    let mut frame = serde_json::to_value(aiex_protocol::ClientFrame::Hello(hello())).unwrap();
    frame["mood"] = "curious".into();
    client.text(&frame.to_string()).await;
    assert!(matches!(
        client.next().await.unwrap(),
        aiex_protocol::ServerFrame::Welcome(_)
    ));
}

#[tokio::test]
async fn more_clients_than_allowed_are_told_to_come_back() {
    let mut settings = settings();
    settings.daemon.max_connections = 2;
    let daemon = Daemon::start_with(settings, |_| {});
    let (one, _two) = (daemon.connect().await, daemon.connect().await);
    let refusal = daemon.dial().await.hello().await.unwrap_err();
    assert_eq!(refusal.reason, RefusalReason::Overloaded);
    drop(one);
    // The place is free as soon as the daemon has seen the client go.
    while daemon.dial().await.hello().await.is_err() {
        tokio::task::yield_now().await;
    }
}
