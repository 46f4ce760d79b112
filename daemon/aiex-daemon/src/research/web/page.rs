//! Pages: fetched, turned into text, kept, and asked for again by their tag.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aiex_cache::{Cache, Key, Kind};
use aiex_config::WebSettings;
use aiex_evidence::Hindrance;
use aiex_page::extract::{ExtractError, Extractor, Flag, Page};
use aiex_page::fetch::{Asked, FetchError, FetchSettings, Fetched, Fetcher, PageRequest, Reply, Validators};
use aiex_research::{PageText, Present, ReadFailure};
use aiex_web::Hosts;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Part of every key of a kept page; a new one when they come to mean something else.
const KEPT_VERSION: &str = "page 1";
/// A page is taken as it was read for this long; after that its host is asked whether it changed.
const FRESH: Duration = Duration::from_secs(3600);

/// Reads pages. Cheap to clone; clones share connections, workers and manners.
#[derive(Clone)]
pub(super) struct Pages {
    fetcher: Result<Fetcher, FetchError>,
    extractor: Extractor,
    hosts: Hosts,
    cache: Cache,
}

/// A page as it is kept, with what its host said for asking again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    page: Page,
    /// Where it was, after redirects.
    at: String,
    etag: Option<String>,
    last_modified: Option<String>,
    /// When its host last said that it is so, in milliseconds since 1970.
    seen_ms: u64,
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
enum NoPage {
    #[error("`{0}` is no address of a page")]
    NoAddress(String),
    #[error("{0} was not read: the settings do not allow its host")]
    NotAllowed(Url),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Extract(#[from] ExtractError),
    #[error("it took longer than {} s", .0.as_secs())]
    Late(Duration),
}

impl Pages {
    pub(super) fn new(settings: &WebSettings, hosts: Hosts, cache: Cache) -> Self {
        let contact = settings.contact.clone();
        let fetcher = Fetcher::new(FetchSettings {
            contact: (!contact.is_empty()).then_some(contact),
            reachable: settings.reachable.clone(),
            ..FetchSettings::default()
        });
        Self {
            fetcher,
            extractor: Extractor::default(),
            hosts,
            cache,
        }
    }

    /// A page's text: as it was kept if that is recent, and not older than a moment in milliseconds since 1970, or if its
    /// host says that it did not change; else anew.
    pub(super) async fn read(
        &self,
        address: &str,
        kept_since_ms: u64,
        deadline: Duration,
        cancel: &CancellationToken,
    ) -> Result<PageText, ReadFailure> {
        let of_the_run = Duration::from_millis(now_ms().saturating_sub(kept_since_ms));
        let read = self
            .within(address, deadline, FRESH.min(of_the_run), cancel)
            .await;
        read.map(text_of).map_err(|error| ReadFailure {
            message: error.to_string(),
            retryable: error.is_passing(),
            hindrance: error.hindrance(),
        })
    }

    /// What has become of a page: its host is asked, however recently it was read.
    pub(super) async fn revisit(
        &self,
        address: &str,
        deadline: Duration,
        cancel: &CancellationToken,
    ) -> Present {
        match self.within(address, deadline, Duration::ZERO, cancel).await {
            Ok(page) => Present::There { text: page.markdown },
            Err(NoPage::Fetch(FetchError::Status {
                status: 404 | 410, ..
            })) => Present::Gone,
            Err(error) => Present::Unknown {
                reason: error.to_string(),
            },
        }
    }

    async fn within(
        &self,
        address: &str,
        deadline: Duration,
        fresh: Duration,
        cancel: &CancellationToken,
    ) -> Result<Page, NoPage> {
        let page = self.page(address, fresh, cancel);
        timeout(deadline, page)
            .await
            .unwrap_or(Err(NoPage::Late(deadline)))
    }

    async fn page(&self, address: &str, fresh: Duration, cancel: &CancellationToken) -> Result<Page, NoPage> {
        let fetcher = self.fetcher.clone()?;
        let url = Url::parse(address).map_err(|_| NoPage::NoAddress(address.to_owned()))?;
        self.allowed(&url)?;
        let key = Key::new(Kind::Page, [KEPT_VERSION, url.as_str()]);
        let kept = self.kept(key).await;
        if let Some(kept) = &kept
            && kept.age() < fresh
        {
            return Ok(kept.page.clone());
        }
        let request = PageRequest {
            url,
            asked: Asked::Automatically,
            validators: kept.as_ref().and_then(Kept::validators),
        };
        let fetched = match (fetcher.get(&request, cancel).await?, kept) {
            (Reply::Page(fetched), _) => *fetched,
            (Reply::NotModified(_), Some(kept)) => {
                let page = kept.page.clone();
                self.keep(key, &kept.seen_now()).await;
                return Ok(page);
            }
            // Only asked for with a kept page at hand: the host answers what it was not asked.
            (Reply::NotModified(_), None) => fetcher.fetch(&request.url, cancel).await?,
        };
        self.allowed(&fetched.url)?;
        let kept = self.extracted(fetched, cancel).await?;
        self.keep(key, &kept).await;
        Ok(kept.page)
    }

    async fn extracted(&self, fetched: Fetched, cancel: &CancellationToken) -> Result<Kept, NoPage> {
        let Validators {
            url,
            etag,
            last_modified,
        } = fetched.validators.clone();
        Ok(Kept {
            page: self.extractor.extract(fetched, cancel).await?,
            at: url.into(),
            etag,
            last_modified,
            seen_ms: now_ms(),
        })
    }

    /// Whether the user wants pages of its host. The fetcher judges the rest.
    fn allowed(&self, url: &Url) -> Result<(), NoPage> {
        let host = url.host_str().unwrap_or_default();
        if self.hosts.permit(host) {
            Ok(())
        } else {
            Err(NoPage::NotAllowed(url.clone()))
        }
    }

    async fn kept(&self, key: Key) -> Option<Kept> {
        let bytes = self.cache.get(key).await?;
        serde_json::from_slice(&bytes).ok()
    }

    async fn keep(&self, key: Key, kept: &Kept) {
        if let Ok(bytes) = serde_json::to_vec(kept) {
            self.cache.put(key, bytes, &[]).await;
        }
    }
}

impl Kept {
    /// How long ago its host said that it is so. A clock that was set back makes it old.
    fn age(&self) -> Duration {
        now_ms()
            .checked_sub(self.seen_ms)
            .map_or(Duration::MAX, Duration::from_millis)
    }

    fn validators(&self) -> Option<Validators> {
        if self.etag.is_none() && self.last_modified.is_none() {
            return None;
        }
        Some(Validators {
            url: Url::parse(&self.at).ok()?,
            etag: self.etag.clone(),
            last_modified: self.last_modified.clone(),
        })
    }

    fn seen_now(self) -> Self {
        Self {
            seen_ms: now_ms(),
            ..self
        }
    }
}

impl NoPage {
    fn hindrance(&self) -> Hindrance {
        match self {
            Self::NotAllowed(_) => Hindrance::Refused,
            Self::Fetch(error) => match error {
                FetchError::NoHost { .. }
                | FetchError::Status {
                    status: 404 | 410, ..
                } => Hindrance::Dead,
                FetchError::Robots { .. }
                | FetchError::Blocked { .. }
                | FetchError::Status {
                    status: 401 | 403 | 407 | 451,
                    ..
                } => Hindrance::Refused,
                _ => Hindrance::Passing,
            },
            Self::NoAddress(_) | Self::Extract(_) | Self::Late(_) => Hindrance::Passing,
        }
    }

    fn is_passing(&self) -> bool {
        match self {
            Self::Fetch(error) => error.is_passing(),
            Self::Extract(error) => matches!(error, ExtractError::Busy { .. }),
            Self::Late(_) => true,
            Self::NoAddress(_) | Self::NotAllowed(_) => false,
        }
    }
}

fn text_of(page: Page) -> PageText {
    PageText {
        instructs: page.has(Flag::InstructsModel),
        is_cut: page.has(Flag::Truncated),
        text: page.markdown,
        title: page.title.unwrap_or_default(),
        date: page.date,
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
