//! The catalogue of a repository: which file, in which state, is in the index, and why not.
//!
//! It is the last thing written when a generation is made (data, then the manifest, then this), so
//! what it says is there, is there. The *intent* is the one exception: it is written before the
//! other stores are touched and names the files that are about to change, so that a crash between
//! the stores costs those files being read again, and nothing else.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use aiex_files::RelPath;
use aiex_files::stat::Stat;
use rusqlite::{Connection, OptionalExtension, params};

use crate::content::{ContentKey, cut_log, open_connection};
use crate::error::IndexError;

/// The catalogue's format. A catalogue of another format is set aside and built anew.
const FORMAT: i64 = 1;

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the index.
    Indexed {
        /// Its content.
        key: ContentKey,
        /// The version under which its chunks are stored.
        version: u32,
        /// How many chunks it has.
        num_chunks: u32,
        /// How many symbols it defines.
        num_symbols: u32,
        /// Whether its chunks are in the vector store.
        is_embedded: bool,
    },
    /// It was left out on purpose.
    Skipped {
        /// The reason's name.
        reason: String,
        /// What was seen.
        detail: String,
    },
    /// It could not be read.
    Failed {
        /// What the system said.
        detail: String,
    },
}

/// What the catalogue knows of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// As it was when its content was read.
    pub stat: Stat,
    /// When it was read, in nanoseconds since the Unix epoch: a file changed at or after that
    /// moment may have changed without a trace in its stat (the racy-clean rule).
    pub read_at_ns: i64,
    /// The digest of its bytes, if they were read.
    pub hash: Option<[u8; 32]>,
    /// What became of it.
    pub outcome: Outcome,
    /// Secrets blotted out of it.
    pub redactions: u32,
}

impl Row {
    /// The version under which its chunks are stored, if it is indexed.
    pub fn version(&self) -> Option<u32> {
        match self.outcome {
            Outcome::Indexed { version, .. } => Some(version),
            _ => None,
        }
    }
}

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

/// Totals over the catalogue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// In the index.
    pub indexed: u64,
    /// Left out on purpose, by walk or by content.
    pub skipped: u64,
    /// Could not be read.
    pub failed: u64,
    /// Symbols.
    pub symbols: u64,
    /// Bytes of the files in the index.
    pub source_bytes: u64,
    /// Secrets blotted out.
    pub redactions: u64,
}

/// What one generation changes.
#[derive(Debug, Default)]
pub struct Change {
    /// New or changed files.
    pub set: Vec<(RelPath, Row)>,
    /// Files that are gone.
    pub removed: Vec<RelPath>,
}

/// The catalogue of one repository. One connection, owned by the repository's writer.
#[derive(Debug)]
pub struct Catalogue {
    path: PathBuf,
    db: Connection,
}

impl Catalogue {
    /// Opens the catalogue at `path`, checked.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] when it is not sound or of another format.
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        let fail = |e| IndexError::sqlite("catalogue", path, e);
        let db = open_connection(path).map_err(fail)?;
        let damaged = |detail: String| IndexError::Damaged {
            store: "catalogue",
            path: path.to_owned(),
            source: detail.into(),
        };
        let format: i64 = db
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(fail)?;
        if format != FORMAT && format != 0 {
            return Err(damaged(format!("format {format}, this program writes {FORMAT}")));
        }
        let verdict: String = db
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(fail)?;
        if verdict != "ok" {
            return Err(damaged(verdict));
        }
        // A generation counts as made when this store says so: its commits must survive a power cut.
        db.execute_batch(&format!(
            "PRAGMA synchronous = FULL;
             CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS file (
               path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
               ctime_ns INTEGER NOT NULL, inode INTEGER NOT NULL, read_at_ns INTEGER NOT NULL,
               hash BLOB, outcome INTEGER NOT NULL, key BLOB, version INTEGER, num_chunks INTEGER,
               num_symbols INTEGER, embedded INTEGER NOT NULL DEFAULT 0, reason TEXT, detail TEXT,
               redactions INTEGER NOT NULL DEFAULT 0, digest BLOB NOT NULL) WITHOUT ROWID;
             CREATE INDEX IF NOT EXISTS file_unembedded ON file (version) WHERE outcome = 0 AND embedded = 0;
             CREATE TABLE IF NOT EXISTS left_out (path BLOB PRIMARY KEY, reason TEXT NOT NULL, detail TEXT NOT NULL)
               WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS intent (path BLOB PRIMARY KEY) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS orphan (version INTEGER PRIMARY KEY);
             PRAGMA user_version = {FORMAT};"
        ))
        .map_err(fail)?;
        Ok(Self {
            path: path.to_owned(),
            db,
        })
    }

    /// Opens the catalogue and compares every row with its digest: SQLite takes a flipped byte inside a
    /// record for a value.
    ///
    /// # Errors
    /// As [`Self::open`]; also [`IndexError::Damaged`] when a row is not what was written.
    pub fn open_checked(path: &Path) -> Result<Self, IndexError> {
        let catalogue = Self::open(path)?;
        let damaged = |detail: String| IndexError::Damaged {
            store: "catalogue",
            path: path.to_owned(),
            source: detail.into(),
        };
        let (bad, newest) = catalogue.run(|db| {
            let mut select = db.prepare(&format!("SELECT {COLUMNS}, digest FROM file"))?;
            let mut rows = select.query([])?;
            let mut bad = 0_u64;
            let mut newest = 0;
            while let Some(row) = rows.next()? {
                let digest: Vec<u8> = row.get(16)?;
                let (path, row) = read_row(row)?;
                bad += u64::from(digest != row_digest(&path, &row));
                newest = newest.max(row.version().unwrap_or(0));
            }
            Ok((bad, newest))
        })?;
        if bad > 0 {
            return Err(damaged(format!("{bad} rows are not what was written")));
        }
        if catalogue.next_version()? <= newest {
            return Err(damaged("versions would be given out twice".to_owned()));
        }
        Ok(catalogue)
    }

    fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, IndexError> {
        work(&self.db).map_err(|e| IndexError::sqlite("catalogue", &self.path, e))
    }

    fn transact<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, IndexError> {
        let path = &self.path;
        let fail = |e| IndexError::sqlite("catalogue", path, e);
        let tx = self.db.transaction().map_err(fail)?;
        let value = work(&tx).map_err(fail)?;
        tx.commit().map_err(fail)?;
        Ok(value)
    }

    /// A number kept under a name; 0 when there is none.
    pub fn number(&self, name: &str) -> Result<u64, IndexError> {
        let value: Option<i64> = self.run(|db| {
            db.prepare_cached("SELECT value FROM meta WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()
        })?;
        Ok(value.map_or(0, |value| value.max(0) as u64))
    }

    /// A text kept under a name.
    pub fn text(&self, name: &str) -> Result<Option<String>, IndexError> {
        self.run(|db| {
            db.prepare_cached("SELECT value FROM meta WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()
        })
    }

    /// Keeps a text under a name.
    pub fn set_text(&mut self, name: &str, value: &str) -> Result<(), IndexError> {
        self.run(|db| put(db, name, value))
    }

    /// The last generation that was made whole.
    pub fn generation(&self) -> Result<u64, IndexError> {
        self.number("generation")
    }

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

    /// The first version that was not yet given out.
    pub fn next_version(&self) -> Result<u32, IndexError> {
        Ok(u32::try_from(self.number("next_version")?.max(1)).unwrap_or(u32::MAX))
    }

    /// Records a generation: the change is in all stores. Ends the intent.
    pub fn apply(&mut self, generation: u64, change: &Change) -> Result<(), IndexError> {
        self.transact(|tx| {
            {
                let mut delete = tx.prepare_cached("DELETE FROM file WHERE path = ?1")?;
                for path in &change.removed {
                    delete.execute([path.as_bytes()])?;
                }
            }
            for (path, row) in &change.set {
                write_row(tx, path, row)?;
            }
            tx.execute("DELETE FROM intent", [])?;
            tx.execute("DELETE FROM orphan", [])?;
            put(tx, "generation", generation as i64)
        })
    }

    /// Forgets files whose content was lost, so that the next update reads them again. Their chunks
    /// are orphans in the full text until the next generation.
    pub fn forget(&mut self, paths: &[RelPath]) -> Result<(), IndexError> {
        self.transact(|tx| {
            let mut orphan = tx.prepare_cached(
                "INSERT OR IGNORE INTO orphan SELECT version FROM file WHERE path = ?1 AND outcome = 0",
            )?;
            let mut delete = tx.prepare_cached("DELETE FROM file WHERE path = ?1")?;
            for path in paths {
                orphan.execute([path.as_bytes()])?;
                delete.execute([path.as_bytes()])?;
            }
            lacks_files(tx)
        })
    }

    /// Versions that the full text may hold although no file has them.
    pub fn orphans(&self) -> Result<Vec<u32>, IndexError> {
        self.run(|db| {
            db.prepare_cached("SELECT version FROM orphan")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }

    /// Records files whose content turned out to be what it was: only their stat is new.
    pub fn touch(&mut self, rows: &[(RelPath, Stat, i64)]) -> Result<(), IndexError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.transact(|tx| {
            let mut update = tx.prepare_cached(
                "UPDATE file SET size = ?2, mtime_ns = ?3, ctime_ns = ?4, inode = ?5, read_at_ns = ?6 WHERE path = ?1",
            )?;
            for (path, stat, read_at) in rows {
                update.execute(params![
                    path.as_bytes(),
                    stat.size as i64,
                    stat.mtime_ns,
                    stat.ctime_ns,
                    stat.inode as i64,
                    read_at
                ])?;
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

    /// Every file.
    pub fn rows(&self) -> Result<HashMap<RelPath, Row>, IndexError> {
        self.run(|db| {
            let mut select = db.prepare_cached(&format!("SELECT {COLUMNS} FROM file"))?;
            let rows = select.query_map([], read_row)?;
            rows.collect()
        })
    }

    /// One file.
    pub fn row(&self, path: &RelPath) -> Result<Option<Row>, IndexError> {
        self.run(|db| {
            db.prepare_cached(&format!("SELECT {COLUMNS} FROM file WHERE path = ?1"))?
                .query_row([path.as_bytes()], read_row)
                .optional()
                .map(|row| row.map(|(_, row)| row))
        })
    }

    /// Every file below a folder.
    pub fn rows_below(&self, folder: &RelPath) -> Result<HashMap<RelPath, Row>, IndexError> {
        let mut from = folder.as_bytes().to_vec();
        from.push(b'/');
        let mut to = folder.as_bytes().to_vec();
        to.push(b'/' + 1);
        self.run(|db| {
            let mut select = db.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM file WHERE path >= ?1 AND path < ?2"
            ))?;
            select.query_map(params![from, to], read_row)?.collect()
        })
    }

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

    /// Chunks whose file is in the vector store.
    pub fn embedded_chunks(&self) -> Result<u64, IndexError> {
        self.run(|db| {
            db.query_row(
                "SELECT COALESCE(SUM(num_chunks), 0) FROM file WHERE outcome = 0 AND embedded = 1",
                [],
                |row| row.get::<_, i64>(0),
            )
        })
        .map(|sum| sum as u64)
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

    /// Records whether the whole tree is in the index.
    pub fn set_complete(&mut self, is_complete: bool) -> Result<(), IndexError> {
        self.run(|db| put(db, "is_complete", i64::from(is_complete)))
    }

    /// Records by which rules every file was taken in.
    pub fn set_rules(&mut self, rules: &str) -> Result<(), IndexError> {
        self.run(|db| put(db, "rules", rules))
    }

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

    /// Totals.
    pub fn totals(&self) -> Result<Totals, IndexError> {
        self.run(|db| {
            let mut totals = db.query_row(
                "SELECT COALESCE(SUM(outcome = 0), 0), COALESCE(SUM(outcome = 1), 0), COALESCE(SUM(outcome = 2), 0),
                        COALESCE(SUM(num_symbols), 0), COALESCE(SUM(size * (outcome = 0)), 0),
                        COALESCE(SUM(redactions), 0) FROM file",
                [],
                |row| {
                    let at = |i| row.get::<_, i64>(i).map(|n| n as u64);
                    Ok(Totals {
                        indexed: at(0)?,
                        skipped: at(1)?,
                        failed: at(2)?,
                        symbols: at(3)?,
                        source_bytes: at(4)?,
                        redactions: at(5)?,
                    })
                },
            )?;
            totals.skipped += db.query_row("SELECT COUNT(*) FROM left_out", [], |row| row.get::<_, i64>(0))? as u64;
            Ok(totals)
        })
    }

    /// Gives the room of a long write-ahead log back.
    pub fn cut_log(&self) -> Result<(), IndexError> {
        self.run(|db| cut_log(db, &self.path))
    }

    /// Every content key in use, for collecting what is not.
    pub fn keys(&self) -> Result<Vec<ContentKey>, IndexError> {
        self.run(|db| {
            db.prepare_cached("SELECT key FROM file WHERE outcome = 0")?
                .query_map([], |row| row.get(0).map(ContentKey))?
                .collect()
        })
    }
}

/// A file whose chunks are in the vector store.
#[derive(Debug, Clone)]
pub(crate) struct EmbeddedFile {
    pub(crate) path: RelPath,
    pub(crate) version: u32,
    pub(crate) key: ContentKey,
    pub(crate) num_chunks: u32,
}

const COLUMNS: &str = "path, size, mtime_ns, ctime_ns, inode, read_at_ns, hash, outcome, key, version, num_chunks, \
                       num_symbols, embedded, reason, detail, redactions";

fn put(db: &Connection, name: &str, value: impl rusqlite::ToSql) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
        .execute(params![name, value])?;
    Ok(())
}

/// Files that were forgotten are missed until an update has seen the whole tree, however often the daemon ends before.
fn lacks_files(db: &Connection) -> rusqlite::Result<()> {
    put(db, "is_complete", 0)
}

fn write_row(db: &Connection, path: &RelPath, row: &Row) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(&format!(
        "INSERT OR REPLACE INTO file ({COLUMNS}, digest)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"
    ))?;
    let (code, key, version, chunks, symbols, embedded, reason, detail) = match &row.outcome {
        Outcome::Indexed {
            key,
            version,
            num_chunks,
            num_symbols,
            is_embedded,
        } => (
            0,
            Some(&key.0[..]),
            Some(*version),
            Some(*num_chunks),
            Some(*num_symbols),
            *is_embedded,
            None,
            None,
        ),
        Outcome::Skipped { reason, detail } => (1, None, None, None, None, false, Some(reason), Some(detail)),
        Outcome::Failed { detail } => (2, None, None, None, None, false, None, Some(detail)),
    };
    insert.execute(params![
        path.as_bytes(),
        row.stat.size as i64,
        row.stat.mtime_ns,
        row.stat.ctime_ns,
        row.stat.inode as i64,
        row.read_at_ns,
        row.hash.as_ref().map(|hash| &hash[..]),
        code,
        key,
        version,
        chunks,
        symbols,
        embedded,
        reason,
        detail,
        row.redactions,
        row_digest(path, row),
    ])?;
    Ok(())
}

/// A digest over what later updates of the row do not touch: which content the file has, under which version, or why
/// it has none. A wrong stat only has the file read again, and a wrong mark of vectors is found by counting.
fn row_digest(path: &RelPath, row: &Row) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(path.as_bytes());
    match &row.outcome {
        Outcome::Indexed {
            key,
            version,
            num_chunks,
            num_symbols,
            ..
        } => {
            hasher.update(b"\0indexed\0").update(&key.0);
            for number in [version, num_chunks, num_symbols] {
                hasher.update(&number.to_le_bytes());
            }
        }
        Outcome::Skipped { reason, detail } => {
            hasher
                .update(b"\0skipped\0")
                .update(reason.as_bytes())
                .update(b"\0")
                .update(detail.as_bytes());
        }
        Outcome::Failed { detail } => {
            hasher.update(b"\0failed\0").update(detail.as_bytes());
        }
    }
    hasher.update(&row.redactions.to_le_bytes());
    hasher.finalize().as_bytes()[..8].to_vec()
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<(RelPath, Row)> {
    let outcome = match row.get::<_, i64>(7)? {
        0 => Outcome::Indexed {
            key: ContentKey(row.get(8)?),
            version: row.get(9)?,
            num_chunks: row.get(10)?,
            num_symbols: row.get(11)?,
            is_embedded: row.get(12)?,
        },
        1 => Outcome::Skipped {
            reason: row.get(13)?,
            detail: row.get(14)?,
        },
        _ => Outcome::Failed {
            detail: row.get::<_, Option<String>>(14)?.unwrap_or_default(),
        },
    };
    Ok((
        rel_path(row)?,
        Row {
            stat: Stat {
                size: row.get::<_, i64>(1)? as u64,
                mtime_ns: row.get(2)?,
                ctime_ns: row.get(3)?,
                inode: row.get::<_, i64>(4)? as u64,
            },
            read_at_ns: row.get(5)?,
            hash: row.get(6)?,
            outcome,
            redactions: row.get(15)?,
        },
    ))
}

fn rel_path(row: &rusqlite::Row<'_>) -> rusqlite::Result<RelPath> {
    let bytes: Vec<u8> = row.get(0)?;
    RelPath::from_bytes(bytes).ok_or(rusqlite::Error::InvalidColumnType(
        0,
        "path".to_owned(),
        rusqlite::types::Type::Blob,
    ))
}
