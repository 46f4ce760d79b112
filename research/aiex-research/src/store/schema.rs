//! The tables.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

/// The format this version writes.
pub(crate) const FORMAT: u32 = 1;

/// The writer and the readers are in one process; only a backup or a curious user makes anybody wait.
pub(super) const BUSY: Duration = Duration::from_secs(5);

const TABLES: &str = "
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    nonce TEXT NOT NULL,
    state TEXT NOT NULL,
    stage TEXT,
    reason TEXT,
    brief TEXT,
    plan TEXT,
    ledger TEXT NOT NULL DEFAULT '{}',
    generation INTEGER NOT NULL DEFAULT 0,
    finishing INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE journal (
    run TEXT NOT NULL,
    ord INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, ord)
) STRICT;
CREATE TABLE events (
    run TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT;
CREATE TABLE reports (
    run TEXT PRIMARY KEY,
    report TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE past USING fts5 (run UNINDEXED, source UNINDEXED, title, body, tokenize = 'porter unicode61');
";

/// Bytes that the log keeps for the next writes when it begins anew; what a large commit took beyond goes back.
const KEPT_LOG: u32 = 4 << 20;

/// Opens a connection: write-ahead log, every commit on the disk before it is reported.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    // Takes effect when the file is made; a file that was made without is changed by `prepare`. Where tables are it would
    // be written each time, also into a file of a newer version.
    let format: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if format == 0 {
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "journal_size_limit", KEPT_LOG)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// Makes the tables where there are none; returns the format that is there afterwards.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<u32> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found != 0 {
        if found <= FORMAT {
            give_back_by_steps(connection);
        }
        return Ok(found);
    }
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()?;
    Ok(FORMAT)
}

/// A file that was made by a version that never gave room back is written anew, once, so that it can be given back by
/// steps from here on. Where there is no room for that now, the next opening tries again; nothing depends on it.
fn give_back_by_steps(connection: &Connection) {
    const INCREMENTAL: u32 = 2;
    let change = || -> rusqlite::Result<()> {
        let mode: u32 = connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
        if mode == INCREMENTAL {
            return Ok(());
        }
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        connection.execute_batch("VACUUM")
    };
    if let Err(error) = change() {
        tracing::warn!(%error, "the research store cannot be made to give room back; it is tried again at the next start");
    }
}
