//! The disk does not take what the index wants to write.

use std::fs;
use std::process::Child;

use crate::tree::Tree;
use crate::world::{World, wait_for, wait_until};

#[test]
fn a_file_where_the_index_must_be_is_named_and_the_daemon_lives() {
    let world = World::new();
    let tree = Tree::new(world.path("tree"), 20);
    world.ok(&tree.root, &["daemon", "start"]);
    let pid = world.pid();
    // The daemon makes the folder when it opens the index.
    wait_until("the index is there", || {
        world.index_dir().join("content/content.db").exists()
    });
    world.ok(&tree.root, &["daemon", "stop"]);
    fs::remove_dir_all(world.index_dir()).unwrap();
    fs::write(world.index_dir(), "in the way").unwrap();

    let refused = world.run(&tree.root, &["search", &tree.name(0), "--json"]);
    assert_eq!(refused.code, Some(4), "{refused:#?}");
    assert!(
        refused.stderr.contains(world.index_dir().to_str().unwrap()),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("can be written"), "{}", refused.stderr);
    assert_ne!(world.pid(), pid);
    assert!(world.is_alive());
    world.status();

    fs::remove_file(world.index_dir()).unwrap();
    let pid = world.pid();
    tree.add(&world);
    tree.assert_whole(&world);
    assert_eq!(world.pid(), pid);
}

#[test]
fn a_file_where_a_repositorys_store_must_be_is_named_and_the_daemon_lives() {
    let world = World::new();
    let tree = Tree::new(world.path("tree"), 20);
    tree.add(&world);
    let folder = world.repo_dir();
    world.ok(&tree.root, &["daemon", "stop"]);
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "in the way").unwrap();

    let refused = world.run(&tree.root, &["search", &tree.name(0), "--json"]);
    assert_eq!(refused.code, Some(4), "{refused:#?}");
    assert!(
        refused.stderr.contains(folder.to_str().unwrap()),
        "{}",
        refused.stderr
    );
    let pid = world.pid();
    let status = world.repo_status(&tree.root);
    assert!(
        status["problem"]
            .as_str()
            .is_some_and(|text| text.contains(folder.to_str().unwrap())),
        "{status:#}"
    );

    fs::remove_file(&folder).unwrap();
    tree.add(&world);
    tree.assert_whole(&world);
    assert_eq!(world.pid(), pid);
}

/// A daemon that may write no file beyond this size: what a full disk is to it.
fn limited(world: &World, blocks: u32) -> Child {
    let script = format!(
        "trap '' XFSZ; ulimit -f {blocks}; exec '{}' daemon run",
        env!("CARGO_BIN_EXE_aiex")
    );
    let child = world.command("sh").args(["-c", &script]).spawn().unwrap();
    wait_until("the daemon is published", || world.is_published());
    child
}

#[test]
fn a_disk_that_fills_up_is_told_and_the_last_index_is_served() {
    let world = World::new();
    let mut tree = Tree::new(world.path("tree"), 20);
    tree.add(&world);
    world.wait_settled(&tree.root);
    world.ok(&tree.root, &["daemon", "stop"]);

    let daemon = limited(&world, 200);
    let pid = world.pid();
    for number in 20..400 {
        tree.write(number, 0);
    }
    let fresh = world.run(
        &tree.root,
        &["search", &tree.name(0), "--wait-fresh=60s", "--json"],
    );
    assert_eq!(fresh.code, Some(4), "{fresh:#?}");
    wait_until("the status tells the problem", || {
        !world.repo_status(&tree.root)["problem"].is_null()
    });
    let shown = world.ok(&tree.root, &["status"]).stdout;
    assert!(shown.contains("store") && shown.contains("make room"), "{shown}");
    let served = world.ok(&tree.root, &["search", &tree.name(0), "--json", "-n", "1"]);
    assert_eq!(served.paths(), ["core/part0.rs"]);
    assert_eq!(world.pid(), pid);

    world.ok(&tree.root, &["daemon", "stop"]);
    let ended = wait_for(daemon);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    tree.assert_fresh(&world);
    tree.assert_as_fresh(&world, [0, 19, 20, 399]);
}

#[test]
fn a_disk_that_is_full_from_the_start_is_told_and_made_good_later() {
    let world = World::new();
    let tree = Tree::new(world.path("tree"), 300);
    let daemon = limited(&world, 64);
    let pid = world.pid();
    let refused = world.run(&tree.root, &["repos", "add", "--yes"]);
    assert_eq!(refused.code, Some(4), "{refused:#?}");
    assert!(
        refused.stderr.contains(world.index_dir().to_str().unwrap()),
        "{}",
        refused.stderr
    );
    let searched = world.run(&tree.root, &["search", &tree.name(0), "--json"]);
    assert!(matches!(searched.code, Some(0 | 1 | 4)), "{searched:#?}");
    assert!(
        !searched.stderr.is_empty(),
        "an answer from half an index says so"
    );
    assert_eq!(world.pid(), pid);

    world.ok(&tree.root, &["daemon", "stop"]);
    assert_eq!(wait_for(daemon).code, Some(0));
    tree.add(&world);
    tree.assert_as_fresh(&world, [0, 19, 299]);
}
