//! The catalogue of a repository: which file, in which state, is in the index, and why not.
//!
//! It is the last thing written when a generation is made (data, then the manifest, then this), so
//! what it says is there, is there. The *intent* is the one exception: it is written before the
//! other stores are touched and names the files that are about to change, so that a crash between
//! the stores costs those files being read again, and nothing else.

mod embedded;
mod intent;
mod left_out;
mod row;
mod sums;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use aiex_files::RelPath;
use aiex_files::stat::Stat;
use rusqlite::{Connection, OptionalExtension, params};

use crate::content::{ContentKey, Rows, cut_log, open_connection};
use crate::error::IndexError;

pub(crate) use embedded::EmbeddedFile;
pub use left_out::{LeftOut, ReasonCounts};
pub use row::{Outcome, Row};

use row::{COLUMNS, read_row, row_digest, write_row};

/// The catalogue's format. A catalogue of another format is set aside and built anew.
const FORMAT: i64 = 1;

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
        let db = open_connection(path, Rows::Small).map_err(fail)?;
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
        .and_then(|()| sums::follow(&db))
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

    /// Records whether the whole tree is in the index.
    pub fn set_complete(&mut self, is_complete: bool) -> Result<(), IndexError> {
        self.run(|db| put(db, "is_complete", i64::from(is_complete)))
    }

    /// Records by which rules every file was taken in.
    pub fn set_rules(&mut self, rules: &str) -> Result<(), IndexError> {
        self.run(|db| put(db, "rules", rules))
    }

    /// Writes a catalogue to `path`, where there is none, that says what this one does.
    pub(crate) fn copy_to(&self, path: &str) -> Result<(), IndexError> {
        self.run(|db| db.execute("VACUUM INTO ?1", [path]).map(drop))?;
        std::fs::File::open(path)
            .and_then(|file| file.sync_all())
            .map_err(|e| IndexError::io("catalogue", path.as_ref(), e))
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

fn put(db: &Connection, name: &str, value: impl rusqlite::ToSql) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
        .execute(params![name, value])?;
    Ok(())
}

/// Files that were forgotten are missed until an update has seen the whole tree, however often the daemon ends before.
fn lacks_files(db: &Connection) -> rusqlite::Result<()> {
    put(db, "is_complete", 0)
}
