//! Trees that change in ways that are easy to miss.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::tree::Tree;
use crate::world::{World, let_pass, wait_until};

#[test]
fn ten_thousand_files_change_at_once() {
    const FILES: usize = 10_000;
    let world = World::new();
    let tree = Tree::new(world.path("tree"), 0);
    let write = |word: &str| {
        for number in 0..FILES {
            let folder = tree
                .root
                .join(format!("area{}/part{}", number % 20, number % 100));
            if number < 100 {
                fs::create_dir_all(&folder).unwrap();
            }
            let text = format!("pub fn {word}_{number}() -> u32 {{\n    {number}\n}}\n");
            fs::write(folder.join(format!("file{number}.rs")), text).unwrap();
        }
    };
    write("before");
    tree.add(&world);
    let pid = world.pid();
    write("after");
    let limit = FILES.to_string();
    let found = world.ok(
        &tree.root,
        &[
            "search",
            "--regex",
            "fn after_\\d+",
            "--wait-fresh=120s",
            "--json",
            "--limit",
            &limit,
        ],
    );
    let mut names: Vec<String> = found
        .rows()
        .iter()
        .map(|row| row["snippet"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), FILES);
    let old = world.run(&tree.root, &["search", "--regex", "before_", "--json"]);
    assert_eq!((old.code, old.stdout.as_str()), (Some(1), ""));
    assert_eq!(world.pid(), pid);
}

#[test]
fn a_repository_is_deleted_and_made_again() {
    let world = World::new();
    let gone = Tree::new(world.path("gone"), 40);
    let stays = Tree::new(world.path("stays"), 40);
    gone.add(&world);
    stays.add(&world);
    let pid = world.pid();
    fs::remove_dir_all(&gone.root).unwrap();
    wait_until("the status tells that the folder is gone", || {
        world.repo_status(&gone.root)["problem"]
            .as_str()
            .is_some_and(|problem| problem.contains(gone.root.to_str().unwrap()))
    });
    let shown = world.ok(&stays.root, &["status", "--all"]).stdout;
    assert!(shown.contains("repos remove"), "{shown}");
    stays.assert_fresh(&world);

    let mut again = Tree::new(gone.root.clone(), 30);
    again.write(3, 7);
    again.assert_fresh(&world);
    again.assert_as_fresh(&world, [0, 3, 29]);
    again.write(4, 8);
    again.assert_fresh(&world);
    stays.assert_fresh(&world);
    assert_eq!(world.pid(), pid);
}

#[test]
fn a_branch_with_other_files_is_checked_out_and_back() {
    let world = World::new();
    let mut tree = Tree::new(world.path("tree"), 250);
    tree.add(&world);
    let main = tree.files.clone();
    tree.git(&["checkout", "-q", "-b", "other"]);
    for number in 0..200 {
        tree.write(number, 1);
    }
    for number in 250..300 {
        tree.write(number, 1);
    }
    for number in 200..220 {
        tree.remove(&crate::tree::path(number));
    }
    tree.commit("other");
    tree.assert_fresh(&world);
    let other = tree.files.clone();
    for _ in 0..3 {
        tree.git(&["checkout", "-q", "main"]);
        tree.files = main.clone();
        tree.assert_fresh(&world);
        tree.git(&["checkout", "-q", "other"]);
        tree.files = other.clone();
        tree.assert_fresh(&world);
    }
    assert_eq!(world.repo_status(&tree.root)["branch"], "other");
    tree.assert_as_fresh(&world, [0, 199, 225, 299]);
}

#[test]
fn files_saved_by_rename_or_deleted_and_written_again() {
    let world = World::new();
    let mut tree = Tree::new(world.path("tree"), 60);
    tree.add(&world);
    for round in 1..6 {
        for number in 0..20 {
            let path = crate::tree::path(number);
            let text = crate::tree::source(number, round);
            let beside = tree.root.join(format!("{path}.tmp~"));
            fs::write(&beside, &text).unwrap();
            fs::rename(beside, tree.root.join(&path)).unwrap();
            tree.files.insert(path, text);
        }
        for number in 20..40 {
            tree.remove(&crate::tree::path(number));
        }
        let_pass(Duration::from_millis(10 * round as u64));
        for number in 20..40 {
            tree.write(number, round);
        }
        tree.assert_fresh(&world);
    }
    tree.assert_as_fresh(&world, [0, 19, 20, 59]);
}

#[test]
fn contents_change_but_size_and_time_do_not() {
    let world = World::new();
    let mut tree = Tree::new(world.path("tree"), 30);
    tree.put("clock.rs", "pub fn clock_was_one() -> u32 {\n    11\n}\n");
    let place = tree.root.join("clock.rs");
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let turn_back = || {
        fs::File::options()
            .write(true)
            .open(&place)
            .unwrap()
            .set_modified(long_ago)
            .unwrap()
    };
    turn_back();
    tree.add(&world);
    tree.assert_whole(&world);
    for text in ["two", "six", "ten", "one", "two"] {
        tree.put(
            "clock.rs",
            &format!("pub fn clock_was_{text}() -> u32 {{\n    11\n}}\n"),
        );
        turn_back();
        tree.assert_fresh(&world);
    }
    // The same while no daemon looks.
    world.ok(&tree.root, &["daemon", "stop"]);
    tree.put("clock.rs", "pub fn clock_was_ten() -> u32 {\n    11\n}\n");
    turn_back();
    tree.assert_fresh(&world);
}
