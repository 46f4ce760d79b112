//! SQLite files: one moment of a file that is in use, and whether a file is sound.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::BackupError;
use crate::files;

/// Whoever writes holds the file for moments only.
const BUSY: Duration = Duration::from_secs(10);
/// Faults that are told of one file.
const MAX_FAULTS: u32 = 3;

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY)?;
    Ok(db)
}

/// Copies one moment of a database into a new file, also while others write to it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let name = to
        .to_str()
        .ok_or_else(|| BackupError::damaged(to, "its name is not Unicode, which SQLite needs"))?;
    open(from)
        .and_then(|db| db.execute("VACUUM INTO ?1", [name]))
        .map_err(|e| BackupError::database(from, e))?;
    check(to)
}

/// Reads a whole database.
///
/// # Errors
/// What is wrong with it.
pub fn check(path: &Path) -> Result<(), BackupError> {
    let faults = || -> rusqlite::Result<Vec<String>> {
        let db = open(path)?;
        let mut told = db.prepare(&format!("PRAGMA integrity_check({MAX_FAULTS})"))?;
        let lines = told.query_map([], |row| row.get(0))?;
        lines.collect()
    };
    match faults() {
        Ok(lines) if lines == ["ok"] => Ok(()),
        Ok(lines) => Err(BackupError::damaged(path, lines.join("; "))),
        Err(e) => Err(BackupError::damaged(path, e.to_string())),
    }
}

/// The log beside a database.
pub(crate) fn log_of(path: &Path) -> PathBuf {
    files::beside(path, "-wal")
}

/// Takes what the log beside a database holds into it, so that one file is all of it. Nobody else has it open.
pub(crate) fn settle(path: &Path) -> rusqlite::Result<()> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    db.busy_timeout(BUSY)?;
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    // The last one to close it takes the log away.
    db.close().map_err(|(_, e)| e)
}
