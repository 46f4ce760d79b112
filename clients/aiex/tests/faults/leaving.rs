//! The daemon is asked to go, or a client goes without a word.

use std::time::Duration;

use rustix::process::{Signal, kill_process};

use crate::tree::Tree;
use crate::world::{World, instants, let_pass, wait_for, wait_until};

#[test]
fn a_terminated_daemon_leaves_nothing_behind() {
    let world = World::new();
    let tree = Tree::new(world.path("tree"), 100);
    let daemon = world.aiex(&tree.root, &["daemon", "run"]).spawn().unwrap();
    wait_until("the daemon is published", || world.is_published());
    tree.add(&world);
    kill_process(world.pid().unwrap(), Signal::TERM).unwrap();
    let ended = wait_for(daemon);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(!world.is_alive());
    for left in ["aiexd.json", "aiexd.sock", "aiexd.error.json", "aiexd.exits.json"] {
        assert!(!world.state(left).exists(), "{left} is left behind");
    }
    tree.assert_fresh(&world);
}

#[test]
fn a_daemon_terminated_while_it_works_answers_or_says_why_not() {
    let world = World::new();
    let mut tree = Tree::new(world.path("tree"), 300);
    tree.add(&world);
    for (round, delay) in instants(10, Duration::from_millis(150)).take(10).enumerate() {
        for number in 0..300 {
            tree.write(number, round + 1);
        }
        let asked = world
            .aiex(
                &tree.root,
                &[
                    "search",
                    "--regex",
                    "fn marker_",
                    "--wait-fresh=60s",
                    "--limit",
                    "9999",
                    "--json",
                ],
            )
            .spawn()
            .unwrap();
        let_pass(delay);
        if let Some(pid) = world.pid() {
            let _ = kill_process(pid, Signal::TERM);
        }
        let outcome = wait_for(asked);
        match outcome.code {
            Some(0) => {
                let lines = tree.lines();
                for row in outcome.rows() {
                    let of = |key: &str| row[key].as_str().unwrap().to_owned();
                    let line = (of("path"), row["start_line"].as_u64().unwrap(), of("snippet"));
                    assert!(
                        lines.binary_search(&line).is_ok(),
                        "round {round}: stale: {line:?}"
                    );
                }
            }
            Some(3 | 4 | 6) => assert!(outcome.stderr.contains("error"), "{outcome:#?}"),
            _ => panic!("round {round}: {outcome:#?}\n{}", world.log()),
        }
        tree.assert_fresh(&world);
        assert!(
            !world.state("aiexd.exits.json").exists(),
            "round {round}: a clean exit counts as a crash"
        );
    }
}

#[test]
fn clients_killed_in_the_middle_leave_the_daemon_healthy() {
    let world = World::new();
    let mut tree = Tree::new(world.path("tree"), 300);
    tree.add(&world);
    let pid = world.pid();
    for (round, delay) in instants(11, Duration::from_millis(80)).take(30).enumerate() {
        tree.write(round, 1);
        let args: &[&str] = match round % 3 {
            0 => &["search", "--regex", ".", "--limit", "9999", "--json"],
            1 => &["search", "marker", "--wait-fresh=60s", "--json"],
            _ => &["repos", "reindex", "--wait"],
        };
        // Its output is not read, so that some stop in the middle of an answer.
        let mut client = world.aiex(&tree.root, args).spawn().unwrap();
        let_pass(delay);
        client.kill().unwrap();
        client.wait().unwrap();
    }
    wait_until("nothing is left of the killed clients", || {
        let status = world.status();
        status["clients"] == 1 && status["running_requests"] == 1
    });
    assert_eq!(world.pid(), pid);
    tree.assert_fresh(&world);
    tree.assert_as_fresh(&world, [0, 29, 30, 299]);
}
