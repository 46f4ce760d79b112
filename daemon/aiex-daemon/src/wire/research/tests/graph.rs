//! What is asked of a graph, and ways through it, are carried over.

use aiex_evidence::graph::{Edge, Kind, Node, Relation};
use aiex_protocol::research::{GraphKind, GraphRelation};

use super::*;

#[test]
fn every_kind_and_relation_of_a_graph_is_understood_and_a_way_is_told_step_by_step() {
    let args = GraphArgs {
        kinds: vec![
            GraphKind::Identifier,
            GraphKind::Package,
            GraphKind::Path,
            GraphKind::Name,
            GraphKind::Claim,
            GraphKind::Source,
        ],
        relations: vec![
            GraphRelation::Cites,
            GraphRelation::Mentions,
            GraphRelation::Contradicts,
            GraphRelation::CoOccurs,
        ],
        ..GraphArgs::default()
    };
    let look = look_for(&args).unwrap();
    let kinds = [
        Kind::Identifier,
        Kind::Package,
        Kind::Path,
        Kind::Name,
        Kind::Claim,
        Kind::Source,
    ];
    assert_eq!(look.kinds, kinds);
    let relations = [
        Relation::Cites,
        Relation::Mentions,
        Relation::Contradicts,
        Relation::CoOccurs,
    ];
    assert_eq!((look.relations, look.limit), (relations.to_vec(), GRAPH_LIMIT));

    let nodes = ["tokio", "JoinSet"].map(|name| Node {
        kind: Kind::Identifier,
        name: name.to_owned(),
        verdict: None,
        runs: Vec::new(),
    });
    let edge = Edge {
        from: 0,
        to: 1,
        relation: Relation::CoOccurs,
        weight: 3,
    };
    let graph = KnowledgeGraph::listed(nodes, [edge]);
    let view = way(&graph.way("JoinSet", "tokio", &[])).unwrap();
    assert_eq!((view.nodes, view.edges, view.total), (2, 1, 2));
    assert_eq!(view.matches[0].node.name, "JoinSet");
    let next = &view.matches[0].neighbours[0];
    assert_eq!((next.relation.as_str(), next.weight), ("co_occurs", 3));
    assert_eq!(next.node, view.matches[1].node);
    assert!(view.matches[1].neighbours.is_empty());
}
