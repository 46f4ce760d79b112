//! The graph of knowledge as tables: what every report knows, and all of it together.
//!
//! `graph_known` and `graph_seen` hold each run's graph as it was made; `graph_nodes` and `graph_edges` hold their sum,
//! with the counts that a search is ordered by. Both change in the transaction that keeps or drops the report, so the
//! graph never lacks one. All of it is made from reports and can be made again: [`repair`] does so at the opening, for
//! whatever is missing, and for everything when the format has changed.

mod load;

use aiex_evidence::graph::{Kind, Relation};
use aiex_evidence::{KnowledgeGraph, Report, Verdict};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

pub(super) use load::{neighbourhood, of_run, whole};

/// The format of these tables, and of what [`KnowledgeGraph::of`] finds in a report. Another number makes the graph anew.
const FORMAT: u32 = 2;

/// Reports taken in by one transaction of a repair.
const TOGETHER: usize = 64;

const TABLES: &str = "
DROP TABLE IF EXISTS graph_nodes;
DROP TABLE IF EXISTS graph_edges;
DROP TABLE IF EXISTS graph_known;
DROP TABLE IF EXISTS graph_seen;
DROP TABLE IF EXISTS graph_runs;
DROP TABLE IF EXISTS graph_format;
CREATE TABLE graph_nodes (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    degree INTEGER NOT NULL DEFAULT 0,
    runs INTEGER NOT NULL DEFAULT 1,
    UNIQUE (kind, name)
) STRICT;
CREATE INDEX graph_nodes_by_degree ON graph_nodes (kind = 5, degree DESC);
CREATE TABLE graph_edges (
    id INTEGER PRIMARY KEY,
    head INTEGER NOT NULL,
    tail INTEGER NOT NULL,
    relation INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    runs INTEGER NOT NULL DEFAULT 1,
    UNIQUE (head, tail, relation)
) STRICT;
CREATE INDEX graph_edges_by_tail ON graph_edges (tail);
CREATE TABLE graph_known (
    run TEXT NOT NULL,
    place INTEGER NOT NULL,
    node INTEGER NOT NULL,
    verdict INTEGER,
    made INTEGER NOT NULL,
    PRIMARY KEY (run, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX graph_known_by_node ON graph_known (node, made, run, place);
CREATE TABLE graph_seen (
    run TEXT NOT NULL,
    place INTEGER NOT NULL,
    edge INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    PRIMARY KEY (run, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE graph_runs (run TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE graph_format (format INTEGER NOT NULL) STRICT;
";

/// What the numbers in the tables mean: the place in these lists, which is also their order.
const KINDS: [Kind; 6] = [
    Kind::Identifier,
    Kind::Package,
    Kind::Path,
    Kind::Name,
    Kind::Claim,
    Kind::Source,
];
const RELATIONS: [Relation; 4] = [
    Relation::Cites,
    Relation::Mentions,
    Relation::Contradicts,
    Relation::CoOccurs,
];
const VERDICTS: [Verdict; 5] = [
    Verdict::Supported,
    Verdict::Partial,
    Verdict::Unsupported,
    Verdict::Contradicted,
    Verdict::Unchecked,
];

/// Brings the graph to where the reports are. Blocking; with nothing to do it costs two look-ups by key for each report.
pub(super) fn repair(connection: &mut Connection) -> rusqlite::Result<()> {
    if format(connection)? != Some(FORMAT) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(TABLES)?;
        transaction.execute("INSERT INTO graph_format VALUES (?1)", [FORMAT])?;
        transaction.commit()?;
    }
    let gone = runs(
        connection,
        "SELECT run FROM graph_runs WHERE run NOT IN (SELECT run FROM reports)",
    )?;
    let missing = runs(
        connection,
        "SELECT run FROM reports WHERE run NOT IN (SELECT run FROM graph_runs)",
    )?;
    if gone.is_empty() && missing.is_empty() {
        return Ok(());
    }
    tracing::info!(
        gone = gone.len(),
        missing = missing.len(),
        "the graph is made anew in part"
    );
    let transaction = connection.transaction()?;
    for run in &gone {
        remove(&transaction, run)?;
    }
    transaction.commit()?;
    for some in missing.chunks(TOGETHER) {
        let transaction = connection.transaction()?;
        for run in some {
            let text: String =
                transaction.query_row("SELECT report FROM reports WHERE run = ?1", [run], |row| {
                    row.get(0)
                })?;
            match serde_json::from_str::<Report>(&text) {
                Ok(report) => keep(&transaction, run, &report)?,
                // Whoever asks for the report itself is told the same.
                Err(error) => tracing::error!(run, %error, "a report cannot be read; the graph lacks it"),
            }
        }
        transaction.commit()?;
    }
    Ok(())
}

fn format(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    if !connection.table_exists(None, "graph_format")? {
        return Ok(None);
    }
    connection
        .query_row("SELECT format FROM graph_format", [], |row| row.get(0))
        .optional()
}

fn runs(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare(sql)?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Takes in what a report knows, in place of what an earlier report of its run knew.
pub(super) fn keep(transaction: &Transaction<'_>, run: &str, report: &Report) -> rusqlite::Result<()> {
    remove(transaction, run)?;
    transaction.execute("INSERT INTO graph_runs (run) VALUES (?1)", [run])?;
    let graph = KnowledgeGraph::of(report);
    let mut node = transaction.prepare_cached(
        "INSERT INTO graph_nodes (kind, name, folded) VALUES (?1, ?2, ?3)
         ON CONFLICT (kind, name) DO UPDATE SET runs = runs + 1 RETURNING id",
    )?;
    let mut known = transaction.prepare_cached(
        "INSERT INTO graph_known (run, place, node, verdict, made)
         VALUES (?1, ?2, ?3, ?4, (SELECT created_ms FROM runs WHERE id = ?1))",
    )?;
    let mut ids: Vec<i64> = Vec::with_capacity(graph.len());
    for (place, one) in graph.nodes().enumerate() {
        let named = params![one.kind as u8, one.name, one.name.to_lowercase()];
        let id = node.query_row(named, |row| row.get(0))?;
        known.execute(params![run, place, id, one.verdict.map(|verdict| verdict as u8)])?;
        ids.push(id);
    }
    let mut edge = transaction.prepare_cached(
        "INSERT INTO graph_edges (head, tail, relation, weight) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (head, tail, relation) DO UPDATE SET runs = runs + 1, weight = weight + excluded.weight
         RETURNING id, runs",
    )?;
    let mut seen = transaction
        .prepare_cached("INSERT INTO graph_seen (run, place, edge, weight) VALUES (?1, ?2, ?3, ?4)")?;
    let mut joined =
        transaction.prepare_cached("UPDATE graph_nodes SET degree = degree + 1 WHERE id = ?1 OR id = ?2")?;
    for (place, one) in graph.edges().enumerate() {
        let (Some(head), Some(tail)) = (ids.get(one.from), ids.get(one.to)) else {
            continue;
        };
        let (id, runs): (i64, u64) = edge
            .query_row(params![head, tail, one.relation as u8, one.weight], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        if runs == 1 {
            joined.execute([head, tail])?;
        }
        seen.execute(params![run, place, id, one.weight])?;
    }
    Ok(())
}

/// Drops what only this run knew, and takes the rest back by as much as it had added.
pub(super) fn remove(transaction: &Transaction<'_>, run: &str) -> rusqlite::Result<()> {
    if transaction.execute("DELETE FROM graph_runs WHERE run = ?1", [run])? == 0 {
        return Ok(());
    }
    for sql in [
        "UPDATE graph_edges SET runs = graph_edges.runs - 1, weight = graph_edges.weight - seen.weight
         FROM graph_seen AS seen WHERE seen.run = ?1 AND seen.edge = graph_edges.id",
        "UPDATE graph_nodes SET degree = degree - lost.edges FROM (
             SELECT node, count(*) AS edges FROM (
                 SELECT head AS node FROM graph_edges
                 WHERE id IN (SELECT edge FROM graph_seen WHERE run = ?1) AND runs = 0
                 UNION ALL
                 SELECT tail FROM graph_edges
                 WHERE id IN (SELECT edge FROM graph_seen WHERE run = ?1) AND runs = 0
             ) GROUP BY node
         ) AS lost WHERE lost.node = graph_nodes.id",
        "DELETE FROM graph_edges WHERE id IN (SELECT edge FROM graph_seen WHERE run = ?1) AND runs = 0",
        "DELETE FROM graph_seen WHERE run = ?1",
        "UPDATE graph_nodes SET runs = runs - 1 WHERE id IN (SELECT node FROM graph_known WHERE run = ?1)",
        "DELETE FROM graph_nodes WHERE id IN (SELECT node FROM graph_known WHERE run = ?1) AND runs = 0",
        "DELETE FROM graph_known WHERE run = ?1",
    ] {
        transaction.prepare_cached(sql)?.execute([run])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
