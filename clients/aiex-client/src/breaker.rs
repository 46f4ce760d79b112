//! The crash-loop breaker: a daemon that keeps failing is left alone for a while.

use std::time::{SystemTime, UNIX_EPOCH};

use aiex_config::Home;
use aiex_config::exits::{self, BadExit};
use aiex_config::info::read_info;

use crate::error::ConnectError;

/// Refuses when too many starts have failed. Called under the start lock, when no daemon holds its lock.
pub(crate) fn check(home: &Home) -> Result<(), ConnectError> {
    // A daemon takes its info file back when it exits cleanly: one that is left speaks of a crash.
    if let Ok(Some(info)) = read_info(home) {
        record(
            home,
            format!("{}@{}", info.pid, info.started_at_ms),
            "it went away without taking its leave".to_owned(),
        );
    }
    let seen = exits::read(home);
    match exits::pause(&seen, now_ms()) {
        None => Ok(()),
        Some(wait) => Err(ConnectError::CrashLoop {
            count: seen.len(),
            wait,
            last: seen.last().map(|exit| exit.reason.clone()).unwrap_or_default(),
        }),
    }
}

/// Counts a start that failed.
pub(crate) fn start_failed(home: &Home, pid: Option<u32>, error: &ConnectError) {
    let reason = match error {
        ConnectError::StartFailed { detail, .. } => detail.lines().last().unwrap_or_default().to_owned(),
        other => other.to_string(),
    };
    record(home, format!("{}@{}", pid.unwrap_or_default(), now_ms()), reason);
}

fn record(home: &Home, daemon: String, reason: String) {
    if let Err(error) = exits::record(
        home,
        BadExit {
            at_ms: now_ms(),
            daemon,
            reason,
        },
    ) {
        // The list only protects from a loop; without it a start may still succeed.
        tracing::debug!(%error, "a bad exit could not be recorded");
    }
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}
