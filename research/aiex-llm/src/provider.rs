//! Sends a prompt and hands out the answer: tries, deadlines, cancellation. It does not know what a message
//! on the wire looks like.

pub(crate) mod pulse;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, Response, redirect};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::answer::Piece;
use crate::cut;
use crate::dialect::{self, Constraint, Shape};
use crate::endpoint::{Endpoint, shown};
use crate::failure::{Fault, judge};
use crate::provider::pulse::Heard;
use crate::reading::{Clock, Reader, content_type, innermost, not_json};
use crate::turns::Turns;
use aiex_remote::{Secret, clipped, retry_after};

use crate::{Answer, Failure, LlmError, Prompt, ProviderConfig, ProviderKind, Request, Target};

/// Pieces that wait for a slow reader; then the server waits too.
const WAITING_DELTAS: usize = 64;

/// The longest error body that is looked at.
const LONGEST_REFUSAL: usize = 64 << 10;

/// Anthropic's interface of this date; the vendor adds to it but does not change it.
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// One model behind one URL. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct Provider {
    config: Arc<ProviderConfig>,
    endpoint: Arc<Endpoint>,
    target: Arc<Target>,
    /// How the key is sent, if there is one.
    authorization: Option<(HeaderName, HeaderValue)>,
    client: Client,
    /// What the server refused before, so that it is not asked for it again.
    shape: Arc<Mutex<Shape>>,
    heard: Arc<Heard>,
}

/// An answer whose first text is there.
struct Begun {
    reader: Reader,
    pieces: Vec<Piece>,
    constrained: bool,
}

/// Why a try came to nothing, and the server's own words if there were any.
struct Setback {
    failure: Failure,
    fault: Option<Fault>,
}

impl From<Failure> for Setback {
    fn from(failure: Failure) -> Self {
        Self { failure, fault: None }
    }
}

impl Provider {
    /// Checks the settings; opens no connection.
    pub fn new(config: ProviderConfig) -> Result<Self, LlmError> {
        let mut target = Target {
            provider: config.name.clone(),
            kind: config.kind,
            model: config.model.clone(),
            endpoint: String::new(),
            has_key: config.key.is_some(),
        };
        let endpoint = match Endpoint::new(config.kind, &config.base_url) {
            Ok(endpoint) => endpoint,
            Err(reason) => return Err(bad_settings(target, format!("`url` is not a URL: {reason}"))),
        };
        target.endpoint.clone_from(&endpoint.shown);
        let client = match client(&config, &endpoint) {
            Ok(client) => client,
            Err(reason) => return Err(bad_settings(target, reason)),
        };
        let authorization = match authorization(config.kind, config.key.as_ref()) {
            Ok(authorization) => authorization,
            Err(reason) => return Err(bad_settings(target, reason)),
        };
        if config.key.is_some() && endpoint.url.scheme() == "http" && !endpoint.loopback {
            warn!(provider = %config.name, endpoint = %endpoint.shown, "the key is sent without encryption");
        }
        let host = endpoint.url.host_str().unwrap_or_default();
        let shape = Shape::for_server(config.kind, host);
        Ok(Self {
            config: Arc::new(config),
            endpoint: Arc::new(endpoint),
            target: Arc::new(target),
            authorization,
            client,
            shape: Arc::new(Mutex::new(shape)),
            heard: Arc::default(),
        })
    }

    /// The same provider with another key; both share connections.
    pub fn with_key(&self, key: &Secret) -> Result<Self, LlmError> {
        let target = Target {
            has_key: true,
            ..(*self.target).clone()
        };
        let authorization = match authorization(self.config.kind, Some(key)) {
            Ok(authorization) => authorization,
            Err(reason) => return Err(bad_settings(target, reason)),
        };
        let config = ProviderConfig {
            key: Some(key.clone()),
            ..(*self.config).clone()
        };
        Ok(Self {
            config: Arc::new(config),
            target: Arc::new(target),
            authorization,
            ..self.clone()
        })
    }

    /// Whom errors of this provider are about.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The settings it was made of.
    pub fn config(&self) -> &ProviderConfig {
        &self.config
    }

    /// Whether it runs on this machine or in its own network, so that nobody asks money for it.
    pub fn is_local(&self) -> bool {
        self.endpoint.near
    }

    /// The host that is asked.
    pub fn host(&self) -> &str {
        self.endpoint.url.host_str().unwrap_or_default()
    }

    /// Asks without conditions on the answer, see [`Provider::ask`].
    pub async fn stream(&self, prompt: &Prompt, cancel: &CancellationToken) -> Result<Answer, LlmError> {
        self.ask(&Request::from(prompt.clone()), cancel).await
    }

    /// Asks, and returns when the first text is there. Until then failures that may pass are tried again;
    /// after it nothing is, because a second try would say something else.
    ///
    /// Cancelling `cancel`, dropping this future or dropping the answer closes the request at once. The
    /// answer is read by a task on the current tokio runtime.
    pub async fn ask(&self, request: &Request, cancel: &CancellationToken) -> Result<Answer, LlmError> {
        let total = Instant::now() + self.config.deadlines.total;
        let first = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Failure::Cancelled),
            first = timeout_at(total, self.first_text(request, total)) => first
                .unwrap_or(Err(Failure::TotalTimeout { after: self.config.deadlines.total })),
        };
        let Begun {
            reader,
            pieces,
            constrained,
        } = first.map_err(|failure| self.error(failure))?;
        let (sender, receiver) = mpsc::channel(WAITING_DELTAS);
        tokio::spawn(self.clone().pass_on(reader, pieces, sender, cancel.clone()));
        Ok(Answer::new(receiver, constrained))
    }

    async fn first_text(&self, request: &Request, total: Instant) -> Result<Begun, Failure> {
        let mut shape = *self.shape();
        let mut tries = 0;
        loop {
            let body = dialect::body(&self.config, request, shape);
            let setback = match self.try_once(&body, request, total).await {
                Ok((reader, pieces)) => {
                    // Known from now on: only a request that went through shows what the server takes.
                    *self.shape() = shape;
                    let constrained = request.schema.is_some() && shape.constraint != Constraint::No;
                    return Ok(Begun {
                        reader,
                        pieces,
                        constrained,
                    });
                }
                Err(setback) => setback,
            };
            let (failure, fault) = (self.scrubbed(setback.failure), setback.fault);
            let malformed = matches!(
                failure,
                Failure::Http {
                    status: 400 | 422,
                    ..
                }
            );
            if malformed && fault.is_some_and(|fault| shape.give_up(&fault)) {
                debug!(provider = %self.config.name, "the server refused a part of the request; asking without it");
                continue;
            }
            if !failure.is_retryable() || tries >= self.config.retry.attempts {
                return Err(failure);
            }
            let pause = self.config.retry.pause_before(tries, failure.retry_after());
            if Instant::now() + pause >= total {
                // The reason is worth more to the reader than a deadline that cannot be met.
                return Err(failure);
            }
            tries += 1;
            warn!(provider = %self.config.name, %failure, ?pause, tries, "trying again");
            sleep(pause).await;
        }
    }

    fn shape(&self) -> MutexGuard<'_, Shape> {
        self.shape.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn try_once(
        &self,
        body: &Value,
        request: &Request,
        total: Instant,
    ) -> Result<(Reader, Vec<Piece>), Setback> {
        let deadlines = self.config.deadlines;
        let clock = Clock {
            deadlines,
            first_byte: Instant::now() + deadlines.first_byte,
            total,
        };
        let mut sending = self.client.post(self.endpoint.url.clone()).json(body);
        if let Some((name, value)) = &self.authorization {
            sending = sending.header(name, value);
        }
        let response = match timeout_at(clock.first_byte, sending.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(self.unsent(&error).into()),
            Err(_) => {
                return Err(Failure::FirstByteTimeout {
                    after: deadlines.first_byte,
                }
                .into());
            }
        };
        self.heard.now();
        let status = response.status();
        debug!(provider = %self.config.name, model = %self.config.model, status = status.as_u16(), "response");
        if status.is_redirection() {
            let to = response
                .headers()
                .get(LOCATION)
                .and_then(|value| value.to_str().ok());
            let to = to.and_then(|to| self.endpoint.url.join(to).ok());
            let to = to.map_or_else(|| "nowhere".to_owned(), |url| shown(&url));
            return Err(Failure::Redirected {
                status: status.as_u16(),
                to,
            }
            .into());
        }
        if !status.is_success() {
            return Err(self.refusal(response, total).await);
        }
        let mut reader = Reader::new(
            response,
            self.config.kind,
            &self.config.model,
            clock,
            Turns::of(request),
            request.thoughts_count,
            Arc::clone(&self.heard),
        );
        if self.config.kind == ProviderKind::Ollama {
            reader.expect(cut::expected(&request.prompt));
        }
        let mut pieces = Vec::new();
        loop {
            let piece = reader.next().await?;
            let begun = !matches!(piece, Piece::Thought(_));
            pieces.push(piece);
            if begun {
                return Ok((reader, pieces));
            }
        }
    }

    /// No response came.
    fn unsent(&self, error: &reqwest::Error) -> Failure {
        if error.is_connect() {
            let within = self.config.deadlines.connect;
            let reason = if error.is_timeout() {
                format!("no connection within {within:?}")
            } else {
                innermost(error)
            };
            return Failure::Unreachable {
                endpoint: self.endpoint.shown.clone(),
                reason,
            };
        }
        if error.is_builder() {
            return Failure::BadSettings {
                reason: innermost(error),
            };
        }
        Failure::BrokenStream {
            text_seen: false,
            reason: innermost(error),
        }
    }

    async fn refusal(&self, mut response: Response, total: Instant) -> Setback {
        let status = response.status().as_u16();
        let content_type = content_type(&response);
        let retry_after = retry_after(response.headers(), SystemTime::now());
        let due = (Instant::now() + self.config.deadlines.idle).min(total);
        let mut body = Vec::new();
        // The status is known; a body that breaks off or stalls only costs the server's words.
        while let Ok(Ok(Some(bytes))) = timeout_at(due, response.chunk()).await {
            body.extend_from_slice(&bytes[..bytes.len().min(LONGEST_REFUSAL - body.len())]);
            if body.len() == LONGEST_REFUSAL {
                break;
            }
        }
        // Before anything is shortened: half a key would no longer be recognised.
        if let Some(key) = &self.config.key {
            body = key.scrub(&String::from_utf8_lossy(&body)).into_bytes();
        }
        let parsed = serde_json::from_slice::<Value>(&body).ok();
        let fault = match &parsed {
            Some(value) => Fault::read(value).unwrap_or_else(|| Fault::fields(value)),
            None => {
                let page = content_type.contains("html") || body.trim_ascii_start().starts_with(b"<");
                if page && !matches!(status, 401 | 429 | 500..=599) {
                    return not_json(status, &content_type, &body).into();
                }
                // A gateway's page says less than its status.
                let text = if page {
                    ""
                } else {
                    &*String::from_utf8_lossy(&body)
                };
                Fault {
                    message: clipped(text),
                    ..Fault::default()
                }
            }
        };
        Setback {
            failure: judge(status, retry_after, &fault, &self.config.model),
            fault: Some(fault),
        }
    }

    /// Reads until the end, an error, cancellation, or nobody listens; each of them drops the response.
    async fn pass_on(
        self,
        mut reader: Reader,
        begun: Vec<Piece>,
        sender: mpsc::Sender<Result<Piece, LlmError>>,
        cancel: CancellationToken,
    ) {
        let listener = &sender;
        let this = &self;
        let reading = async move {
            let mut begun = begun.into_iter();
            loop {
                let next = match begun.next() {
                    Some(piece) => Ok(piece),
                    None => reader.next().await,
                };
                let last = !matches!(next, Ok(Piece::Text(_) | Piece::Thought(_)));
                let sent = listener.send(next.map_err(|failure| this.error(failure))).await;
                if last || sent.is_err() {
                    return;
                }
            }
        };
        let cancelled = tokio::select! {
            biased;
            () = cancel.cancelled() => true,
            () = listener.closed() => false,
            () = reading => false,
        };
        if cancelled {
            // The request is closed by now, so there is time to wait for a place in the queue; an error means
            // that the reader has gone too.
            let _ = sender.send(Err(self.error(Failure::Cancelled))).await;
        }
    }

    fn error(&self, failure: Failure) -> LlmError {
        LlmError {
            target: Arc::clone(&self.target),
            failure: self.scrubbed(failure),
        }
    }

    /// Servers quote what they were sent, the key included.
    fn scrubbed(&self, mut failure: Failure) -> Failure {
        let Some(key) = &self.config.key else {
            return failure;
        };
        if let Some(words) = failure.words_mut() {
            *words = key.scrub(words);
        }
        failure
    }
}

fn bad_settings(target: Target, reason: String) -> LlmError {
    LlmError {
        target: Arc::new(target),
        failure: Failure::BadSettings { reason },
    }
}

fn authorization(
    kind: ProviderKind,
    key: Option<&Secret>,
) -> Result<Option<(HeaderName, HeaderValue)>, String> {
    let Some(key) = key else { return Ok(None) };
    let (name, value) = match kind {
        ProviderKind::Anthropic => (HeaderName::from_static("x-api-key"), key.expose().to_owned()),
        _ => (AUTHORIZATION, format!("Bearer {}", key.expose())),
    };
    let mut value =
        HeaderValue::from_str(&value).map_err(|_| "`key` contains characters that no key has".to_owned())?;
    value.set_sensitive(true);
    Ok(Some((name, value)))
}

fn client(config: &ProviderConfig, endpoint: &Endpoint) -> Result<Client, String> {
    let mut headers = HeaderMap::new();
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("text/event-stream, application/x-ndjson, application/json"),
    );
    if config.kind == ProviderKind::Anthropic {
        headers.insert("anthropic-version", HeaderValue::from_static(ANTHROPIC_VERSION));
    }
    Client::builder()
        .user_agent(concat!("aiex/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .connect_timeout(config.deadlines.connect)
        // A key must not travel to a host that the user did not name.
        .redirect(redirect::Policy::none())
        // The environment of a daemon is an accident of who started it.
        .no_proxy()
        // Reading the system's certificates takes milliseconds that a local server need not cost.
        .tls_built_in_root_certs(endpoint.url.scheme() == "https")
        .build()
        .map_err(|error| innermost(&error))
}
