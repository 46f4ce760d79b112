//! What the catalogue knows of one file, and its digest.

use aiex_files::RelPath;
use aiex_files::stat::Stat;
use rusqlite::{Connection, params};

use crate::content::ContentKey;

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
    /// Its content, if it is indexed.
    pub fn key(&self) -> Option<&ContentKey> {
        match &self.outcome {
            Outcome::Indexed { key, .. } => Some(key),
            _ => None,
        }
    }

    /// The version under which its chunks are stored, if it is indexed.
    pub fn version(&self) -> Option<u32> {
        match self.outcome {
            Outcome::Indexed { version, .. } => Some(version),
            _ => None,
        }
    }
}

pub(super) const COLUMNS: &str = "path, size, mtime_ns, ctime_ns, inode, read_at_ns, hash, outcome, key, version, num_chunks, \
                       num_symbols, embedded, reason, detail, redactions";

pub(super) fn write_row(db: &Connection, path: &RelPath, row: &Row) -> rusqlite::Result<()> {
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
pub(super) fn row_digest(path: &RelPath, row: &Row) -> Vec<u8> {
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

pub(super) fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<(RelPath, Row)> {
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

pub(super) fn rel_path(row: &rusqlite::Row<'_>) -> rusqlite::Result<RelPath> {
    let bytes: Vec<u8> = row.get(0)?;
    RelPath::from_bytes(bytes).ok_or(rusqlite::Error::InvalidColumnType(
        0,
        "path".to_owned(),
        rusqlite::types::Type::Blob,
    ))
}
