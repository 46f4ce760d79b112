//! The settings as the program uses them. What each means and its default: `default.toml`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::digest::digest_of;
use crate::quantity::{show_duration, show_size};

macro_rules! named_choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every choice as it is written in the file.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// As it is written in the file.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            /// The choice with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

mod research;
mod web;

pub use research::{CacheSettings, ResearchDepth, ResearchSettings, StagePolicy};
pub use web::{EngineKind, EngineSettings, JsonPlaces, WebSettings};

/// Every setting, all layers merged.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `[daemon]`
    pub daemon: DaemonSettings,
    /// `[index]`
    pub index: IndexSettings,
    /// `[embedder]`
    pub embedder: EmbedderSettings,
    /// `[vector]`
    pub vector: VectorSettings,
    /// `[[provider]]`, in the order of the file; the first is used unless another is named.
    pub providers: Vec<ProviderSettings>,
    /// `[search]`
    pub search: SearchSettings,
    /// `[web]`
    pub web: WebSettings,
    /// `[research]`
    pub research: ResearchSettings,
    /// `[cache]`
    pub cache: CacheSettings,
    /// `[ranking]`: overrides by rule name. The crate that ranks knows and checks the names.
    pub ranking: BTreeMap<String, f32>,
}

/// `[daemon]`
#[derive(Debug, Clone, PartialEq)]
pub struct DaemonSettings {
    /// Exit after this long without a client or work; zero means never.
    pub idle_exit: Duration,
    /// Whether to listen on `127.0.0.1` as well.
    pub tcp: bool,
    /// The loopback port; 0 lets the system choose.
    pub tcp_port: u16,
    /// How long running requests may take to finish when the daemon is asked to exit.
    pub drain_timeout: Duration,
    /// Clients served at once.
    pub max_connections: usize,
    /// Requests run at once.
    pub max_running: usize,
    /// How much the daemon logs.
    pub log_level: LogLevel,
}

/// `[index]`
#[derive(Debug, Clone, PartialEq)]
pub struct IndexSettings {
    /// Indexing threads; 0 means by the number of cores.
    pub workers: usize,
    /// Larger files are skipped, in bytes.
    pub max_file_size: u64,
    /// Bytes on the disk that all stores together may take; 0 for any.
    pub disk_budget: u64,
    /// Free bytes on the disk below which no vectors are written.
    pub disk_reserve: u64,
    /// Resident memory that the daemon aims to stay under, in bytes.
    pub memory_budget: u64,
    /// Beyond it, repositories that were not asked for in this long are closed until they are.
    pub rest_after: Duration,
    /// Whether work that nobody waits for stops while the machine runs on battery.
    pub pause_on_battery: bool,
    /// Folders watched by events before the rest is polled; 0 means by the system's limit.
    pub watch_budget: usize,
    /// Between looks at the folders that are polled, while something changes there.
    pub poll_interval: Duration,
    /// Quiet time after a change before it is indexed.
    pub debounce: Duration,
    /// A change is indexed after this long even if changes keep coming.
    pub max_wait: Duration,
}

/// `[embedder]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedderSettings {
    /// Which embedder.
    pub kind: EmbedderKind,
    /// The model's name; empty means the kind's own default.
    pub model: String,
    /// `onnx`: the folder that holds the model; empty means a download into the cache.
    pub folder: String,
    /// `onnx`: path of the ONNX Runtime library; empty means the system's.
    pub runtime: String,
    /// `openai`, `ollama`: the service's base URL.
    pub url: String,
    /// `openai`: the name of the variable that holds the key; empty for the one that is kept, if there is one.
    pub key_env: String,
}

/// `[vector]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorSettings {
    /// The Qdrant server that keeps the vectors of new repositories; empty for this machine.
    pub url: String,
    /// The name of the variable that holds its key; empty for the one that is kept, if there is one.
    pub key_env: String,
    /// What the names of collections begin with.
    pub prefix: String,
}

/// `[[provider]]`: a language model that may answer questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    /// The name by which it is chosen.
    pub name: String,
    /// The shape of its interface.
    pub kind: ProviderKind,
    /// The service's base URL.
    pub url: String,
    /// The model's name.
    pub model: String,
    /// The name of the variable that holds the key, or several with commas between them; empty for the one that is
    /// kept under `name`, if there is one.
    pub key_env: String,
    /// Tokens that the model can read at once.
    pub context_tokens: u32,
    /// Tokens that it may write in one answer.
    pub max_output_tokens: u32,
    /// The model's `tokenizer.json`, by which its tokens are counted; empty for none.
    pub tokenizer: String,
    /// The most requests a minute with each key; 0 for no limit of our own.
    pub requests_per_minute: u32,
    /// The most tokens a minute with each key, prompts and answers; 0 for no limit of our own.
    pub tokens_per_minute: u32,
    /// How long the first byte of an answer may take.
    pub first_byte: Duration,
    /// How long an answer that has begun may say nothing.
    pub idle: Duration,
    /// How long an answer may take as a whole.
    pub total: Duration,
}

/// `[search]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchSettings {
    /// Hits returned when the request does not say how many.
    pub limit: u32,
    /// Whether searches are remembered.
    pub history: bool,
}

named_choices! {
    /// Where vectors come from.
    EmbedderKind {
        /// The model inside the program.
        BuiltIn = "built-in",
        /// A local ONNX model.
        Onnx = "onnx",
        /// A service that speaks OpenAI's embeddings interface.
        OpenAi = "openai",
        /// An Ollama service.
        Ollama = "ollama",
        /// No vectors: words and symbols only.
        Off = "none",
    }
}

named_choices! {
    /// The interface that a provider speaks.
    ProviderKind {
        /// OpenAI's chat completions, as many services and local servers offer.
        OpenAi = "openai",
        /// OpenAI's responses.
        OpenAiResponses = "openai-responses",
        /// Anthropic's messages.
        Anthropic = "anthropic",
        /// Ollama's own.
        Ollama = "ollama",
        /// LM Studio.
        LmStudio = "lmstudio",
    }
}

named_choices! {
    /// How much is logged.
    LogLevel {
        /// Failures only.
        Error = "error",
        /// And what may become one.
        Warn = "warn",
        /// And what the daemon does.
        Info = "info",
        /// And how.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

impl Settings {
    /// Every setting as `key = value`, in a fixed order: for `doctor`, for people, and for the digest.
    pub fn entries(&self) -> Vec<(String, String)> {
        let Self {
            daemon,
            index,
            embedder,
            vector,
            providers,
            search,
            web,
            research,
            cache,
            ranking,
        } = self;
        let mut entries: Vec<(String, String)> = [
            ("daemon.idle_exit", show_duration(daemon.idle_exit)),
            ("daemon.tcp", daemon.tcp.to_string()),
            ("daemon.tcp_port", daemon.tcp_port.to_string()),
            ("daemon.drain_timeout", show_duration(daemon.drain_timeout)),
            ("daemon.max_connections", daemon.max_connections.to_string()),
            ("daemon.max_running", daemon.max_running.to_string()),
            ("daemon.log_level", daemon.log_level.to_string()),
            ("index.workers", index.workers.to_string()),
            ("index.max_file_size", show_size(index.max_file_size)),
            ("index.disk_budget", show_size(index.disk_budget)),
            ("index.disk_reserve", show_size(index.disk_reserve)),
            ("index.memory_budget", show_size(index.memory_budget)),
            ("index.rest_after", show_duration(index.rest_after)),
            ("index.pause_on_battery", index.pause_on_battery.to_string()),
            ("index.watch_budget", index.watch_budget.to_string()),
            ("index.poll_interval", show_duration(index.poll_interval)),
            ("index.debounce", show_duration(index.debounce)),
            ("index.max_wait", show_duration(index.max_wait)),
            ("embedder.kind", embedder.kind.to_string()),
            ("embedder.model", embedder.model.clone()),
            ("embedder.folder", embedder.folder.clone()),
            ("embedder.runtime", embedder.runtime.clone()),
            ("embedder.url", embedder.url.clone()),
            ("embedder.key_env", embedder.key_env.clone()),
            ("vector.url", vector.url.clone()),
            ("vector.key_env", vector.key_env.clone()),
            ("vector.prefix", vector.prefix.clone()),
            ("search.limit", search.limit.to_string()),
            ("search.history", search.history.to_string()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        for (place, provider) in providers.iter().enumerate() {
            let fields = [
                ("name", provider.name.clone()),
                ("kind", provider.kind.to_string()),
                ("url", provider.url.clone()),
                ("model", provider.model.clone()),
                ("key_env", provider.key_env.clone()),
                ("context_tokens", provider.context_tokens.to_string()),
                ("max_output_tokens", provider.max_output_tokens.to_string()),
                ("tokenizer", provider.tokenizer.clone()),
                ("requests_per_minute", provider.requests_per_minute.to_string()),
                ("tokens_per_minute", provider.tokens_per_minute.to_string()),
                ("first_byte", show_duration(provider.first_byte)),
                ("idle", show_duration(provider.idle)),
                ("total", show_duration(provider.total)),
            ];
            entries.extend(fields.map(|(field, value)| (format!("provider[{place}].{field}"), value)));
        }
        entries.extend(web.entries());
        entries.extend(research.entries());
        entries.extend(cache.entries());
        entries.extend(
            ranking
                .iter()
                .map(|(name, value)| (format!("ranking.{name}"), value.to_string())),
        );
        entries
    }

    /// A digest of every setting. A client whose digest differs from the daemon's would have started it
    /// with other settings.
    pub fn digest(&self) -> String {
        digest_of(
            self.entries()
                .iter()
                .flat_map(|(key, value)| [key.as_bytes(), value.as_bytes()]),
        )
    }
}
