//! What the caller decides. Plain values: nothing here reads the environment or a file.

use std::time::Duration;

use aiex_remote::{Backoff, Rate, Rests, Secret};

use crate::Trust;

/// The engines a user set up, and how their answers are ranked.
#[derive(Debug, Clone, Default)]
pub struct Configured {
    /// The engines. Those that need neither key nor settings need not be among them: they are asked when a query's
    /// [`Reach`](crate::Reach) is the whole web.
    pub engines: Vec<EngineConfig>,
    /// What hosts are worth.
    pub trust: Trust,
    /// How many pages of one host may stand among the first ten; 3 when `None`.
    pub per_host: Option<usize>,
    /// How often a failed request is tried again, within an engine's deadline.
    pub backoff: Backoff,
    /// When an engine is left alone.
    pub rests: Rests,
    /// A proxy for all engines that are not on this machine: `http://proxy.example:3128`.
    pub proxy: Option<String>,
}

/// One engine.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The name it is shown by.
    pub name: String,
    /// Whose wire format it speaks.
    pub kind: EngineKind,
    /// Where it is; the service's own address when `None`. SearXNG has none of its own.
    pub base_url: Option<String>,
    /// Its keys; they take turns.
    pub keys: Vec<Secret>,
    /// How often it may be asked with each key; what the service's smallest plan allows when `None`.
    pub rate: Option<Rate>,
    /// How many requests may be on their way at once; 4 when `None`, 2 for SearXNG, whose sources ban it for bursts.
    pub parallel: Option<usize>,
    /// When to stop waiting for it.
    pub deadlines: Deadlines,
    /// What its ranks are worth beside those of other engines: 1 is neutral.
    pub weight: f64,
}

impl EngineConfig {
    /// An engine under its usual name, at its usual place, without a key.
    pub fn new(kind: EngineKind) -> Self {
        Self {
            name: kind.label().to_owned(),
            kind,
            base_url: None,
            keys: Vec::new(),
            rate: None,
            parallel: None,
            deadlines: Deadlines::default(),
            weight: 1.0,
        }
    }

    /// With these keys.
    #[must_use]
    pub fn with_keys(mut self, keys: impl IntoIterator<Item = Secret>) -> Self {
        self.keys = keys.into_iter().collect();
        self
    }

    /// At this address.
    #[must_use]
    pub fn at(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = Some(base_url.into());
        self
    }
}

/// When to stop waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For the connection, TLS included.
    pub connect: Duration,
    /// For the first byte of an answer.
    pub first_byte: Duration,
    /// For everything from when there is a place among its calls: turns at the rate, further tries, the whole answer.
    pub total: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            // A general engine that asks others itself, as SearXNG does, gives them three seconds.
            first_byte: Duration::from_millis(4_500),
            total: Duration::from_secs(8),
        }
    }
}

/// A wire format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineKind {
    /// Serper: Google's results. Needs a key.
    Serper,
    /// Tavily. Needs a key.
    Tavily,
    /// Brave Search. Needs a key.
    Brave,
    /// A SearXNG instance. Needs a `base_url`, and `json` under `search.formats` in its settings.
    SearxNg,
    /// Exa. Needs a key.
    Exa,
    /// Stack Overflow through the Stack Exchange API. A key raises the quota.
    StackExchange,
    /// GitHub: issues for errors, code for interfaces (with a key), else repositories.
    GitHub,
    /// The documentation of the crates that a query names, at their locked versions.
    DocsRs,
    /// Wikipedia, or any MediaWiki.
    Wikipedia,
    /// arXiv.
    ArXiv,
    /// Any service that answers in JSON.
    Json(JsonEndpoint),
}

impl EngineKind {
    /// Those that need neither key nor settings.
    pub const KEYLESS: [Self; 5] = [
        Self::StackExchange,
        Self::GitHub,
        Self::DocsRs,
        Self::Wikipedia,
        Self::ArXiv,
    ];

    /// The usual name.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Serper => "serper",
            Self::Tavily => "tavily",
            Self::Brave => "brave",
            Self::SearxNg => "searxng",
            Self::Exa => "exa",
            Self::StackExchange => "stackexchange",
            Self::GitHub => "github",
            Self::DocsRs => "docs.rs",
            Self::Wikipedia => "wikipedia",
            Self::ArXiv => "arxiv",
            Self::Json(_) => "json",
        }
    }

    /// Whether it answers nobody without a key.
    pub fn needs_key(&self) -> bool {
        matches!(self, Self::Serper | Self::Tavily | Self::Brave | Self::Exa)
    }

    /// Where the service is, if it is in one place.
    pub(crate) fn home(&self) -> Option<&'static str> {
        Some(match self {
            Self::Serper => "https://google.serper.dev",
            Self::Tavily => "https://api.tavily.com",
            Self::Brave => "https://api.search.brave.com",
            Self::Exa => "https://api.exa.ai",
            Self::StackExchange => "https://api.stackexchange.com",
            Self::GitHub => "https://api.github.com",
            Self::DocsRs => "https://docs.rs",
            Self::Wikipedia => "https://en.wikipedia.org",
            Self::ArXiv => "https://export.arxiv.org",
            Self::SearxNg | Self::Json(_) => return None,
        })
    }

    /// What the smallest plan of the service allows, as its documentation says.
    pub(crate) fn rate(&self, has_key: bool) -> Rate {
        let second = Duration::from_secs(1);
        let minute = Duration::from_secs(60);
        match self {
            Self::Serper | Self::Exa => Rate::per(5, second),
            Self::Tavily => Rate {
                burst: 5,
                every: minute / 100,
            },
            Self::Brave => Rate::spaced(second),
            Self::SearxNg => Rate {
                burst: 2,
                every: second / 2,
            },
            Self::StackExchange | Self::Wikipedia => Rate::per(5, second),
            Self::GitHub if has_key => Rate {
                burst: 10,
                every: minute / 30,
            },
            Self::GitHub => Rate {
                burst: 5,
                every: minute / 10,
            },
            Self::DocsRs => Rate {
                burst: 2,
                every: second,
            },
            // "No more than one request every three seconds."
            Self::ArXiv => Rate::spaced(3 * second),
            Self::Json(_) => Rate::per(5, second),
        }
    }
}

/// A service that answers a GET with JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonEndpoint {
    /// The address with `{query}`, and `{count}` if the service takes one: `https://x.example/api?q={query}`.
    pub template: String,
    /// Where the list of results is, as a JSON pointer (RFC 6901): `/data/items`; empty for the whole answer.
    pub results: String,
    /// Where a result's title is, from the result.
    pub title: String,
    /// Where its address is.
    pub url: String,
    /// Where its snippet is, if there is one.
    pub snippet: Option<String>,
    /// Where its date is, if there is one.
    pub date: Option<String>,
    /// The header that carries the key: `authorization`, `x-api-key`.
    pub key_header: Option<String>,
    /// What stands before the key in it: `Bearer `.
    pub key_prefix: String,
}

/// Settings that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the settings of the search engine `{engine}` cannot work: {reason}")]
pub struct ConfigError {
    /// The engine's name.
    pub engine: String,
    /// What is wrong.
    pub reason: String,
}

impl ConfigError {
    pub(crate) fn new(engine: &str, reason: impl Into<String>) -> Self {
        Self {
            engine: engine.to_owned(),
            reason: reason.into(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        format!(
            "Correct or remove the search engine `{}` in the settings.",
            self.engine
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_plans_are_kept() {
        let second = Duration::from_secs(1);
        assert_eq!(EngineKind::Brave.rate(true), Rate::spaced(second));
        assert_eq!(EngineKind::ArXiv.rate(false), Rate::spaced(3 * second));
        // 30 a minute for those who sign in, 10 for those who do not.
        assert_eq!(EngineKind::GitHub.rate(true).every, 2 * second);
        assert_eq!(EngineKind::GitHub.rate(false).every, 6 * second);
    }

    #[test]
    fn engines_without_a_key_have_a_place_of_their_own() {
        for kind in EngineKind::KEYLESS {
            assert!(!kind.needs_key() && kind.home().is_some(), "{kind:?}");
        }
    }
}
