//! The tables.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

/// The format this version writes.
pub(crate) const FORMAT: u32 = 1;

/// The writer and the readers are in one process; only a backup or a curious user makes anybody wait.
const BUSY: Duration = Duration::from_secs(5);

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

/// Opens a connection: write-ahead log, every commit on the disk before it is reported.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// Makes the tables where there are none; returns the format that is there afterwards.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<u32> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found != 0 {
        return Ok(found);
    }
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()?;
    Ok(FORMAT)
}
