//! The file: opened, made, checked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use crate::error::SessionsError;

/// The format that this version writes.
const FORMAT: u32 = 3;
/// What turns each earlier format into the one after it, from the first on: searches that know what they followed up on,
/// then bookmarks of other than lines.
const CHANGES: [&str; FORMAT as usize - 1] = [
    "ALTER TABLE searches ADD COLUMN follows INTEGER",
    "ALTER TABLE bookmarks ADD COLUMN target TEXT",
];
/// Only one process opens the file; a backup or a curious user may make it wait.
const BUSY: Duration = Duration::from_secs(5);

// Ids are never given out twice: a bookmark's number must not come to mean another.
const TABLES: &str = "
CREATE TABLE searches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    session TEXT NOT NULL,
    root TEXT NOT NULL,
    verb TEXT NOT NULL,
    mode TEXT NOT NULL,
    query TEXT NOT NULL,
    sources TEXT NOT NULL,
    found INTEGER NOT NULL,
    places TEXT NOT NULL,
    follows INTEGER
) STRICT;
CREATE INDEX searches_by_root ON searches (root, id);
CREATE INDEX searches_by_session ON searches (session, id);
CREATE TABLE bookmarks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    root TEXT NOT NULL,
    path TEXT NOT NULL,
    first_line INTEGER NOT NULL,
    last_line INTEGER NOT NULL,
    text TEXT NOT NULL,
    note TEXT NOT NULL,
    tags TEXT NOT NULL,
    target TEXT
) STRICT;
";

/// The history and the bookmarks of one user.
#[derive(Debug)]
pub struct Sessions {
    pub(crate) db: Connection,
    path: PathBuf,
}

impl Sessions {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When it is damaged, of a newer format, or cannot be used. It is left as it is.
    pub fn open(path: &Path) -> Result<Self, SessionsError> {
        let failed = |error: rusqlite::Error| SessionsError::of(path, &error);
        let mut db = Connection::open(path).map_err(failed)?;
        let found = prepare(&mut db).map_err(failed)?;
        let damaged = |message: &str| SessionsError::Damaged {
            path: path.to_owned(),
            message: message.to_owned(),
        };
        match found {
            Found::Ours(FORMAT) => {}
            Found::Ours(found) => {
                return Err(SessionsError::Newer {
                    path: path.to_owned(),
                    found,
                    known: FORMAT,
                });
            }
            Found::Foreign => return Err(damaged("another program made it")),
        }
        let verdict: String = db
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(failed)?;
        if verdict != "ok" {
            return Err(damaged(&verdict));
        }
        Ok(Self {
            db,
            path: path.to_owned(),
        })
    }

    pub(crate) fn failed(&self, error: &rusqlite::Error) -> SessionsError {
        SessionsError::of(&self.path, error)
    }
}

/// What a file is, once there are tables in it.
enum Found {
    /// Of this format.
    Ours(u32),
    Foreign,
}

fn prepare(db: &mut Connection) -> rusqlite::Result<Found> {
    db.busy_timeout(BUSY)?;
    let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: u64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (found, tables) {
        (0, 0) => {}
        (0, _) => return Ok(Found::Foreign),
        // A file that is not understood is not written to, not even its settings.
        (found, _) if found > FORMAT => return Ok(Found::Ours(found)),
        _ => {}
    }
    db.pragma_update(None, "journal_mode", "WAL")?;
    // What was told to be kept is on the disk by then.
    db.pragma_update(None, "synchronous", "FULL")?;
    if tables == 0 {
        let making = db.transaction()?;
        making.execute_batch(TABLES)?;
        making.pragma_update(None, "user_version", FORMAT)?;
        making.commit()?;
    } else if found < FORMAT {
        let changing = db.transaction()?;
        for change in CHANGES.iter().skip(found.saturating_sub(1) as usize) {
            changing.execute_batch(change)?;
        }
        changing.pragma_update(None, "user_version", FORMAT)?;
        changing.commit()?;
    }
    Ok(Found::Ours(FORMAT))
}
