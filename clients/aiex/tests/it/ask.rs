//! `aiex ask`.

use std::net::TcpListener;

use crate::world::World;

#[test]
fn the_first_question_on_a_fresh_repository_is_answered_from_the_evidence() {
    let world = World::new();
    let repo = world.sample();
    // As a user would: the index may be partial at first, and then the question is asked again.
    world.run(&repo, &["repos", "add"]);
    let outcome = world.ok(&repo, &["ask", "how long to wait before the next attempt"]);
    let mut parts = outcome.stdout.split("\n\n");
    let evidence = parts.next().unwrap();
    assert!(
        evidence.lines().all(|line| line.trim_start().starts_with('[')),
        "{}",
        outcome.stdout
    );
    assert!(evidence.contains("src/retry.rs:"), "{}", outcome.stdout);
    assert!(parts.next().is_some(), "there is an answer\n{}", outcome.stdout);
}

#[test]
fn the_events_are_one_json_object_a_line() {
    let world = World::new();
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    let outcome = world.ok(
        &repo,
        &[
            "ask",
            "where is the configuration loaded",
            "--json",
            "--extractive",
        ],
    );
    let events: Vec<String> = outcome
        .rows()
        .iter()
        .map(|row| row["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(events.first().map(String::as_str), Some("accepted"));
    assert_eq!(events.last().map(String::as_str), Some("done"));
    assert!(
        events.iter().any(|event| event == "hits") && events.iter().any(|event| event == "answer"),
        "{events:?}"
    );
}

#[test]
fn when_the_provider_is_down_the_evidence_stays_and_the_error_comes_last() {
    let world = World::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    world.configure(&format!(
        "[[provider]]\nname = \"down\"\nkind = \"openai\"\nurl = \"http://{closed}/v1\"\nmodel = \"m\"\n"
    ));
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    let outcome = world.run(&repo, &["ask", "where are settings read"]);
    assert_eq!(outcome.code, Some(7), "{}\n{}", outcome.stdout, outcome.stderr);
    assert!(outcome.stdout.contains("[1]"), "{}", outcome.stdout);
    assert!(
        outcome.stderr.contains("error: ") && outcome.stderr.contains("hint: "),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_provider_that_is_not_configured_is_named() {
    let world = World::new();
    let repo = world.sample();
    let outcome = world.run(&repo, &["ask", "load_config", "--provider", "nobody"]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("nobody"), "{}", outcome.stderr);
}

#[test]
fn an_empty_repository_has_no_answer() {
    let world = World::new();
    let repo = world.repo("empty", &[]);
    let outcome = world.run(&repo, &["ask", "anything"]);
    assert_eq!(outcome.code, Some(1), "{}\n{}", outcome.stdout, outcome.stderr);
}
