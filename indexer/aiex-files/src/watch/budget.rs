//! Watches are a resource of the whole machine: other programs of the user need them too.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A quarter of what the user may have.
const SHARE: usize = 4;

/// More watches than this cost more kernel memory (about a kilobyte each, never swapped) than polling costs time.
const MOST: usize = 65_536;

/// The kernel's limit before Linux 5.11, for systems that do not tell.
const USUAL_LIMIT: usize = 8_192;

/// How many watches all roots together may hold.
#[derive(Debug)]
pub struct WatchBudget {
    limit: usize,
    used: AtomicUsize,
}

impl WatchBudget {
    /// A budget of that many watches.
    pub fn new(limit: usize) -> WatchBudget {
        WatchBudget {
            limit,
            used: AtomicUsize::new(0),
        }
    }

    /// A quarter of the user's limit on this machine, 65,536 at most.
    pub fn system() -> WatchBudget {
        let limit = std::fs::read_to_string("/proc/sys/fs/inotify/max_user_watches").ok();
        let limit = limit
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(USUAL_LIMIT);
        WatchBudget::new((limit / SHARE).min(MOST))
    }

    /// The most watches.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The watches held now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }

    /// Takes one watch, if there is one left.
    pub(super) fn take(&self) -> bool {
        let more = |used: usize| (used < self.limit).then_some(used + 1);
        self.used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more)
            .is_ok()
    }

    pub(super) fn give_back(&self, count: usize) {
        self.used.fetch_sub(count, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::WatchBudget;

    #[test]
    fn no_more_is_given_than_there_is() {
        let budget = WatchBudget::new(2);
        assert!(budget.take() && budget.take() && !budget.take());
        budget.give_back(1);
        assert_eq!(budget.used(), 1);
        assert!(budget.take());
        assert!(WatchBudget::system().limit() <= 65_536);
    }
}
