//! A byte goes bad on disk while nobody looks.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::tree::Tree;
use crate::world::World;

const FILES: usize = 60;
const SAMPLE: [usize; 6] = [0, 1, 2, 30, 45, 59];

fn indexed() -> (World, Tree) {
    let world = World::new();
    let tree = Tree::new(world.path("tree"), FILES);
    tree.add(&world);
    world.wait_settled(&tree.root);
    (world, tree)
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 0x5a;
    fs::write(path, bytes).unwrap();
}

/// Damages the file that `find` finds while no daemon runs, and expects right answers from then on.
fn survives(world: &World, tree: &Tree, find: impl Fn(&World) -> PathBuf, share: f64) -> String {
    world.ok(&tree.root, &["daemon", "stop"]);
    let path = find(world);
    let length = fs::metadata(&path).unwrap().len();
    assert!(length > 0, "{} is empty", path.display());
    let at = (share * (length - 1) as f64) as usize;
    flip(&path, at);
    let what = format!("byte {at} of {length} in {}", path.display());
    let next = world.run(
        &tree.root,
        &["search", &tree.name(0), "--wait-fresh=60s", "--json", "-n", "1"],
    );
    assert_eq!(next.code, Some(0), "{what}: {next:#?}");
    assert_eq!(next.paths(), ["core/part0.rs"], "{what}");
    let checked = catch_unwind(AssertUnwindSafe(|| {
        tree.assert_whole(world);
        tree.assert_as_fresh(world, SAMPLE);
    }));
    assert!(
        checked.is_ok(),
        "the answers above are of an index with a bad {what}"
    );
    world.ok(&tree.root, &["status"]).stdout
}

/// The largest file below the repository's store whose name ends so.
fn largest(folder: PathBuf, end: &str) -> PathBuf {
    let mut waiting = vec![folder];
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.to_str().unwrap().ends_with(end) {
                found.push((entry.metadata().unwrap().len(), path));
            }
        }
    }
    found.sort();
    found.pop().unwrap_or_else(|| panic!("no {end}")).1
}

#[test]
fn the_header_of_each_store_is_set_aside_and_named() {
    let (world, tree) = indexed();
    let status = survives(&world, &tree, |world| world.repo_dir().join("catalogue.db"), 0.0);
    assert!(
        status.contains("catalogue") && status.contains("rebuilt"),
        "{status}"
    );

    let meta = |world: &World| world.repo_dir().join("lexical/current/segments/meta.json");
    let status = survives(&world, &tree, meta, 0.0);
    assert!(
        status.contains("full-text") && status.contains("damaged"),
        "{status}"
    );

    let segment = |world: &World| largest(world.repo_dir().join("vectors"), "segment.json");
    let status = survives(&world, &tree, segment, 0.0);
    assert!(
        status.contains("vector") && status.contains("damaged"),
        "{status}"
    );

    let status = survives(
        &world,
        &tree,
        |world| world.index_dir().join("content/content.db"),
        0.0,
    );
    assert!(
        status.contains("content") && status.contains("damaged"),
        "{status}"
    );
}

/// Damages the file that `find` finds in many places, each in an index of its own.
fn survives_anywhere(find: impl Fn(&World) -> PathBuf) {
    let mut fatal = Vec::new();
    for share in [0.13, 0.31, 0.5, 0.68, 0.87, 1.0] {
        let (world, tree) = indexed();
        let survived = catch_unwind(AssertUnwindSafe(|| survives(&world, &tree, &find, share)));
        if survived.is_err() {
            fatal.push(share);
        }
    }
    assert!(
        fatal.is_empty(),
        "wrong answers after a bad byte at {fatal:?} of the file"
    );
}

#[test]
fn a_bad_byte_anywhere_in_the_content_store() {
    survives_anywhere(|world| world.index_dir().join("content/content.db"));
}

#[test]
fn a_bad_byte_anywhere_in_the_catalogue() {
    survives_anywhere(|world| world.repo_dir().join("catalogue.db"));
}

#[test]
fn a_bad_byte_in_any_file_of_the_full_text() {
    let (world, tree) = indexed();
    for end in [
        ".term",
        ".idx",
        ".pos",
        ".fast",
        ".fieldnorm",
        ".store",
        ".managed.json",
        "format.json",
    ] {
        survives(
            &world,
            &tree,
            |world| largest(world.repo_dir().join("lexical"), end),
            0.4,
        );
    }
}

#[test]
fn a_bad_byte_in_any_file_of_the_vectors() {
    let (world, tree) = indexed();
    for (end, share) in [
        ("chunk_0.mmap", 0.0001),
        (".mappings", 0.4),
        (".versions", 0.4),
        ("segment.json", 0.5),
        ("edge_config.json", 0.5),
        ("format.json", 0.5),
        ("vectors/config.json", 0.3),
    ] {
        survives(
            &world,
            &tree,
            |world| largest(world.repo_dir().join("vectors"), end),
            share,
        );
    }
}

#[test]
fn a_manifest_or_a_list_of_repositories_that_is_nonsense() {
    let (world, tree) = indexed();
    survives(
        &world,
        &tree,
        |world| world.repo_dir().join("generation.json"),
        0.0,
    );
    survives(&world, &tree, |world| world.index_dir().join("repos.json"), 0.0);
}
