//! The store: SQLite with its full text search. A batch of commits is a transaction, so that a kill at any instant leaves
//! whole batches only.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gix::ObjectId;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::change::{ChangeKind, Record, Side};
use crate::error::HistoryError;
use crate::words;

/// The store's format, with the version of the rules for secrets. A store of another format is begun anew.
const FORMAT: i64 = 1_000 + aiex_files::secret::VERSION as i64;

/// Bytes of words that are indexed for each column of a commit.
const MAX_WORDS: usize = 32 << 10;

/// The level of zstd for changed lines, which are small and many: the lowest packs them to a third.
const ZSTD_LEVEL: i32 = 1;

/// Changed lines of one commit when unpacked; nothing of ours is larger.
const MAX_LINES: usize = 8 << 20;

/// Memory that SQLite may use for pages, in KiB.
const PAGE_CACHE_KIB: i64 = 8 << 10;

/// The file, and the connection to it.
#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    pub(crate) connection: Connection,
}

/// What the store knows of itself.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The tips that were read in full; none while a reading is unfinished.
    pub(crate) tips: Option<Vec<ObjectId>>,
    pub(crate) commits: usize,
    /// Whether the bound left older commits out.
    pub(crate) cut: bool,
}

impl Store {
    pub(crate) fn file(folder: &Path) -> PathBuf {
        folder.join("history.db")
    }

    /// Opens the store in `folder`. One of another format is damaged.
    pub(crate) fn open(folder: &Path) -> Result<Self, HistoryError> {
        let path = Self::file(folder);
        let io = |source: std::io::Error| HistoryError::Store {
            path: path.clone(),
            source: source.into(),
        };
        std::fs::create_dir_all(folder).map_err(io)?;
        let fail = |error| HistoryError::store(&path)(error);
        let connection = Connection::open(&path).map_err(fail)?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(fail)?;
        let format: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(fail)?;
        if format != FORMAT && format != 0 {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB);
            let why = format!("format {format}, this program writes {FORMAT}");
            let source = rusqlite::Error::SqliteFailure(code, Some(why));
            return Err(HistoryError::Damaged { path, source });
        }
        // Losing the last batch at a power cut costs reading it again, so no fsync for each.
        // The index keeps no texts, but the places of words: BM25 counts them there.
        connection
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -{PAGE_CACHE_KIB};
                 CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
                 CREATE TABLE IF NOT EXISTS commits (
                   n INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, time INTEGER NOT NULL, author TEXT NOT NULL,
                   email TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, more INTEGER NOT NULL, lines BLOB NOT NULL);
                 CREATE INDEX IF NOT EXISTS commits_time ON commits (time);
                 CREATE TABLE IF NOT EXISTS paths (p INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
                 CREATE TABLE IF NOT EXISTS touches (
                   n INTEGER NOT NULL, k INTEGER NOT NULL, p INTEGER NOT NULL, kind INTEGER NOT NULL,
                   PRIMARY KEY (n, k)) WITHOUT ROWID;
                 CREATE INDEX IF NOT EXISTS touches_path ON touches (p);
                 CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
                   subject, body, paths, added, removed, content = '', contentless_delete = 1,
                   tokenize = 'porter unicode61');
                 PRAGMA user_version = {FORMAT};"
            ))
            .map_err(fail)?;
        Ok(Self { path, connection })
    }

    /// Opens the store, and begins a damaged one anew; says what was wrong with it.
    pub(crate) fn open_or_renew(folder: &Path) -> Result<(Self, Option<String>), HistoryError> {
        match Self::open(folder) {
            Err(HistoryError::Damaged { source, .. }) => {
                tracing::warn!(%source, "the history's store is begun anew");
                Self::remove(folder)?;
                Ok((Self::open(folder)?, Some(source.to_string())))
            }
            other => Ok((other?, None)),
        }
    }

    /// Removes the store's files.
    pub(crate) fn remove(folder: &Path) -> Result<(), HistoryError> {
        let path = Self::file(folder);
        for suffix in ["", "-wal", "-shm"] {
            let mut file = path.clone().into_os_string();
            file.push(suffix);
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(HistoryError::Store {
                        path,
                        source: error.into(),
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(crate) fn fail(&self, error: rusqlite::Error) -> HistoryError {
        HistoryError::store(&self.path)(error)
    }

    /// Bytes of the store on the disk.
    pub(crate) fn bytes(&self) -> u64 {
        let wal = {
            let mut file = self.path.clone().into_os_string();
            file.push("-wal");
            PathBuf::from(file)
        };
        [&self.path, &wal]
            .iter()
            .filter_map(|path| path.metadata().ok())
            .map(|metadata| metadata.len())
            .sum()
    }

    pub(crate) fn state(&self) -> Result<State, HistoryError> {
        let value = |key: &str| -> rusqlite::Result<Option<Vec<u8>>> {
            self.connection
                .query_row("SELECT value FROM state WHERE key = ?1", [key], |row| row.get(0))
                .optional()
        };
        let read = || -> rusqlite::Result<State> {
            let tips = value("tips")?.map(|bytes| {
                bytes
                    .chunks_exact(20)
                    .map(ObjectId::from_bytes_or_panic)
                    .collect()
            });
            let commits: i64 = self
                .connection
                .query_row("SELECT count(*) FROM commits", [], |row| row.get(0))?;
            Ok(State {
                tips,
                commits: usize::try_from(commits).unwrap_or_default(),
                cut: value("cut")?.is_some(),
            })
        };
        read().map_err(|error| self.fail(error))
    }

    /// The ids of all commits.
    pub(crate) fn ids(&self) -> Result<HashSet<ObjectId>, HistoryError> {
        let read = || -> rusqlite::Result<HashSet<ObjectId>> {
            let mut statement = self.connection.prepare("SELECT id FROM commits")?;
            let ids = statement.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
            ids.map(|id| Ok(ObjectId::from_bytes_or_panic(&id?))).collect()
        };
        read().map_err(|error| self.fail(error))
    }

    /// Says that a reading has begun: until [`finish`](Self::finish), the next one looks at everything.
    pub(crate) fn begin(&self) -> Result<(), HistoryError> {
        self.connection
            .execute("DELETE FROM state WHERE key = 'tips'", [])
            .map(drop)
            .map_err(|error| self.fail(error))
    }

    /// Adds a batch of commits, all or none.
    pub(crate) fn add(&mut self, records: &[Record]) -> Result<(), HistoryError> {
        let write = |connection: &mut Connection| -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            {
                let mut commit = transaction.prepare_cached(
                    "INSERT OR IGNORE INTO commits (id, time, author, email, subject, body, more, lines) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?;
                let mut path =
                    transaction.prepare_cached("INSERT OR IGNORE INTO paths (path) VALUES (?1)")?;
                let mut touch = transaction.prepare_cached(
                    "INSERT INTO touches (n, k, p, kind) SELECT ?1, ?2, p, ?4 FROM paths WHERE path = ?3",
                )?;
                let mut word = transaction.prepare_cached(
                    "INSERT INTO words (rowid, subject, body, paths, added, removed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?;
                for record in records {
                    let lines =
                        pack(record).map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
                    let inserted = commit.execute(params![
                        record.id.as_slice(),
                        record.time,
                        record.author,
                        record.email,
                        record.subject,
                        record.body,
                        i64::try_from(record.more_files).unwrap_or(i64::MAX),
                        lines
                    ])?;
                    if inserted == 0 {
                        continue;
                    }
                    let n = transaction.last_insert_rowid();
                    for (k, (name, kind)) in record.files.iter().enumerate() {
                        path.execute([name])?;
                        touch.execute(params![
                            n,
                            i64::try_from(k).unwrap_or(i64::MAX),
                            name,
                            kind_code(*kind)
                        ])?;
                    }
                    let side = |side: Side| {
                        record
                            .lines
                            .iter()
                            .filter(move |(s, _)| *s == side)
                            .map(|(_, line)| line)
                    };
                    word.execute(params![
                        n,
                        words::unique([&record.subject], MAX_WORDS),
                        words::unique([&record.body], MAX_WORDS),
                        words::unique(record.files.iter().map(|(name, _)| name), MAX_WORDS),
                        words::unique(side(Side::Added), MAX_WORDS),
                        words::unique(side(Side::Removed), MAX_WORDS),
                    ])?;
                }
            }
            transaction.commit()
        };
        write(&mut self.connection).map_err(|error| HistoryError::store(&self.path)(error))
    }

    /// Removes commits that are gone and the oldest beyond `limit`, and says that everything `tips` reach was read. The
    /// number of removed commits comes back.
    pub(crate) fn finish(
        &mut self,
        tips: &[ObjectId],
        gone: &[ObjectId],
        limit: usize,
        cut: bool,
    ) -> Result<usize, HistoryError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let write = |connection: &mut Connection| -> rusqlite::Result<(usize, bool)> {
            let transaction = connection.transaction()?;
            let mut old: Vec<i64> = Vec::new();
            {
                let mut find = transaction.prepare("SELECT n FROM commits WHERE id = ?1")?;
                for id in gone {
                    old.extend(
                        find.query_row([id.as_slice()], |row| row.get::<_, i64>(0))
                            .optional()?,
                    );
                }
            }
            let removed = old.len();
            {
                let mut delete = [
                    transaction.prepare("DELETE FROM commits WHERE n = ?1")?,
                    transaction.prepare("DELETE FROM touches WHERE n = ?1")?,
                    transaction.prepare("DELETE FROM words WHERE rowid = ?1")?,
                ];
                for n in &old {
                    for statement in &mut delete {
                        statement.execute([n])?;
                    }
                }
                let oldest: Vec<i64> = transaction
                    .prepare("SELECT n FROM commits ORDER BY time DESC, n LIMIT -1 OFFSET ?1")?
                    .query_map([limit], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                for n in &oldest {
                    for statement in &mut delete {
                        statement.execute([n])?;
                    }
                }
                old.extend(oldest);
            }
            let cut = cut || old.len() > removed;
            if !old.is_empty() {
                transaction.execute("DELETE FROM paths WHERE p NOT IN (SELECT p FROM touches)", [])?;
            }
            let tips: Vec<u8> = tips.iter().flat_map(|id| id.as_slice().to_vec()).collect();
            transaction.execute("INSERT OR REPLACE INTO state VALUES ('tips', ?1)", [tips])?;
            match cut {
                true => transaction.execute("INSERT OR REPLACE INTO state VALUES ('cut', x'01')", [])?,
                false => 0,
            };
            transaction.commit()?;
            Ok((removed, cut))
        };
        let (removed, _) =
            write(&mut self.connection).map_err(|error| HistoryError::store(&self.path)(error))?;
        // The log is written back and emptied; what cannot be now, because somebody reads, is later.
        if let Err(error) = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        {
            tracing::debug!(%error, "the history's log stays for later");
        }
        Ok(removed)
    }
}

/// Lines as text: first the number of the file, then the side, then the line.
fn pack(record: &Record) -> std::io::Result<Vec<u8>> {
    let mut text = String::new();
    for ((side, line), file) in record.lines.iter().zip(&record.line_files) {
        let sign = match side {
            Side::Added => '+',
            Side::Removed => '-',
        };
        text.push_str(&format!("{file}{sign}{line}\n"));
    }
    zstd::bulk::compress(text.as_bytes(), ZSTD_LEVEL)
}

/// The file's number, the side and the text of every stored line; nothing where the row is damaged.
pub(crate) fn unpack(packed: &[u8]) -> Vec<(usize, Side, String)> {
    let text = zstd::bulk::decompress(packed, MAX_LINES)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let lines = text.iter().flat_map(|text| text.split('\n'));
    lines
        .filter_map(|line| {
            let sign = line.find(['+', '-'])?;
            let side = if line[sign..].starts_with('+') {
                Side::Added
            } else {
                Side::Removed
            };
            Some((line[..sign].parse().ok()?, side, line[sign + 1..].to_owned()))
        })
        .collect()
}

fn kind_code(kind: ChangeKind) -> i64 {
    match kind {
        ChangeKind::Added => 0,
        ChangeKind::Deleted => 1,
        ChangeKind::Modified => 2,
    }
}

/// The kind of a stored change.
pub(crate) fn kind_of(code: i64) -> ChangeKind {
    match code {
        0 => ChangeKind::Added,
        1 => ChangeKind::Deleted,
        _ => ChangeKind::Modified,
    }
}
