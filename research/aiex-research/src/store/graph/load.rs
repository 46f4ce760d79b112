//! What is read from the graph's tables. A neighbourhood reads what it shows; only a whole graph reads everything.
//!
//! The order is that of [`KnowledgeGraph::merge`] over the runs from the newest to the oldest: a node stands where the
//! newest run that knows it has put it.

use std::cmp::Reverse;
use std::collections::HashMap;

use aiex_evidence::KnowledgeGraph;
use aiex_evidence::graph::{Centre, Edge, Kind, Neighbourhood, Node};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{KINDS, RELATIONS, VERDICTS};

/// Joins a node, by its number, to its place: where the newest run that knows it has put it.
fn at_its_place(node: &str) -> String {
    format!(
        "JOIN graph_known AS at ON (at.run, at.place) = (
             SELECT run, place FROM graph_known WHERE node = {node} ORDER BY made DESC, run DESC LIMIT 1)"
    )
}

/// By place.
const BY_PLACE: &str = "at.made DESC, at.run DESC, at.place";

/// The word for a number of the tables.
fn word<T: Copy>(row: &Row<'_>, column: usize, words: &[T]) -> rusqlite::Result<T> {
    let number: usize = row.get(column)?;
    words.get(number).copied().ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            Type::Integer,
            format!("{number} means nothing").into(),
        )
    })
}

fn word_if<T: Copy>(row: &Row<'_>, column: usize, words: &[T]) -> rusqlite::Result<Option<T>> {
    match row.get::<_, Option<usize>>(column)? {
        Some(_) => word(row, column, words).map(Some),
        None => Ok(None),
    }
}

/// An edge's weight: sums of many runs end where the number does.
fn weight(row: &Row<'_>, column: usize) -> rusqlite::Result<u32> {
    Ok(u32::try_from(row.get::<_, u64>(column)?).unwrap_or(u32::MAX))
}

/// What a run knows; `None` when it has no report.
pub(in crate::store) fn of_run(
    connection: &Connection,
    run: &str,
) -> rusqlite::Result<Option<KnowledgeGraph>> {
    let is_known = connection
        .prepare_cached("SELECT 1 FROM graph_runs WHERE run = ?1")?
        .exists([run])?;
    if !is_known {
        return Ok(None);
    }
    let mut places: HashMap<i64, usize> = HashMap::new();
    let mut nodes = Vec::new();
    let mut known = connection.prepare_cached(
        "SELECT id, kind, name, verdict FROM graph_known JOIN graph_nodes ON id = node
         WHERE run = ?1 ORDER BY place",
    )?;
    let mut rows = known.query([run])?;
    while let Some(row) = rows.next()? {
        places.insert(row.get(0)?, nodes.len());
        nodes.push(Node {
            kind: word(row, 1, &KINDS)?,
            name: row.get(2)?,
            verdict: word_if(row, 3, &VERDICTS)?,
            runs: vec![run.to_owned()],
        });
    }
    let edges = connection
        .prepare_cached(
            "SELECT head, tail, relation, graph_seen.weight FROM graph_seen JOIN graph_edges ON id = edge
             WHERE run = ?1 ORDER BY place",
        )?
        .query_map([run], |row| {
            let (head, tail): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok(match (places.get(&head), places.get(&tail)) {
                (Some(from), Some(to)) => Some(Edge {
                    from: *from,
                    to: *to,
                    relation: word(row, 2, &RELATIONS)?,
                    weight: weight(row, 3)?,
                }),
                _ => None,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Some(KnowledgeGraph::listed(nodes, edges.into_iter().flatten())))
}

/// What all runs know together.
pub(in crate::store) fn whole(connection: &Connection) -> rusqlite::Result<KnowledgeGraph> {
    // One look at the tables: a run that is kept or removed meanwhile is in it wholly or not at all.
    let _still = connection.unchecked_transaction()?;
    let runs: Vec<String> = connection
        .prepare_cached(
            "SELECT id FROM runs WHERE id IN (SELECT run FROM graph_runs) ORDER BY created_ms DESC, id DESC",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut whole = KnowledgeGraph::default();
    for run in runs {
        if let Some(graph) = of_run(connection, &run)? {
            whole.merge(&graph);
        }
    }
    Ok(whole)
}

/// The nodes whose name holds `name`, or the best connected ones, with the heaviest edges of each; `limit` of both.
pub(in crate::store) fn neighbourhood(
    connection: &Connection,
    name: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Neighbourhood> {
    let _still = connection.unchecked_transaction()?;
    let count = |sql: &str| -> rusqlite::Result<u64> {
        connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
    };
    let (nodes, edges) = (
        count("SELECT count(*) FROM graph_nodes")?,
        count("SELECT count(*) FROM graph_edges")?,
    );
    let (centres, fitting) = match name.map(|name| name.trim().to_lowercase()) {
        None => (best_connected(connection, limit)?, nodes),
        Some(name) if name.is_empty() => (Vec::new(), 0),
        Some(name) => (named(connection, &name, limit)?, fitting(connection, &name)?),
    };
    let mut part = Part::default();
    for (centre, _) in &centres {
        part.take_in(connection, *centre)?;
        for edge in heaviest(connection, *centre, limit)? {
            part.take_in(connection, edge.head)?;
            part.take_in(connection, edge.tail)?;
            part.edges.push(edge);
        }
    }
    let (graph, places) = part.graph();
    let centre = |(id, degree): &(i64, u64)| {
        places.get(id).map(|place| Centre {
            place: *place,
            degree: *degree,
        })
    };
    Ok(Neighbourhood {
        centres: centres.iter().filter_map(centre).collect(),
        fitting,
        nodes,
        edges,
        graph,
    })
}

fn best_connected(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<(i64, u64)>> {
    let sql = format!(
        "SELECT id, degree FROM graph_nodes {}
         ORDER BY degree DESC, {BY_PLACE} LIMIT ?1",
        at_its_place("graph_nodes.id")
    );
    connection
        .prepare_cached(&sql)?
        .query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Equal names first, then entities before claims and sources, then those with most edges.
fn named(connection: &Connection, name: &str, limit: usize) -> rusqlite::Result<Vec<(i64, u64)>> {
    let sql = format!(
        "SELECT id, degree FROM graph_nodes {}
         WHERE instr(folded, ?1) > 0
         ORDER BY folded <> ?1, kind >= ?3, degree DESC, {BY_PLACE} LIMIT ?2",
        at_its_place("graph_nodes.id")
    );
    connection
        .prepare_cached(&sql)?
        .query_map(params![name, limit, Kind::Claim as u8], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect()
}

fn fitting(connection: &Connection, name: &str) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM graph_nodes WHERE instr(folded, ?1) > 0")?
        .query_row([name], |row| row.get(0))
}

/// An edge between nodes by their numbers.
struct Joined {
    id: i64,
    head: i64,
    tail: i64,
    edge: Edge,
}

/// The heaviest edges of a node, either way.
fn heaviest(connection: &Connection, node: i64, limit: usize) -> rusqlite::Result<Vec<Joined>> {
    let sql = heaviest_sql();
    connection
        .prepare_cached(&sql)?
        .query_map(params![node, limit, u32::MAX], |row| {
            Ok(Joined {
                id: row.get(0)?,
                head: row.get(1)?,
                tail: row.get(2)?,
                edge: Edge {
                    from: 0,
                    to: 0,
                    relation: word(row, 3, &RELATIONS)?,
                    weight: weight(row, 4)?,
                },
            })
        })?
        .collect()
}

pub(super) fn heaviest_sql() -> String {
    format!(
        "SELECT id, head, tail, relation, weight FROM (
             SELECT id, head, tail, relation, weight, tail AS other FROM graph_edges WHERE head = ?1
             UNION ALL
             SELECT id, head, tail, relation, weight, head AS other FROM graph_edges WHERE tail = ?1
         ) AS joined {}
         ORDER BY min(weight, ?3) DESC, relation, {BY_PLACE} LIMIT ?2",
        at_its_place("joined.other")
    )
}

/// A part of the graph while it is read.
#[derive(Default)]
struct Part {
    nodes: HashMap<i64, Placed>,
    edges: Vec<Joined>,
}

/// A node and where it stands: `made` and name of the newest run that knows it, and its place there.
struct Placed {
    at: (Reverse<u64>, Reverse<String>, u64),
    node: Node,
}

impl Part {
    fn take_in(&mut self, connection: &Connection, id: i64) -> rusqlite::Result<()> {
        if self.nodes.contains_key(&id) {
            return Ok(());
        }
        let found: Option<(Kind, String)> = connection
            .prepare_cached("SELECT kind, name FROM graph_nodes WHERE id = ?1")?
            .query_row([id], |row| Ok((word(row, 0, &KINDS)?, row.get(1)?)))
            .optional()?;
        let Some((kind, name)) = found else {
            return Ok(());
        };
        let mut node = Node {
            kind,
            name,
            verdict: None,
            runs: Vec::new(),
        };
        let mut at = None;
        let mut known = connection.prepare_cached(
            "SELECT made, run, place, verdict FROM graph_known WHERE node = ?1 ORDER BY made DESC, run DESC",
        )?;
        let mut rows = known.query([id])?;
        while let Some(row) = rows.next()? {
            let run: String = row.get(1)?;
            if at.is_none() {
                at = Some((Reverse(row.get(0)?), Reverse(run.clone()), row.get(2)?));
            }
            node.verdict = word_if(row, 3, &VERDICTS)?.or(node.verdict);
            node.runs.push(run);
        }
        if let Some(at) = at {
            self.nodes.insert(id, Placed { at, node });
        }
        Ok(())
    }

    /// The graph, and the place in it of each node by its number.
    fn graph(self) -> (KnowledgeGraph, HashMap<i64, usize>) {
        let mut nodes: Vec<(i64, Placed)> = self.nodes.into_iter().collect();
        nodes.sort_by(|(_, one), (_, other)| one.at.cmp(&other.at));
        let places: HashMap<i64, usize> = nodes
            .iter()
            .enumerate()
            .map(|(place, (id, _))| (*id, place))
            .collect();
        let mut edges = self.edges;
        // Two centres that are joined both bring the edge between them.
        edges.sort_by_key(|joined| joined.id);
        edges.dedup_by_key(|joined| joined.id);
        let edges = edges.iter().filter_map(|joined| {
            Some(Edge {
                from: *places.get(&joined.head)?,
                to: *places.get(&joined.tail)?,
                ..joined.edge
            })
        });
        let graph = KnowledgeGraph::listed(nodes.into_iter().map(|(_, placed)| placed.node), edges);
        (graph, places)
    }
}
