//! Limits and constants of indexing. Ranking has its own, in `search::settings`.

use std::time::Duration;

use crate::search::RankSettings;

/// How indexing uses the machine.
#[derive(Debug, Clone)]
pub struct IndexSettings {
    /// Threads that read and chunk. Default: half of the cores, at least one, at most four: an
    /// index is built beside somebody's work.
    pub workers: usize,
    /// Memory for the full-text writer, in bytes. tantivy asks for at least 15 MB.
    pub writer_memory: usize,
    /// A file larger than this is not indexed, in bytes.
    pub max_file_bytes: u64,
    /// During a first index a generation is published after this long, so that answers come early…
    pub first_checkpoint: Duration,
    /// …and then at this interval, or after [`Self::checkpoint_files`].
    pub checkpoint_interval: Duration,
    /// Files after which a checkpoint is made at the latest: the work that a crash can cost.
    pub checkpoint_files: usize,
    /// Text in flight between readers and the writer, in bytes.
    pub bytes_in_flight: usize,
    /// Answers kept in the query cache.
    pub cache_entries: u64,
    /// Ranking constants.
    pub rank: RankSettings,
}

impl Default for IndexSettings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            workers: (cores / 2).clamp(1, 4).max(cores.min(2)),
            writer_memory: 32 << 20,
            max_file_bytes: 2 << 20,
            first_checkpoint: Duration::from_millis(250),
            checkpoint_interval: Duration::from_secs(5),
            checkpoint_files: 4096,
            bytes_in_flight: 16 << 20,
            cache_entries: 2048,
            rank: RankSettings::default(),
        }
    }
}
