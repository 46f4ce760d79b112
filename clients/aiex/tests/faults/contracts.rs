//! Programs and daemons of different ages meet.

use serde_json::{Value, json};

use crate::wire::Raw;
use crate::world::World;

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
