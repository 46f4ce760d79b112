//! The vectors of contents, by embedder: of those whose vectors cost more than to keep them.

use rusqlite::{OptionalExtension, params};

use super::{ContentKey, ContentStore, row_digest};
use crate::error::IndexError;
use crate::packed::{pack, unpack};

/// The level at which vectors are kept: their bytes are few distinct values, so what there is to gain
/// is the coding of single bytes, which the lowest level does.
const VECTOR_ZSTD_LEVEL: i32 = 1;

/// The vectors of one file when unpacked: 65,536 chunks of 1,536 dimensions.
const MAX_VECTOR_BYTES: usize = 65_536 * 1_536;

impl ContentStore {
    /// The vectors of a content's chunks, one after the other, if they are there and sound.
    pub fn vectors(&self, key: &ContentKey, embedder: &str) -> Result<Option<Vec<i8>>, IndexError> {
        let row = self.reading(|db| {
            db.prepare_cached("SELECT digest, data FROM vectors WHERE key = ?1 AND embedder = ?2")?
                .query_row(params![&key.0[..], embedder], |row| {
                    Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Vec<u8>>(1)?))
                })
                .optional()
        })?;
        Ok(row
            .filter(|(digest, data)| *digest == row_digest(&[data]))
            .and_then(|(_, data)| unpack(&data, MAX_VECTOR_BYTES))
            .map(|data| data.into_iter().map(|byte| byte as i8).collect()))
    }

    /// Stores vectors.
    pub fn insert_vectors(&self, embedder: &str, rows: &[(ContentKey, Vec<i8>)]) -> Result<(), IndexError> {
        let mut packed = Vec::with_capacity(rows.len());
        for (key, vectors) in rows {
            let bytes: Vec<u8> = vectors.iter().map(|value| *value as u8).collect();
            let data =
                pack(&bytes, VECTOR_ZSTD_LEVEL).map_err(|e| IndexError::io("content", &self.path, e))?;
            packed.push((key, data));
        }
        self.writing(|db| {
            let tx = db.transaction()?;
            {
                let mut insert = tx.prepare_cached(
                    "INSERT OR REPLACE INTO vectors (key, embedder, digest, data) VALUES (?1, ?2, ?3, ?4)",
                )?;
                for (key, data) in &packed {
                    insert.execute(params![&key.0[..], embedder, row_digest(&[data]), data])?;
                }
            }
            tx.commit()
        })
    }

    /// Deletes an embedder's vectors, some at a time: versions before kept those as well that are made as quickly as read.
    /// How many contents had some.
    ///
    /// # Errors
    /// When the store fails; what was deleted stays deleted.
    pub fn forget_vectors(&self, embedder: &str, is_cancelled: &dyn Fn() -> bool) -> Result<u64, IndexError> {
        const AT_ONCE: u32 = 2048;
        let mut deleted = 0;
        loop {
            let some = self.writing(|db| {
                db.prepare_cached(
                    "DELETE FROM vectors WHERE rowid IN (SELECT rowid FROM vectors WHERE embedder = ?1 LIMIT ?2)",
                )?
                .execute(params![embedder, AT_ONCE])
            })?;
            deleted += some as u64;
            if some == 0 || is_cancelled() {
                return Ok(deleted);
            }
        }
    }
}
