//! A part of a graph.

use std::cmp::Reverse;

use super::KnowledgeGraph;

/// The nodes that a question is about, and what is beside them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Neighbourhood {
    /// Holds at least the centres and the heaviest edges of each, with the nodes that these lead to.
    pub graph: KnowledgeGraph,
    /// The nodes that were asked for, the best first.
    pub centres: Vec<Centre>,
    /// How many nodes fit what was asked for, beyond the limit too.
    pub fitting: u64,
    /// Nodes of the graph that this is a part of.
    pub nodes: u64,
    /// Edges of the graph that this is a part of.
    pub edges: u64,
}

/// A node that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Centre {
    /// Its place in the neighbourhood's graph.
    pub place: usize,
    /// How many edges it has in the graph that this is a part of.
    pub degree: u64,
}

impl KnowledgeGraph {
    /// The nodes whose name holds `name` ([`search`](Self::search)), or the best connected ones without a name; at most
    /// `limit` of them. The graph stays whole.
    pub fn around(self, name: Option<&str>, limit: usize) -> Neighbourhood {
        let places = match name {
            Some(name) => self.search(name),
            None => self.best_connected(),
        };
        let centre = |place: &usize| Centre {
            place: *place,
            degree: self.degree(*place) as u64,
        };
        Neighbourhood {
            centres: places.iter().take(limit).map(centre).collect(),
            fitting: places.len() as u64,
            nodes: self.len() as u64,
            edges: self.edges().count() as u64,
            graph: self,
        }
    }

    /// Every place, those with most edges first.
    fn best_connected(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.len()).collect();
        places.sort_by_cached_key(|place| (Reverse(self.degree(*place)), *place));
        places
    }
}
