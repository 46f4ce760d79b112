//! More repositories than the system allows open files for.

use crate::tree::Tree;
use crate::world::{World, wait_for, wait_until};

/// Fewer than eight small repositories hold, and not to be raised.
const OPEN_FILES: u64 = 130;

#[test]
fn repositories_that_nobody_asks_for_make_room_for_those_that_somebody_does() {
    let world = World::new();
    let script = format!(
        "ulimit -n {OPEN_FILES}; exec '{}' daemon run",
        env!("CARGO_BIN_EXE_aiex")
    );
    let daemon = world.command("sh").args(["-c", &script]).spawn().unwrap();
    wait_until("the daemon is published", || world.is_published());
    let pid = world.pid();

    let trees: Vec<Tree> = (0..14)
        .map(|number| Tree::new(world.path(&format!("tree{number}")), 3))
        .collect();
    for tree in &trees {
        tree.add(&world);
    }
    // The first was put to rest since; asking wakes it, and puts another one to rest.
    for tree in trees.iter().chain(&trees[..3]) {
        let found = world.ok(&tree.root, &["search", &tree.name(0), "--json", "-n", "1"]);
        assert_eq!(found.paths(), ["core/part0.rs"]);
    }
    let status = world.ok(&trees[0].root, &["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let handles = &status["budgets"]["handles"];
    assert_eq!(handles["files_budget"], OPEN_FILES, "{status:#}");
    assert!(handles["files_open"].as_u64().unwrap() < OPEN_FILES, "{status:#}");
    let shown = world.ok(&trees[0].root, &["status"]).stdout;
    assert!(shown.contains(&format!("of {OPEN_FILES} open")), "{shown}");
    assert_eq!(world.pid(), pid, "it was not started again");

    world.ok(&trees[0].root, &["daemon", "stop"]);
    let ended = wait_for(daemon);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}
