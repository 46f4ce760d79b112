//! What is read from the graph's tables. A neighbourhood reads what it shows; only a whole graph reads everything.
//!
//! The order is that of [`KnowledgeGraph::merge`] over the runs from the newest to the oldest: a node stands where the
//! newest run that knows it has put it.

use std::cmp::Reverse;
use std::collections::HashMap;

use aiex_evidence::KnowledgeGraph;
use aiex_evidence::graph::{Centre, Edge, Kind, Look, Neighbourhood, Node, Relation};
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

/// The nodes that a look is for, with the heaviest edges of each.
pub(in crate::store) fn neighbourhood(
    connection: &Connection,
    look: &Look,
) -> rusqlite::Result<Neighbourhood> {
    let _still = connection.unchecked_transaction()?;
    let count = |sql: &str| -> rusqlite::Result<u64> {
        connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
    };
    let (nodes, edges) = (
        count("SELECT count(*) FROM graph_nodes")?,
        count("SELECT count(*) FROM graph_edges")?,
    );
    let (centres, fitting) = centres(connection, look)?;
    let mut part = Part::default();
    for (centre, _) in &centres {
        part.take_in(connection, *centre)?;
        for edge in heaviest(connection, *centre, look)? {
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

/// The nodes that a look is for, by their numbers, and how many of its edges each has, best first; and how many nodes it would
/// be for without its limit.
fn centres(connection: &Connection, look: &Look) -> rusqlite::Result<(Vec<(i64, u64)>, u64)> {
    let name = look.name.as_deref().map(|name| name.trim().to_lowercase());
    if name.as_deref() == Some("") {
        return Ok((Vec::new(), 0));
    }
    let fitting = format!(
        "(?1 IS NULL OR instr(folded, ?1) > 0) AND {}",
        is_one_of("kind", look.kinds.iter().map(|kind| *kind as u8))
    );
    let order = match &name {
        // Equal names first, then entities before claims and sources.
        Some(_) => format!("folded <> ?1, kind >= {}", Kind::Claim as u8),
        // As the index has it: sources would be first whatever is known.
        None => format!("kind = {}", Kind::Source as u8),
    };
    let wanted = wanted(&look.relations);
    let sql = format!(
        "SELECT id, degree FROM {wanted} {} WHERE {fitting}
         ORDER BY {order}, degree DESC, {BY_PLACE} LIMIT ?2",
        at_its_place("wanted.id")
    );
    let best: Vec<(i64, u64)> = connection
        .prepare_cached(&sql)?
        .query_map(params![name, look.limit], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let total = connection
        .prepare_cached(&format!("SELECT count(*) FROM {wanted} WHERE {fitting}"))?
        .query_row([&name], |row| row.get(0))?;
    Ok((best, total))
}

/// The nodes as a table `wanted`: all of them, or those that edges of these relations join, with the number of such edges as
/// their degree.
fn wanted(relations: &[Relation]) -> String {
    if relations.is_empty() {
        return "graph_nodes AS wanted".to_owned();
    }
    let joins = says(relations);
    format!(
        "(SELECT id, kind, folded, count(*) AS degree FROM graph_nodes JOIN (
             SELECT head AS node FROM graph_edges WHERE {joins}
             UNION ALL
             SELECT tail FROM graph_edges WHERE {joins}
         ) ON node = id GROUP BY id) AS wanted"
    )
}

/// The condition that an edge says one of these.
fn says(relations: &[Relation]) -> String {
    is_one_of("relation", relations.iter().map(|relation| *relation as u8))
}

/// The condition that a column holds one of these numbers; that it holds any when there are none.
fn is_one_of(column: &str, numbers: impl Iterator<Item = u8>) -> String {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    if numbers.is_empty() {
        return "TRUE".to_owned();
    }
    format!("{column} IN ({})", numbers.join(", "))
}

/// An edge between nodes by their numbers.
struct Joined {
    id: i64,
    head: i64,
    tail: i64,
    edge: Edge,
}

/// The heaviest edges of a node that a look is for, either way.
fn heaviest(connection: &Connection, node: i64, look: &Look) -> rusqlite::Result<Vec<Joined>> {
    let sql = heaviest_sql(&look.relations);
    connection
        .prepare_cached(&sql)?
        .query_map(params![node, look.limit, u32::MAX], |row| {
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

pub(super) fn heaviest_sql(relations: &[Relation]) -> String {
    let wanted = says(relations);
    format!(
        "SELECT id, head, tail, relation, weight FROM (
             SELECT id, head, tail, relation, weight, tail AS other FROM graph_edges WHERE head = ?1 AND {wanted}
             UNION ALL
             SELECT id, head, tail, relation, weight, head AS other FROM graph_edges WHERE tail = ?1 AND {wanted}
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
