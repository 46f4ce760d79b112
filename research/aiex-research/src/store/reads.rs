//! What is read from the store.

use std::sync::Arc;

use aiex_evidence::{Ledger, Origin, Report, SourceId, Verdict};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::DeserializeOwned;

use super::LineKind;
use crate::event::{Entry, Stage};
use crate::plan::{Brief, Plan};
use crate::request::Request;
use crate::run::{RunId, RunState, RunSummary};

/// A run's row.
#[derive(Debug, Clone)]
pub(crate) struct RunRow {
    pub(crate) id: RunId,
    pub(crate) request: Request,
    pub(crate) nonce: String,
    pub(crate) state: RunState,
    pub(crate) stage: Option<Stage>,
    pub(crate) reason: Option<String>,
    pub(crate) brief: Option<Brief>,
    pub(crate) plan: Option<Plan>,
    pub(crate) ledger: Ledger,
    pub(crate) generation: u64,
    pub(crate) finishing: bool,
    pub(crate) created_ms: u64,
    pub(crate) changed_ms: u64,
    pub(crate) last_seq: u64,
}

impl RunRow {
    pub(crate) fn summary(&self) -> RunSummary {
        RunSummary {
            id: self.id.clone(),
            question: self.request.question.clone(),
            depth: self.request.depth,
            state: self.state,
            stage: self.stage,
            created_ms: self.created_ms,
            changed_ms: self.changed_ms,
            reason: self.reason.clone(),
        }
    }
}

/// A line of the journal as it was kept.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) kind: LineKind,
    pub(crate) generation: u64,
    pub(crate) key: String,
    pub(crate) body: String,
}

/// An earlier report, or a source that one cites.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PastSource {
    pub(crate) origin: Origin,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) date: Option<String>,
    pub(crate) licence: Option<String>,
    pub(crate) instructs: bool,
    /// When the text was read, in seconds since 1970, if it is another's: a report is its own text.
    pub(crate) read_at: Option<u64>,
    pub(crate) score: f32,
}

const COLUMNS: &str =
    "id, request, nonce, state, stage, reason, brief, plan, ledger, generation, finishing, created_ms,
    changed_ms, (SELECT coalesce(max(seq), 0) FROM events WHERE run = id)";

fn parsed<T: DeserializeOwned>(column: usize, text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

fn parsed_if<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    row.get::<_, Option<String>>(column)?
        .map(|text| parsed(column, &text))
        .transpose()
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let ledger: String = row.get(8)?;
    let state: String = row.get(3)?;
    Ok(RunRow {
        id: RunId(row.get(0)?),
        request: parsed(1, &row.get::<_, String>(1)?)?,
        nonce: row.get(2)?,
        state: RunState::from_word(&state)
            .ok_or_else(|| rusqlite::Error::InvalidColumnType(3, state, Type::Text))?,
        stage: parsed_if(row, 4)?,
        reason: row.get(5)?,
        brief: parsed_if(row, 6)?,
        plan: parsed_if(row, 7)?,
        ledger: if ledger == "{}" {
            Ledger::default()
        } else {
            parsed(8, &ledger)?
        },
        generation: row.get(9)?,
        finishing: row.get(10)?,
        created_ms: row.get(11)?,
        changed_ms: row.get(12)?,
        last_seq: row.get(13)?,
    })
}

pub(super) fn run(connection: &Connection, run: &RunId) -> rusqlite::Result<Option<RunRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM runs WHERE id = ?1"))?
        .query_row([&run.0], run_row)
        .optional()
}

pub(super) fn runs(connection: &Connection) -> rusqlite::Result<Vec<RunRow>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM runs ORDER BY created_ms DESC, id DESC"
        ))?
        .query_map([], run_row)?
        .collect()
}

pub(super) fn events(
    connection: &Connection,
    run: &RunId,
    from_seq: u64,
    limit: usize,
) -> rusqlite::Result<Vec<Arc<Entry>>> {
    connection
        .prepare_cached(
            "SELECT seq, at_ms, event FROM events WHERE run = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3",
        )?
        .query_map(params![run.0, from_seq, limit], |row| {
            let event = parsed(2, &row.get::<_, String>(2)?)?;
            Ok(Arc::new(Entry {
                seq: row.get(0)?,
                at_ms: row.get(1)?,
                event,
            }))
        })?
        .collect()
}

pub(super) fn journal(connection: &Connection, run: &RunId) -> rusqlite::Result<Vec<Recorded>> {
    connection
        .prepare_cached("SELECT kind, generation, key, body FROM journal WHERE run = ?1 ORDER BY ord")?
        .query_map([&run.0], |row| {
            let kind = if row.get::<_, String>(0)? == "began" {
                LineKind::Began
            } else {
                LineKind::Ended
            };
            Ok(Recorded {
                kind,
                generation: row.get(1)?,
                key: row.get(2)?,
                body: row.get(3)?,
            })
        })?
        .collect()
}

pub(super) fn report(connection: &Connection, run: &RunId) -> rusqlite::Result<Option<Report>> {
    connection
        .prepare_cached("SELECT report FROM reports WHERE run = ?1")?
        .query_row([&run.0], |row| parsed(0, &row.get::<_, String>(0)?))
        .optional()
}

/// Makes a report and the sources it cites findable for later runs.
pub(super) fn keep_past(connection: &Connection, report: &Report) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM past WHERE run = ?1", [&report.run])?;
    let mut insert =
        connection.prepare_cached("INSERT INTO past (run, source, title, body) VALUES (?1, ?2, ?3, ?4)")?;
    insert.execute(params![report.run, 0, report.question, report_text(report)])?;
    for source in &report.sources {
        // An earlier report that this one cites is findable itself.
        if matches!(source.origin, Origin::Report { .. }) {
            continue;
        }
        let quotes: Vec<&str> = report
            .quotes
            .iter()
            .filter(|quote| quote.id.source == source.id)
            .map(|quote| quote.text.as_str())
            .collect();
        if !quotes.is_empty() {
            insert.execute(params![report.run, source.id.0, source.title, quotes.join("\n")])?;
        }
    }
    Ok(())
}

/// A report as plain text: what a later run may quote from it. Only sentences that are the quotes' own words, as code sees: what
/// a model wrote and a model judged is no source.
fn report_text(report: &Report) -> String {
    let mut text = String::new();
    for section in &report.sections {
        text.push_str(&section.heading);
        text.push_str("\n\n");
        for paragraph in &section.paragraphs {
            for sentence in &paragraph.sentences {
                let is_quoted = sentence.verdict == Some(Verdict::Supported) && !sentence.judged;
                if is_quoted {
                    text.push_str(&sentence.text);
                    text.push(' ');
                }
            }
            text.push('\n');
        }
    }
    text
}

/// What earlier reports on the same repositories say and cite: another repository's code answers nothing here. Of a run of no
/// repository in particular the pages of the web belong to all; what else it cites may be of any repository.
pub(super) fn past(
    connection: &Connection,
    query: &str,
    limit: usize,
    but: &RunId,
) -> rusqlite::Result<Vec<PastSource>> {
    // Every word quoted: nothing in a query can be an operator of the engine.
    let words: Vec<String> = query
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.chars().count() > 2)
        .map(|word| format!("\"{word}\""))
        .collect();
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let hits: Vec<(String, u32, f64, bool)> = connection
        .prepare_cached(
            "SELECT past.run, past.source, bm25(past), coalesce(json_array_length(theirs.request, '$.repos'), 0) = 0
                 AND coalesce(json_array_length(ours.request, '$.repos'), 0) > 0
             FROM past JOIN runs theirs ON theirs.id = past.run JOIN runs ours ON ours.id = ?2
             WHERE past MATCH ?1 AND past.run <> ?2 AND (
                 coalesce(json_array_length(ours.request, '$.repos'), 0) = 0
                 OR coalesce(json_array_length(theirs.request, '$.repos'), 0) = 0
                 OR EXISTS (SELECT 1 FROM json_each(theirs.request, '$.repos') a, json_each(ours.request, '$.repos') b
                            WHERE a.value = b.value))
             ORDER BY bm25(past) LIMIT ?3",
        )?
        .query_map(params![words.join(" OR "), but.0, limit], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let is_web = |origin: &Origin| matches!(origin, Origin::Web { .. });
    let mut found = Vec::new();
    for (id, source, rank, is_of_any) in hits {
        let Some(report) = report(connection, &RunId(id.clone()))? else {
            continue;
        };
        let is_open = match report.sources.get(SourceId(source)) {
            Some(source) => is_web(&source.origin),
            None => report.sources.iter().all(|source| is_web(&source.origin)),
        };
        if is_of_any && !is_open {
            continue;
        }
        // The engine's scores are negative, lower being better.
        let score = -rank as f32;
        let past = match report.sources.get(SourceId(source)) {
            Some(source) => PastSource {
                origin: source.origin.clone(),
                title: source.title.clone(),
                text: source.text.clone(),
                date: source.date.clone(),
                licence: source.licence.clone(),
                instructs: source.instructs,
                read_at: Some(source.read_at),
                score,
            },
            // A report that nobody wrote says what its sources say, and those are found by themselves.
            None if report.model.is_none() => continue,
            None => PastSource {
                text: report_text(&report),
                title: report.question,
                origin: Origin::Report { run: id },
                date: None,
                licence: None,
                instructs: false,
                read_at: None,
                score,
            },
        };
        found.push(past);
    }
    Ok(found)
}
