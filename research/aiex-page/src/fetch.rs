//! Fetching pages from the public internet, and from nowhere else.
//!
//! Every hop of a fetch is judged twice: the URL before anything is sent (`target`), and the address when the
//! connection is made (`dns`). Redirects are followed here, so that each is a hop. Hosts are spared (`pace`)
//! and their robots.txt is honoured (`robots`) unless the user named the URL. The module knows nothing of what
//! a page says.

mod address;
mod body;
mod charset;
mod dns;
mod error;
mod media;
mod pace;
mod page;
mod robots;
mod settings;
mod target;

use std::error::Error as StdError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, StatusCode};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use url::Url;

use body::{Body, BodyError, Overflow};
use dns::{Guard, Refused};
use pace::{NoTurn, Turns};
use robots::{MAX_ROBOTS, RobotsFile, Rules, Verdict};

pub use charset::{Decoded, decode};
pub use dns::{Lookup, Names, SystemNames};
pub use error::{Block, FetchError, Part, RedirectProblem, Stage};
pub use media::Media;
pub use page::{Asked, Fetched, PageRequest, Reply, Validators};
pub use settings::{FetchDeadlines, FetchSettings, Pace};

/// Fetches pages. Cheap to clone; clones share connections, robots.txt files and turns.
#[derive(Debug, Clone)]
pub struct Fetcher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: FetchSettings,
    /// For URLs without a port of their own: exempted addresses bring theirs.
    plain: Client,
    /// For URLs that name a port, which would override an exempted address's: so none is exempted.
    ported: Client,
    rules: Rules,
    turns: Turns,
}

/// What an address leads to.
enum Hop {
    To(Url),
    Reply(Reply),
}

/// How many redirects a robots.txt may take (RFC 9309, 2.3.1.2).
const ROBOTS_REDIRECTS: usize = 5;

impl Fetcher {
    /// A fetcher that asks the system for addresses.
    pub fn new(settings: FetchSettings) -> Result<Self, FetchError> {
        Self::with_names(settings, Arc::new(SystemNames))
    }

    /// A fetcher that asks `names` for addresses. They are judged all the same.
    pub fn with_names(settings: FetchSettings, names: Arc<dyn Names>) -> Result<Self, FetchError> {
        let client = |reachable: Vec<SocketAddr>| {
            let guard = Guard {
                names: Arc::clone(&names),
                reachable,
            };
            Client::builder()
                .user_agent(settings.user_agent())
                .dns_resolver(Arc::new(guard))
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .referer(false)
                // Decompression is done here, with limits; whatever other crates enable in the client is off.
                .no_gzip()
                .no_brotli()
                .no_deflate()
                .no_zstd()
                .connect_timeout(settings.deadlines.connect)
                .pool_max_idle_per_host(settings.pace.connections)
                .pool_idle_timeout(Duration::from_secs(30))
                .build()
                .map_err(|error| FetchError::Setup {
                    reason: innermost(&error),
                })
        };
        let plain = client(settings.reachable.clone())?;
        let ported = client(Vec::new())?;
        Ok(Self(Arc::new(Inner {
            plain,
            ported,
            rules: Rules::new(settings.robots_ttl),
            turns: Turns::new(settings.pace),
            settings,
        })))
    }

    /// Fetches a page on the program's own account: robots.txt is honoured.
    pub async fn fetch(&self, url: &Url, cancel: &CancellationToken) -> Result<Fetched, FetchError> {
        let request = PageRequest {
            url: url.clone(),
            asked: Asked::Automatically,
            validators: None,
        };
        match self.get(&request, cancel).await? {
            Reply::Page(page) => Ok(*page),
            // Not asked for, so the host is wrong to say so.
            Reply::NotModified(_) => Err(FetchError::Status {
                url: shown(url),
                status: StatusCode::NOT_MODIFIED.as_u16(),
                retry_after: None,
            }),
        }
    }

    /// Fetches a page, or learns that a copy of it is still good.
    pub async fn get(&self, request: &PageRequest, cancel: &CancellationToken) -> Result<Reply, FetchError> {
        let reply = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(FetchError::Cancelled),
            reply = self.0.follow(request) => reply,
        };
        match &reply {
            Ok(_) => tracing::debug!(url = %shown(&request.url), "fetched"),
            Err(error) => tracing::debug!(%error, "not fetched"),
        }
        reply
    }
}

impl Inner {
    async fn follow(&self, request: &PageRequest) -> Result<Reply, FetchError> {
        let FetchDeadlines { total, turn, .. } = self.settings.deadlines;
        let longest = Instant::now() + turn;
        let mut deadline = Instant::now() + total;
        let too_late = |_| late(&request.url, Stage::Total, total);
        let mut url = request.url.clone();
        url.set_fragment(None);
        for _ in 0..=self.settings.max_redirects {
            self.check(&url)?;
            let crawl_delay = match request.asked {
                Asked::Automatically => timeout_at(deadline, self.permission(&url))
                    .await
                    .map_err(too_late)??,
                Asked::ByUser => None,
            };
            let host = url.host_str().unwrap_or_default();
            let turn = self.turns.take(host, crawl_delay, longest, &mut deadline).await;
            let _turn = turn.map_err(|refused| no_turn(&url, refused))?;
            let hop = timeout_at(deadline, self.hop(request, url.clone()));
            match hop.await.map_err(too_late)?? {
                Hop::To(next) => url = next,
                Hop::Reply(reply) => return Ok(reply),
            }
        }
        Err(too_many(&url, self.settings.max_redirects))
    }

    /// Asks for the page at one address, whose turn it is.
    async fn hop(&self, request: &PageRequest, url: Url) -> Result<Hop, FetchError> {
        let validators = request.validators.as_ref().filter(|known| known.url == url);
        let response = self.send(&url, validators).await?;
        let status = response.status();
        if let (StatusCode::NOT_MODIFIED, Some(known)) = (status, validators) {
            return Ok(Hop::Reply(Reply::NotModified(known.clone())));
        }
        if is_redirect(status) {
            return redirect_target(&url, &response).map(Hop::To);
        }
        if !matches!(status, StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION) {
            return Err(self.status_error(&url, &response));
        }
        let page = self.page(&request.url, url, response).await?;
        Ok(Hop::Reply(Reply::Page(Box::new(page))))
    }

    fn check(&self, url: &Url) -> Result<(), FetchError> {
        target::check(url, &self.settings).map_err(|why| FetchError::Blocked { url: shown(url), why })
    }

    /// The host's `Crawl-delay` if it allows the URL.
    async fn permission(&self, url: &Url) -> Result<Option<Duration>, FetchError> {
        let verdict = self.rules.judge(url, |file| self.robots_file(file)).await;
        let host = url.host_str().unwrap_or_default().to_owned();
        match verdict {
            Verdict::Allowed { crawl_delay } => Ok(crawl_delay),
            Verdict::Disallowed => Err(FetchError::Robots {
                url: shown(url),
                host,
            }),
            Verdict::Unknown(reason) => Err(FetchError::RobotsUnknown {
                url: shown(url),
                host,
                reason,
            }),
        }
    }

    /// Fetches a robots.txt: one small file a day, so it takes no turn.
    async fn robots_file(&self, file: Url) -> RobotsFile {
        match self.try_robots_file(file).await {
            Ok(file) => file,
            Err(error) => RobotsFile::Unknown(error.to_string()),
        }
    }

    async fn try_robots_file(&self, mut url: Url) -> Result<RobotsFile, FetchError> {
        for _ in 0..=ROBOTS_REDIRECTS {
            self.check(&url)?;
            let response = self.send(&url, None).await?;
            let status = response.status();
            if is_redirect(status) {
                url = redirect_target(&url, &response)?;
            } else if status.is_success() {
                let bytes = self.body(&url, response, MAX_ROBOTS, Overflow::Cut).await?;
                return Ok(RobotsFile::Found(bytes));
            } else if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS {
                return Ok(RobotsFile::Absent);
            } else {
                return Err(self.status_error(&url, &response));
            }
        }
        // RFC 9309, 2.3.1.2: after five redirects it may be taken for absent.
        Ok(RobotsFile::Absent)
    }

    async fn send(&self, url: &Url, validators: Option<&Validators>) -> Result<Response, FetchError> {
        let client = if url.port().is_none() {
            &self.plain
        } else {
            &self.ported
        };
        let request = client
            .get(url.clone())
            .headers(request_headers(validators))
            .send();
        let within = self.settings.deadlines.first_byte;
        let response = match timeout(within, request).await {
            Err(_) => return Err(late(url, Stage::FirstByte, within)),
            Ok(Err(error)) => return Err(self.failed(url, &error)),
            Ok(Ok(response)) => response,
        };
        // The guard chose the address; this only makes sure that it was asked.
        if let Some(peer) = response.remote_addr()
            && !address::is_public(peer.ip())
            && !self.settings.reachable.contains(&peer)
        {
            let why = Block::Address(peer.ip());
            return Err(FetchError::Blocked { url: shown(url), why });
        }
        let size: usize = response
            .headers()
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if size > self.settings.max_headers {
            return Err(FetchError::TooLarge {
                url: shown(url),
                part: Part::Headers,
                limit: self.settings.max_headers,
            });
        }
        Ok(response)
    }

    async fn page(&self, requested: &Url, url: Url, response: Response) -> Result<Fetched, FetchError> {
        let content_type = text(response.headers(), &header::CONTENT_TYPE).unwrap_or_default();
        let declared = media::declared(&content_type);
        let not_text = |content_type: &str| FetchError::NotText {
            url: shown(&url),
            content_type: if content_type.is_empty() {
                "binary data".to_owned()
            } else {
                content_type.to_owned()
            },
        };
        if declared == media::Declared::Other {
            return Err(not_text(&content_type));
        }
        let validators = Validators {
            url: url.clone(),
            etag: text(response.headers(), &header::ETAG),
            last_modified: text(response.headers(), &header::LAST_MODIFIED),
        };
        let bytes = self
            .body(&url, response, self.settings.max_body, Overflow::Refuse)
            .await?;
        let Some(media) = media::settled(declared, &bytes) else {
            return Err(not_text(&content_type));
        };
        Ok(Fetched {
            requested: requested.clone(),
            media,
            charset: media::charset(&content_type).map(str::to_owned),
            bytes,
            validators,
            fetched_at: SystemTime::now(),
            url,
        })
    }

    async fn body(
        &self,
        url: &Url,
        mut response: Response,
        limit: usize,
        overflow: Overflow,
    ) -> Result<Vec<u8>, FetchError> {
        let wrong = |error| match error {
            BodyError::TooLarge => FetchError::TooLarge {
                url: shown(url),
                part: Part::Body,
                limit,
            },
            BodyError::Broken(reason) => FetchError::Encoding {
                url: shown(url),
                reason,
            },
        };
        let encodings: Vec<String> = response
            .headers()
            .get_all(header::CONTENT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok().map(str::to_owned))
            .collect();
        let mut body = Body::new(&encodings.join(","), limit, overflow).map_err(wrong)?;
        let announced = response.content_length().unwrap_or(0);
        if overflow == Overflow::Refuse && announced > limit as u64 {
            return Err(wrong(BodyError::TooLarge));
        }
        let idle = self.settings.deadlines.idle;
        loop {
            let part = match timeout(idle, response.chunk()).await {
                Err(_) => return Err(late(url, Stage::Idle, idle)),
                Ok(Err(error)) => return Err(self.failed(url, &error)),
                Ok(Ok(part)) => part,
            };
            let Some(part) = part else { break };
            if !body.push(&part).map_err(wrong)? {
                break;
            }
        }
        body.finish().map_err(wrong)
    }

    fn status_error(&self, url: &Url, response: &Response) -> FetchError {
        let retry_after = text(response.headers(), &header::RETRY_AFTER).and_then(|value| wait(&value));
        let host = url.host_str().unwrap_or_default();
        if let Some(pause) = retry_after {
            self.turns.silence(host, pause);
        }
        FetchError::Status {
            url: shown(url),
            status: response.status().as_u16(),
            retry_after,
        }
    }

    /// What an error of the HTTP client means.
    fn failed(&self, url: &Url, error: &reqwest::Error) -> FetchError {
        let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
        while let Some(current) = cause {
            if let Some(refused) = current.downcast_ref::<Refused>() {
                return match refused.address {
                    Some(address) => FetchError::Blocked {
                        url: shown(url),
                        why: Block::Address(address),
                    },
                    None => FetchError::NoHost { url: shown(url) },
                };
            }
            cause = current.source();
        }
        if error.is_timeout() {
            return late(url, Stage::Connect, self.settings.deadlines.connect);
        }
        FetchError::Unreachable {
            url: shown(url),
            reason: innermost(error),
        }
    }
}

/// What every request says.
fn request_headers(validators: Option<&Validators>) -> HeaderMap {
    const ACCEPT: &str =
        "text/html,application/xhtml+xml,text/markdown,text/plain,application/pdf;q=0.9,*/*;q=0.5";
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static(ACCEPT));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(body::ACCEPTED));
    let Some(known) = validators else { return headers };
    for (name, value) in [
        (header::IF_NONE_MATCH, &known.etag),
        (header::IF_MODIFIED_SINCE, &known.last_modified),
    ] {
        // A value that is no header was not sent by a host; then the page is fetched anew.
        if let Some(value) = value
            .as_deref()
            .and_then(|value| HeaderValue::from_str(value).ok())
        {
            headers.insert(name, value);
        }
    }
    headers
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn redirect_target(from: &Url, response: &Response) -> Result<Url, FetchError> {
    // Header values may be UTF-8 although they should not.
    let location = response
        .headers()
        .get(header::LOCATION)
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    let target = location.and_then(|location| from.join(&location).ok());
    let mut target = target.ok_or_else(|| FetchError::Redirect {
        url: shown(from),
        problem: RedirectProblem::NoTarget,
    })?;
    target.set_fragment(None);
    Ok(target)
}

fn too_many(url: &Url, allowed: usize) -> FetchError {
    FetchError::Redirect {
        url: shown(url),
        problem: RedirectProblem::TooMany(allowed),
    }
}

fn no_turn(url: &Url, refused: NoTurn) -> FetchError {
    match refused {
        NoTurn::Busy(retry_after) => FetchError::Busy {
            host: url.host_str().unwrap_or_default().to_owned(),
            retry_after,
        },
        NoTurn::Taken(waited) => late(url, Stage::Total, waited),
    }
}

fn late(url: &Url, stage: Stage, after: Duration) -> FetchError {
    FetchError::Timeout {
        url: shown(url),
        stage,
        after,
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

/// A `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
fn wait(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value.trim()).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// A URL as it may be shown: without credentials.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for URLs that cannot carry credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// The cause behind the layers of the HTTP client.
fn innermost(error: &dyn StdError) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}
