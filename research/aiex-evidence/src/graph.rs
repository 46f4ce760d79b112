//! What a report knows as a graph: entities, claims and sources.
//!
//! Built from the report alone, by the same rules every time. Entities are what sentences name: identifiers, packages,
//! paths, proper nouns. A claim *mentions* its entities, *cites* its sources, *contradicts* claims whose quotes disagree
//! with its own; entities of one claim *co-occur*.

mod entities;
mod export;
mod near;
mod way;

use std::collections::{BTreeMap, HashMap};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use serde::{Deserialize, Serialize};

use crate::draft::fenced;
use crate::{Origin, Report, Sentence, Verdict};

pub use near::{Centre, Look, Neighbourhood};
pub use way::{Step, Way};

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A name from code.
    Identifier,
    /// A package that documentation was read of.
    Package,
    /// A file.
    Path,
    /// A name written like one: `Tokio`, `Apache Kafka`.
    Name,
    /// A sentence that claims something.
    Claim,
    /// A document that was read.
    Source,
}

/// A node. Two nodes of one kind and name are one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// The name, the sentence, or where the source lies.
    pub name: String,
    /// How far a claim is borne out; `None` for other nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The runs that know it.
    #[serde(default)]
    pub runs: Vec<String>,
}

/// What an edge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// A claim rests on a source.
    Cites,
    /// A claim names an entity.
    Mentions,
    /// Two claims cannot both be right.
    Contradicts,
    /// Two entities stand in one claim.
    CoOccurs,
}

/// An edge between nodes, by place, and how often it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// Where it begins.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
    /// What it says.
    pub relation: Relation,
    /// How often it was seen.
    pub weight: u32,
}

/// A graph of knowledge. Stored and exchanged as its nodes and edges.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Listed", into = "Listed")]
pub struct KnowledgeGraph {
    graph: DiGraph<Node, (Relation, u32)>,
    places: HashMap<(Kind, String), NodeIndex>,
}

/// A graph as lists.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Listed {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

impl From<Listed> for KnowledgeGraph {
    fn from(listed: Listed) -> Self {
        Self::listed(listed.nodes, listed.edges)
    }
}

impl From<KnowledgeGraph> for Listed {
    fn from(graph: KnowledgeGraph) -> Self {
        Self {
            nodes: graph.nodes().cloned().collect(),
            edges: graph.edges().collect(),
        }
    }
}

impl PartialEq for KnowledgeGraph {
    fn eq(&self, other: &Self) -> bool {
        self.nodes().eq(other.nodes()) && self.edges().eq(other.edges())
    }
}

impl KnowledgeGraph {
    /// The graph of nodes, by place, and the edges between them. An edge to nowhere is dropped: the lists may come from
    /// a file that somebody edited.
    pub fn listed(nodes: impl IntoIterator<Item = Node>, edges: impl IntoIterator<Item = Edge>) -> Self {
        let mut graph = Self::default();
        let places: Vec<NodeIndex> = nodes.into_iter().map(|node| graph.add(node)).collect();
        for edge in edges {
            if let (Some(from), Some(to)) = (places.get(edge.from), places.get(edge.to)) {
                graph.join(*from, *to, edge.relation, edge.weight);
            }
        }
        graph
    }

    /// The graph of a report.
    pub fn of(report: &Report) -> Self {
        let mut graph = Self::default();
        let runs = vec![report.run.clone()];
        let node = |kind, name: String, verdict| Node {
            kind,
            name,
            verdict,
            runs: runs.clone(),
        };
        let mut sources = BTreeMap::new();
        for source in &report.sources {
            let place = graph.add(node(Kind::Source, source.origin.label(), None));
            sources.insert(source.id, place);
            let (kind, name) = match &source.origin {
                Origin::Docs { package, .. } => (Kind::Package, package.clone()),
                Origin::Code { path, .. } => (Kind::Path, path.clone()),
                _ => continue,
            };
            let entity = graph.add(node(kind, name, None));
            graph.join(place, entity, Relation::Mentions, 1);
        }
        let packages: Vec<String> = graph
            .nodes()
            .filter(|node| node.kind == Kind::Package)
            .map(|node| node.name.clone())
            .collect();
        let inside = entities::inside(report.sentences().map(|sentence| sentence.text.as_str()));
        let mut claims = Vec::new();
        let is_claim = |sentence: &&Sentence| sentence.verdict.is_some() && fenced(&sentence.text).is_none();
        for sentence in report.sentences().filter(is_claim) {
            let claim = graph.add(node(Kind::Claim, sentence.text.clone(), sentence.verdict));
            claims.push((claim, &sentence.cites));
            for id in &sentence.cites {
                if let Some(source) = sources.get(&id.source) {
                    graph.join(claim, *source, Relation::Cites, 1);
                }
            }
            let named: Vec<NodeIndex> = entities::named(&sentence.text, &packages, &inside)
                .into_iter()
                .map(|(kind, name)| graph.add(node(kind, name, None)))
                .collect();
            for (at, one) in named.iter().enumerate() {
                graph.join(claim, *one, Relation::Mentions, 1);
                for other in named.iter().skip(at + 1) {
                    graph.join(*one.min(other), *one.max(other), Relation::CoOccurs, 1);
                }
            }
        }
        for found in &report.disagreements {
            for (at, one) in found.quotes.iter().enumerate() {
                for other in found.quotes.iter().skip(at + 1) {
                    for (first, _) in claims.iter().filter(|(_, cites)| cites.contains(one)) {
                        for (second, _) in claims.iter().filter(|(_, cites)| cites.contains(other)) {
                            if first != second {
                                graph.join(*first, *second, Relation::Contradicts, 1);
                            }
                        }
                    }
                }
            }
        }
        graph
    }

    /// Takes in what another graph knows. Nodes of one kind and name become one.
    pub fn merge(&mut self, other: &Self) {
        let places: Vec<NodeIndex> = other.nodes().map(|node| self.add(node.clone())).collect();
        for edge in other.edges() {
            if let (Some(from), Some(to)) = (places.get(edge.from), places.get(edge.to)) {
                self.join(*from, *to, edge.relation, edge.weight);
            }
        }
    }

    fn add(&mut self, node: Node) -> NodeIndex {
        let key = (node.kind, node.name.clone());
        if let Some(place) = self.places.get(&key) {
            if let Some(known) = self.graph.node_weight_mut(*place) {
                known.verdict = node.verdict.or(known.verdict);
                for run in node.runs {
                    if !known.runs.contains(&run) {
                        known.runs.push(run);
                    }
                }
            }
            return *place;
        }
        let place = self.graph.add_node(node);
        self.places.insert(key, place);
        place
    }

    fn join(&mut self, from: NodeIndex, to: NodeIndex, relation: Relation, weight: u32) {
        let known = self
            .graph
            .edges_connecting(from, to)
            .find(|edge| edge.weight().0 == relation)
            .map(|edge| edge.id());
        match known.and_then(|edge| self.graph.edge_weight_mut(edge)) {
            Some((_, seen)) => *seen = seen.saturating_add(weight),
            None => {
                self.graph.add_edge(from, to, (relation, weight));
            }
        }
    }

    /// Every node, by place.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.graph.node_weights()
    }

    /// Every edge.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        self.graph.edge_references().map(|edge| {
            let (relation, weight) = *edge.weight();
            Edge {
                from: edge.source().index(),
                to: edge.target().index(),
                relation,
                weight,
            }
        })
    }

    /// A node by its place.
    pub fn node(&self, place: usize) -> Option<&Node> {
        self.graph.node_weight(NodeIndex::new(place))
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    /// Whether it knows nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many edges a node has, either way.
    pub fn degree(&self, place: usize) -> usize {
        self.graph.neighbors_undirected(NodeIndex::new(place)).count()
    }

    /// The places of nodes whose name holds `name`, whatever the case: equal names first, then entities before claims and
    /// sources, then those with most edges.
    pub fn search(&self, name: &str) -> Vec<usize> {
        let wanted = name.trim().to_lowercase();
        let mut found: Vec<(bool, bool, std::cmp::Reverse<usize>, usize)> = self
            .graph
            .node_indices()
            .filter_map(|place| {
                let node = self.graph.node_weight(place)?;
                let known = node.name.to_lowercase();
                let degree = self.degree(place.index());
                let is_text = matches!(node.kind, Kind::Claim | Kind::Source);
                (!wanted.is_empty() && known.contains(&wanted))
                    .then(|| (known != wanted, is_text, std::cmp::Reverse(degree), place.index()))
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, _, _, place)| place).collect()
    }

    /// The nodes beside a node, with what joins them, heaviest first.
    pub fn neighbours(&self, place: usize) -> Vec<(Relation, u32, usize)> {
        let centre = NodeIndex::new(place);
        let outgoing = self
            .graph
            .edges_directed(centre, Direction::Outgoing)
            .map(|edge| (edge.weight(), edge.target()));
        let incoming = self
            .graph
            .edges_directed(centre, Direction::Incoming)
            .map(|edge| (edge.weight(), edge.source()));
        let mut found: Vec<(Relation, u32, usize)> = outgoing
            .chain(incoming)
            .map(|((relation, weight), other)| (*relation, *weight, other.index()))
            .collect();
        found.sort_by_key(|(relation, weight, other)| (std::cmp::Reverse(*weight), *relation, *other));
        found
    }

    /// Nodes and edges as JSON.
    ///
    /// # Errors
    /// What the serialiser says; a graph holds nothing that it refuses.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// The graph in the DOT language of Graphviz.
    pub fn to_dot(&self) -> String {
        export::dot(self)
    }

    /// The graph as GraphML.
    pub fn to_graphml(&self) -> String {
        export::graphml(self)
    }
}

#[cfg(test)]
mod tests;
