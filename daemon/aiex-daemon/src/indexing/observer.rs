//! How an update tells the repository's state what it does.

use std::time::{Duration, Instant};

use aiex_index::{Observer, Progress};
use tokio_util::sync::CancellationToken;

use super::behind::give_way_from_here;
use super::repository::IndexedRepository;
use crate::event::{Bus, Event};

/// An interruption must leave time for some work, or the interrupted never gets anywhere.
const LEAST: Duration = Duration::from_secs(2);

/// Watches one update or one round of embedding.
pub(super) struct Watching<'a> {
    pub(super) repository: &'a IndexedRepository,
    pub(super) bus: &'a Bus,
    pub(super) stop: &'a CancellationToken,
    /// Whether something more important waits.
    pub(super) has_news: &'a (dyn Fn() -> bool + Sync),
    /// Whether others wait for the place at the gate.
    pub(super) is_contended: &'a (dyn Fn() -> bool + Sync),
    /// Whether nobody waits for what is read.
    pub(super) is_unattended: &'a (dyn Fn() -> bool + Sync),
    /// Whether the machine runs on battery, and the user does not mind waiting for mains power.
    pub(super) spares_power: &'a (dyn Fn() -> bool + Sync),
    pub(super) began: Instant,
}

impl Observer for Watching<'_> {
    fn progress(&self, progress: Progress) {
        self.repository.progressed(progress);
    }

    fn published(&self, generation: u64) {
        self.repository.changed();
        let root = self.repository.path().to_owned();
        self.bus.tell(Event::GenerationPublished { root, generation });
    }

    fn is_cancelled(&self) -> bool {
        self.stop.is_cancelled()
            || (self.has_news)()
            || (self.began.elapsed() > LEAST && (self.is_contended)())
    }

    fn reading(&self) {
        if (self.is_unattended)() {
            give_way_from_here();
        }
    }

    fn spares_power(&self) -> bool {
        (self.spares_power)()
    }
}
