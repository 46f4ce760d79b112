//! Numbers for Prometheus, in its text format.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use aiex_protocol::cache::{CacheKind, CacheReport};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::App;
use crate::handle::Handle;
use crate::status;

/// `GET /metrics`.
pub(super) async fn metrics(State(app): State<App>) -> Response {
    let handle = app.handle.clone();
    let caches = handle.research.cache_report_if_open().await;
    let text = tokio::task::spawn_blocking(move || text(&handle, caches.as_ref()))
        .await
        .unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

fn text(handle: &Handle, caches: Option<&CacheReport>) -> String {
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
        "Resident memory of its own",
        status.budgets.memory_used as f64,
    );
    text.gauge(
        "memory_of_files_bytes",
        "Resident pages of mapped files",
        status.budgets.memory_of_files.unwrap_or(0) as f64,
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
        "watches_budget",
        "Folders that may be watched",
        status.budgets.watches_budget as f64,
    );
    if let Some(budget) = status.budgets.disk_budget {
        text.gauge(
            "disk_budget_bytes",
            "What all stores may take on disk",
            budget as f64,
        );
    }
    if let Some(handles) = status.budgets.handles {
        text.gauge("open_files", "Files and sockets open", handles.files_open as f64);
        text.gauge(
            "open_files_budget",
            "Files and sockets that may be open",
            handles.files_budget as f64,
        );
        text.gauge("threads", "Threads", handles.threads as f64);
    }
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
    if let Some(caches) = caches {
        kept(&mut text, &caches.kinds);
    }
    text.0
}

/// What was searched, read and answered, by kind: found in memory, else on disk, else nowhere.
fn kept(text: &mut Text, kinds: &[CacheKind]) {
    let found = |kind: &CacheKind| {
        let asked_memory = kind.memory_hits + kind.disk_hits + kind.misses;
        [
            ("memory", kind.memory_hits, asked_memory),
            ("disk", kind.disk_hits, kind.disk_hits + kind.misses),
        ]
    };
    text.head(
        "kept_hits_total",
        "Look-ups of a kind that a layer answered",
        "counter",
    );
    for kind in kinds {
        for (layer, hits, _) in found(kind) {
            text.labelled("kept_hits_total", kind, Some(layer), hits as f64);
        }
    }
    text.head(
        "kept_hit_ratio",
        "The share of the look-ups that reached a layer and that it answered",
        "gauge",
    );
    for kind in kinds {
        for (layer, hits, asked) in found(kind).into_iter().filter(|(.., asked)| *asked > 0) {
            text.labelled("kept_hit_ratio", kind, Some(layer), hits as f64 / asked as f64);
        }
    }
    type Field = fn(&CacheKind) -> u64;
    let fields: [(&str, &str, &str, Field); 5] = [
        (
            "kept_misses_total",
            "Look-ups that no layer answered",
            "counter",
            |kind| kind.misses,
        ),
        (
            "kept_shared_total",
            "Waits for what another was getting already",
            "counter",
            |kind| kind.shared,
        ),
        (
            "kept_evicted_total",
            "Entries that went to make room",
            "counter",
            |kind| kind.evicted,
        ),
        ("kept_entries", "Entries that are kept", "gauge", |kind| {
            kind.entries
        }),
        ("kept_disk_bytes", "What is kept on disk", "gauge", |kind| {
            kind.disk_bytes
        }),
    ];
    for (name, help, of_type, field) in fields {
        text.head(name, help, of_type);
        for kind in kinds {
            text.labelled(name, kind, None, field(kind) as f64);
        }
    }
}

struct Text(String);

impl Text {
    fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.line(name, help, "counter", value);
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.line(name, help, "gauge", value);
    }

    fn line(&mut self, name: &str, help: &str, of_type: &str, value: f64) {
        self.head(name, help, of_type);
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "aiex_{name} {value}");
    }

    fn head(&mut self, name: &str, help: &str, of_type: &str) {
        let _ = writeln!(self.0, "# HELP aiex_{name} {help}\n# TYPE aiex_{name} {of_type}");
    }

    /// One of several values of the same name.
    fn labelled(&mut self, name: &str, kind: &CacheKind, layer: Option<&str>, value: f64) {
        let kind = &kind.name;
        let layer = layer
            .map(|layer| format!(",layer=\"{layer}\""))
            .unwrap_or_default();
        let _ = writeln!(self.0, "aiex_{name}{{kind=\"{kind}\"{layer}}} {value}");
    }
}
