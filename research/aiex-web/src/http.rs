//! One request and its answer: connection, deadlines, redirects, size. It knows no engine.

use std::error::Error;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use aiex_remote::{Failure, Phase, clipped};
use flate2::read::{GzDecoder, ZlibDecoder};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, LOCATION,
};
use reqwest::{Client, Method, Proxy, Response, redirect};
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::Deadlines;

/// The largest answer that is read, after decompression: far more than any page of results.
pub(crate) const LARGEST: usize = 8 << 20;

/// How long the rest of an answer may take that began late.
const REST: Duration = Duration::from_secs(2);

/// Redirects on one host that are followed.
const MOST_HOPS: usize = 5;

/// A request, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) url: Url,
    /// The JSON of a POST; a GET without it.
    pub(crate) body: Option<Value>,
    /// Values of which those with a key are marked as such.
    pub(crate) headers: HeaderMap,
    pub(crate) accept: &'static str,
    /// How much of the rate it takes.
    pub(crate) cost: u32,
}

impl Request {
    pub(crate) fn get(url: Url) -> Self {
        Self {
            url,
            body: None,
            headers: HeaderMap::new(),
            accept: "application/json",
            cost: 1,
        }
    }

    pub(crate) fn post(url: Url, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::get(url)
        }
    }

    /// With a header that holds a key. A key that no header can hold was never one.
    pub(crate) fn key(mut self, name: &str, value: &str) -> Result<Self, Failure> {
        let no_key = || Failure::KeyRejected {
            message: "it has characters that no key has".to_owned(),
        };
        let name = HeaderName::try_from(name).map_err(|_| no_key())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| no_key())?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }
}

/// An answer, whole and decompressed.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Where it came from, after redirects.
    pub(crate) url: Url,
}

/// Connections to an engine.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Arc<OnceCell<Client>>,
    deadlines: Deadlines,
    proxy: Option<Proxy>,
    encrypted: bool,
}

impl Http {
    /// Opens no connection; even the system's certificates are read only when they are needed. `encrypted` says
    /// whether the engine is asked over TLS.
    pub(crate) fn new(deadlines: Deadlines, proxy: Option<&str>, encrypted: bool) -> Result<Self, String> {
        let proxy = proxy.map(Proxy::all).transpose();
        let proxy = proxy.map_err(|error| format!("`proxy` is no address: {}", innermost(&error)))?;
        Ok(Self {
            client: Arc::default(),
            deadlines,
            proxy,
            encrypted,
        })
    }

    /// The client; made on a thread where reading certificates may take its time.
    async fn client(&self) -> Result<&Client, Failure> {
        let make = || async {
            let this = self.clone();
            let made = tokio::task::spawn_blocking(move || this.build()).await;
            made.unwrap_or_else(|error| Err(error.to_string()))
        };
        self.client
            .get_or_try_init(make)
            .await
            .map_err(|message| Failure::Unreachable { message })
    }

    fn build(&self) -> Result<Client, String> {
        let stay = redirect::Policy::custom(|attempt| {
            let from = attempt.previous().last().cloned();
            let stays = from.is_some_and(|from| {
                from.host() == attempt.url().host()
                    && from.port_or_known_default() == attempt.url().port_or_known_default()
                    && from.scheme() == attempt.url().scheme()
            });
            if attempt.previous().len() > MOST_HOPS {
                attempt.error("it redirects in a circle")
            } else if stays {
                attempt.follow()
            } else {
                // No key and no question may travel to a host that the user did not name.
                attempt.stop()
            }
        });
        let mut builder = Client::builder()
            .user_agent(concat!(
                "aiex/",
                env!("CARGO_PKG_VERSION"),
                " (local developer search)"
            ))
            .connect_timeout(self.deadlines.connect)
            .redirect(stay)
            // The environment of a daemon is an accident of who started it; a proxy is a setting.
            .no_proxy()
            // A local engine needs no certificates.
            .tls_built_in_root_certs(self.encrypted || self.proxy.is_some());
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.clone());
        }
        builder.build().map_err(|error| innermost(&error))
    }

    /// Sends `request` and reads the answer before `deadline`. Dropping the future closes the connection.
    pub(crate) async fn send(&self, request: &Request, deadline: Instant) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let client = self.client().await?;
        let method = if request.body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let mut builder = client
            .request(method, request.url.clone())
            .header(ACCEPT, request.accept)
            .header(ACCEPT_ENCODING, "gzip")
            .header(ACCEPT_LANGUAGE, "en")
            .headers(request.headers.clone());
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        let first_byte = begun + self.deadlines.first_byte;
        let response = match timeout_at(first_byte.min(deadline), builder.send()).await {
            Ok(sent) => sent.map_err(|error| self.unsent(&error))?,
            Err(_) => {
                return Err(late(
                    begun,
                    first_byte.min(deadline),
                    first_byte,
                    Phase::FirstByte,
                ));
            }
        };
        let status = response.status();
        if status.is_redirection() && response.headers().contains_key(LOCATION) {
            return Err(elsewhere(&response));
        }
        let (headers, url) = (response.headers().clone(), response.url().clone());
        let reading = read(response);
        // Lists of results are small: what has begun comes soon, or not at all.
        let whole = (Instant::now() + REST).max(first_byte).min(deadline);
        let raw = match timeout_at(whole, reading).await {
            Ok(raw) => raw?,
            Err(_) => return Err(late(begun, whole, whole, Phase::Total)),
        };
        let encoding = headers
            .get(CONTENT_ENCODING)
            .and_then(|value| value.to_str().ok());
        let body = decoded(raw, encoding.map(str::to_lowercase)).await?;
        Ok(Answer {
            status: status.as_u16(),
            headers,
            body,
            url,
        })
    }

    /// No response came.
    fn unsent(&self, error: &reqwest::Error) -> Failure {
        if error.is_redirect() {
            return Failure::NotWhatWasAsked {
                message: "it redirects in a circle".to_owned(),
            };
        }
        if error.is_connect() && error.is_timeout() {
            return Failure::Timeout {
                phase: Phase::Connect,
                after: self.deadlines.connect,
            };
        }
        let message = innermost(error);
        if error.is_connect() {
            Failure::Unreachable { message }
        } else {
            Failure::Broken { message }
        }
    }
}

/// Which deadline it was: `own` is the phase's, `met` the earlier of it and the last.
fn late(begun: Instant, met: Instant, own: Instant, phase: Phase) -> Failure {
    Failure::Timeout {
        phase: if met == own { phase } else { Phase::Total },
        after: met.saturating_duration_since(begun),
    }
}

fn elsewhere(response: &Response) -> Failure {
    let to = response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok());
    let to = to.and_then(|to| response.url().join(to).ok());
    Failure::Redirected {
        to: to.map_or_else(|| "nowhere".to_owned(), |url| shown(&url)),
    }
}

/// `url` without anything that can hold a key or a question.
pub(crate) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!(
        "{}://{}{port}{}",
        url.scheme(),
        url.host_str().unwrap_or_default(),
        url.path()
    )
}

async fn read(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(bytes)) if body.len() + bytes.len() > LARGEST => {
                return Err(Failure::TooLarge { limit: LARGEST });
            }
            Ok(Some(bytes)) => body.extend_from_slice(&bytes),
            Ok(None) => return Ok(body),
            Err(error) => {
                let message = innermost(&error);
                return Err(Failure::Broken { message });
            }
        }
    }
}

/// The body as it was before compression, on a thread where that may take its time.
async fn decoded(raw: Vec<u8>, encoding: Option<String>) -> Result<Vec<u8>, Failure> {
    let encoding = encoding.unwrap_or_default();
    if encoding.is_empty() || encoding == "identity" {
        return Ok(raw);
    }
    let task = tokio::task::spawn_blocking(move || match encoding.as_str() {
        "gzip" | "x-gzip" => inflated(GzDecoder::new(raw.as_slice())),
        "deflate" => inflated(ZlibDecoder::new(raw.as_slice())),
        other => Err(Failure::NotWhatWasAsked {
            message: format!("a body compressed as `{}`", clipped(other)),
        }),
    });
    task.await.unwrap_or_else(|_| {
        Err(Failure::NotWhatWasAsked {
            message: "a body that cannot be decompressed".to_owned(),
        })
    })
}

fn inflated(decoder: impl Read) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let limit = LARGEST as u64 + 1;
    match decoder.take(limit).read_to_end(&mut body) {
        Ok(_) if body.len() > LARGEST => Err(Failure::TooLarge { limit: LARGEST }),
        Ok(_) => Ok(body),
        Err(_) => Err(Failure::NotWhatWasAsked {
            message: "a body that cannot be decompressed".to_owned(),
        }),
    }
}

/// What the system said: the outer errors only repeat the address, with the question in it.
fn innermost(error: &dyn Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    clipped(&inner.to_string())
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether it is a page: by its type, or by how it begins where the type says nothing of use.
    pub(crate) fn is_page(&self) -> bool {
        let kind = self
            .header(CONTENT_TYPE.as_str())
            .unwrap_or_default()
            .to_lowercase();
        if kind.contains("json") || kind.contains("xml") && !kind.contains("xhtml") {
            return false;
        }
        kind.contains("html") || self.body.trim_ascii_start().starts_with(b"<")
    }

    /// The body of an answer that should be JSON.
    pub(crate) fn json(&self) -> Result<Value, Failure> {
        if self.is_page() {
            return Err(self.page());
        }
        let read: Result<Value, _> = serde_json::from_slice(&self.body);
        if let Ok(value) = &read
            && !value.is_object()
            && !value.is_array()
        {
            return Err(Failure::NotWhatWasAsked {
                message: format!("a bare value (HTTP {})", self.status),
            });
        }
        read.map_err(|error| {
            let message = if self.body.trim_ascii().is_empty() {
                "an empty body"
            } else if error.is_eof() {
                "half a JSON document"
            } else {
                "something that is no JSON"
            };
            Failure::NotWhatWasAsked {
                message: format!("{message} (HTTP {})", self.status),
            }
        })
    }

    /// What a refusal says: its JSON, or `null` for text and nothing. A page in place of a refusal is a failure of its
    /// own, unless the status says enough.
    pub(crate) fn refusal(&self) -> Result<Value, Failure> {
        let status_says_enough = matches!(self.status, 401 | 402 | 429 | 500..=599);
        if self.is_page() && !status_says_enough {
            return Err(self.page());
        }
        Ok(serde_json::from_slice(&self.body).unwrap_or_default())
    }

    fn page(&self) -> Failure {
        let text = self.text();
        let title = text
            .split_once("<title>")
            .and_then(|(_, rest)| rest.split_once("</title>"))
            .map(|(title, _)| format!(" titled `{}`", crate::markup::plain(title, 60)))
            .unwrap_or_default();
        Failure::NotWhatWasAsked {
            message: format!("an HTML page{title} (HTTP {})", self.status),
        }
    }
}
