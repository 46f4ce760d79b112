//! The engine's write-ahead log, kept short. It knows the names of the log's files and nothing of what is in
//! them.
//!
//! The engine writes every change to the log, numbers it by the log and never reads it back, nor does it ever
//! shorten it: a store would keep about three times its vectors for nothing. The numbers must go on growing, for
//! the engine ignores a change with a lower number than the point has, and they are counted from the last closed
//! file on. So everything before that one can go while the store is closed.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use qdrant_edge::WalOptions;

/// Length of one log file. The last closed one stays, so it is what a store takes beside its vectors, of which a small
/// repository has as much. Files are made with holes, so an idle store takes less.
const SEGMENT_BYTES: usize = 128 * 1024;

pub(super) fn options() -> WalOptions {
    WalOptions {
        segment_capacity: SEGMENT_BYTES,
        ..WalOptions::default()
    }
}

/// Removes the closed files before the last. Only for a store that is not open.
pub(super) fn prune(shard: &Path) -> io::Result<()> {
    let log = shard.join("wal");
    let entries = match fs::read_dir(&log) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let mut closed = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if let Some(start) = name.to_str().and_then(|name| name.strip_prefix("closed-"))
            && let Ok(start) = start.parse::<u64>()
        {
            closed.push((start, name));
        }
    }
    closed.sort_unstable();
    closed.pop();
    closed
        .iter()
        .try_for_each(|(_, name)| fs::remove_file(log.join(name)))
}
