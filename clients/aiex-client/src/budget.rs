//! Deadlines that name the step that used them up.

use std::fmt;
use std::time::{Duration, Instant};

/// What was being waited for when time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The upgrade of the connection.
    Handshake,
    /// The first frame.
    Welcome,
    /// The lock that the starter of a daemon holds.
    StartLock,
    /// A daemon that holds its lock to listen.
    Listening,
    /// The old daemon to exit.
    OldDaemonExit,
    /// The new daemon to get ready.
    Ready,
    /// The next event of a request.
    Event,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handshake => "the daemon to accept the connection",
            Self::Welcome => "the daemon to answer the hello",
            Self::StartLock => "another client that is starting the daemon",
            Self::Listening => "the running daemon to listen on its socket",
            Self::OldDaemonExit => "the old daemon to exit",
            Self::Ready => "the new daemon to get ready",
            Self::Event => "the daemon's next event",
        })
    }
}

/// Waits that grow from [`FIRST_PAUSE`] to [`LONGEST_PAUSE`].
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    /// Waits, but not beyond the deadline. `false` when that has passed.
    pub(crate) async fn pause(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        tokio::time::sleep(self.0.min(left)).await;
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
        true
    }
}
