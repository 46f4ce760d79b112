//! Contents by key, shared by all repositories: text, outline, vectors.
//!
//! A key is a digest of the bytes, the language, the chunker's version and the redaction rules, so
//! a file that is equal in another branch, worktree or repository is read, chunked and embedded
//! once. Rows are never changed, only added and collected when no catalogue names them any more.
//! Every row carries a check of its own: a flipped byte is found when the row is read, and the row
//! counts as missing.

mod blobs;
mod connection;
mod key;
mod sweep;
mod vectors;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use moka::sync::Cache;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::IndexError;
use crate::packed::{pack, unpack};
use crate::snapshot::Outline;
use blobs::forget_aliases_of_other_rules;

pub use blobs::Blob;
pub(crate) use connection::{Rows, cut_log, open_connection, set_aside};
pub use key::ContentKey;
pub(crate) use key::rules;

/// The store's format. A store of another format is set aside and built anew.
const FORMAT: i64 = 2;

/// The level of zstd at which text is kept: of 11 MB of Rust sources, file by file, level 3 makes 2.44 MB, 6 makes 2.25 in twice
/// the time, which is a hundredth of what a first index takes; 9 makes 2.22 in three times, and 12 makes 2.19 in eight.
const ZSTD_LEVEL: i32 = 6;

/// A text larger than this when unpacked is not one of ours.
const MAX_TEXT_BYTES: usize = 64 << 20;

/// Texts that are kept at hand for hits, in bytes.
const SHOWN_BYTES: u64 = 8 << 20;

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
        let writer = open_connection(path, Rows::Large).map_err(fail)?;
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
        // Vectors have rows by number: without, a row of a kilobyte and more is spread over pages of its own.
        // Losing the last rows at a power cut costs reading those files again, so no fsync a commit.
        writer
            .execute_batch(&format!(
                "PRAGMA synchronous = NORMAL;
                 CREATE TABLE IF NOT EXISTS content (
                   id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, digest BLOB NOT NULL,
                   text BLOB NOT NULL, outline BLOB NOT NULL);
                 CREATE TABLE IF NOT EXISTS vectors (
                   key BLOB NOT NULL, embedder TEXT NOT NULL, digest BLOB NOT NULL, data BLOB NOT NULL,
                   PRIMARY KEY (key, embedder));
                 CREATE TABLE IF NOT EXISTS blob_alias (
                   oid BLOB NOT NULL, language TEXT NOT NULL, hash BLOB NOT NULL, key BLOB NOT NULL,
                   redactions INTEGER NOT NULL, PRIMARY KEY (oid, language)) WITHOUT ROWID;
                 CREATE TABLE IF NOT EXISTS rules (of_aliases TEXT NOT NULL);
                 PRAGMA user_version = {FORMAT};"
            ))
            .map_err(fail)?;
        forget_aliases_of_other_rules(&writer).map_err(fail)?;
        let reader = open_connection(path, Rows::Large).map_err(fail)?;
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

    /// Bytes of the store on disk that nothing lies on, and that what comes next is written over.
    pub(crate) fn free_bytes(&self) -> u64 {
        let bytes = self.reading(|db| {
            let number = |pragma: &str| db.query_row(pragma, [], |row| row.get::<_, u64>(0));
            Ok(number("PRAGMA freelist_count")? * number("PRAGMA page_size")?)
        });
        // A store that cannot be read is told by who needs it.
        bytes.unwrap_or(0)
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
