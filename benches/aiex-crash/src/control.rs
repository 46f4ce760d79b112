//! What the one who hurts and the one who is hurt agree on: a small file that both have open, of 64-bit words.
//!
//! The words are written one by one and [`Word::Kinds`] last, so that no fault is half armed. They are in the order of
//! bytes of the machine.

/// The variable that names the file.
pub(crate) const FILE: &str = "AIEX_FAULTS";
/// The variable that names the folder: operations on what lies elsewhere are let through.
pub(crate) const UNDER: &str = "AIEX_FAULTS_UNDER";
/// Bytes of the file.
pub(crate) const SIZE: usize = 4096;
/// Where in the file the path is kept that the first operation to be hit was about, and its most bytes.
pub(crate) const PATH_AT: usize = 1024;
pub(crate) const PATH_MOST: usize = 1024;

/// Where in the file a word stands, counted in words.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Word {
    /// The kinds of operation that are meant, one bit each; none when nothing is armed.
    Kinds,
    /// What happens to those that are hit: one of the effects below.
    Effect,
    /// An error number, or microseconds.
    Value,
    /// How many operations pass first, and how many are hit after them.
    Skip,
    Times,
    /// Operations that were meant since it was armed, and those that were hit.
    Seen,
    Hit,
    /// The kind of the first that was hit.
    HitKind,
    /// Seconds by which the clock of the day is wrong, as a signed number; whatever is armed.
    ClockOffset,
}

/// The operation fails with the error number in [`Word::Value`].
pub(crate) const FAIL: u64 = 1;
/// The process ends before it.
pub(crate) const END_BEFORE: u64 = 2;
/// The process ends in its midst: half of what was to be written is, and anything else is done.
pub(crate) const END_MIDWAY: u64 = 3;
/// It takes longer by the microseconds in [`Word::Value`].
pub(crate) const DELAY: u64 = 4;

/// Kinds of operation, by their bit.
pub(crate) const WRITE: u64 = 1;
pub(crate) const SYNC: u64 = 1 << 1;
pub(crate) const RENAME: u64 = 1 << 2;
pub(crate) const TRUNCATE: u64 = 1 << 3;
pub(crate) const OPEN: u64 = 1 << 4;
pub(crate) const REMOVE: u64 = 1 << 5;
pub(crate) const FOLDER: u64 = 1 << 6;
pub(crate) const READ: u64 = 1 << 7;
