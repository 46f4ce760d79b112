//! What has been noticed and not yet been sent. It knows when a batch is due, not where it goes.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::{Batch, RescanReason};
use crate::relpath::RelPath;

/// Beyond this a scan is cheaper than looking at every path, and memory stays bounded.
const MOST_PATHS: usize = 2_000;

#[derive(Debug)]
pub(super) struct Pending {
    dirty: BTreeSet<RelPath>,
    rescan: Option<RescanReason>,
    gone: bool,
    first: Option<Instant>,
    last: Option<Instant>,
    at_once: bool,
    debounce: Duration,
    max_wait: Duration,
}

impl Pending {
    pub(super) fn new(debounce: Duration, max_wait: Duration) -> Pending {
        Pending {
            dirty: BTreeSet::new(),
            rescan: None,
            gone: false,
            first: None,
            last: None,
            at_once: false,
            debounce,
            max_wait,
        }
    }

    pub(super) fn changed(&mut self, path: RelPath, now: Instant) {
        self.touch(now);
        if self.rescan.is_some() {
            return;
        }
        self.dirty.insert(path);
        if MOST_PATHS < self.dirty.len() {
            self.rescan(RescanReason::TooMany, now);
        }
    }

    pub(super) fn rescan(&mut self, reason: RescanReason, now: Instant) {
        self.touch(now);
        self.rescan.get_or_insert(reason);
        self.dirty.clear();
    }

    pub(super) fn root_gone(&mut self, now: Instant) {
        self.touch(now);
        self.gone = true;
        self.at_once = true;
    }

    /// Sends what there is without waiting for quiet.
    pub(super) fn flush(&mut self) {
        self.at_once = true;
    }

    pub(super) fn holds(&self, path: &RelPath) -> bool {
        self.rescan.is_some() || self.dirty.contains(path)
    }

    pub(super) fn holds_rescan(&self) -> bool {
        self.rescan.is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// When the batch is to be sent: after some quiet, or when the first news has waited long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        let (first, last) = (self.first?, self.last?);
        if self.at_once {
            return Some(first);
        }
        Some((last + self.debounce).min(first + self.max_wait))
    }

    pub(super) fn take(&mut self) -> Batch {
        let batch = if self.gone {
            Batch::RootGone
        } else if let Some(reason) = self.rescan {
            Batch::Rescan { reason }
        } else {
            Batch::Changed(std::mem::take(&mut self.dirty))
        };
        *self = Pending::new(self.debounce, self.max_wait);
        batch
    }

    fn touch(&mut self, now: Instant) {
        self.first.get_or_insert(now);
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{MOST_PATHS, Pending};
    use crate::relpath::RelPath;
    use crate::watch::{Batch, RescanReason};

    const QUIET: Duration = Duration::from_millis(40);
    const MOST: Duration = Duration::from_millis(250);

    fn path(name: &str) -> RelPath {
        RelPath::from_bytes(name).unwrap()
    }

    #[test]
    fn a_batch_waits_for_quiet_but_not_for_ever() {
        let start = Instant::now();
        let mut pending = Pending::new(QUIET, MOST);
        assert_eq!(pending.due(), None);
        pending.changed(path("a"), start);
        assert_eq!(pending.due(), Some(start + QUIET));
        for step in 1..20_u32 {
            pending.changed(path("a"), start + QUIET / 2 * step);
        }
        assert_eq!(pending.due(), Some(start + MOST));
        assert_eq!(pending.take(), Batch::Changed([path("a")].into()));
        assert!(pending.is_empty() && pending.due().is_none());
    }

    #[test]
    fn too_many_paths_become_one_rescan() {
        let now = Instant::now();
        let mut pending = Pending::new(QUIET, MOST);
        for number in 0..=MOST_PATHS {
            pending.changed(path(&number.to_string()), now);
        }
        pending.changed(path("more"), now);
        pending.rescan(RescanReason::Poll, now);
        assert_eq!(
            pending.take(),
            Batch::Rescan {
                reason: RescanReason::TooMany
            }
        );
    }
}
