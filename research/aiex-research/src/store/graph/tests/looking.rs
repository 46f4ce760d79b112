//! Looks at the stored graph, and how they are carried out.

use super::*;

pub(super) fn look(name: Option<&str>, kinds: &[Kind], relations: &[Relation], limit: usize) -> Look {
    Look {
        name: name.map(str::to_owned),
        kinds: kinds.to_vec(),
        relations: relations.to_vec(),
        limit,
    }
}

/// Looks of every sort.
pub(super) fn looks() -> Vec<Look> {
    let names = [
        None,
        Some("o"),
        Some("état"),
        Some("tokio "),
        Some("src/"),
        Some(""),
        Some("nothing like it"),
    ];
    let filters: [(&[Kind], &[Relation]); 4] = [
        (&[], &[Relation::Contradicts]),
        (&[Kind::Claim], &[]),
        (&[Kind::Source, Kind::Name, Kind::Name], &[]),
        (
            &[Kind::Source, Kind::Path],
            &[Relation::Cites, Relation::CoOccurs],
        ),
    ];
    let mut looks = Vec::new();
    for name in names {
        for limit in [1, 3, 1000] {
            looks.push(look(name, &[], &[], limit));
        }
        for (kinds, relations) in filters {
            looks.push(look(name, kinds, relations, 3));
        }
    }
    looks
}

#[tokio::test]
async fn a_look_finds_what_contradicts_and_what_is_known_before_its_sources() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), None).unwrap();
    // The first and the last cite a quote that disagrees with one that all three cite.
    add(&store, 1, &report("r1", &[1, 6, 11])).await;

    let contradicting = look(None, &[Kind::Claim], &[Relation::Contradicts], 10);
    let near = store.neighbourhood(&contradicting).await.unwrap();
    assert!(near.fitting >= 2, "{near:?}");
    for centre in &near.centres {
        assert_eq!(near.graph.node(centre.place).unwrap().kind, Kind::Claim);
        let beside = near.graph.neighbours(centre.place);
        assert_eq!(beside.len() as u64, centre.degree);
        assert!(
            beside
                .iter()
                .all(|(relation, _, _)| *relation == Relation::Contradicts)
        );
    }

    let all = store.neighbourhood(&look(None, &[], &[], 1000)).await.unwrap();
    let is_source = |place: usize| all.graph.node(place).unwrap().kind == Kind::Source;
    let is_source: Vec<bool> = all.centres.iter().map(|centre| is_source(centre.place)).collect();
    assert!(
        is_source.is_sorted() && is_source.contains(&true),
        "{is_source:?}"
    );
}

#[tokio::test]
async fn the_first_look_reads_nodes_in_the_order_of_their_index() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(folder.path(), None).unwrap());
    let raw = Connection::open(folder.path().join("research.db")).unwrap();
    let sql: String = raw
        .query_row(
            "SELECT sql FROM sqlite_schema WHERE name = 'graph_nodes_by_degree'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let first = format!("(kind = {}, degree DESC)", Kind::Source as u8);
    assert!(sql.ends_with(&first), "{sql}");
}
