//! Programs and daemons of different ages meet.

use serde_json::{Value, json};

use crate::wire::{Raw, disguise};
use crate::world::{World, wait_until};

fn hello(contract: u32) -> String {
    json!({
        "type": "hello", "contract": contract, "client": "cli",
        "build": { "version": "9.9.9", "digest": "ffffffffffffffff" },
    })
    .to_string()
}

fn say(world: &World, text: &str) -> Value {
    let mut raw = Raw::connect(&world.state("aiexd.sock"));
    raw.send(text);
    raw.receive()
}

#[test]
fn clients_of_other_contracts_are_refused_by_name_and_the_daemon_lives() {
    let world = World::new();
    let here = world.path("home");
    world.ok(&here, &["daemon", "start"]);
    let pid = world.pid();
    for (contract, reason) in [
        (0, "client_too_old"),
        (2, "daemon_too_old"),
        (u32::MAX, "daemon_too_old"),
    ] {
        let answer = say(&world, &hello(contract));
        assert_eq!(
            (&answer["type"], &answer["reason"]),
            (&json!("refused"), &json!(reason)),
            "{answer}"
        );
        for key in ["message", "hint"] {
            assert!(!answer[key].as_str().unwrap().is_empty(), "{answer}");
        }
    }
    assert_eq!(say(&world, &hello(1))["type"], "welcome");
    world.ok(&here, &["daemon", "status"]);
    assert_eq!(world.pid(), pid);
}

#[test]
fn nonsense_instead_of_a_hello_is_refused_and_the_daemon_lives() {
    let world = World::new();
    let here = world.path("home");
    world.ok(&here, &["daemon", "start"]);
    let pid = world.pid();
    for text in [
        "",
        "{",
        "[]",
        "{\"type\":\"hello\"}",
        "{\"type\":\"hello\",\"contract\":-1}",
        "\u{1F980}",
    ] {
        let answer = say(&world, text);
        assert_eq!(
            (&answer["type"], &answer["reason"]),
            (&json!("refused"), &json!("bad_hello")),
            "{text:?}: {answer}"
        );
    }
    world.ok(&here, &["daemon", "status"]);
    assert_eq!(world.pid(), pid);
}

/// Starts a daemon and lets clients meet it under another age.
fn disguised(words: &[(&'static str, &'static str)]) -> World {
    let world = World::new();
    world.ok(&world.path("home"), &["daemon", "start"]);
    wait_until("the daemon is published", || world.is_published());
    let front = world.path("front.sock");
    disguise(&front, world.state("aiexd.sock"), words);
    let info = std::fs::read_to_string(world.state("aiexd.json")).unwrap();
    let mut info: Value = serde_json::from_str(&info).unwrap();
    info["socket"] = json!(front);
    std::fs::write(world.state("aiexd.json"), info.to_string()).unwrap();
    world
}

const THIS: &str = concat!("\"version\":\"", env!("CARGO_PKG_VERSION"), "\"");

#[test]
fn an_older_program_uses_a_newer_daemon_of_its_contract_and_leaves_it_alone() {
    let world = disguised(&[(THIS, "\"version\":\"9.9.9\"")]);
    let pid = world.pid();
    let outcome = world.ok(&world.path("home"), &["repos", "list"]);
    assert!(!outcome.stderr.contains("restarted"), "{}", outcome.stderr);
    assert_eq!(world.pid(), pid);
}

#[test]
fn a_daemon_of_a_newer_contract_is_left_alone_and_the_program_says_to_update_it() {
    let world = disguised(&[
        ("\"contract\":1", "\"contract\":2"),
        (THIS, "\"version\":\"9.9.9\""),
    ]);
    let pid = world.pid();
    let outcome = world.run(&world.path("home"), &["repos", "list"]);
    assert_eq!(outcome.code, Some(3), "{outcome:#?}");
    assert!(
        outcome.stderr.contains("contract 2") && outcome.stderr.contains("update"),
        "{}",
        outcome.stderr
    );
    assert_eq!(world.pid(), pid);
}

#[test]
fn an_older_daemon_is_replaced_with_a_word() {
    let world = disguised(&[(THIS, "\"version\":\"0.0.1\"")]);
    let pid = world.pid();
    let outcome = world.ok(&world.path("home"), &["repos", "list"]);
    assert!(
        outcome.stderr.contains("restarted the daemon"),
        "{}",
        outcome.stderr
    );
    assert_ne!(world.pid(), pid);
}
