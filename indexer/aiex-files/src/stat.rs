//! The fingerprint of a file without its bytes, and when it can be trusted. It never reads contents.

use std::fs::Metadata;

/// A clock tick of the kernel: file times are taken from a clock that moves at most every 10 ms (100 Hz), and
/// the moment of a scan is taken from a finer one. Twice that is on the safe side.
const TICK_NS: i64 = 20_000_000;

/// The coarsest time that a file system in use keeps (FAT: two seconds).
const COARSE_NS: i64 = 2_000_000_000;

const SECOND_NS: i64 = 1_000_000_000;

/// What tells two states of a file apart without reading it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Stat {
    /// Bytes.
    pub size: u64,
    /// Last change of the contents, nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Last change of the contents or of the inode; creation where the system keeps no such time.
    pub ctime_ns: i64,
    /// The inode; 0 where there is none.
    pub inode: u64,
}

impl Stat {
    /// The fingerprint in `metadata`.
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Stat {
        use std::os::unix::fs::MetadataExt as _;
        let ns = |s: i64, n: i64| s.saturating_mul(SECOND_NS).saturating_add(n);
        Stat {
            size: metadata.len(),
            mtime_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            ctime_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }

    /// The fingerprint in `metadata`.
    #[cfg(not(unix))]
    pub fn of(metadata: &Metadata) -> Stat {
        use std::time::{SystemTime, UNIX_EPOCH};
        let ns = |time: std::io::Result<SystemTime>| {
            let since = time.ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
            since.and_then(|d| i64::try_from(d.as_nanos()).ok()).unwrap_or(0)
        };
        Stat {
            size: metadata.len(),
            mtime_ns: ns(metadata.modified()),
            ctime_ns: ns(metadata.created()),
            inode: 0,
        }
    }

    /// Whether the file may have changed after a scan that began at `taken_at_ns` without this fingerprint telling.
    ///
    /// This is git's rule for racily clean entries: a file that was touched in the same instant as the scan can be
    /// touched once more within that instant, with the same size. It must be hashed again. A time counts as the same
    /// instant up to 20 ms before the scan (the granularity of the kernel's file clock), or two seconds when the
    /// time has no fraction, which is how file systems with coarse times look. Times after the scan are always racy:
    /// the clock went back, or somebody set them.
    pub fn is_racy(&self, taken_at_ns: i64) -> bool {
        is_fresh(self.mtime_ns, taken_at_ns) || is_fresh(self.ctime_ns, taken_at_ns)
    }

    /// Whether the file may have changed at that moment or later, by the times that only the system sets.
    pub(crate) fn is_touched_since(&self, at_ns: i64) -> bool {
        let changed_ns = if cfg!(unix) { self.ctime_ns } else { self.mtime_ns };
        is_fresh(changed_ns, at_ns)
    }
}

/// Whether a file's time may be as late as `at_ns`, by the clock that file times are taken from.
fn is_fresh(time_ns: i64, at_ns: i64) -> bool {
    let margin = if time_ns % SECOND_NS == 0 {
        COARSE_NS
    } else {
        TICK_NS
    };
    at_ns.saturating_sub(margin) <= time_ns
}

#[cfg(test)]
mod tests {
    use super::{SECOND_NS, Stat};

    fn touched(mtime_ns: i64, ctime_ns: i64) -> Stat {
        Stat {
            size: 1,
            mtime_ns,
            ctime_ns,
            inode: 1,
        }
    }

    #[test]
    fn a_time_not_older_than_the_scan_is_racy() {
        let scan = 1_000 * SECOND_NS + 500_000_000;
        let old = 900 * SECOND_NS + 1;
        assert!(!touched(old, old).is_racy(scan));
        assert!(touched(scan, old).is_racy(scan));
        assert!(touched(old, scan).is_racy(scan));
        assert!(touched(scan - 10_000_000, old).is_racy(scan), "within a tick");
        assert!(!touched(scan - 30_000_000, old).is_racy(scan));
        assert!(
            touched(scan + 3_600 * SECOND_NS, old).is_racy(scan),
            "in the future"
        );
    }

    #[test]
    fn whole_seconds_are_taken_for_coarse_times() {
        let scan = 1_000 * SECOND_NS + 500_000_000;
        assert!(touched(999 * SECOND_NS, 1).is_racy(scan));
        assert!(!touched(998 * SECOND_NS, 1).is_racy(scan));
    }

    #[test]
    fn a_changed_file_has_another_fingerprint() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, "one").unwrap();
        let before = Stat::of(&std::fs::metadata(&path).unwrap());
        std::fs::write(&path, "three").unwrap();
        let after = Stat::of(&std::fs::metadata(&path).unwrap());
        assert_eq!((before.size, after.size), (3, 5));
        assert_ne!(before, after);
    }
}
