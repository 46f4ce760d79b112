//! A part of a graph.

use std::cmp::Reverse;

use super::{Kind, KnowledgeGraph, Relation};

/// What is looked for in a graph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// Nodes whose name holds this, whatever the case; all without.
    pub name: Option<String>,
    /// Nodes of these kinds; of all when empty. What is beside them may be of any.
    pub kinds: Vec<Kind>,
    /// Edges that say one of these, and nodes that have such an edge; all when empty.
    pub relations: Vec<Relation>,
    /// How many nodes, and how many edges of each, at most.
    pub limit: usize,
}

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
    /// How many edges it has in the graph that this is a part of, of those that were looked for.
    pub degree: u64,
}

impl KnowledgeGraph {
    /// The nodes that a look is for, by [`search`](Self::search), or the best connected ones without a name: claims and
    /// entities before sources. No node goes, only edges that are not looked for.
    pub fn around(self, look: &Look) -> Neighbourhood {
        let (nodes, edges) = (self.len() as u64, self.edges().count() as u64);
        let graph = self.along(&look.relations);
        let mut places = match &look.name {
            Some(name) => graph.search(name),
            None => graph.best_connected(),
        };
        places.retain(|place| graph.fits(*place, look));
        let centre = |place: &usize| Centre {
            place: *place,
            degree: graph.degree(*place) as u64,
        };
        Neighbourhood {
            centres: places.iter().take(look.limit).map(centre).collect(),
            fitting: places.len() as u64,
            nodes,
            edges,
            graph,
        }
    }

    /// The same nodes at the same places, joined only by the edges that say one of `relations`; by all when there are none.
    pub(super) fn along(mut self, relations: &[Relation]) -> Self {
        if !relations.is_empty() {
            self.graph.retain_edges(|graph, edge| {
                graph
                    .edge_weight(edge)
                    .is_some_and(|(relation, _)| relations.contains(relation))
            });
        }
        self
    }

    /// Whether a node is of a kind that is looked for, and has an edge that is.
    fn fits(&self, place: usize, look: &Look) -> bool {
        self.is_of(place, &look.kinds) && (look.relations.is_empty() || self.degree(place) > 0)
    }

    /// Whether a node is of one of these kinds, or there are none.
    fn is_of(&self, place: usize, kinds: &[Kind]) -> bool {
        kinds.is_empty() || self.node(place).is_some_and(|node| kinds.contains(&node.kind))
    }

    /// Every place, those with most edges first, but sources behind all else: they would be first whatever is known.
    fn best_connected(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.len()).collect();
        places.sort_by_cached_key(|place| {
            let is_source = self.is_of(*place, &[Kind::Source]);
            (is_source, Reverse(self.degree(*place)), *place)
        });
        places
    }
}
