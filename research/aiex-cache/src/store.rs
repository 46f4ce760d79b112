//! The cache's database: SQLite in WAL mode, values packed by zstd with a checksum of their own.
//!
//! `synchronous = NORMAL`: a process that dies loses nothing it wrote, a machine that dies may lose the last entries, and
//! neither damages the file. A row that cannot be unpacked is dropped when it is read.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use crate::{Dependency, KeptFile, Key, Kind, MOST_FILES};

/// The format. A database of another format is begun anew.
const FORMAT: i64 = 1;
/// The level of zstd: above 3 time grows faster than room shrinks.
const LEVEL: i32 = 3;
/// No value is larger than this when unpacked, in bytes.
pub(crate) const LARGEST: usize = 64 << 20;
/// What a row costs beside its value, roughly, in bytes.
const ROW_BYTES: u64 = 128;

const SCHEMA: &str = "
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    key BLOB NOT NULL UNIQUE,
    value BLOB NOT NULL,
    stored INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used INTEGER NOT NULL
) STRICT;
CREATE INDEX entries_by_use ON entries (kind, used);
CREATE TABLE dependencies (
    entry INTEGER NOT NULL REFERENCES entries (id) ON DELETE CASCADE,
    sort INTEGER NOT NULL,
    root TEXT NOT NULL,
    path TEXT NOT NULL
) STRICT;
CREATE INDEX dependencies_by_entry ON dependencies (entry);
CREATE INDEX dependencies_by_name ON dependencies (root, path);
";

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// It is not sound, or not ours: it is begun anew.
    #[error("the cache is damaged: {0}")]
    Damaged(String),
    /// The disk is full, or may not be written.
    #[error("the cache cannot be written: {0}")]
    Unwritable(String),
    /// Anything else; the operation is skipped.
    #[error("the cache failed: {0}")]
    Failed(String),
}

impl StoreError {
    pub(crate) fn from_io(error: std::io::Error) -> Self {
        Self::Unwritable(error.to_string())
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TypeMismatch) => {
                Self::Damaged(text)
            }
            Some(
                ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::SystemIoFailure,
            ) => Self::Unwritable(text),
            // A table or column that is not there: the file is somebody else's.
            _ if text.contains("no such table") || text.contains("no such column") => Self::Damaged(text),
            _ => Self::Failed(text),
        }
    }
}

/// An entry as it was stored.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) key: Key,
    pub(crate) value: Vec<u8>,
    pub(crate) expires_ms: u64,
    pub(crate) dependencies: Vec<Dependency>,
}

/// What a kind has on disk.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Held {
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
    pub(crate) evictions: u64,
}

/// The open database.
#[derive(Debug)]
pub(crate) struct Store {
    db: Connection,
    held: [Held; 4],
}

impl Store {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let db = Connection::open(path)?;
        db.busy_timeout(Duration::from_secs(5))?;
        db.execute_batch(
            "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 4194304; PRAGMA temp_store = MEMORY;",
        )?;
        let format: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if format == 0 && tables == 0 {
            db.execute_batch(&format!(
                "BEGIN; {SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;"
            ))?;
        } else if format != FORMAT {
            return Err(StoreError::Damaged(format!(
                "its format is {format}, not {FORMAT}"
            )));
        }
        let mut held = [Held::default(); 4];
        for kind in Kind::ALL {
            let (entries, bytes): (i64, i64) = db.query_row(
                "SELECT count(*), coalesce(sum(stored), 0) FROM entries WHERE kind = ?1",
                [number(kind)],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            if let Some(held) = held.get_mut(kind.place()) {
                (held.entries, held.bytes) = (count(entries), count(bytes));
            }
        }
        Ok(Self { db, held })
    }

    pub(crate) fn held(&self, kind: Kind) -> Held {
        self.held.get(kind.place()).copied().unwrap_or_default()
    }

    fn holds(&mut self, kind: Kind, change: impl FnOnce(&mut Held)) {
        if let Some(held) = self.held.get_mut(kind.place()) {
            change(held);
        }
    }

    /// An entry that is still good, marked as used.
    pub(crate) fn get(&mut self, key: Key, now_ms: u64) -> Result<Option<Row>, StoreError> {
        let found: Option<(i64, Vec<u8>, i64)> = self
            .db
            .prepare_cached("SELECT id, value, expires FROM entries WHERE key = ?1")?
            .query_row([&key.digest[..]], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((id, packed, expires)) = found else {
            return Ok(None);
        };
        let expires_ms = count(expires);
        let value = if now_ms < expires_ms {
            zstd::bulk::decompress(&packed, LARGEST).ok()
        } else {
            None
        };
        let Some(value) = value else {
            self.remove(id)?;
            return Ok(None);
        };
        // On a full disk the entry is still good; only when it was used is not known.
        match self.touch(key, now_ms) {
            Ok(()) | Err(StoreError::Unwritable(_)) => {}
            Err(error) => return Err(error),
        }
        let dependencies = self.dependencies(id)?;
        Ok(Some(Row {
            key,
            value,
            expires_ms,
            dependencies,
        }))
    }

    fn dependencies(&self, entry: i64) -> Result<Vec<Dependency>, StoreError> {
        let mut statement = self
            .db
            .prepare_cached("SELECT sort, root, path FROM dependencies WHERE entry = ?1")?;
        let rows = statement.query_map([entry], |row| {
            let (sort, root, path): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(match sort {
                0 => Dependency::File { root, path },
                1 => Dependency::Tree { root },
                _ => Dependency::Named { name: root },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps an entry and makes room for it. One that is larger than all room of its kind is not kept.
    pub(crate) fn put(&mut self, row: &Row, room_bytes: u64, now_ms: u64) -> Result<(), StoreError> {
        let kind = row.key.kind;
        let packed = pack(&row.value).map_err(|error| StoreError::Failed(error.to_string()))?;
        let stored = count_of(packed.len()) + ROW_BYTES;
        self.drop_key(row.key)?;
        if stored > room_bytes {
            return Ok(());
        }
        self.make_room(kind, room_bytes - stored, now_ms)?;
        let transaction = self.db.unchecked_transaction()?;
        transaction
            .prepare_cached(
                "INSERT INTO entries (kind, key, value, stored, expires, used) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                number(kind),
                &row.key.digest[..],
                packed,
                signed(stored),
                signed(row.expires_ms),
                signed(now_ms)
            ])?;
        let id = transaction.last_insert_rowid();
        for dependency in &row.dependencies {
            let (sort, root, path) = match dependency {
                Dependency::File { root, path } => (0, root.as_str(), path.as_str()),
                Dependency::Tree { root } => (1, root.as_str(), ""),
                Dependency::Named { name } => (2, name.as_str(), ""),
            };
            transaction
                .prepare_cached("INSERT INTO dependencies (entry, sort, root, path) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![id, sort, root, path])?;
        }
        transaction.commit()?;
        self.holds(kind, |held| {
            held.entries += 1;
            held.bytes += stored;
        });
        Ok(())
    }

    /// Drops what is over, then what was used least recently, until a kind takes at most `bytes`.
    fn make_room(&mut self, kind: Kind, bytes: u64, now_ms: u64) -> Result<(), StoreError> {
        if self.held(kind).bytes <= bytes {
            return Ok(());
        }
        let over = self.rows(
            "SELECT id FROM entries WHERE kind = ?1 AND expires <= ?2 LIMIT 4096",
            params![number(kind), signed(now_ms)],
        )?;
        for id in over {
            self.remove(id)?;
        }
        while self.held(kind).bytes > bytes {
            let oldest = self.rows(
                "SELECT id FROM entries WHERE kind = ?1 ORDER BY used, id LIMIT 16",
                [number(kind)],
            )?;
            if oldest.is_empty() {
                // The count and the rows differ: believe the rows.
                self.holds(kind, |held| (held.entries, held.bytes) = (0, 0));
                break;
            }
            for id in oldest {
                if self.held(kind).bytes <= bytes {
                    break;
                }
                self.remove(id)?;
                self.holds(kind, |held| held.evictions += 1);
            }
        }
        self.shrink()
    }

    /// Gives freed pages back to the disk, a few at a time.
    fn shrink(&self) -> Result<(), StoreError> {
        let mut statement = self.db.prepare_cached("PRAGMA incremental_vacuum(256)")?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        Ok(())
    }

    fn remove(&mut self, id: i64) -> Result<Option<Key>, StoreError> {
        let mut statement = self
            .db
            .prepare_cached("DELETE FROM entries WHERE id = ?1 RETURNING kind, stored, key")?;
        let mut rows = statement.query([id])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let (kind, stored, digest): (i64, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        // The commit comes behind the last row, and may fail.
        rows.next()?;
        drop(rows);
        drop(statement);
        let kind = Kind::ALL.into_iter().find(|known| number(*known) == kind);
        let (Some(kind), Ok(digest)) = (kind, <[u8; 32]>::try_from(digest)) else {
            return Ok(None);
        };
        self.holds(kind, |held| {
            held.entries = held.entries.saturating_sub(1);
            held.bytes = held.bytes.saturating_sub(count(stored));
        });
        Ok(Some(Key { kind, digest }))
    }

    /// Drops one entry, if it is there.
    pub(crate) fn drop_key(&mut self, key: Key) -> Result<(), StoreError> {
        let known: Option<i64> = self
            .db
            .prepare_cached("SELECT id FROM entries WHERE key = ?1")?
            .query_row([&key.digest[..]], |row| row.get(0))
            .optional()?;
        if let Some(known) = known {
            self.remove(known)?;
        }
        Ok(())
    }

    /// Says that an entry is in use.
    pub(crate) fn touch(&mut self, key: Key, now_ms: u64) -> Result<(), StoreError> {
        self.db
            .prepare_cached("UPDATE entries SET used = ?2 WHERE key = ?1")?
            .execute(params![&key.digest[..], signed(now_ms)])?;
        Ok(())
    }

    /// Drops everything that a change makes wrong, and says what that was.
    pub(crate) fn invalidate(&mut self, changed: &Dependency) -> Result<Vec<Key>, StoreError> {
        let entries = match changed {
            Dependency::File { root, path } => self.rows(
                "SELECT DISTINCT entry FROM dependencies
                 WHERE (root = ?1 AND path = ?2 AND sort = 0) OR (root = ?1 AND sort = 1)",
                [root, path],
            )?,
            Dependency::Tree { root } => self.rows(
                "SELECT DISTINCT entry FROM dependencies WHERE root = ?1 AND sort IN (0, 1)",
                [root],
            )?,
            Dependency::Named { name } => self.rows(
                "SELECT DISTINCT entry FROM dependencies WHERE root = ?1 AND sort = 2",
                [name],
            )?,
        };
        let mut dropped = Vec::new();
        for id in entries {
            dropped.extend(self.remove(id)?);
        }
        Ok(dropped)
    }

    /// The files below a root that entries depend on, and since when the oldest of these is kept. An entry knows until
    /// when it is good; it was kept its kind's time to live before that, unless this was set anew meanwhile.
    pub(crate) fn files_below(&self, root: &str, ttl_ms: &[u64; 4]) -> Result<Vec<KeptFile>, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT path, min(expires - CASE kind WHEN 0 THEN ?2 WHEN 1 THEN ?3 WHEN 2 THEN ?4 ELSE ?5 END)
             FROM dependencies JOIN entries ON entries.id = entry
             WHERE root = ?1 AND sort = 0 GROUP BY path ORDER BY path LIMIT ?6",
        )?;
        let [search, page, model_call, answer] = ttl_ms.map(signed);
        let most = i64::try_from(MOST_FILES).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![root, search, page, model_call, answer, most], |row| {
            Ok(KeptFile {
                path: row.get(0)?,
                kept_ms: count(row.get(1)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn clear(&mut self, kind: Option<Kind>) -> Result<(), StoreError> {
        for kind in Kind::ALL
            .into_iter()
            .filter(|known| kind.is_none_or(|kind| kind == *known))
        {
            self.db
                .execute("DELETE FROM entries WHERE kind = ?1", [number(kind)])?;
            self.holds(kind, |held| (held.entries, held.bytes) = (0, 0));
        }
        self.db.execute_batch("PRAGMA incremental_vacuum;")?;
        Ok(())
    }

    /// The entries of a kind that were used last, as many as fit into `bytes` unpacked.
    pub(crate) fn recent(&self, kind: Kind, bytes: u64, now_ms: u64) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, key, value, expires FROM entries WHERE kind = ?1 AND expires > ?2 ORDER BY used DESC, id DESC",
        )?;
        let mut rows = statement.query(params![number(kind), signed(now_ms)])?;
        let mut found = Vec::new();
        let mut taken = 0;
        while let Some(row) = rows.next()? {
            let (id, digest, packed, expires): (i64, Vec<u8>, Vec<u8>, i64) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            let Ok(digest) = <[u8; 32]>::try_from(digest) else {
                continue;
            };
            let Ok(value) = zstd::bulk::decompress(&packed, LARGEST) else {
                continue;
            };
            taken += count_of(value.len());
            if taken > bytes {
                break;
            }
            let dependencies = self.dependencies(id)?;
            found.push(Row {
                key: Key { kind, digest },
                value,
                expires_ms: count(expires),
                dependencies,
            });
        }
        Ok(found)
    }

    fn rows(&self, query: &str, parameters: impl rusqlite::Params) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.db.prepare_cached(query)?;
        let rows = statement.query_map(parameters, |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Packs a value with a checksum, so that a flipped byte is noticed.
fn pack(value: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = zstd::bulk::Compressor::new(LEVEL)?;
    packer.include_checksum(true)?;
    packer.compress(value)
}

fn number(kind: Kind) -> i64 {
    i64::try_from(kind.place()).unwrap_or(0)
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn count_of(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, length: usize) -> Row {
        let value: Vec<u8> = (0..length).map(|_| fastrand::u8(..)).collect();
        Row {
            key: Key::new(Kind::Page, [name]),
            value,
            expires_ms: 1_000,
            dependencies: vec![],
        }
    }

    #[test]
    fn a_full_disk_is_told_from_damage() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("cache.db")).unwrap();
        store.db.execute_batch("PRAGMA max_page_count = 40;").unwrap();
        let full = (0..100).find_map(|at| store.put(&row(&at.to_string(), 20_000), u64::MAX, 1).err());
        assert!(matches!(full, Some(StoreError::Unwritable(_))), "{full:?}");
        assert!(
            store.get(Key::new(Kind::Page, ["0"]), 2).unwrap().is_some(),
            "what is there can still be read"
        );
    }

    #[test]
    fn a_flipped_byte_costs_one_entry() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("cache.db")).unwrap();
        let entry = row("a", 5_000);
        store.put(&entry, u64::MAX, 1).unwrap();
        let packed: Vec<u8> = store
            .db
            .query_row("SELECT value FROM entries", [], |row| row.get(0))
            .unwrap();
        let mut flipped = packed;
        flipped[2_000] ^= 1;
        store
            .db
            .execute("UPDATE entries SET value = ?1", [flipped])
            .unwrap();
        assert!(store.get(entry.key, 2).unwrap().is_none());
        assert_eq!(store.held(Kind::Page).entries, 0);
    }

    #[test]
    fn another_format_counts_as_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        Store::open(&path)
            .unwrap()
            .db
            .execute_batch("PRAGMA user_version = 99;")
            .unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::Damaged(_))));
    }
}
