//! Failed starts and crashes of the daemon, a bounded list: what the crash-loop breaker counts.
//!
//! Clients add to it (they see a start fail, or find the info file of a daemon that is gone); a daemon that
//! has run for a minute clears it.

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::paths::Home;
use crate::private_file;

/// More than this many bad exits within [`WINDOW`] open the breaker.
pub const LIMIT: usize = 5;
/// How far back bad exits count, and how long a daemon must run for them to be forgotten.
pub const WINDOW: Duration = Duration::from_secs(60);
/// Kept at most; enough for `doctor` to show a history.
const KEPT: usize = 16;

/// One failed start or crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadExit {
    /// When it was seen, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Tells one daemon from another, so that a crash that several clients see is counted once.
    pub daemon: String,
    /// What was seen.
    pub reason: String,
}

/// The list, oldest first. A file that cannot be read counts as empty: it may never block a start.
pub fn read(home: &Home) -> Vec<BadExit> {
    private_file::read(&home.exits_file())
        .ok()
        .flatten()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Adds one, unless that daemon is on the list. Only the holder of the start lock may.
pub fn record(home: &Home, exit: BadExit) -> io::Result<()> {
    let mut exits = read(home);
    if exits.iter().any(|known| known.daemon == exit.daemon) {
        return Ok(());
    }
    exits.push(exit);
    let surplus = exits.len().saturating_sub(KEPT);
    exits.drain(..surplus);
    private_file::replace(&home.exits_file(), &serde_json::to_vec(&exits)?)
}

/// Forgets all, after a daemon has run for [`WINDOW`].
pub fn clear(home: &Home) -> io::Result<()> {
    private_file::remove(&home.exits_file())
}

/// How long a client should still refuse to start a daemon, if it should: until fewer than the limit lie
/// within the window. A clock that was set back does not hold anything up.
pub fn pause(exits: &[BadExit], now_ms: u64) -> Option<Duration> {
    let window = WINDOW.as_millis() as u64;
    let mut ages: Vec<u64> = exits
        .iter()
        .filter_map(|exit| now_ms.checked_sub(exit.at_ms))
        .filter(|age| *age < window)
        .collect();
    ages.sort_unstable();
    ages.get(LIMIT).map(|age| Duration::from_millis(window - age))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(at_ms: u64) -> BadExit {
        BadExit {
            at_ms,
            daemon: format!("at {at_ms}"),
            reason: "crashed".into(),
        }
    }

    #[test]
    fn the_breaker_opens_after_the_sixth_bad_exit_within_a_minute() {
        let now = 1_000_000;
        let at = |ages: &[u64]| ages.iter().map(|age| exit(now - age)).collect::<Vec<_>>();
        let cases: &[(&[u64], Option<u64>)] = &[
            (&[], None),
            (&[50_000, 40_000, 30_000, 20_000, 10_000], None),
            (&[50_000, 40_000, 30_000, 20_000, 10_000, 0], Some(10_000)),
            (&[70_000, 60_000, 40_000, 30_000, 20_000, 10_000, 0], None),
            (&[9, 8, 7, 6, 5, 4, 3], Some(60_000 - 8)),
        ];
        for (ages, expected) in cases {
            assert_eq!(
                pause(&at(ages), now),
                expected.map(Duration::from_millis),
                "{ages:?}"
            );
        }
    }

    #[test]
    fn exits_in_the_future_do_not_count() {
        let exits: Vec<_> = (0..10).map(|n| exit(2_000 + n)).collect();
        assert_eq!(pause(&exits, 1_000), None);
    }

    #[test]
    fn the_list_is_bounded_and_counts_a_daemon_once() {
        let place = tempfile::tempdir().unwrap();
        let home = Home::at(place.path());
        home.create().unwrap();
        for at in [1, 1, 1] {
            record(&home, exit(at)).unwrap();
        }
        assert_eq!(read(&home).len(), 1);
        for at in 2..100 {
            record(&home, exit(at)).unwrap();
        }
        let exits = read(&home);
        assert_eq!((exits.len(), exits[KEPT - 1].at_ms), (KEPT, 99));
        clear(&home).unwrap();
        assert_eq!(read(&home), []);
    }

    #[test]
    fn a_damaged_list_is_an_empty_one() {
        let place = tempfile::tempdir().unwrap();
        let home = Home::at(place.path());
        home.create().unwrap();
        std::fs::write(home.exits_file(), "[{").unwrap();
        assert_eq!(read(&home), []);
        record(&home, exit(1)).unwrap();
        assert_eq!(read(&home).len(), 1);
    }
}
