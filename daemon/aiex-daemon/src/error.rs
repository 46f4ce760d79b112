//! Why the daemon could not start, or had to end.

use std::io;
use std::path::PathBuf;

use aiex_config::info::InfoError;
use aiex_config::socket_dir::SocketDirError;
use aiex_config::{HomeError, LockError};

/// A daemon that could not start.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Another daemon of this user lives.
    #[error("another daemon holds {path}")]
    AlreadyRunning {
        /// The lock.
        path: PathBuf,
    },
    /// The state or cache folder cannot be made.
    #[error("the daemon's folders cannot be used")]
    Home(#[from] HomeError),
    /// The lock cannot be tried.
    #[error("the daemon's lock cannot be used")]
    Lock(#[from] LockError),
    /// The socket's folder is not safe.
    #[error("the socket's folder cannot be used")]
    SocketDir(#[from] SocketDirError),
    /// The socket cannot be bound.
    #[error("cannot listen on {path}")]
    Bind {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The loopback port cannot be bound.
    #[error("cannot listen on 127.0.0.1:{port}")]
    BindTcp {
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// The info file cannot be written.
    #[error("the daemon cannot say where it listens")]
    Info(#[from] InfoError),
    /// The log cannot be written.
    #[error("cannot write the log {path}")]
    Log {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Threads, timers, signals or random bytes are not to be had.
    #[error("cannot {action}")]
    System {
        /// What was tried.
        action: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl DaemonError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::AlreadyRunning { .. } => {
                Some("`aiex daemon status` shows it; `aiex daemon stop` ends it".to_owned())
            }
            Self::BindTcp { .. } => {
                Some("set `daemon.tcp_port` to a free port, or to 0 to let the system choose".to_owned())
            }
            Self::Home(_) | Self::Lock(_) | Self::Info(_) | Self::Log { .. } | Self::Bind { .. } => {
                Some("check that the folder exists, is yours and has room; AIEX_HOME moves it".to_owned())
            }
            Self::SocketDir(_) | Self::System { .. } => None,
        }
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
