//! The way between two nodes.

use std::collections::{HashMap, VecDeque};

use petgraph::graph::NodeIndex;

use super::{KnowledgeGraph, Node, Relation};

/// The shortest way between what two names mean.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Way {
    /// What the first name means; `None` when no node's name holds it.
    pub from: Option<Node>,
    /// What the second name means; `None` when no node's name holds it.
    pub to: Option<Node>,
    /// The nodes on the way, both ends included. Empty when there is none.
    pub steps: Vec<Step>,
    /// Nodes of the graph that was looked through.
    pub nodes: u64,
    /// Edges of the graph that was looked through.
    pub edges: u64,
}

/// A node on a way.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The node.
    pub node: Node,
    /// How many edges it has, of those that may be taken.
    pub degree: u64,
    /// The heaviest edge to the next node, and its weight; `None` at the end of the way.
    pub next: Option<(Relation, u32)>,
}

impl KnowledgeGraph {
    /// The shortest way between the best match of one name ([`search`](Self::search)) and that of another, by edges that
    /// say one of `relations`, or by all when there are none. Among equally short ways it is always the same one.
    pub fn way(self, from: &str, to: &str, relations: &[Relation]) -> Way {
        let (nodes, edges) = (self.len() as u64, self.edges().count() as u64);
        let best = |name: &str| self.search(name).first().copied();
        let (from, to) = (best(from), best(to));
        let graph = self.along(relations);
        let places = match (from, to) {
            (Some(from), Some(to)) => graph.path(from, to),
            _ => Vec::new(),
        };
        let edge = |place: usize, next: usize| {
            let mut beside = graph.neighbours(place).into_iter();
            let (relation, weight, _) = beside.find(|(_, _, other)| *other == next)?;
            Some((relation, weight))
        };
        let step = |(at, place): (usize, &usize)| {
            Some(Step {
                node: graph.node(*place)?.clone(),
                degree: graph.degree(*place) as u64,
                next: places.get(at + 1).and_then(|next| edge(*place, *next)),
            })
        };
        let end = |place: Option<usize>| graph.node(place?).cloned();
        Way {
            from: end(from),
            to: end(to),
            steps: places.iter().enumerate().filter_map(step).collect(),
            nodes,
            edges,
        }
    }

    /// The shortest way between two nodes, edges taken either way, both ends included. Empty when there is none.
    pub fn path(&self, from: usize, to: usize) -> Vec<usize> {
        let (from, to) = (NodeIndex::new(from), NodeIndex::new(to));
        if self.graph.node_weight(from).is_none() || self.graph.node_weight(to).is_none() {
            return Vec::new();
        }
        let mut came: HashMap<NodeIndex, NodeIndex> = HashMap::from([(from, from)]);
        let mut ahead = VecDeque::from([from]);
        while let Some(here) = ahead.pop_front() {
            if here == to {
                break;
            }
            let mut beside: Vec<NodeIndex> = self.graph.neighbors_undirected(here).collect();
            beside.sort_unstable();
            for next in beside {
                came.entry(next).or_insert_with(|| {
                    ahead.push_back(next);
                    here
                });
            }
        }
        let mut way = Vec::new();
        let mut here = to;
        while let Some(before) = came.get(&here) {
            way.push(here.index());
            if here == from {
                way.reverse();
                return way;
            }
            here = *before;
        }
        Vec::new()
    }
}
