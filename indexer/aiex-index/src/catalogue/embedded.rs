//! Which files have their vectors.

use aiex_files::RelPath;
use rusqlite::params;

use super::row::rel_path;
use super::{Catalogue, put};
use crate::content::ContentKey;
use crate::error::IndexError;

/// A file whose chunks are in the vector store.
#[derive(Debug, Clone)]
pub(crate) struct EmbeddedFile {
    pub(crate) path: RelPath,
    pub(crate) version: u32,
    pub(crate) key: ContentKey,
    pub(crate) num_chunks: u32,
}

impl Catalogue {
    /// Indexed files whose chunks are not in the vector store, newest first, at most `limit`.
    pub fn unembedded(&self, limit: usize) -> Result<Vec<(RelPath, u32, ContentKey)>, IndexError> {
        self.run(|db| {
            let mut select = db.prepare_cached(
                "SELECT path, version, key FROM file WHERE outcome = 0 AND embedded = 0
                 ORDER BY version DESC LIMIT ?1",
            )?;
            select
                .query_map([limit as i64], |row| {
                    Ok((rel_path(row)?, row.get(1)?, ContentKey(row.get(2)?)))
                })?
                .collect()
        })
    }

    /// Records that the chunks of these versions are in the vector store.
    pub fn mark_embedded(&mut self, paths: &[(RelPath, u32)]) -> Result<(), IndexError> {
        self.transact(|tx| {
            let mut update =
                tx.prepare_cached("UPDATE file SET embedded = 1 WHERE path = ?1 AND version = ?2")?;
            for (path, version) in paths {
                update.execute(params![path.as_bytes(), version])?;
            }
            Ok(())
        })
    }

    /// Files whose chunks are in the vector store.
    pub(crate) fn embedded_files(&self) -> Result<Vec<EmbeddedFile>, IndexError> {
        self.run(|db| {
            let mut select = db.prepare_cached(
                "SELECT path, version, key, num_chunks FROM file WHERE outcome = 0 AND embedded = 1",
            )?;
            select
                .query_map([], |row| {
                    Ok(EmbeddedFile {
                        path: rel_path(row)?,
                        version: row.get(1)?,
                        key: ContentKey(row.get(2)?),
                        num_chunks: row.get(3)?,
                    })
                })?
                .collect()
        })
    }

    /// Records that the chunks of these versions are not, or not all, in the vector store.
    pub(crate) fn unmark_embedded(&mut self, paths: &[(RelPath, u32)]) -> Result<(), IndexError> {
        if paths.is_empty() {
            return Ok(());
        }
        self.transact(|tx| {
            let mut update =
                tx.prepare_cached("UPDATE file SET embedded = 0 WHERE path = ?1 AND version = ?2")?;
            for (path, version) in paths {
                update.execute(params![path.as_bytes(), version])?;
            }
            Ok(())
        })
    }

    /// Records that the vector store is empty and belongs to `embedder`.
    pub fn forget_vectors(&mut self, embedder: &str) -> Result<(), IndexError> {
        self.transact(|tx| {
            tx.execute("UPDATE file SET embedded = 0", [])?;
            put(tx, "embedder", embedder)
        })
    }

    /// Records that there is no vector store yet.
    pub(crate) fn disown_vectors(&mut self) -> Result<(), IndexError> {
        self.transact(|tx| {
            tx.execute("UPDATE file SET embedded = 0", [])?;
            tx.execute("DELETE FROM meta WHERE name = 'embedder'", [])
                .map(drop)
        })
    }
}
