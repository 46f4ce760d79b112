//! The same verbs over plain HTTP.

use aiex_protocol::Envelope;
use aiex_protocol::repos::RepoStatus;
use aiex_protocol::status::DaemonStatus;

use crate::harness::Daemon;

fn post(path: &str, accept: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: aiex\r\nconnection: close\r\naccept: {accept}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: aiex\r\nconnection: close\r\n\r\n")
}

/// Status and body; transfer chunks leave lines of their own, which no test looks at.
fn parts(reply: &str) -> (u16, &str) {
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body)
}

#[tokio::test]
async fn a_search_is_answered_by_lines_of_events() {
    let daemon = Daemon::start();
    let body = r#"{"query":"retry","repo":"/fake"}"#;
    let reply = daemon.http(&post("/v1/search", "*/*", body)).await;
    let (status, body) = parts(&reply);
    assert_eq!(status, 200);
    let events: Vec<Envelope> = body
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events.len(), 4);
    assert!(events[3].event.is_last());
}

#[tokio::test]
async fn a_client_that_accepts_json_gets_one_body() {
    let daemon = Daemon::start();
    let body = r#"{"search":{"query":"retry","repo":"/fake"}}"#;
    let reply = daemon.http(&post("/v1/ask", "application/json", body)).await;
    let (status, body) = parts(&reply);
    assert_eq!(status, 200, "{body}");
    let whole: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(whole["hits"][0]["path"], "src/retry.rs");
    assert_eq!(whole["answer"]["author"], "extractive");
    assert_eq!(whole["summary"]["generation"], 7);
}

#[tokio::test]
async fn failures_have_a_status_and_a_typed_body() {
    let daemon = Daemon::start();
    for (request, expected, code) in [
        (
            post("/v1/search", "application/json", "nonsense"),
            400,
            "invalid_request",
        ),
        (
            post("/v1/search", "application/json", r#"{"query":"x","repo":"/"}"#),
            403,
            "root_refused",
        ),
        (
            post(
                "/v1/search?deadline_ms=20",
                "application/json",
                r#"{"query":"hang","repo":"/fake"}"#,
            ),
            504,
            "deadline_exceeded",
        ),
        (get("/v1/status?repo=/elsewhere"), 404, "not_found"),
        (get("/nowhere"), 404, "not_found"),
    ] {
        let reply = daemon.http(&request).await;
        let (status, body) = parts(&reply);
        assert_eq!(status, expected, "{request}");
        let error: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(error["code"], code, "{request}");
    }
}

#[tokio::test]
async fn status_repositories_health_and_metrics_can_be_looked_at() {
    let daemon = Daemon::start();
    let reply = daemon.http(&get("/v1/status")).await;
    let status: DaemonStatus = serde_json::from_str(parts(&reply).1).unwrap();
    assert_eq!(status.embedder, "fake (2)");
    assert!(status.budgets.memory_used > 0);
    let reply = daemon.http(&get("/v1/repos")).await;
    let repos: Vec<RepoStatus> = serde_json::from_str(parts(&reply).1).unwrap();
    assert_eq!(repos[0].root, "/fake");
    assert_eq!(parts(&daemon.http(&get("/healthz")).await), (200, "ok\n"));
    let reply = daemon.http(&get("/metrics")).await;
    for line in [
        "aiex_requests_total 2",
        "aiex_repositories 1",
        "# TYPE aiex_clients gauge",
    ] {
        assert!(reply.contains(line), "{line} in {reply}");
    }
}
