//! `aiex graph`: what a finished run has left is chosen from by kind and connection, and ways lead through it.

use serde_json::Value;

use crate::research::{finished, indexed};
use crate::world::World;

fn kind(node: &Value) -> &str {
    node["node"]["kind"].as_str().unwrap()
}

fn name(node: &Value) -> &str {
    node["node"]["name"].as_str().unwrap()
}

fn neighbours(row: &Value) -> &[Value] {
    row["neighbours"].as_array().unwrap()
}

#[test]
fn a_graph_is_asked_for_kinds_connections_and_ways() {
    let world = World::new();
    let repo = indexed(&world);
    finished(&world, &repo);
    let rows = |args: &[&str]| world.ok(&repo, &[&["graph", "--json"][..], args].concat()).rows();

    // What is known stands before where it is from.
    let all = rows(&["--limit", "1000"]);
    let is_source: Vec<bool> = all.iter().map(|row| kind(row) == "source").collect();
    assert!(
        is_source.is_sorted() && is_source.contains(&true),
        "{is_source:?}"
    );

    let sources = rows(&["--kind", "source"]);
    assert!(sources.iter().all(|row| kind(row) == "source"), "{sources:?}");
    let mixed = rows(&["--kind", "claim,path", "--kind", "source", "--limit", "1000"]);
    let wanted = |row: &&Value| matches!(kind(row), "claim" | "path" | "source");
    assert_eq!(mixed.len(), all.iter().filter(wanted).count());
    let entities = rows(&["--kind", "entity"]);
    assert!(
        entities
            .iter()
            .all(|row| !matches!(kind(row), "claim" | "source"))
    );

    let cited = rows(&["--relation", "cites"]);
    for row in &cited {
        let beside = neighbours(row);
        assert!(!beside.is_empty(), "{row}");
        assert!(beside.iter().all(|one| one["relation"] == "cites"), "{row}");
    }
    let nobody = world.run(&repo, &["graph", "--relation", "contradicts", "--kind", "path"]);
    assert_eq!(
        nobody.code,
        Some(1),
        "a file contradicts nobody: {}",
        nobody.stdout
    );

    // From a claim to what it cites is one step.
    let claim = cited.iter().find(|row| kind(row) == "claim").unwrap();
    let (from, to) = (name(claim), name(&neighbours(claim)[0]));
    let way = rows(&["--relation", "cites", "--to", to, "--", from]);
    assert_eq!(way.len(), 2, "{way:?}");
    assert_eq!((name(&way[0]), name(&way[1])), (from, to));
    assert_eq!(neighbours(&way[0])[0]["relation"], "cites");
    assert!(neighbours(&way[1]).is_empty());
    let told = world.ok(&repo, &["graph", "--run", "latest", "--to", to, "--", from]);
    let lines: Vec<&str> = told.stdout.lines().collect();
    assert!(
        lines[0].starts_with("claim ") && lines[1].starts_with("  cites"),
        "{lines:?}"
    );
    assert_eq!(lines.len(), 2);

    let lost = world.run(&repo, &["graph", "src/retry.rs", "--to", "nowhere-at-all"]);
    assert_eq!(lost.code, Some(1), "{}", lost.stderr);
    assert!(
        lost.stderr
            .contains("no name that is known holds `nowhere-at-all`"),
        "{}",
        lost.stderr
    );
    let barred = ["graph", "src/retry.rs", "--to", to, "--relation", "contradicts"];
    let barred = world.run(&repo, &barred);
    assert_eq!(barred.code, Some(1), "{}", barred.stderr);
    assert!(
        barred.stderr.contains("no way leads from `src/retry.rs`"),
        "{}",
        barred.stderr
    );
}
