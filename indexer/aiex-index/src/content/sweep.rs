//! Sweeping out what nobody uses any more.

use rusqlite::params;

use super::connection::give_back_pages;
use super::{ContentKey, ContentStore};
use crate::error::IndexError;

impl ContentStore {
    /// Deletes contents that `is_live` does not know, a page of keys at a time, but for the newest of them, of `spare` bytes
    /// together: another branch or an undone change comes back, and what is being committed is not known yet.
    ///
    /// # Errors
    /// When the store fails; what was deleted stays deleted.
    pub fn retain(
        &self,
        is_live: &dyn Fn(&ContentKey) -> bool,
        spare: u64,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<u64, IndexError> {
        const PAGE: i64 = 4096;
        let mut before = i64::MAX;
        let mut spared = 0_u64;
        let mut deleted = 0;
        loop {
            if is_cancelled() {
                return Ok(deleted);
            }
            let page: Vec<(i64, [u8; 32], u64)> = self.reading(|db| {
                db.prepare_cached(
                    "SELECT id, key, length(text) + length(outline) FROM content
                     WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
                )?
                .query_map(params![before, PAGE], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?
                .collect()
            })?;
            let Some((last, _, _)) = page.last() else { break };
            before = *last;
            let unused = page.iter().filter(|(_, key, _)| !is_live(&ContentKey(*key)));
            let mut dead = Vec::new();
            self.reading(|db| {
                let mut with_vectors = db.prepare_cached(
                    "SELECT ?2 + COALESCE(SUM(length(data)), 0) FROM vectors WHERE key = ?1",
                )?;
                for (id, key, bytes) in unused {
                    let bytes: u64 = with_vectors.query_row(params![&key[..], bytes], |row| row.get(0))?;
                    spared = spared.saturating_add(bytes);
                    if spare < spared {
                        dead.push((id, key));
                    }
                }
                Ok(())
            })?;
            if dead.is_empty() {
                continue;
            }
            self.writing(|db| {
                let tx = db.transaction()?;
                for (id, key) in &dead {
                    tx.prepare_cached("DELETE FROM content WHERE id = ?1")?
                        .execute([id])?;
                    tx.prepare_cached("DELETE FROM vectors WHERE key = ?1")?
                        .execute([&key[..]])?;
                }
                tx.commit()
            })?;
            deleted += dead.len() as u64;
        }
        self.writing(|db| {
            db.execute(
                "DELETE FROM blob_alias WHERE key NOT IN (SELECT key FROM content)",
                [],
            )?;
            Ok(())
        })?;
        while !is_cancelled() && self.writing(|db| give_back_pages(db))? {}
        Ok(deleted)
    }
}
