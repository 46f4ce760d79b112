//! The table of keys: for each, what it may be and where it goes.

mod research;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::layers::scalar::Scalar;
use crate::layers::{ConfigError, Origin};
use crate::settings::{
    DaemonSettings, EmbedderKind, EmbedderSettings, IndexSettings, LogLevel, ProviderKind, ProviderSettings,
    SearchSettings, Settings, VectorSettings,
};

/// One key of a section.
pub(super) struct Key<T> {
    /// `section.key`, or the bare key within a provider.
    pub(super) name: &'static str,
    allowed: &'static str,
    put: fn(&mut T, &Scalar<'_>) -> Option<()>,
}

impl<T> Key<T> {
    /// Puts the value in its place, or says what would be allowed.
    pub(super) fn set(
        &self,
        target: &mut T,
        shown_as: &str,
        value: &Scalar<'_>,
        origin: Origin,
    ) -> Result<(), ConfigError> {
        (self.put)(target, value).ok_or_else(|| ConfigError::Value {
            origin,
            key: shown_as.to_owned(),
            found: value.show(),
            allowed: self.allowed.to_owned(),
        })
    }
}

const fn key<T>(
    name: &'static str,
    allowed: &'static str,
    put: fn(&mut T, &Scalar<'_>) -> Option<()>,
) -> Key<T> {
    Key { name, allowed, put }
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// The keys of all tables.
pub(super) fn keys() -> impl Iterator<Item = &'static Key<Settings>> + Clone {
    KEYS.iter().chain(research::KEYS)
}

/// The keys of the tables that are not of research.
const KEYS: &[Key<Settings>] = &[
    key(
        "daemon.idle_exit",
        "0 or a duration from \"1s\" to \"365d\"",
        |s, v| {
            let value = v
                .duration(Duration::ZERO..=Duration::ZERO)
                .or_else(|| v.duration(SECOND..=YEAR))?;
            s.daemon.idle_exit = value;
            Some(())
        },
    ),
    key("daemon.tcp", "true or false", |s, v| {
        v.boolean().map(|value| s.daemon.tcp = value)
    }),
    key("daemon.tcp_port", "a port from 0 to 65535", |s, v| {
        v.integer(0..=u16::MAX).map(|value| s.daemon.tcp_port = value)
    }),
    key("daemon.drain_timeout", "a duration from 0 to \"1h\"", |s, v| {
        v.duration(Duration::ZERO..=HOUR)
            .map(|value| s.daemon.drain_timeout = value)
    }),
    key("daemon.max_connections", "a number from 1 to 1024", |s, v| {
        v.integer(1..=1024).map(|value| s.daemon.max_connections = value)
    }),
    key("daemon.max_running", "a number from 1 to 256", |s, v| {
        v.integer(1..=256).map(|value| s.daemon.max_running = value)
    }),
    key(
        "daemon.log_level",
        "\"error\", \"warn\", \"info\", \"debug\" or \"trace\"",
        |s, v| LogLevel::from_name(v.text()?).map(|value| s.daemon.log_level = value),
    ),
    key("index.workers", "a number from 0 to 256", |s, v| {
        v.integer(0..=256).map(|value| s.index.workers = value)
    }),
    key(
        "index.max_file_size",
        "a size from \"1KiB\" to \"1GiB\"",
        |s, v| v.size(KIB..=GIB).map(|value| s.index.max_file_size = value),
    ),
    key("index.disk_budget", "a size up to \"1024GiB\"", |s, v| {
        v.size(0..=1024 * GIB).map(|value| s.index.disk_budget = value)
    }),
    key("index.disk_reserve", "a size up to \"1024GiB\"", |s, v| {
        v.size(0..=1024 * GIB).map(|value| s.index.disk_reserve = value)
    }),
    key(
        "index.memory_budget",
        "a size from \"32MiB\" to \"1024GiB\"",
        |s, v| {
            v.size(32 * MIB..=1024 * GIB)
                .map(|value| s.index.memory_budget = value)
        },
    ),
    key("index.rest_after", "a duration from \"1s\" to \"30d\"", |s, v| {
        v.duration(SECOND..=30 * DAY)
            .map(|value| s.index.rest_after = value)
    }),
    key("index.pause_on_battery", "true or false", |s, v| {
        v.boolean().map(|value| s.index.pause_on_battery = value)
    }),
    key("index.watch_budget", "a number, 0 or more", |s, v| {
        v.integer(0..=usize::MAX)
            .map(|value| s.index.watch_budget = value)
    }),
    key(
        "index.poll_interval",
        "a duration from \"100ms\" to \"1d\"",
        |s, v| {
            v.duration(SECOND / 10..=DAY)
                .map(|value| s.index.poll_interval = value)
        },
    ),
    key("index.debounce", "a duration from 0 to \"10s\"", |s, v| {
        v.duration(Duration::ZERO..=10 * SECOND)
            .map(|value| s.index.debounce = value)
    }),
    key("index.max_wait", "a duration from 0 to \"1m\"", |s, v| {
        v.duration(Duration::ZERO..=MINUTE)
            .map(|value| s.index.max_wait = value)
    }),
    key(
        "embedder.kind",
        "\"built-in\", \"onnx\", \"openai\", \"ollama\" or \"none\"",
        |s, v| EmbedderKind::from_name(v.text()?).map(|value| s.embedder.kind = value),
    ),
    key("embedder.model", "a text", |s, v| {
        v.text().map(|value| s.embedder.model = value.to_owned())
    }),
    key("embedder.folder", "a path", |s, v| {
        v.text().map(|value| s.embedder.folder = value.to_owned())
    }),
    key("embedder.runtime", "a path", |s, v| {
        v.text().map(|value| s.embedder.runtime = value.to_owned())
    }),
    key(
        "embedder.url",
        "empty, or an address that starts with http:// or https://",
        |s, v| url_or_none(v).map(|value| s.embedder.url = value),
    ),
    key("embedder.key_env", VARIABLE_NAME, |s, v| {
        variable_name(v).map(|value| s.embedder.key_env = value)
    }),
    key(
        "vector.url",
        "empty, or an address that starts with http:// or https://",
        |s, v| url_or_none(v).map(|value| s.vector.url = value),
    ),
    key("vector.key_env", VARIABLE_NAME, |s, v| {
        variable_name(v).map(|value| s.vector.key_env = value)
    }),
    key("vector.prefix", "1 to 32 of A-Z, a-z, 0-9, _ and -", |s, v| {
        collection_prefix(v).map(|value| s.vector.prefix = value)
    }),
    key("search.limit", "a number from 1 to 1000", |s, v| {
        v.integer(1..=1000).map(|value| s.search.limit = value)
    }),
    key("search.history", "true or false", |s, v| {
        v.boolean().map(|value| s.search.history = value)
    }),
];

/// The keys of a `[[provider]]`.
pub(super) const PROVIDER_KEYS: &[Key<ProviderSettings>] = &[
    key("name", "a text that is not empty", |p, v| {
        not_empty(v).map(|value| p.name = value)
    }),
    key(
        "kind",
        "\"openai\", \"openai-responses\", \"anthropic\", \"ollama\" or \"lmstudio\"",
        |p, v| ProviderKind::from_name(v.text()?).map(|value| p.kind = value),
    ),
    key(
        "url",
        "an address that starts with http:// or https://",
        |p, v| v.url().map(|value| p.url = value),
    ),
    key("model", "a text that is not empty", |p, v| {
        not_empty(v).map(|value| p.model = value)
    }),
    key("key_env", VARIABLE_NAME, |p, v| {
        variable_name(v).map(|value| p.key_env = value)
    }),
    key("context_tokens", "a number, 1024 or more", |p, v| {
        v.integer(1024..=u32::MAX).map(|value| p.context_tokens = value)
    }),
    key("max_output_tokens", "a number, 16 or more", |p, v| {
        v.integer(16..=u32::MAX).map(|value| p.max_output_tokens = value)
    }),
    key("tokenizer", "empty, or the path of a tokenizer.json", |p, v| {
        v.text().map(|value| p.tokenizer = value.to_owned())
    }),
    key("requests_per_minute", A_MINUTE, |p, v| {
        v.integer(0..=MOST_REQUESTS)
            .map(|value| p.requests_per_minute = value)
    }),
    key("tokens_per_minute", "a number, 0 or more", |p, v| {
        v.integer(0..=u32::MAX).map(|value| p.tokens_per_minute = value)
    }),
    key("first_byte", PATIENCE, |p, v| {
        v.duration(SECOND..=DAY).map(|value| p.first_byte = value)
    }),
    key("idle", PATIENCE, |p, v| {
        v.duration(SECOND..=DAY).map(|value| p.idle = value)
    }),
    key("total", PATIENCE, |p, v| {
        v.duration(SECOND..=DAY).map(|value| p.total = value)
    }),
];

pub(in crate::layers) use research::{ENGINE_KEYS, ENGINE_MUST, TRUST_ALLOWED, blank_engine, trusted};

/// What a provider must say.
pub(super) const PROVIDER_MUST: &[&str] = &["name", "kind", "url", "model"];

/// More a minute than any machine sends.
const MOST_REQUESTS: u32 = 1_000_000;
const A_MINUTE: &str = "a number from 0 to 1000000";

/// How long a model may be waited for.
const PATIENCE: &str = "a duration from \"1s\" to \"1d\"";

const VARIABLE_NAME: &str =
    "empty, or the name of an environment variable (A-Z, a-z, 0-9, _): the key itself does not belong here";

fn not_empty(value: &Scalar<'_>) -> Option<String> {
    value
        .text()
        .filter(|text| !text.trim().is_empty())
        .map(str::to_owned)
}

/// An address, or none at all.
fn url_or_none(value: &Scalar<'_>) -> Option<String> {
    if value.text()?.is_empty() {
        return Some(String::new());
    }
    value.url()
}

fn variable_name(value: &Scalar<'_>) -> Option<String> {
    let text = value.text()?;
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_')
        .then(|| text.to_owned())
}

/// What every server takes in the name of a collection.
fn collection_prefix(value: &Scalar<'_>) -> Option<String> {
    let text = value.text()?;
    let is_plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    (is_plain && (1..=32).contains(&text.len())).then(|| text.to_owned())
}

/// Settings before the defaults are read. Nothing of it remains: a test checks that the defaults have every key.
pub(super) fn blank() -> Settings {
    Settings {
        daemon: DaemonSettings {
            idle_exit: Duration::ZERO,
            tcp: false,
            tcp_port: 0,
            drain_timeout: Duration::ZERO,
            max_connections: 0,
            max_running: 0,
            log_level: LogLevel::Info,
        },
        index: IndexSettings {
            workers: 0,
            max_file_size: 0,
            disk_budget: 0,
            disk_reserve: 0,
            memory_budget: 0,
            rest_after: Duration::ZERO,
            pause_on_battery: false,
            watch_budget: 0,
            poll_interval: Duration::ZERO,
            debounce: Duration::ZERO,
            max_wait: Duration::ZERO,
        },
        embedder: EmbedderSettings {
            kind: EmbedderKind::BuiltIn,
            model: String::new(),
            folder: String::new(),
            runtime: String::new(),
            url: String::new(),
            key_env: String::new(),
        },
        vector: VectorSettings {
            url: String::new(),
            key_env: String::new(),
            prefix: String::new(),
        },
        providers: Vec::new(),
        search: SearchSettings {
            limit: 0,
            history: false,
        },
        web: research::blank_web(),
        research: research::blank_research(),
        cache: research::blank_cache(),
        ranking: BTreeMap::new(),
    }
}

/// A provider with what it need not say.
pub(super) fn blank_provider() -> ProviderSettings {
    ProviderSettings {
        name: String::new(),
        kind: ProviderKind::OpenAi,
        url: String::new(),
        model: String::new(),
        key_env: String::new(),
        context_tokens: 8192,
        max_output_tokens: 1024,
        tokenizer: String::new(),
        requests_per_minute: 0,
        tokens_per_minute: 0,
        first_byte: 2 * MINUTE,
        idle: MINUTE,
        total: 10 * MINUTE,
    }
}
