//! Looks at a small graph, and ways through it.

use super::*;

/// Two claims that contradict each other, the name in both, a package that is named with it, and one that nobody names. Both
/// claims cite the first page, the second cites the other one too.
fn small() -> KnowledgeGraph {
    let node = |(kind, name): (Kind, &str)| Node {
        kind,
        name: name.to_owned(),
        verdict: None,
        runs: vec!["r1".to_owned()],
    };
    let edge = |(from, to, relation, weight)| Edge {
        from,
        to,
        relation,
        weight,
    };
    let nodes = [
        (Kind::Source, "https://one.example/page"),
        (Kind::Source, "https://other.example/page"),
        (Kind::Claim, "A JoinSet aborts its tasks."),
        (Kind::Claim, "A JoinSet waits for its tasks."),
        (Kind::Identifier, "JoinSet"),
        (Kind::Package, "tokio"),
        (Kind::Package, "serde"),
    ];
    let edges = [
        (2, 0, Relation::Cites, 1),
        (3, 0, Relation::Cites, 1),
        (3, 1, Relation::Cites, 1),
        (2, 4, Relation::Mentions, 1),
        (3, 4, Relation::Mentions, 1),
        (4, 5, Relation::CoOccurs, 3),
        (2, 3, Relation::Contradicts, 1),
    ];
    KnowledgeGraph::listed(nodes.map(node), edges.map(edge))
}

fn look() -> Look {
    Look {
        limit: 10,
        ..Look::default()
    }
}

/// The places that a look finds, with the edges of each.
fn found(look: &Look) -> Vec<(usize, u64)> {
    let near = small().around(look);
    assert_eq!((near.nodes, near.edges), (7, 7), "of the whole graph");
    near.centres
        .iter()
        .map(|centre| (centre.place, centre.degree))
        .collect()
}

#[test]
fn what_is_known_stands_before_where_it_is_from() {
    assert_eq!(
        found(&look()),
        [(3, 4), (2, 3), (4, 3), (5, 1), (6, 0), (0, 2), (1, 1)]
    );
    let few = small().around(&Look { limit: 2, ..look() });
    assert_eq!((few.centres.len(), few.fitting), (2, 7));
}

#[test]
fn only_nodes_of_the_kinds_that_are_asked_for_are_found() {
    let kinds = |kinds: &[Kind]| Look {
        kinds: kinds.to_vec(),
        ..look()
    };
    assert_eq!(found(&kinds(&[Kind::Source])), [(0, 2), (1, 1)]);
    assert_eq!(
        found(&kinds(&[Kind::Package, Kind::Identifier])),
        [(4, 3), (5, 1), (6, 0)]
    );
    assert_eq!(found(&kinds(&[Kind::Path])), []);
    let named = Look {
        name: Some("joinset".to_owned()),
        ..kinds(&[Kind::Claim])
    };
    assert_eq!(found(&named), [(3, 4), (2, 3)]);
    // What is beside them may be of any kind.
    let near = small().around(&kinds(&[Kind::Source]));
    assert_eq!(near.graph.neighbours(1), [(Relation::Cites, 1, 3)]);
}

#[test]
fn only_edges_that_are_asked_for_join_what_is_found() {
    let along = |relations: &[Relation]| Look {
        relations: relations.to_vec(),
        ..look()
    };
    let contradicting = along(&[Relation::Contradicts]);
    assert_eq!(found(&contradicting), [(2, 1), (3, 1)]);
    let near = small().around(&contradicting);
    assert_eq!(near.fitting, 2);
    assert_eq!(near.graph.neighbours(2), [(Relation::Contradicts, 1, 3)]);
    assert_eq!(
        found(&along(&[Relation::Contradicts, Relation::CoOccurs])),
        [(2, 1), (3, 1), (4, 1), (5, 1)]
    );
    let cited = Look {
        kinds: vec![Kind::Source],
        ..along(&[Relation::Cites])
    };
    assert_eq!(found(&cited), [(0, 2), (1, 1)]);
}

/// The nodes of a way by place, and what joins them.
fn walked(from: &str, to: &str, relations: &[Relation]) -> (Vec<usize>, Vec<Relation>) {
    let way = small().way(from, to, relations);
    let places = way.steps.iter().map(|step| small().search(&step.node.name)[0]);
    let joins = way.steps.iter().filter_map(|step| step.next);
    (places.collect(), joins.map(|(relation, _)| relation).collect())
}

#[test]
fn the_shortest_way_is_found_and_is_always_the_same() {
    use Relation::{Cites, CoOccurs, Contradicts, Mentions};
    // Both claims lead from the page to the name: the first is taken.
    assert_eq!(
        walked("one.example", "tokio", &[]),
        (vec![0, 2, 4, 5], vec![Cites, Mentions, CoOccurs])
    );
    assert_eq!(
        walked("tokio", "one.example", &[]),
        (vec![5, 4, 2, 0], vec![CoOccurs, Mentions, Cites])
    );
    assert_eq!(
        walked("aborts its tasks", "other.example", &[Cites, Contradicts]),
        (vec![2, 3, 1], vec![Contradicts, Cites])
    );
    assert_eq!(walked("serde", "serde", &[]), (vec![6], vec![]));
    let way = small().way("JoinSet", "tokio", &[]);
    assert_eq!(way.steps[0].next, Some((CoOccurs, 3)));
    assert_eq!((way.steps[0].degree, way.nodes, way.edges), (3, 7, 7));
}

#[test]
fn where_there_is_no_way_both_ends_are_known_or_not() {
    let apart = small().way("serde", "tokio", &[]);
    assert!(apart.steps.is_empty() && apart.from.is_some() && apart.to.is_some());
    let barred = small().way("JoinSet", "tokio", &[Relation::Cites]);
    assert!(barred.steps.is_empty() && barred.from.is_some());
    let unknown = small().way("tokio", "nowhere", &[]);
    assert!(unknown.steps.is_empty() && unknown.from.is_some() && unknown.to.is_none());
    assert!(small().way("", "tokio", &[]).from.is_none());
}
