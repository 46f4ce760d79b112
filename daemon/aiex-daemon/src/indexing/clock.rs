//! When a repository is scanned again although nothing was reported: at an interval, and after the
//! clock jumped.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// Events can get lost in ways that nobody reports; a scan of a tree that has not changed is cheap.
const INTERVAL: Duration = Duration::from_secs(300);
/// Spread over this, by the root's name, so that many repositories are not scanned at once.
const SPREAD: Duration = Duration::from_secs(60);
/// The wall clock and the steady clock part by more than this when the machine slept or the time was set.
const JUMP: Duration = Duration::from_secs(5);

/// The clock of one repository.
#[derive(Debug)]
pub(super) struct ScanClock {
    interval: Duration,
    due: Instant,
    steady: Instant,
    wall: SystemTime,
}

impl ScanClock {
    pub(super) fn new(root: &Path) -> Self {
        let digest = blake3::hash(root.as_os_str().as_encoded_bytes());
        let share = f64::from(digest.as_bytes()[0]) / 256.0;
        let interval = INTERVAL + SPREAD.mul_f64(share);
        let now = Instant::now();
        Self {
            interval,
            due: now + interval,
            steady: now,
            wall: SystemTime::now(),
        }
    }

    /// How long until a scan is due.
    pub(super) fn remaining(&self) -> Duration {
        self.due.saturating_duration_since(Instant::now())
    }

    /// Whether a scan is due now. A clock that jumped makes one due: files may carry times from
    /// before, and a sleeping machine reports nothing.
    pub(super) fn is_due(&mut self) -> bool {
        let (steady, wall) = (Instant::now(), SystemTime::now());
        let is_due = steady >= self.due || self.has_jumped(steady, wall);
        (self.steady, self.wall) = (steady, wall);
        is_due
    }

    /// A scan was made.
    pub(super) fn scanned(&mut self) {
        self.due = Instant::now() + self.interval;
    }

    fn has_jumped(&self, steady: Instant, wall: SystemTime) -> bool {
        let passed = steady.duration_since(self.steady);
        match wall.duration_since(self.wall) {
            Ok(shown) => shown.abs_diff(passed) > JUMP,
            Err(back) => back.duration() + passed > JUMP,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_either_way_makes_a_scan_due() {
        let mut clock = ScanClock::new(Path::new("/r"));
        assert!(!clock.is_due());
        assert!(clock.remaining() > INTERVAL - JUMP && clock.remaining() <= INTERVAL + SPREAD);
        let (steady, wall) = (clock.steady, clock.wall);
        assert!(!clock.has_jumped(steady + SPREAD, wall + SPREAD + Duration::from_secs(1)));
        assert!(clock.has_jumped(steady, wall + SPREAD));
        assert!(clock.has_jumped(steady, wall - SPREAD));
        clock.wall -= SPREAD;
        assert!(clock.is_due());
        assert!(!clock.is_due());
    }
}
