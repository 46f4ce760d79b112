//! Limits and constants of indexing. Ranking has its own, in `search::settings`.

use std::sync::Arc;
use std::time::Duration;

use aiex_vector::{EdgeSettings, Server, ServerKeySource, ServerSettings};

use crate::search::RankSettings;
use crate::seating::VectorPlace;
use crate::suspects::Trial;

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
    /// Answers kept in the query cache, in bytes. An answer of twenty hits takes about 25 KB.
    pub cache_bytes: u64,
    /// Up to so many bytes of source a repository is looked over when it is opened: every stored content is compared with its
    /// digest, and the vectors with the catalogue. A larger one is looked over behind its first answers.
    pub looked_over_bytes: u64,
    /// Outlines of files kept in memory, of all repositories together, in bytes. A hundred thousand chunks of source have
    /// some 25 MB of them; what does not fit is read from the disk for each search that finds it.
    pub outline_bytes: usize,
    /// Who parses a text at which processes died, before it is parsed here.
    pub parse_trial: Option<Trial>,
    /// Free bytes on the disk below which no vectors are written there: full text and the user's own files come first.
    pub disk_reserve: u64,
    /// The server that may keep vectors; new repositories have theirs there when it has an address.
    pub vector_server: Arc<Server>,
    /// What the names of collections there begin with.
    pub collection_prefix: String,
    /// Ranking constants.
    pub rank: RankSettings,
}

impl IndexSettings {
    /// How a store of vectors on this machine behaves.
    pub(crate) fn edge(&self) -> EdgeSettings {
        EdgeSettings {
            reserve_bytes: self.disk_reserve,
            ..EdgeSettings::default()
        }
    }

    /// Where the vectors of new repositories are kept.
    pub(crate) fn vector_place(&self) -> VectorPlace {
        if self.vector_server.is_set() {
            VectorPlace::Server
        } else {
            VectorPlace::Local
        }
    }
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
            cache_bytes: 12 << 20,
            looked_over_bytes: 32 << 20,
            outline_bytes: 32 << 20,
            parse_trial: None,
            disk_reserve: 128 << 20,
            vector_server: Arc::new(Server::new(ServerSettings {
                url: String::new(),
                key: ServerKeySource::none(),
            })),
            collection_prefix: "aiex_".to_owned(),
            rank: RankSettings::default(),
        }
    }
}
