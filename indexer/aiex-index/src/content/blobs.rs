//! What git blobs were found to hold, so that a fresh working tree is indexed without reading its files.

use aiex_chunk::Language;
use rusqlite::{Connection, OptionalExtension, params};

use super::{ContentKey, ContentStore, rules};
use crate::error::IndexError;

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

impl ContentStore {
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
}

/// What a blob was found to hold holds by the rules of then.
pub(super) fn forget_aliases_of_other_rules(db: &Connection) -> rusqlite::Result<()> {
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
