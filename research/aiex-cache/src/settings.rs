//! How long things are kept, and how much of them.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::Kind;

/// The limits of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How long an entry is good.
    pub ttl: Duration,
    /// Room in memory, in bytes.
    pub memory_bytes: u64,
    /// Room on disk, in bytes as stored (compressed).
    pub disk_bytes: u64,
}

/// The time as the cache sees it: milliseconds since 1970.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Clock {
    /// A clock of one's own, for tests.
    pub fn new(now_ms: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now_ms))
    }

    /// The system's clock.
    pub fn system() -> Self {
        Self::new(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// The limits of every kind, and the clock.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Of searches.
    pub search: Limits,
    /// Of pages.
    pub page: Limits,
    /// Of model calls.
    pub model_call: Limits,
    /// Of answers.
    pub answer: Limits,
    /// The time.
    pub clock: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        const MB: u64 = 1 << 20;
        let limits = |hours: u64, memory: u64, disk: u64| Limits {
            ttl: Duration::from_secs(hours * 3600),
            memory_bytes: memory * MB,
            disk_bytes: disk * MB,
        };
        Self {
            // What is found changes within a day; what a page says changes slower, and is asked for again by its tag.
            search: limits(24, 8, 64),
            page: limits(7 * 24, 16, 512),
            // The same prompt to the same model: good until the model changes, and that is in the key.
            model_call: limits(30 * 24, 8, 256),
            answer: limits(7 * 24, 8, 128),
            clock: Clock::system(),
        }
    }
}

impl Settings {
    /// How long an entry of a kind is good, in milliseconds.
    pub(crate) fn ttl_ms(&self, kind: Kind) -> u64 {
        u64::try_from(self.limits(kind).ttl.as_millis()).unwrap_or(u64::MAX)
    }

    /// The limits of a kind.
    pub fn limits(&self, kind: Kind) -> Limits {
        match kind {
            Kind::Search => self.search,
            Kind::Page => self.page,
            Kind::ModelCall => self.model_call,
            Kind::Answer => self.answer,
        }
    }
}
