//! What is not in the index, and why.

use aiex_files::RelPath;
use rusqlite::{OptionalExtension, params};

use super::Catalogue;
use super::row::rel_path;
use crate::error::IndexError;

/// A file left out, for `aiex status --skipped`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Where.
    pub path: RelPath,
    /// The reason's name.
    pub reason: String,
    /// What was seen.
    pub detail: String,
}

/// How many files were left out for each reason's name, most first.
pub type ReasonCounts = Vec<(String, u64)>;

impl Catalogue {
    /// Replaces the list of what the walk left out.
    pub fn set_left_out(&mut self, left_out: &[LeftOut]) -> Result<(), IndexError> {
        self.transact(|tx| {
            tx.execute("DELETE FROM left_out", [])?;
            let mut insert = tx.prepare_cached(
                "INSERT OR REPLACE INTO left_out (path, reason, detail) VALUES (?1, ?2, ?3)",
            )?;
            for item in left_out {
                insert.execute(params![item.path.as_bytes(), item.reason, item.detail])?;
            }
            Ok(())
        })
    }

    /// How many files were left out or failed for each reason, most first, and some of them.
    pub fn skipped(
        &self,
        reason: Option<&str>,
        limit: usize,
    ) -> Result<(ReasonCounts, Vec<LeftOut>), IndexError> {
        const ALL: &str = "SELECT path, reason, detail FROM left_out UNION ALL
             SELECT path, CASE outcome WHEN 2 THEN 'unreadable' ELSE reason END, detail FROM file WHERE outcome != 0";
        self.run(|db| {
            let counts = db
                .prepare_cached(&format!("SELECT reason, COUNT(*) AS n FROM ({ALL}) GROUP BY 1 ORDER BY n DESC, 1"))?
                .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?
                .collect::<rusqlite::Result<_>>()?;
            let files = db
                .prepare_cached(&format!(
                    "SELECT path, reason, detail FROM ({ALL}) WHERE ?1 IS NULL OR reason = ?1 ORDER BY path LIMIT ?2"
                ))?
                .query_map(params![reason, limit as i64], |row| {
                    Ok(LeftOut {
                        path: rel_path(row)?,
                        reason: row.get(1)?,
                        detail: row.get(2)?,
                    })
                })?
                .collect::<rusqlite::Result<_>>()?;
            Ok((counts, files))
        })
    }

    /// Why a file, or a folder that it lies in, was left out: the nearest of them that was.
    pub fn why_left_out(&self, path: &RelPath) -> Result<Option<LeftOut>, IndexError> {
        const ONE: &str = "SELECT path, reason, detail FROM left_out WHERE path = ?1 UNION ALL
             SELECT path, CASE outcome WHEN 2 THEN 'unreadable' ELSE reason END, detail FROM file
             WHERE outcome != 0 AND path = ?1";
        let mut place = Some(path.clone());
        while let Some(path) = place {
            let found = self.run(|db| {
                db.prepare_cached(ONE)?
                    .query_row([path.as_bytes()], |row| {
                        Ok(LeftOut {
                            path: rel_path(row)?,
                            reason: row.get(1)?,
                            detail: row.get(2)?,
                        })
                    })
                    .optional()
            })?;
            if found.is_some() {
                return Ok(found);
            }
            place = path.parent();
        }
        Ok(None)
    }
}
