//! The verbs for scripts: a POST is answered by lines of events, or by one JSON body when that is what
//! the client accepts.

use std::convert::Infallible;
use std::time::Duration;

use aiex_protocol::search::{Answer, AskArgs, Hit, SearchArgs, SearchSummary};
use aiex_protocol::source::{Found, SourceStatus};
use aiex_protocol::status::StatusArgs;
use aiex_protocol::{Call, Envelope, ErrorCode, Event, RequestId, WireError};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::App;
use crate::session::dispatch;
use crate::stream::Watcher;

/// What may stand in the query string.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Options {
    deadline_ms: Option<u64>,
    trace: Option<String>,
    repo: Option<String>,
}

/// A whole reply in one body.
#[derive(Debug, Default, Serialize)]
struct Whole {
    hits: Vec<Hit>,
    /// What other sources than code found, and what became of each; empty when only code was searched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    found: Vec<Found>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sources: Vec<SourceStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<SearchSummary>,
    notices: Vec<String>,
    /// A failure behind the hits: the evidence stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<WireError>,
}

pub(super) async fn search(
    State(app): State<App>,
    Query(options): Query<Options>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match parsed::<SearchArgs>(&body) {
        Ok(args) => work(&app, Call::Search(args), options, &headers).await,
        Err(error) => failed(&error),
    }
}

pub(super) async fn ask(
    State(app): State<App>,
    Query(options): Query<Options>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match parsed::<AskArgs>(&body) {
        Ok(args) => work(&app, Call::Ask(args), options, &headers).await,
        Err(error) => failed(&error),
    }
}

pub(super) async fn repos(State(app): State<App>, Query(options): Query<Options>) -> Response {
    look(&app, Call::ListRepos {}, options, |event| match event {
        Event::Repos { repos } => Some(Json(repos).into_response()),
        _ => None,
    })
    .await
}

pub(super) async fn status(State(app): State<App>, Query(mut options): Query<Options>) -> Response {
    let args = StatusArgs {
        repo: options.repo.take(),
    };
    look(&app, Call::Status(args), options, |event| match event {
        Event::Status(status) => Some(Json(status).into_response()),
        _ => None,
    })
    .await
}

pub(super) async fn health(State(app): State<App>) -> Response {
    if app.handle.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response();
    }
    "ok\n".into_response()
}

pub(super) async fn unknown() -> Response {
    let error = WireError::new(ErrorCode::NotFound, "there is nothing at this path")
        .with_hint("POST /v1/search, /v1/ask; GET /v1/repos, /v1/status, /v1/stream, /healthz, /metrics");
    failed(&error)
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, WireError> {
    serde_json::from_slice(body).map_err(|error| {
        WireError::new(
            ErrorCode::InvalidRequest,
            format!("the body cannot be read: {error}"),
        )
        .with_hint("send the verb's arguments as a JSON object")
    })
}

/// Starts the request and answers in the form that the client accepts.
async fn work(app: &App, call: Call, options: Options, headers: &HeaderMap) -> Response {
    let watcher = match started(app, call, options) {
        Ok(watcher) => watcher,
        Err(error) => return failed(&error),
    };
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if accept
        .split(',')
        .any(|kind| kind.trim().starts_with("application/json"))
    {
        return whole(watcher).await;
    }
    let lines = futures_util::stream::unfold(watcher, |mut watcher| async move {
        let (seq, event) = watcher.next().await?;
        let envelope = Envelope {
            id: RequestId(0),
            seq,
            event: Event::clone(&event),
        };
        let mut line = serde_json::to_vec(&envelope).unwrap_or_default();
        line.push(b'\n');
        Some((Ok::<_, Infallible>(line), watcher))
    });
    (
        [(header::CONTENT_TYPE, "application/x-ndjson")],
        Body::from_stream(lines),
    )
        .into_response()
}

fn started(app: &App, call: Call, options: Options) -> Result<Watcher, WireError> {
    let deadline = options.deadline_ms.map(Duration::from_millis);
    let stream = dispatch::start(&app.handle, call, deadline, options.trace, None)?;
    stream
        .watch(None)
        .ok_or_else(|| dispatch::internal("the stream cannot be read"))
}

async fn whole(mut watcher: Watcher) -> Response {
    let mut whole = Whole::default();
    while let Some((_, event)) = watcher.next().await {
        match Event::clone(&event) {
            Event::Hits(hits) => whole.hits = hits.hits,
            Event::Found(list) => whole.found = list.found,
            Event::Source(status) => {
                whole
                    .sources
                    .retain(|known: &SourceStatus| known.source != status.source);
                whole.sources.push(status);
            }
            Event::Answer(answer) => whole.answer = Some(answer),
            Event::Notice { message } => whole.notices.push(message),
            Event::Done { summary } => whole.summary = summary,
            Event::Error(error) => whole.error = Some(error),
            _ => {}
        }
    }
    match &whole.error {
        Some(error) if whole.hits.is_empty() && whole.found.is_empty() => failed(error),
        Some(error) => (status_of(error.code), Json(whole)).into_response(),
        None => Json(whole).into_response(),
    }
}

/// Answers with the one event that the verb is about.
async fn look(
    app: &App,
    call: Call,
    options: Options,
    wanted: impl Fn(Event) -> Option<Response>,
) -> Response {
    let mut watcher = match started(app, call, options) {
        Ok(watcher) => watcher,
        Err(error) => return failed(&error),
    };
    while let Some((_, event)) = watcher.next().await {
        if let Event::Error(error) = &*event {
            return failed(error);
        }
        if let Some(response) = wanted(Event::clone(&event)) {
            return response;
        }
    }
    failed(&dispatch::internal("the request ended without a result"))
}

fn failed(error: &WireError) -> Response {
    (status_of(error.code), Json(error)).into_response()
}

fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidRequest => StatusCode::BAD_REQUEST,
        ErrorCode::RootRefused => StatusCode::FORBIDDEN,
        ErrorCode::NotFound | ErrorCode::StreamGone => StatusCode::NOT_FOUND,
        ErrorCode::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        ErrorCode::Cancelled => StatusCode::CONFLICT,
        ErrorCode::Draining | ErrorCode::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Storage => StatusCode::INSUFFICIENT_STORAGE,
        ErrorCode::Provider => StatusCode::BAD_GATEWAY,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
