//! Why there is no connection, and why a request failed. Each says what happened and what to do.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use aiex_config::{HomeError, LockError, StartFailure};
use aiex_protocol::{Refusal, RefusalReason, WireError};

use crate::budget::Step;

/// Why there is no connection to a daemon.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The folders that daemon and client share cannot be made.
    #[error("the folders for the daemon cannot be made")]
    Home(#[source] HomeError),
    /// A lock cannot be used.
    #[error("the daemon's locks cannot be used")]
    Lock(#[source] LockError),
    /// No daemon runs, and this client does not start one.
    #[error("no daemon runs: {reason}")]
    NotRunning {
        /// What was seen.
        reason: String,
    },
    /// The daemon does not serve this client.
    #[error("the daemon refused: {}", .0.message)]
    Refused(Refusal),
    /// The socket belongs to a process of another user.
    #[error("the socket {socket} is served by user {owner}, not by you")]
    ForeignPeer {
        /// The socket.
        socket: PathBuf,
        /// The other user's number.
        owner: u32,
    },
    /// What answers on the socket does not speak the protocol.
    #[error("what answers on the daemon's socket is not a daemon: {detail}")]
    Protocol {
        /// What it said.
        detail: String,
    },
    /// A step took too long.
    #[error("waited {}s in vain for {step}", .budget.as_secs_f32())]
    Deadline {
        /// The step that was going on.
        step: Step,
        /// The time that connecting had in all.
        budget: Duration,
    },
    /// The daemon's process could not be started.
    #[error("cannot start {exe}")]
    Spawn {
        /// The program.
        exe: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The daemon's process ended before it was ready.
    #[error("the daemon did not start ({status}): {detail}")]
    StartFailed {
        /// How it ended.
        status: String,
        /// What it said: its own account, or the end of its log.
        detail: String,
        /// Its account, if it left one.
        failure: Option<Box<StartFailure>>,
        /// Its log.
        log: PathBuf,
    },
    /// The daemon failed so often in so short a time that it is not started again for a while.
    #[error(
        "the daemon failed {count} times within a minute and is not started again for {}s; the last time: {last}",
        .wait.as_secs().max(1)
    )]
    CrashLoop {
        /// Failures within the last minute.
        count: usize,
        /// How long it is not started.
        wait: Duration,
        /// What was seen the last time.
        last: String,
    },
}

impl ConnectError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Refused(refusal) => &refusal.hint,
            Self::StartFailed {
                failure: Some(failure),
                ..
            } if failure.hint.is_some() => {
                return failure.hint.clone();
            }
            Self::StartFailed { log, .. } => {
                return Some(format!(
                    "`aiex doctor` checks what it needs; its log is {}",
                    log.display()
                ));
            }
            Self::NotRunning { .. } => "`aiex daemon start` starts one",
            Self::ForeignPeer { .. } => "stop that process, or set AIEX_HOME to a folder of your own",
            Self::Protocol { .. } => "`aiex daemon restart` replaces it",
            Self::CrashLoop { .. } => {
                "`aiex daemon logs` shows what happened, `aiex doctor` checks what it needs, and `--no-daemon` \
                 does without it"
            }
            Self::Deadline {
                step: Step::StartLock,
                ..
            } => "another aiex command is starting the daemon; try again",
            Self::Deadline { .. } => {
                "`aiex daemon logs` shows what it does; `aiex daemon restart` replaces it"
            }
            Self::Home(_) | Self::Lock(_) => "`aiex doctor` checks the folders",
            Self::Spawn { .. } => return None,
        };
        (!hint.is_empty()).then(|| hint.to_owned())
    }

    /// Whether the daemon is newer than this program, which must be updated.
    pub fn is_client_too_old(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.reason == RefusalReason::ClientTooOld)
    }
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The daemon says so.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The daemon is of an older build and would not understand the request. Nothing was sent.
    #[error("the daemon that runs does not know `{verb}`")]
    Unsupported {
        /// The verb.
        verb: &'static str,
        /// The capability that it lacks.
        needs: &'static str,
    },
    /// The daemon went away, and asking again would be unsafe or did not help.
    #[error("the connection to the daemon was lost: {reason}")]
    Lost {
        /// What happened.
        reason: String,
    },
    /// The deadline passed and the daemon did not say so itself.
    #[error("the deadline passed while waiting for {step}")]
    Deadline {
        /// What was being waited for.
        step: Step,
    },
    /// The daemon sent what cannot be understood, or left out what must be there.
    #[error("the daemon's answer cannot be understood: {detail}")]
    Protocol {
        /// What is wrong.
        detail: String,
    },
}

impl RequestError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Wire(error) => error.hint.clone(),
            Self::Unsupported { .. } => {
                Some("`aiex daemon restart` starts the daemon of this version".to_owned())
            }
            Self::Lost { .. } => {
                Some("ask again; `aiex daemon logs` shows what happened to the daemon".to_owned())
            }
            Self::Deadline { .. } => Some("`aiex status` shows what the daemon does".to_owned()),
            Self::Protocol { .. } => {
                Some("`aiex daemon restart` starts the daemon of this version".to_owned())
            }
        }
    }
}
