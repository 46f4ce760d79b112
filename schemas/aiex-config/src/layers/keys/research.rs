//! The keys of `[web]`, `[[web.engine]]`, `[research]` and `[cache]`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::{
    A_MINUTE, DAY, GIB, Key, MIB, MOST_REQUESTS, PATIENCE, SECOND, VARIABLE_NAME, key, not_empty,
    url_or_none, variable_name,
};
use crate::layers::scalar::Scalar;
use crate::settings::{
    CacheSettings, EngineKind, EngineSettings, JsonPlaces, ResearchDepth, ResearchSettings, Settings,
    StagePolicy, WebSettings,
};

const HOSTS: &str = "a list of names of hosts, as in [\"docs.rs\", \"rust-lang.org\"]";
const POLICY: &str = "\"local_first\", \"cheapest\", \"fastest\", \"best\", or the name of a provider";
const PATH: &str = "empty, or a path that begins with `/` or `~/`";
const COUNT: &str = "a number, 0 or more";
const ROOM: &str = "a size from \"1MiB\" to \"1024GiB\"";
const POINTER: &str = "empty, or a JSON pointer, which begins with `/`";
/// More than anybody should spend on one run without noticing.
const MOST_DOLLARS: f64 = 10_000.0;

pub(super) const KEYS: &[Key<Settings>] = &[
    key("web.enabled", "true or false", |s, v| {
        v.boolean().map(|value| s.web.enabled = value)
    }),
    key("web.keyless", "true or false", |s, v| {
        v.boolean().map(|value| s.web.keyless = value)
    }),
    key("web.contact", "empty, a mail address or a URL", |s, v| {
        let text = v.text()?.trim();
        let sendable = text.chars().all(|c| c.is_ascii_graphic());
        sendable.then(|| s.web.contact = text.to_owned())
    }),
    key("web.allow", HOSTS, |s, v| {
        hosts(v).map(|value| s.web.allow = value)
    }),
    key("web.deny", HOSTS, |s, v| hosts(v).map(|value| s.web.deny = value)),
    key(
        "web.reachable",
        "a list of addresses with ports, as in [\"127.0.0.1:8080\"]",
        |s, v| {
            let items = v.list()?;
            let value: Result<Vec<SocketAddr>, _> = items.into_iter().map(str::parse).collect();
            s.web.reachable = value.ok()?;
            Some(())
        },
    ),
    key("web.per_host", "a number from 1 to 10", |s, v| {
        v.integer(1..=10).map(|value| s.web.per_host = value)
    }),
    key(
        "web.proxy",
        "empty, or an address that starts with http:// or https:// and has no password in it",
        |s, v| {
            let value = url_or_none(v).filter(|url| !url.contains('@'))?;
            s.web.proxy = value;
            Some(())
        },
    ),
    key("research.depth", "\"quick\", \"standard\" or \"deep\"", |s, v| {
        ResearchDepth::from_name(v.text()?).map(|value| s.research.depth = value)
    }),
    key("research.templates", PATH, |s, v| {
        path(v).map(|value| s.research.templates = value)
    }),
    key(
        "research.wall_time",
        "0 or a duration from \"1s\" to \"1d\"",
        |s, v| {
            let value = v
                .duration(Duration::ZERO..=Duration::ZERO)
                .or_else(|| v.duration(SECOND..=DAY))?;
            s.research.wall_time = value;
            Some(())
        },
    ),
    key("research.tokens", COUNT, |s, v| {
        v.integer(0..=u64::MAX).map(|value| s.research.tokens = value)
    }),
    key("research.dollars", "a number from 0 to 10000", |s, v| {
        v.millionths(MOST_DOLLARS)
            .map(|value| s.research.micro_dollars = value)
    }),
    key("research.fetches", COUNT, |s, v| {
        v.integer(0..=u32::MAX).map(|value| s.research.fetches = value)
    }),
    key("research.searches", COUNT, |s, v| {
        v.integer(0..=u32::MAX).map(|value| s.research.searches = value)
    }),
    key("research.plan", POLICY, |s, v| {
        policy(v).map(|value| s.research.plan = value)
    }),
    key("research.extract", POLICY, |s, v| {
        policy(v).map(|value| s.research.extract = value)
    }),
    key("research.write", POLICY, |s, v| {
        policy(v).map(|value| s.research.write = value)
    }),
    key("research.verify", POLICY, |s, v| {
        policy(v).map(|value| s.research.verify = value)
    }),
    key(
        "research.parallel_model_calls",
        "a number from 1 to 64",
        |s, v| {
            v.integer(1..=64)
                .map(|value| s.research.parallel_model_calls = value)
        },
    ),
    key("research.model_call", PATIENCE, |s, v| {
        v.duration(SECOND..=DAY)
            .map(|value| s.research.model_call = value)
    }),
    key("research.prices", PATH, |s, v| {
        path(v).map(|value| s.research.prices = value)
    }),
    key("cache.memory", ROOM, |s, v| {
        room(v).map(|value| s.cache.memory = value)
    }),
    key("cache.searches", ROOM, |s, v| {
        room(v).map(|value| s.cache.searches = value)
    }),
    key("cache.pages", ROOM, |s, v| {
        room(v).map(|value| s.cache.pages = value)
    }),
    key("cache.model_calls", ROOM, |s, v| {
        room(v).map(|value| s.cache.model_calls = value)
    }),
    key("cache.answers", ROOM, |s, v| {
        room(v).map(|value| s.cache.answers = value)
    }),
    key("cache.dependencies", ROOM, |s, v| {
        room(v).map(|value| s.cache.dependencies = value)
    }),
];

/// The keys of a `[[web.engine]]`.
pub(in crate::layers) const ENGINE_KEYS: &[Key<EngineSettings>] = &[
    key(
        "kind",
        "\"serper\", \"tavily\", \"brave\", \"searxng\", \"exa\", \"stackexchange\", \"github\", \"docs_rs\", \
         \"wikipedia\", \"arxiv\" or \"json\"",
        |e, v| EngineKind::from_name(v.text()?).map(|value| e.kind = value),
    ),
    key("name", "a text that is not empty", |e, v| {
        not_empty(v).map(|value| e.name = value)
    }),
    key(
        "url",
        "an address that starts with http:// or https://",
        |e, v| v.url().map(|value| e.url = value),
    ),
    key("key_env", VARIABLE_NAME, |e, v| {
        variable_name(v).map(|value| e.key_env = value)
    }),
    key("weight", "a number from 0 to 10", |e, v| {
        let value = v.number().filter(|value| (0.0..=10.0).contains(value))?;
        e.weight = value;
        Some(())
    }),
    key("requests_per_minute", A_MINUTE, |e, v| {
        v.integer(0..=MOST_REQUESTS)
            .map(|value| e.requests_per_minute = value)
    }),
    key("parallel", "a number from 0 to 64", |e, v| {
        v.integer(0..=64).map(|value| e.parallel = value)
    }),
    key("results", POINTER, |e, v| {
        pointer(v).map(|value| e.places.results = value)
    }),
    key("title", POINTER, |e, v| {
        pointer(v).map(|value| e.places.title = value)
    }),
    key("link", POINTER, |e, v| {
        pointer(v).map(|value| e.places.link = value)
    }),
    key("snippet", POINTER, |e, v| {
        pointer(v).map(|value| e.places.snippet = value)
    }),
    key("date", POINTER, |e, v| {
        pointer(v).map(|value| e.places.date = value)
    }),
    key("key_header", "the name of a header", |e, v| {
        v.text()
            .map(|value| e.places.key_header = value.trim().to_owned())
    }),
    key("key_prefix", "a text, as in \"Bearer \"", |e, v| {
        v.text().map(|value| e.places.key_prefix = value.to_owned())
    }),
];

/// What every engine must say. Some kinds need more, see [`EngineSettings::lacks`].
pub(in crate::layers) const ENGINE_MUST: &[&str] = &["kind"];

/// What a host may be worth, and what is said of what it may not.
pub(in crate::layers) const TRUST_ALLOWED: &str =
    "the name of a host in quotes and a number from 0 to 10, as in \"docs.rs\" = 1.5";

/// A line of `[web.trust]`.
pub(in crate::layers) fn trusted(host: &str, value: &Scalar<'_>) -> Option<(String, f32)> {
    let factor = value.number().filter(|value| (0.0..=10.0).contains(value))?;
    (!host.is_empty() && is_host(host)).then(|| (host.to_lowercase(), factor))
}

fn hosts(value: &Scalar<'_>) -> Option<Vec<String>> {
    let items = value.list()?;
    let all = items.iter().copied().all(is_host);
    all.then(|| items.into_iter().map(str::to_lowercase).collect())
}

fn is_host(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '*' | '_'))
}

fn policy(value: &Scalar<'_>) -> Option<StagePolicy> {
    not_empty(value).map(|name| StagePolicy::from_name(name.trim()))
}

fn room(value: &Scalar<'_>) -> Option<u64> {
    value.size(MIB..=1024 * GIB)
}

/// The daemon's folder is not the user's, so a path must say where it begins.
fn path(value: &Scalar<'_>) -> Option<String> {
    let path = value.text()?;
    let says_where = path.is_empty() || path.starts_with('/') || path.starts_with("~/");
    says_where.then(|| path.to_owned())
}

fn pointer(value: &Scalar<'_>) -> Option<String> {
    value
        .text()
        .filter(|text| text.is_empty() || text.starts_with('/'))
        .map(str::to_owned)
}

pub(super) fn blank_web() -> WebSettings {
    WebSettings {
        enabled: false,
        keyless: false,
        contact: String::new(),
        allow: Vec::new(),
        deny: Vec::new(),
        reachable: Vec::new(),
        per_host: 0,
        proxy: String::new(),
        trust: BTreeMap::new(),
        engines: Vec::new(),
    }
}

pub(super) fn blank_research() -> ResearchSettings {
    ResearchSettings {
        depth: ResearchDepth::Standard,
        templates: String::new(),
        wall_time: Duration::ZERO,
        tokens: 0,
        micro_dollars: 0,
        fetches: 0,
        searches: 0,
        plan: StagePolicy::Best,
        extract: StagePolicy::Best,
        write: StagePolicy::Best,
        verify: StagePolicy::Best,
        parallel_model_calls: 0,
        model_call: Duration::ZERO,
        prices: String::new(),
    }
}

pub(super) fn blank_cache() -> CacheSettings {
    CacheSettings {
        memory: 0,
        searches: 0,
        pages: 0,
        model_calls: 0,
        answers: 0,
        dependencies: 0,
    }
}

/// An engine with what it need not say. Its name is empty: it will be the kind's.
pub(in crate::layers) fn blank_engine() -> EngineSettings {
    EngineSettings {
        kind: EngineKind::SearxNg,
        name: String::new(),
        url: String::new(),
        key_env: String::new(),
        weight: 1.0,
        requests_per_minute: 0,
        parallel: 0,
        places: JsonPlaces::default(),
    }
}
