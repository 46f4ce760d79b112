//! The loopback port, where anybody may knock.

use aiex_protocol::{Hello, RefusalReason};
use tokio::net::TcpStream;

use crate::harness::{Client, Daemon, exchange, hello, settings};

fn daemon() -> Daemon {
    let mut settings = settings();
    settings.daemon.tcp = true;
    Daemon::start_with(settings, |_| {})
}

async fn ask(daemon: &Daemon, path: &str, host: Option<&str>, headers: &str) -> String {
    let address = daemon.info.tcp.clone().unwrap();
    let host = host.unwrap_or(&address);
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n");
    exchange(TcpStream::connect(&address).await.unwrap(), &request).await
}

#[tokio::test]
async fn the_token_opens_the_door() {
    let daemon = daemon();
    let token = daemon.info.token.clone();
    let bearer = format!("authorization: Bearer {token}\r\n");
    assert!(
        ask(&daemon, "/v1/repos", None, &bearer)
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert!(
        ask(&daemon, &format!("/v1/repos?token={token}"), None, "")
            .await
            .starts_with("HTTP/1.1 200")
    );
    for wrong in ["", "authorization: Bearer 0000\r\n"] {
        let reply = ask(&daemon, "/v1/repos", None, wrong).await;
        assert!(reply.starts_with("HTTP/1.1 403"), "{reply}");
        assert!(reply.contains(r#""reason":"token_rejected""#), "{reply}");
    }
    assert!(ask(&daemon, "/healthz", None, "").await.ends_with("ok\n"));
}

#[tokio::test]
async fn web_pages_of_others_stay_outside() {
    let daemon = daemon();
    let bearer = format!("authorization: Bearer {}\r\n", daemon.info.token);
    for (host, origin) in [
        (Some("evil.example"), ""),
        (Some("127.0.0.1:1"), ""),
        (None, "origin: https://evil.example\r\n"),
        (None, "origin: null\r\n"),
    ] {
        let reply = ask(&daemon, "/v1/repos", host, &format!("{bearer}{origin}")).await;
        assert!(reply.starts_with("HTTP/1.1 403"), "{host:?} {origin}: {reply}");
        assert!(reply.contains(r#""reason":"origin_rejected""#), "{reply}");
    }
    let own = format!("{bearer}origin: http://{}\r\n", daemon.info.tcp.clone().unwrap());
    assert!(
        ask(&daemon, "/v1/repos", None, &own)
            .await
            .starts_with("HTTP/1.1 200")
    );
}

#[tokio::test]
async fn a_websocket_shows_its_token_in_the_hello_or_in_the_address() {
    let daemon = daemon();
    let address = daemon.info.tcp.clone().unwrap();
    let token = daemon.info.token.clone();
    let dial = async |path: &str| {
        let socket = TcpStream::connect(&address).await.unwrap();
        Client::over(socket, &format!("ws://{address}{path}")).await
    };
    for wrong in [None, Some("0000".to_owned())] {
        let refusal = dial("/v1/stream")
            .await
            .say_hello(Hello {
                token: wrong,
                ..hello()
            })
            .await
            .unwrap_err();
        assert_eq!(refusal.reason, RefusalReason::TokenRejected);
    }
    dial("/v1/stream")
        .await
        .say_hello(Hello {
            token: Some(token.clone()),
            ..hello()
        })
        .await
        .unwrap();
    dial(&format!("/v1/stream?token={token}"))
        .await
        .hello()
        .await
        .unwrap();
}

#[tokio::test]
async fn without_being_asked_to_no_port_is_opened() {
    assert_eq!(Daemon::start().info.tcp, None);
}
