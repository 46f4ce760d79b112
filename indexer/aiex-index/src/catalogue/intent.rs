//! Which files are about to change, and what becomes of them when that is cut short.

use aiex_files::RelPath;

use super::{Catalogue, lacks_files, put};
use crate::error::IndexError;

impl Catalogue {
    /// Says, before the full text is committed, that these files are about to change, and that
    /// versions below `next_version` are given out, whatever happens afterwards.
    pub fn intend(
        &mut self,
        next_version: u32,
        paths: &mut dyn Iterator<Item = &RelPath>,
    ) -> Result<(), IndexError> {
        self.transact(|tx| {
            let first: i64 = tx
                .prepare_cached("SELECT COALESCE((SELECT value FROM meta WHERE name = 'next_version'), 1)")?
                .query_row([], |row| row.get(0))?;
            put(tx, "intent_from", first)?;
            put(tx, "next_version", next_version)?;
            let mut insert = tx.prepare_cached("INSERT OR IGNORE INTO intent (path) VALUES (?1)")?;
            for path in paths {
                insert.execute([path.as_bytes()])?;
            }
            Ok(())
        })
    }

    /// After a crash between the stores: forgets the files of the intent, so that the next update
    /// reads them again, and takes over the generation that the full text has reached.
    pub fn give_up_intent(&mut self, generation: u64) -> Result<u64, IndexError> {
        self.transact(|tx| {
            let of_intent = "path IN (SELECT path FROM intent)";
            tx.execute(
                &format!(
                    "INSERT OR IGNORE INTO orphan SELECT version FROM file WHERE outcome = 0 AND {of_intent}"
                ),
                [],
            )?;
            // What the cut-off generation added has versions between its first and the next one.
            tx.execute(
                "WITH RECURSIVE added (version) AS (
                   SELECT value FROM meta WHERE name = 'intent_from' UNION ALL
                   SELECT version + 1 FROM added
                   WHERE version + 1 < (SELECT value FROM meta WHERE name = 'next_version'))
                 INSERT OR IGNORE INTO orphan SELECT version FROM added
                 WHERE version < (SELECT value FROM meta WHERE name = 'next_version')",
                [],
            )?;
            let files = tx.execute(&format!("DELETE FROM file WHERE {of_intent}"), [])?;
            tx.execute("DELETE FROM intent", [])?;
            put(tx, "generation", generation as i64)?;
            if 0 < files {
                lacks_files(tx)?;
            }
            Ok(files as u64)
        })
    }

    /// Whether files were about to change when the last writer stopped.
    pub fn has_intent(&self) -> Result<bool, IndexError> {
        self.run(|db| db.prepare_cached("SELECT 1 FROM intent")?.exists([]))
    }

    /// Ends an intent whose change never reached another store.
    pub fn clear_intent(&mut self) -> Result<(), IndexError> {
        self.run(|db| db.execute("DELETE FROM intent", []).map(drop))
    }

    /// Versions that the full text may hold although no file has them.
    pub fn orphans(&self) -> Result<Vec<u32>, IndexError> {
        self.run(|db| {
            db.prepare_cached("SELECT version FROM orphan")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }
}
