//! Numbers for Prometheus, in its text format.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::App;
use crate::handle::Handle;
use crate::status;

/// `GET /metrics`.
pub(super) async fn metrics(State(app): State<App>) -> Response {
    let handle = app.handle.clone();
    let text = tokio::task::spawn_blocking(move || text(&handle))
        .await
        .unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

fn text(handle: &Handle) -> String {
    let Ok(status) = status::of(handle, None) else {
        return String::new();
    };
    let counters = &handle.counters;
    let mut text = Text(String::with_capacity(4096));
    text.counter(
        "requests_total",
        "Requests started",
        counters.requests.load(Ordering::Relaxed) as f64,
    );
    text.counter(
        "requests_failed_total",
        "Requests that failed",
        counters.failed.load(Ordering::Relaxed) as f64,
    );
    let seconds = counters.request_us.load(Ordering::Relaxed) as f64 / 1e6;
    text.counter(
        "request_seconds_total",
        "Time spent on requests that ended",
        seconds,
    );
    text.counter(
        "connections_total",
        "Clients welcomed",
        counters.connections.load(Ordering::Relaxed) as f64,
    );
    text.counter(
        "refusals_total",
        "Clients refused",
        counters.refused.load(Ordering::Relaxed) as f64,
    );
    text.counter(
        "cache_hits_total",
        "Answers from the query cache",
        status.cache.hits as f64,
    );
    text.counter(
        "cache_misses_total",
        "Answers computed",
        status.cache.misses as f64,
    );
    let restarts: u32 = status.components.iter().map(|component| component.restarts).sum();
    text.counter(
        "component_restarts_total",
        "Components started again",
        f64::from(restarts),
    );
    text.gauge("clients", "Clients connected", f64::from(status.clients));
    text.gauge(
        "requests_running",
        "Requests that run",
        f64::from(status.running_requests),
    );
    text.gauge(
        "memory_bytes",
        "Resident memory",
        status.budgets.memory_used as f64,
    );
    text.gauge(
        "memory_budget_bytes",
        "Memory budget",
        status.budgets.memory_budget as f64,
    );
    text.gauge(
        "disk_bytes",
        "All stores on disk",
        status.budgets.disk_used as f64,
    );
    text.gauge("watches", "Folders watched", status.budgets.watches_used as f64);
    text.gauge(
        "repositories",
        "Registered repositories",
        status.repos.len() as f64,
    );
    let sum = |count: fn(&aiex_protocol::repos::RepoStatus) -> u64| {
        status.repos.iter().map(count).sum::<u64>() as f64
    };
    text.gauge(
        "files_indexed",
        "Files in all indexes",
        sum(|repo| repo.files_indexed),
    );
    text.gauge(
        "files_stale",
        "Files that changed since",
        sum(|repo| repo.stale_files),
    );
    text.gauge("chunks", "Chunks in all indexes", sum(|repo| repo.chunks));
    text.gauge(
        "chunks_embedded",
        "Chunks with a vector",
        sum(|repo| repo.chunks_embedded),
    );
    text.0
}

struct Text(String);

impl Text {
    fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.line(name, help, "counter", value);
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.line(name, help, "gauge", value);
    }

    fn line(&mut self, name: &str, help: &str, kind: &str, value: f64) {
        // Writing to a string does not fail.
        let _ = writeln!(
            self.0,
            "# HELP aiex_{name} {help}\n# TYPE aiex_{name} {kind}\naiex_{name} {value}"
        );
    }
}
