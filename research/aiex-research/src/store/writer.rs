//! The one writer. It takes whatever waits, writes it in one transaction, and then tells everybody.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use super::{Commit, schema};
use crate::error::ResearchError;
use crate::event::Entry;
use crate::feed::Feeds;
use crate::run::RunId;

/// Commits written in one transaction at most: parallel steps share one flush of the disk.
const TOGETHER: usize = 64;

/// Pages given back to the disk at once, one mebibyte of them: nobody's commit waits for more.
const PAGES: u32 = 256;

/// Readers are waited for this long before the log is cut: a commit may be waiting behind it.
const READER_PATIENCE: Duration = Duration::from_millis(200);

/// A commit and whom to tell.
pub(super) struct Job {
    pub(super) commit: Commit,
    pub(super) done: oneshot::Sender<Result<(), ResearchError>>,
}

pub(super) struct Writer {
    connection: Connection,
    path: PathBuf,
    feeds: Arc<Feeds>,
    /// The last numbers given out, by run: of the journal's line and of the event.
    last: HashMap<RunId, Last>,
    /// Whether something was removed whose room is still the file's.
    has_room_to_give: bool,
    /// Commits still to be written before the writer falls dead, as a killed process would; tests only.
    dies_after: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Last {
    line: u64,
    seq: u64,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        path: PathBuf,
        feeds: Arc<Feeds>,
        dies_after: Option<u64>,
    ) -> Self {
        Self {
            connection,
            path,
            feeds,
            last: HashMap::new(),
            // What a process that died in the midst of it left.
            has_room_to_give: true,
            dies_after,
        }
    }

    /// Works until every sender is gone.
    pub(super) fn work(mut self, mut queue: mpsc::Receiver<Job>) {
        let together = if self.dies_after.is_some() { 1 } else { TOGETHER };
        while let Some(first) = self.next(&mut queue) {
            if self.dies_after == Some(0) {
                // A queue that is let go of may keep what is sent at that moment, and nobody would be told.
                drop(first);
                while queue.blocking_recv().is_some() {}
                return;
            }
            let mut jobs = vec![first];
            while jobs.len() < together
                && let Ok(next) = queue.try_recv()
            {
                jobs.push(next);
            }
            self.write(jobs);
            if let Some(left) = &mut self.dies_after {
                *left -= 1;
            }
        }
    }

    /// The next commit. Until it comes, the room of what was removed goes back to the disk, step by step.
    fn next(&mut self, queue: &mut mpsc::Receiver<Job>) -> Option<Job> {
        while self.has_room_to_give {
            match queue.try_recv() {
                Ok(job) => return Some(job),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            self.has_room_to_give = self.give_back().unwrap_or_else(|error| {
                // It stays free room of the file, which later runs fill.
                tracing::warn!(store = %self.path.display(), %error, "room could not be given back to the disk");
                false
            });
        }
        queue.blocking_recv()
    }

    /// Gives some of the free room back. Whether there is more.
    fn give_back(&self) -> rusqlite::Result<bool> {
        let free = |connection: &Connection| -> rusqlite::Result<u32> {
            connection.pragma_query_value(None, "freelist_count", |row| row.get(0))
        };
        let before = free(&self.connection)?;
        if before > 0 {
            // One row for each page: the statement is run to its end.
            let mut step = self
                .connection
                .prepare_cached(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
            let mut rows = step.query([])?;
            while rows.next()?.is_some() {}
        }
        let after = free(&self.connection)?;
        if after > 0 && after < before {
            return Ok(true);
        }
        // What the log says about the file's size becomes true of the file, and the log itself goes: after a removal it may be
        // as long as what was removed, and nobody knows when the next commit cuts it. Readers in the midst of something
        // are waited for a moment; if they take longer, a later commit does it.
        self.connection.busy_timeout(READER_PATIENCE)?;
        let cut = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.connection.busy_timeout(schema::BUSY)?;
        cut.map(|()| false)
    }

    fn write(&mut self, jobs: Vec<Job>) {
        match self.transact(&jobs) {
            Ok(written) => {
                for (job, entries) in jobs.into_iter().zip(written) {
                    if job.commit.delete {
                        self.feeds.forget(&job.commit.run);
                        self.has_room_to_give = true;
                    } else {
                        self.feeds
                            .publish(&job.commit.run, entries, job.commit.patch.state);
                    }
                    // Whoever asked may have gone; what was written stays written.
                    let _gone = job.done.send(Ok(()));
                }
            }
            Err(error) => {
                self.last.clear();
                tracing::error!(store = %self.path.display(), %error, "the research store cannot be written");
                for job in jobs {
                    let failure = ResearchError::Store {
                        path: self.path.clone(),
                        message: error.to_string(),
                    };
                    let _gone = job.done.send(Err(failure));
                }
            }
        }
    }

    fn transact(&mut self, jobs: &[Job]) -> rusqlite::Result<Vec<Vec<Arc<Entry>>>> {
        let transaction = self.connection.transaction()?;
        let mut last = self.last.clone();
        let written = jobs
            .iter()
            .map(|job| apply(&transaction, &mut last, &job.commit))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        transaction.commit()?;
        self.last = last;
        Ok(written)
    }
}

fn apply(
    transaction: &Transaction<'_>,
    last: &mut HashMap<RunId, Last>,
    commit: &Commit,
) -> rusqlite::Result<Vec<Arc<Entry>>> {
    let run = &commit.run.0;
    if commit.delete {
        for table in [
            "runs WHERE id",
            "journal WHERE run",
            "events WHERE run",
            "reports WHERE run",
            "past WHERE run",
        ] {
            transaction.execute(&format!("DELETE FROM {table} = ?1"), [run])?;
        }
        super::graph::remove(transaction, run)?;
        last.remove(&commit.run);
        return Ok(Vec::new());
    }
    if let Some(new) = &commit.new {
        transaction.prepare_cached(
            "INSERT INTO runs (id, request, nonce, state, created_ms, changed_ms) VALUES (?1, ?2, ?3, 'running', ?4, ?4)",
        )?
        .execute(params![run, json(&new.request)?, new.nonce, commit.at_ms])?;
    }
    patch(transaction, commit)?;
    let mut at = match last.get(&commit.run) {
        Some(at) => *at,
        None => Last {
            line: highest(transaction, "SELECT max(ord) FROM journal WHERE run = ?1", run)?,
            seq: highest(transaction, "SELECT max(seq) FROM events WHERE run = ?1", run)?,
        },
    };
    for line in &commit.lines {
        at.line += 1;
        transaction
            .prepare_cached(
                "INSERT INTO journal (run, ord, generation, at_ms, kind, key, body)
                 VALUES (?1, ?2, (SELECT generation FROM runs WHERE id = ?1), ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                run,
                at.line,
                commit.at_ms,
                line.kind.as_str(),
                line.key,
                line.body
            ])?;
    }
    let mut entries = Vec::with_capacity(commit.events.len());
    for event in &commit.events {
        at.seq += 1;
        transaction
            .prepare_cached("INSERT INTO events (run, seq, at_ms, event) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![run, at.seq, commit.at_ms, json(event)?])?;
        entries.push(Arc::new(Entry {
            seq: at.seq,
            at_ms: commit.at_ms,
            event: event.clone(),
        }));
    }
    last.insert(commit.run.clone(), at);
    Ok(entries)
}

fn patch(transaction: &Transaction<'_>, commit: &Commit) -> rusqlite::Result<()> {
    let run = &commit.run.0;
    let patch = &commit.patch;
    let set = |column: &str, value: &dyn rusqlite::ToSql| {
        let sql = format!("UPDATE runs SET {column} = ?2 WHERE id = ?1");
        transaction.prepare_cached(&sql)?.execute(params![run, value])
    };
    if let Some(state) = patch.state {
        set("state", &state.as_str())?;
        set("changed_ms", &commit.at_ms)?;
    }
    if let Some(stage) = patch.stage {
        set("stage", &json(&stage)?)?;
    }
    if let Some(reason) = &patch.reason {
        set("reason", reason)?;
    }
    if let Some(brief) = &patch.brief {
        set("brief", &json(brief)?)?;
    }
    if let Some(plan) = &patch.plan {
        set("plan", &json(plan)?)?;
    }
    if let Some(ledger) = &patch.ledger {
        set("ledger", &json(ledger)?)?;
    }
    if let Some(finishing) = patch.finishing {
        set("finishing", &finishing)?;
    }
    if patch.next_generation {
        transaction.execute("UPDATE runs SET generation = generation + 1 WHERE id = ?1", [run])?;
    }
    if let Some(report) = &patch.report {
        transaction.execute(
            "INSERT OR REPLACE INTO reports (run, report) VALUES (?1, ?2)",
            params![run, json(&**report)?],
        )?;
        super::reads::keep_past(transaction, report)?;
        super::graph::keep(transaction, run, report)?;
    }
    Ok(())
}

fn highest(transaction: &Transaction<'_>, sql: &str, run: &str) -> rusqlite::Result<u64> {
    let highest: Option<Option<u64>> = transaction
        .prepare_cached(sql)?
        .query_row([run], |row| row.get(0))
        .optional()?;
    Ok(highest.flatten().unwrap_or(0))
}

/// A value as JSON.
fn json<T: serde::Serialize>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
