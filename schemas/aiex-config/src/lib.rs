//! What a client and the daemon must agree on before they can talk: settings, paths, locks, the info file.
//!
//! - [`Settings`] are layered: the embedded, commented [`DEFAULTS`] < `config.toml` < `AIEX_…` variables < flags.
//! - [`Home`] says where everything lies. It is derived from the home directory (or `AIEX_HOME`) and from
//!   nothing else, because an editor, a shell and a service see different `XDG_…` and `TMPDIR` values.
//! - [`DaemonLock`] is the truth about whether a daemon lives; the info file only says where it listens.
//!
//! This crate touches the disk but knows no async runtime, no terminal, and nothing of the index or the server.
//! The process environment is read only through [`Environment`].
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod build;
pub mod digest;
pub mod env_vars;
pub mod environment;
pub mod exits;
pub mod info;
pub mod layers;
pub mod lock;
mod nearest;
pub mod paths;
pub mod private_file;
pub mod quantity;
pub mod settings;
pub mod socket_dir;
pub mod start_failure;

pub use environment::{Environment, MapEnvironment, ProcessEnvironment};
pub use layers::{ConfigError, Origin, Override, Warning};
pub use lock::{DaemonLock, LockError, StartLock, daemon_lock_owner, is_daemon_alive};
pub use paths::{Home, HomeError};
pub use settings::{
    CacheSettings, DaemonSettings, EmbedderKind, EmbedderSettings, EngineKind, EngineSettings, IndexSettings,
    JsonPlaces, LogLevel, ProviderKind, ProviderSettings, ResearchDepth, ResearchSettings, SearchSettings,
    Settings, StagePolicy, VectorSettings, WebSettings,
};
pub use start_failure::StartFailure;

/// The embedded defaults, commented: the reference of every setting.
pub const DEFAULTS: &str = include_str!("default.toml");
