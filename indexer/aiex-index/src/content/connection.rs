//! The files of SQLite as all stores of ours use them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

/// A write-ahead log below this is left for the next commits to write over, in bytes.
const LOG_WORTH_CUTTING: u64 = 512 << 10;

/// What a store's rows are like, by which its pages are sized. A store that is there keeps the size that it has.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rows {
    /// Some hundred bytes.
    Small,
    /// Some thousand bytes: each goes on over pages of its own, of which the last is half empty. On pages of half of
    /// SQLite's usual size, a twelfth of such a file is less of that; still smaller ones make rows slower to read.
    Large,
}

impl Rows {
    fn page_bytes(self) -> u32 {
        match self {
            Self::Small => 4 << 10,
            Self::Large => 2 << 10,
        }
    }
}

/// The write-ahead log is taken into the database from this many bytes on.
const CHECKPOINT_BYTES: u32 = 4 << 20;

/// A connection as all stores of ours use it: write-ahead log, a bounded wait for locks, little memory.
pub(crate) fn open_connection(path: &Path, rows: Rows) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    let page = rows.page_bytes();
    let checkpoint = CHECKPOINT_BYTES / page;
    // A store that is there keeps to what it was made with. The size of pages is first: what comes after it makes the file.
    connection.execute_batch(&format!(
        "PRAGMA page_size = {page}; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 4194304;
         PRAGMA wal_autocheckpoint = {checkpoint}; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY;"
    ))?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
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

/// Pages that are given back to the system at once, so that commits need not wait long.
const PAGES_AT_ONCE: u32 = 4096;

/// Gives the pages that nothing lies on back to the system, until it is interrupted. Stores of before this was kept have
/// such pages written over instead.
pub(crate) fn give_back_pages(db: &Connection) -> rusqlite::Result<bool> {
    let free = |db: &Connection| db.query_row("PRAGMA freelist_count", [], |row| row.get::<_, u32>(0));
    let before = free(db)?;
    let mut step = db.prepare(&format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})"))?;
    let mut rows = step.query([])?;
    while rows.next()?.is_some() {}
    let after = free(db)?;
    Ok(0 < after && after < before)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_has_the_pages_of_its_rows_and_gives_back_those_that_are_free() {
        let folder = tempfile::tempdir().unwrap();
        for (rows, bytes) in [(Rows::Small, 4096), (Rows::Large, 2048)] {
            let db = open_connection(&folder.path().join(format!("{rows:?}.db")), rows).unwrap();
            let number = |pragma| {
                db.pragma_query_value(None, pragma, |row| row.get::<_, u32>(0))
                    .unwrap()
            };
            const INCREMENTAL: u32 = 2;
            assert_eq!((number("page_size"), number("auto_vacuum")), (bytes, INCREMENTAL));
        }
    }
}
