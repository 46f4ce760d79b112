//! Where the outlines of a repository's files come from: memory, the file beside the other stores, or the content store.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::Outline;
use super::log::{Entry, Known, OutlineLog};
use crate::content::ContentKey;
use crate::engine::Shared;
use crate::error::IndexError;
use crate::snapshot::FileEntry;

/// Versions of files whose stored content was found damaged; the next update reads the files again.
pub(crate) type Lost = Arc<Mutex<HashSet<u32>>>;

/// The outlines of one repository.
pub(crate) struct Outlines {
    pub(crate) log: OutlineLog,
    shared: Arc<Shared>,
    lost: Lost,
}

impl std::fmt::Debug for Outlines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlines")
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}

impl Outlines {
    /// Opens the outlines at `path`. What is found damaged is noted in `lost`.
    ///
    /// # Errors
    /// When the file cannot be read or made.
    pub(crate) fn open(path: &Path, shared: Arc<Shared>, lost: Lost) -> Result<Self, IndexError> {
        let log = OutlineLog::open(path).map_err(|e| IndexError::io("outline", path, e))?;
        Ok(Self { log, shared, lost })
    }

    /// The outline of a file, kept in memory from here on; none when its content is damaged.
    pub(crate) fn of(&self, file: &FileEntry) -> Option<Arc<Outline>> {
        let outline = self.in_passing(file)?;
        Some(self.shared.held.keep(&file.slot, outline))
    }

    /// The outline of a file, for those who look at every file once.
    pub(crate) fn in_passing(&self, file: &FileEntry) -> Option<Arc<Outline>> {
        let is_whole = |outline: &Outline| outline.spans.len() == file.num_chunks;
        if let Some(outline) = self.log.read(file.version).filter(is_whole) {
            return Some(Arc::new(outline));
        }
        match self.shared.content.outline(&file.key) {
            Ok(Some(outline)) if is_whole(&outline) => return Some(Arc::new(outline)),
            Ok(_) => {}
            // Whoever reads the file's text is told.
            Err(error) => tracing::warn!(path = &*file.path, %error, "an outline cannot be read"),
        }
        self.lost
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(file.version);
        None
    }

    /// Takes in an outline that was just made.
    pub(crate) fn keep(&self, file: &FileEntry, outline: Arc<Outline>) {
        self.shared.held.keep(&file.slot, outline);
    }

    /// Writes the outlines of files down. A disk that does not take them costs time only: the content store has them.
    pub(crate) fn write_down<'f>(&self, files: impl Iterator<Item = &'f Arc<FileEntry>>) {
        let entries = files.filter_map(|file| {
            let outline = file.outline()?;
            Some(Entry {
                version: file.version,
                known: Known {
                    stamp: stamp(&file.key),
                    num_spans: u32::try_from(file.num_chunks).ok()?,
                    language: file.language,
                },
                packed: outline.encode().ok()?,
            })
        });
        if let Err(error) = self.log.append(&entries.collect::<Vec<_>>()) {
            tracing::warn!(%error, "outlines are not written down; they are taken from their contents");
        }
    }
}

/// Tells contents apart that were given the same version: by a catalogue that was put back, say.
pub(crate) fn stamp(key: &ContentKey) -> u64 {
    let mut stamp = [0; 8];
    stamp.copy_from_slice(&key.0[..8]);
    u64::from_le_bytes(stamp)
}
