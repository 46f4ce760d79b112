//! The daemon is killed at any instant; the next client finds everything as if it had not been.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aiex_chunk::Language;
use aiex_index::content::ContentKey;
use aiex_index::suspects::Suspects;

use crate::tree::Tree;
use crate::world::{World, instants, let_pass, wait_until};

const KILLS: usize = 20;
const SPREAD: Duration = Duration::from_millis(600);

#[test]
fn killed_during_the_first_index() {
    let place = World::new();
    let tree = Tree::new(place.path("tree"), 300);
    let mut last = None;
    for delay in instants(1, SPREAD).take(KILLS) {
        let world = World::new();
        let mut client = world
            .aiex(&tree.root, &["repos", "add", "--yes", "--no-wait"])
            .spawn()
            .unwrap();
        wait_until("a daemon runs", || world.pid().is_some());
        let_pass(delay);
        world.kill();
        let _ = client.wait();
        tree.add(&world);
        tree.assert_whole(&world);
        tree.assert_ranked(&world, [3, 299]);
        last = Some(world);
    }
    tree.assert_as_fresh(&last.unwrap(), [0, 1, 77, 151, 298]);
}

#[test]
fn killed_during_an_update_of_many_files() {
    let world = World::new();
    let mut tree = Tree::new(world.path("tree"), 300);
    tree.add(&world);
    for (round, delay) in instants(2, SPREAD).take(KILLS).enumerate() {
        for number in (0..300).filter(|number| number % 3 == round % 3) {
            tree.write(number, round + 1);
        }
        let_pass(delay);
        world.kill();
        world.forget_crashes();
        // The first word of the new daemon is about a repository that it already knows.
        let status = world.ok(&tree.root, &["status"]);
        assert!(status.stdout.contains("aiex-static"), "{status:#?}");
        assert!(!status.stderr.contains("not indexed yet"), "{status:#?}");
        tree.assert_fresh(&world);
        tree.assert_ranked(&world, [round % 3, 297 + round % 3]);
    }
    tree.assert_as_fresh(&world, [0, 1, 2, 150, 299]);
}

#[test]
fn killed_during_bursts_of_tiny_updates() {
    let world = World::new();
    let mut tree = Tree::new(world.path("tree"), 150);
    tree.add(&world);
    for (round, delay) in instants(3, SPREAD).take(KILLS).enumerate() {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut number = 0;
                while !is_over.load(Ordering::Relaxed) {
                    tree.write(number * 7 % 150, 1000 * (round + 1) + number);
                    number += 1;
                    // A generation each: longer than the quiet time after which a change is indexed.
                    let_pass(Duration::from_millis(60));
                }
            });
            let_pass(delay);
            world.kill();
            is_over.store(true, Ordering::Relaxed);
        });
        world.forget_crashes();
        tree.assert_fresh(&world);
        tree.assert_ranked(&world, [0, 7]);
    }
    tree.assert_as_fresh(&world, [0, 1, 2, 75, 149]);
}

#[test]
fn a_daemon_that_keeps_crashing_is_left_alone_with_a_word_on_what_to_do() {
    let world = World::new();
    let tree = Tree::new(world.path("tree"), 10);
    let mut refused = None;
    for _ in 0..8 {
        let outcome = world.run(&tree.root, &["daemon", "start"]);
        if outcome.code != Some(0) {
            refused = Some(outcome);
            break;
        }
        world.kill();
    }
    let refused = refused.expect("the breaker does not trip");
    assert_eq!(refused.code, Some(3));
    assert!(
        refused.stderr.contains("failed 6 times within a minute"),
        "{}",
        refused.stderr
    );
    for hint in ["daemon logs", "doctor", "--no-daemon"] {
        assert!(refused.stderr.contains(hint), "{}", refused.stderr);
    }
    assert!(!world.is_alive());

    let without = world.ok(
        &tree.root,
        &["search", &tree.name(0), "--no-daemon", "--json", "-n", "1"],
    );
    assert_eq!(without.paths(), ["core/part0.rs"]);

    world.forget_crashes();
    world.ok(&tree.root, &["daemon", "start"]);
}

#[test]
fn a_file_that_was_being_parsed_at_three_kills_is_parsed_all_the_same() {
    let world = World::new();
    let mut tree = Tree::new(world.path("tree"), 3);
    tree.add(&world);
    world.wait_settled(&tree.root);
    world.ok(&tree.root, &["daemon", "stop"]);
    let text = "pub fn unlucky() {}\n";
    let key = ContentKey::new(blake3::hash(text.as_bytes()).as_bytes(), Some(Language::Rust));
    for _ in 0..3 {
        let suspects = Suspects::open(&world.index_dir().join("content"), None).unwrap();
        std::mem::forget(suspects.note(&key));
    }
    tree.put("src/unlucky.rs", text);
    let found = world.ok(&tree.root, &["symbols", "unlucky", "--wait-fresh=60s", "--json"]);
    assert_eq!(found.paths(), ["src/unlucky.rs"]);
    assert!(world.log().contains("was tried"), "{}", world.log());
    tree.assert_whole(&world);
}
