//! Contents by key, shared by all repositories: text, outline, vectors.
//!
//! A key is a digest of the bytes, the language, the chunker's version and the redaction rules, so
//! a file that is equal in another branch, worktree or repository is read, chunked and embedded
//! once. Rows are never changed, only added and collected when no catalogue names them any more.
//! Every row carries a check of its own: a flipped byte is found when the row is read, and the row
//! counts as missing.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiex_chunk::Language;
use moka::sync::Cache;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::IndexError;
use crate::packed::{pack, unpack};
use crate::snapshot::Outline;

/// The store's format. A store of another format is set aside and built anew.
const FORMAT: i64 = 2;

/// The level of zstd at which text is kept: level 3 packs source to about a quarter at several
/// hundred MB/s, higher levels cost more time than the disk is worth.
const ZSTD_LEVEL: i32 = 3;

/// A text larger than this when unpacked is not one of ours.
const MAX_TEXT_BYTES: usize = 64 << 20;

/// The level at which vectors are kept: their bytes are few distinct values, so what there is to gain
/// is the coding of single bytes, which the lowest level does.
const VECTOR_ZSTD_LEVEL: i32 = 1;

/// The vectors of one file when unpacked: 65,536 chunks of 1,536 dimensions.
const MAX_VECTOR_BYTES: usize = 65_536 * 1_536;

/// Texts that are kept at hand for hits, in bytes.
const SHOWN_BYTES: u64 = 8 << 20;

/// A write-ahead log below this is left for the next commits to write over, in bytes.
const LOG_WORTH_CUTTING: u64 = 512 << 10;

/// Names a content: a digest of bytes, language and the rules that were applied to them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentKey(pub [u8; 32]);

impl ContentKey {
    /// The key of a file's bytes (by their digest) read as `language`.
    pub fn new(hash: &[u8; 32], language: Option<Language>) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(hash);
        hasher.update(&aiex_chunk::VERSION.to_le_bytes());
        hasher.update(&aiex_files::secret::VERSION.to_le_bytes());
        hasher.update(language.map_or("-", Language::name).as_bytes());
        Self(*hasher.finalize().as_bytes())
    }
}

/// Names the rules by which contents are made of files. What others made is looked at again: a program that knows
/// better must not serve what an older one thought.
pub(crate) fn rules() -> String {
    format!(
        "files {}, secrets {}, chunks {}",
        aiex_files::filter::VERSION,
        aiex_files::secret::VERSION,
        aiex_chunk::VERSION
    )
}

impl std::fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for byte in &self.0[..6] {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// A content packed for the store; made on a worker thread, because packing costs more than writing.
#[derive(Debug)]
pub struct Packed {
    key: ContentKey,
    digest: Vec<u8>,
    text: Vec<u8>,
    outline: Vec<u8>,
}

impl Packed {
    /// Packs a text (secrets redacted) and its outline.
    ///
    /// # Errors
    /// When zstd fails, which it does for want of memory only.
    pub fn new(key: ContentKey, text: &str, outline: &Outline) -> std::io::Result<Self> {
        let text = pack(text.as_bytes(), ZSTD_LEVEL)?;
        let outline = outline.encode()?;
        Ok(Self {
            key,
            digest: row_digest(&[&text, &outline]),
            text,
            outline,
        })
    }
}

/// A stored text, packed, and its outline, packed.
type Row = (Vec<u8>, Vec<u8>);

/// What a git blob was found to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blob {
    /// The blob's id.
    pub oid: [u8; 20],
    /// The language that the path alone speaks for; part of the question, because equal blobs may
    /// lie under different names.
    pub named: Option<Language>,
    /// The digest of its bytes.
    pub hash: [u8; 32],
    /// The content it has.
    pub key: ContentKey,
    /// Secrets blotted out of it.
    pub redactions: u32,
}

/// The store of contents.
#[derive(Debug)]
pub struct ContentStore {
    path: PathBuf,
    writer: Mutex<Connection>,
    /// A reader of its own, so that a search never waits for a write.
    reader: Mutex<Connection>,
    /// Texts that were shown lately.
    shown: Cache<ContentKey, Arc<str>>,
}

impl ContentStore {
    /// Opens the store in `dir`, and sets a damaged one or one of another format aside.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn open(dir: &Path) -> Result<(Self, Option<String>), IndexError> {
        std::fs::create_dir_all(dir).map_err(|e| IndexError::io("content", dir, e))?;
        let path = dir.join("content.db");
        match Self::connect(&path) {
            Ok(store) => Ok((store, None)),
            Err(IndexError::Damaged { source, .. }) => {
                set_aside(&path).map_err(|e| IndexError::io("content", &path, e))?;
                Ok((Self::connect(&path)?, Some(format!("content ({source})"))))
            }
            Err(other) => Err(other),
        }
    }

    fn connect(path: &Path) -> Result<Self, IndexError> {
        let fail = |e| IndexError::sqlite("content", path, e);
        let writer = open_connection(path).map_err(fail)?;
        let format: i64 = writer
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(fail)?;
        if format != FORMAT && format != 0 {
            return Err(IndexError::Damaged {
                store: "content",
                path: path.to_owned(),
                source: format!("format {format}, this program writes {FORMAT}").into(),
            });
        }
        // Losing the last rows at a power cut costs reading those files again, so no fsync a commit.
        writer
            .execute_batch(&format!(
                "PRAGMA synchronous = NORMAL;
                 CREATE TABLE IF NOT EXISTS content (
                   id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, digest BLOB NOT NULL,
                   text BLOB NOT NULL, outline BLOB NOT NULL);
                 CREATE TABLE IF NOT EXISTS vectors (
                   key BLOB NOT NULL, embedder TEXT NOT NULL, digest BLOB NOT NULL, data BLOB NOT NULL,
                   PRIMARY KEY (key, embedder)) WITHOUT ROWID;
                 CREATE TABLE IF NOT EXISTS blob_alias (
                   oid BLOB NOT NULL, language TEXT NOT NULL, hash BLOB NOT NULL, key BLOB NOT NULL,
                   redactions INTEGER NOT NULL, PRIMARY KEY (oid, language)) WITHOUT ROWID;
                 CREATE TABLE IF NOT EXISTS rules (of_aliases TEXT NOT NULL);
                 PRAGMA user_version = {FORMAT};"
            ))
            .map_err(fail)?;
        forget_aliases_of_other_rules(&writer).map_err(fail)?;
        let reader = open_connection(path).map_err(fail)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            shown: Cache::builder()
                .weigher(|_, text: &Arc<str>| u32::try_from(text.len()).unwrap_or(u32::MAX))
                .max_capacity(SHOWN_BYTES)
                .build(),
        })
    }

    fn fail(&self, error: rusqlite::Error) -> IndexError {
        IndexError::sqlite("content", &self.path, error)
    }

    fn reading<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, IndexError> {
        let connection = self
            .reader
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        work(&connection).map_err(|e| self.fail(e))
    }

    fn writing<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, IndexError> {
        let mut connection = self
            .writer
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        work(&mut connection).map_err(|e| self.fail(e))
    }

    /// A content's outline, if the whole content is there and sound: text and outline are checked
    /// against the digest that was stored with them.
    pub fn outline(&self, key: &ContentKey) -> Result<Option<Outline>, IndexError> {
        Ok(self
            .row(key)?
            .and_then(|(_, outline)| Outline::decode(&outline).ok()))
    }

    /// Which of some contents are there, sound or not.
    ///
    /// # Errors
    /// When the store fails.
    pub fn present<'k>(
        &self,
        keys: impl Iterator<Item = &'k ContentKey>,
    ) -> Result<HashSet<ContentKey>, IndexError> {
        self.reading(|db| {
            let mut select = db.prepare_cached("SELECT 1 FROM content WHERE key = ?1")?;
            let mut present = HashSet::new();
            for key in keys {
                if select.exists([&key.0[..]])? {
                    present.insert(*key);
                }
            }
            Ok(present)
        })
    }

    /// Whether a content is there and is what was stored.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_sound(&self, key: &ContentKey) -> Result<bool, IndexError> {
        Ok(self.row(key)?.is_some())
    }

    /// A content's text, if it is there and sound.
    pub fn text(&self, key: &ContentKey) -> Result<Option<String>, IndexError> {
        Ok(self.row(key)?.and_then(|(packed, _)| text_of(&packed)))
    }

    /// Lets go of the texts that are at hand.
    pub(crate) fn forget_shown(&self) {
        self.shown.invalidate_all();
        self.shown.run_pending_tasks();
    }

    /// A content's text to show a part of; texts shown lately are at hand.
    pub fn shown(&self, key: &ContentKey) -> Result<Option<Arc<str>>, IndexError> {
        if let Some(text) = self.shown.get(key) {
            return Ok(Some(text));
        }
        let text: Option<Arc<str>> = self.text(key)?.map(Into::into);
        if let Some(text) = &text {
            self.shown.insert(*key, text.clone());
        }
        Ok(text)
    }

    /// A content's text and outline, if they are there and sound.
    pub fn load(&self, key: &ContentKey) -> Result<Option<(String, Outline)>, IndexError> {
        let Some((packed, outline)) = self.row(key)? else {
            return Ok(None);
        };
        Ok(text_of(&packed).zip(Outline::decode(&outline).ok()))
    }

    /// The packed text and outline of a row that matches its digest.
    fn row(&self, key: &ContentKey) -> Result<Option<Row>, IndexError> {
        let row = self.reading(|db| {
            db.prepare_cached("SELECT digest, text, outline FROM content WHERE key = ?1")?
                .query_row([&key.0[..]], |row| {
                    Ok((
                        row.get::<_, Vec<u8>>(0)?,
                        row.get::<_, Vec<u8>>(1)?,
                        row.get::<_, Vec<u8>>(2)?,
                    ))
                })
                .optional()
        })?;
        let Some((digest, packed, outline)) = row else {
            return Ok(None);
        };
        if digest != row_digest(&[&packed, &outline]) {
            tracing::warn!(?key, "a stored content is damaged; its files are read again");
            return Ok(None);
        }
        Ok(Some((packed, outline)))
    }

    /// Stores contents; those that are there already are left as they are unless damaged.
    pub fn insert(&self, contents: &[Packed]) -> Result<(), IndexError> {
        if contents.is_empty() {
            return Ok(());
        }
        self.writing(|db| {
            let tx = db.transaction()?;
            {
                let mut insert = tx.prepare_cached(
                    "INSERT INTO content (key, digest, text, outline) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (key) DO UPDATE SET digest = ?2, text = ?3, outline = ?4",
                )?;
                for content in contents {
                    insert.execute(params![
                        &content.key.0[..],
                        content.digest,
                        content.text,
                        content.outline
                    ])?;
                }
            }
            tx.commit()
        })
    }

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

    /// What a git blob under a name of this language was found to hold.
    pub fn blob(&self, oid: &[u8; 20], named: Option<Language>) -> Result<Option<Blob>, IndexError> {
        self.reading(|db| {
            db.prepare_cached(
                "SELECT hash, key, redactions FROM blob_alias WHERE oid = ?1 AND language = ?2",
            )?
            .query_row(params![&oid[..], named.map_or("-", Language::name)], |row| {
                Ok(Blob {
                    oid: *oid,
                    named,
                    hash: row.get(0)?,
                    key: ContentKey(row.get(1)?),
                    redactions: row.get(2)?,
                })
            })
            .optional()
        })
    }

    /// Remembers what git blobs hold.
    pub fn insert_blobs(&self, blobs: &[Blob]) -> Result<(), IndexError> {
        if blobs.is_empty() {
            return Ok(());
        }
        self.writing(|db| {
            let tx = db.transaction()?;
            {
                let mut insert = tx.prepare_cached(
                    "INSERT OR REPLACE INTO blob_alias (oid, language, hash, key, redactions)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?;
                for blob in blobs {
                    let named = blob.named.map_or("-", Language::name);
                    insert.execute(params![
                        &blob.oid[..],
                        named,
                        &blob.hash[..],
                        &blob.key.0[..],
                        blob.redactions
                    ])?;
                }
            }
            tx.commit()
        })
    }

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
        Ok(deleted)
    }

    /// Sets the store aside and begins an empty one in its place: what repositories need of it is
    /// made again from their files.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn begin_anew(&self) -> Result<(), IndexError> {
        let mut writer = self
            .writer
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut reader = self
            .reader
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let closed = Connection::open_in_memory().and_then(|a| Ok((a, Connection::open_in_memory()?)));
        let (for_writer, for_reader) = closed.map_err(|e| self.fail(e))?;
        *writer = for_writer;
        *reader = for_reader;
        set_aside(&self.path).map_err(|e| IndexError::io("content", &self.path, e))?;
        let fresh = Self::connect(&self.path)?;
        *writer = fresh
            .writer
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *reader = fresh
            .reader
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(())
    }

    /// Gives the room of a long write-ahead log back, after much was written.
    ///
    /// # Errors
    /// When the store fails; a reader in the way is no failure.
    pub fn cut_log(&self) -> Result<(), IndexError> {
        self.writing(|db| cut_log(db, &self.path))
    }

    /// Bytes on disk.
    pub fn disk_bytes(&self) -> u64 {
        ["content.db", "content.db-wal"]
            .iter()
            .filter_map(|name| std::fs::metadata(self.path.with_file_name(name)).ok())
            .map(|meta| meta.len())
            .sum()
    }
}

/// A connection as all stores of ours use it: write-ahead log, a bounded wait for locks, little memory.
pub(crate) fn open_connection(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 4194304; PRAGMA cache_size = -2048;
         PRAGMA temp_store = MEMORY;",
    )?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// What a blob was found to hold holds by the rules of then.
fn forget_aliases_of_other_rules(db: &Connection) -> rusqlite::Result<()> {
    let ours = rules();
    let kept = db
        .query_row("SELECT of_aliases FROM rules", [], |row| row.get::<_, String>(0))
        .optional()?;
    if kept.as_ref() == Some(&ours) {
        return Ok(());
    }
    db.execute_batch("BEGIN; DELETE FROM blob_alias; DELETE FROM rules;")?;
    db.execute("INSERT INTO rules (of_aliases) VALUES (?1)", [ours])?;
    db.execute_batch("COMMIT")
}

/// Copies a long write-ahead log into its database and empties it.
pub(crate) fn cut_log(db: &Connection, path: &Path) -> rusqlite::Result<()> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if std::fs::metadata(log).is_ok_and(|meta| LOG_WORTH_CUTTING < meta.len()) {
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

/// Moves a damaged store out of the way; the one set aside before it is dropped.
pub(crate) fn set_aside(path: &Path) -> std::io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".damaged");
    let aside = PathBuf::from(aside);
    let _ = std::fs::remove_dir_all(&aside);
    let _ = std::fs::remove_file(&aside);
    for suffix in ["-wal", "-shm"] {
        let mut side = path.as_os_str().to_owned();
        side.push(suffix);
        let _ = std::fs::remove_file(side);
    }
    match std::fs::rename(path, &aside) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn text_of(packed: &[u8]) -> Option<String> {
    String::from_utf8(unpack(packed, MAX_TEXT_BYTES)?).ok()
}

fn row_digest(parts: &[&[u8]]) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().as_bytes()[..8].to_vec()
}
