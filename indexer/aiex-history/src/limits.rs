//! How much of a history is kept.

/// Bounds of the store and of the work for one commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The most commits, the newest first.
    pub commits: usize,
    /// Changed files of one commit whose names are kept.
    pub files: usize,
    /// Bytes of added and removed lines that are kept of one commit.
    pub diff_bytes: usize,
    /// Bytes of one version of a file; larger ones are not compared.
    pub blob_bytes: u64,
    /// Threads that read commits.
    pub threads: usize,
}

impl Default for Limits {
    /// 100,000 commits at about 1.5 kB each, which is a store of about 150 MB at the most; two threads, so that work on a
    /// laptop goes on.
    fn default() -> Self {
        Self {
            commits: 100_000,
            files: 300,
            diff_bytes: 16 << 10,
            blob_bytes: 512 << 10,
            threads: 2,
        }
    }
}
