//! Embedders behind HTTP: OpenAI's `/v1/embeddings` (many servers speak it) and Ollama's `/api/embed`.
//!
//! It knows the two protocols and how services fail; it does not know whose texts it sends. Calls block and may wait for a
//! busy service, so they belong on a worker thread.

mod answer;
mod key;
mod retry;

use std::time::{Duration, Instant};

use reqwest::Url;
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use serde_json::json;

use crate::{Cost, EmbedError, Embedder, normalise};

pub use key::KeySource;

/// Which protocol a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `POST {base}/v1/embeddings`.
    OpenAi,
    /// `POST {base}/api/embed`.
    Ollama,
}

/// A service and how patient to be with it.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The protocol spoken at `url`.
    pub protocol: Protocol,
    /// The service's base, such as `http://127.0.0.1:11434`; a `/v1` at its end is accepted.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// The key, sent as a bearer token.
    pub key: KeySource,
    /// Components of a vector; asked for with one small request when absent.
    pub dimensions: Option<usize>,
    /// Put before every query, for models trained with such a prefix.
    pub query_prefix: String,
    /// Put before every document.
    pub document_prefix: String,
    /// Texts in one request.
    pub batch: usize,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long one request may take, its answer included. A service that loads a model first takes a minute.
    pub request_timeout: Duration,
    /// How long one call may take with all its requests and waits.
    pub total_timeout: Duration,
    /// Requests for the same texts before giving up.
    pub attempts: u32,
    /// Wait before the second attempt; doubles with each further one.
    pub back_off: Duration,
}

impl HttpSettings {
    /// Settings for a service with the usual patience.
    pub fn new(protocol: Protocol, url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            protocol,
            url: url.into(),
            model: model.into(),
            key: KeySource::none(),
            dimensions: None,
            query_prefix: String::new(),
            document_prefix: String::new(),
            batch: 64,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(120),
            total_timeout: Duration::from_secs(600),
            attempts: 4,
            back_off: Duration::from_millis(500),
        }
    }
}

/// How often one text is halved when a service finds it too long: an eighth of a chunk still says what it is about.
const MAX_CUTS: u32 = 3;

/// An embedder behind HTTP.
#[derive(Debug)]
pub struct HttpEmbedder {
    client: Client,
    endpoint: Url,
    /// The endpoint without credentials, for messages.
    shown: String,
    id: String,
    dimensions: usize,
    settings: HttpSettings,
}

impl HttpEmbedder {
    /// Checks the settings and, unless the dimensions are given, asks the service for one vector.
    pub fn open(settings: HttpSettings) -> Result<Self, EmbedError> {
        let endpoint = endpoint(&settings)?;
        let mut shown = endpoint.clone();
        // Neither can fail for http and https addresses, which have a host.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.set_query(None);
        let client = Client::builder()
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.request_timeout)
            // A redirect would carry texts and key to a host nobody chose.
            .redirect(Policy::none())
            .build()
            .map_err(|error| EmbedError::Setting {
                setting: "url",
                what: error.to_string(),
            })?;
        let mut embedder = Self {
            client,
            endpoint,
            shown: shown.to_string(),
            id: String::new(),
            dimensions: settings.dimensions.unwrap_or(0),
            settings,
        };
        if embedder.dimensions == 0 {
            let deadline = Instant::now() + embedder.settings.total_timeout;
            let probe = embedder.patiently(&["dimensions"], deadline)?;
            embedder.dimensions = probe.first().map_or(0, Vec::len);
        }
        let place = embedder.shown.split_once("://").map_or("", |(_, place)| place);
        let prefixes = &embedder.settings;
        let prefixes =
            blake3::hash(format!("{}\0{}", prefixes.query_prefix, prefixes.document_prefix).as_bytes());
        embedder.id = format!(
            "http:{}@{place}:{}:{}",
            embedder.settings.model,
            embedder.dimensions,
            &prefixes.to_hex()[..8]
        );
        Ok(embedder)
    }

    /// Vectors of texts, none of them empty. Texts too long for one request go in halves; a text too long for the model
    /// is cut.
    fn vectors(&self, texts: &[&str], cuts: u32, deadline: Instant) -> Result<Vec<Vec<f32>>, EmbedError> {
        match self.patiently(texts, deadline) {
            Err(EmbedError::TooLong { .. }) if texts.len() > 1 => {
                let (left, right) = texts.split_at(texts.len() / 2);
                let mut vectors = self.vectors(left, cuts, deadline)?;
                vectors.extend(self.vectors(right, cuts, deadline)?);
                Ok(vectors)
            }
            Err(EmbedError::TooLong { .. }) if cuts < MAX_CUTS && texts[0].len() > 1 => {
                self.vectors(&[answer::head(texts[0], texts[0].len() / 2)], cuts + 1, deadline)
            }
            other => other,
        }
    }

    /// One request, again after a wait while the service is busy or out of reach.
    fn patiently(&self, texts: &[&str], deadline: Instant) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut attempt = 1;
        loop {
            let mut asked = None;
            let error = match self.attempt(texts, deadline, &mut asked) {
                Ok(vectors) => return Ok(vectors),
                Err(error) => error,
            };
            let wait = retry::wait(asked, self.settings.back_off, attempt);
            let late = Instant::now() + wait >= deadline;
            if !retry::is_worth(&error) || attempt >= self.settings.attempts || late {
                return Err(error);
            }
            tracing::debug!(%error, attempt, ?wait, "embedding again");
            retry::pause(wait);
            attempt += 1;
        }
    }

    fn attempt(
        &self,
        texts: &[&str],
        deadline: Instant,
        asked: &mut Option<Duration>,
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        let unreachable = |what: String| EmbedError::Unreachable {
            url: self.shown.clone(),
            what,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(unreachable("the time for this call is over".into()));
        }
        let mut request = self
            .client
            .post(self.endpoint.clone())
            .timeout(left.min(self.settings.request_timeout))
            .json(&json!({ "model": self.settings.model, "input": texts }));
        if let Some(key) = self.settings.key.look()? {
            request = request.bearer_auth(key.expose());
        }
        let response = request
            .send()
            .map_err(|error| unreachable(answer::reason(&error)))?;
        let status = response.status().as_u16();
        *asked = retry::asked(response.headers());
        let body = answer::read(response, texts.len()).map_err(|what| match what {
            answer::Unread::Broken(what) => unreachable(what),
            answer::Unread::Huge(limit) => EmbedError::Malformed {
                url: self.shown.clone(),
                what: format!("the answer is longer than {limit} bytes"),
            },
        })?;
        answer::vectors(
            &answer::Asked {
                protocol: self.settings.protocol,
                url: &self.shown,
                model: &self.settings.model,
                id: &self.id,
                texts: texts.len(),
                dimensions: (self.dimensions > 0).then_some(self.dimensions),
            },
            status,
            &body,
        )
    }

    fn embed(&self, texts: &[&str], prefix: &str, out: &mut Vec<f32>) -> Result<(), EmbedError> {
        let start = out.len();
        let deadline = Instant::now() + self.settings.total_timeout;
        out.resize(start + texts.len() * self.dimensions, 0.0);
        // Services refuse empty texts, and an empty text has the zero vector anyway.
        let filled: Vec<usize> = (0..texts.len())
            .filter(|&at| !texts[at].trim().is_empty())
            .collect();
        for group in filled.chunks(self.settings.batch.max(1)) {
            let prefixed: Vec<String> = group.iter().map(|&at| format!("{prefix}{}", texts[at])).collect();
            let batch: Vec<&str> = prefixed.iter().map(String::as_str).collect();
            match self.vectors(&batch, 0, deadline) {
                Ok(vectors) => {
                    for (&at, mut vector) in group.iter().zip(vectors) {
                        normalise(&mut vector);
                        let from = start + at * self.dimensions;
                        out[from..from + self.dimensions].copy_from_slice(&vector);
                    }
                }
                Err(error) => {
                    out.truncate(start);
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

impl Embedder for HttpEmbedder {
    fn id(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn cost(&self) -> Cost {
        Cost::Expensive
    }

    fn max_batch(&self) -> usize {
        self.settings.batch
    }

    fn embed_documents(&self, texts: &[&str], out: &mut Vec<f32>) -> Result<(), EmbedError> {
        self.embed(texts, &self.settings.document_prefix, out)
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let mut vector = Vec::with_capacity(self.dimensions);
        self.embed(&[text], &self.settings.query_prefix, &mut vector)?;
        Ok(vector)
    }
}

/// The address requests go to.
fn endpoint(settings: &HttpSettings) -> Result<Url, EmbedError> {
    let wrong = |what: String| EmbedError::Setting { setting: "url", what };
    let base = settings.url.trim().trim_end_matches('/');
    let address = match settings.protocol {
        Protocol::OpenAi => format!("{}/v1/embeddings", base.strip_suffix("/v1").unwrap_or(base)),
        Protocol::Ollama => format!("{base}/api/embed"),
    };
    let url = Url::parse(&address).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(format!("{} is neither http nor https", url.scheme())));
    }
    if settings.model.trim().is_empty() {
        return Err(EmbedError::Setting {
            setting: "model",
            what: "it is empty".into(),
        });
    }
    Ok(url)
}
