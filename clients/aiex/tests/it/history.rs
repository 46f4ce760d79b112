//! `aiex history`.

use std::fs;

use crate::world::World;

#[test]
fn searches_and_questions_are_remembered_newest_first() {
    let world = World::new();
    let repo = world.sample();
    world.ok(&repo, &["search", "next_delay", "--complete"]);
    world.ok(&repo, &["search", "--regex", "fn \\w+_config"]);
    world.ok(
        &repo.join("src"),
        &["ask", "how long is the delay", "--extractive"],
    );
    let rows = world.ok(&repo, &["history", "--json"]).rows();
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["verb"].as_str().unwrap(),
                row["mode"].as_str().unwrap(),
                row["query"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("ask", "auto", "how long is the delay"),
            ("search", "regex", "fn \\w+_config"),
            ("search", "auto", "next_delay"),
        ]
    );
    let first = &rows[2];
    assert_eq!(first["repo"], repo.canonicalize().unwrap().to_str().unwrap());
    assert_eq!(first["places"][0]["path"], "src/retry.rs");
    assert!(
        first["found"].as_u64() > Some(0) && first["at_ms"].as_u64() > Some(0),
        "{first}"
    );

    let told = world.ok(&repo, &["history", "DELAY", "--limit", "1"]).stdout;
    assert!(
        told.contains("ask     how long is the delay") && told.lines().count() == 1,
        "{told}"
    );
}

#[test]
fn the_history_is_that_of_the_repository_unless_all_is_asked_for() {
    let world = World::new();
    let (one, other) = (
        world.sample(),
        world.repo("other", &[("a.rs", "fn other_thing() {}\n")]),
    );
    world.ok(&one, &["search", "next_delay", "--complete"]);
    world.ok(&other, &["search", "other_thing", "--complete"]);
    let queries = |args: &[&str]| -> Vec<String> {
        let rows = world.run(&one, args).rows();
        rows.iter()
            .map(|row| row["query"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(queries(&["history", "--json"]), ["next_delay"]);
    assert_eq!(
        queries(&["history", "--all", "--json"]),
        ["other_thing", "next_delay"]
    );
    let told = world.ok(&one, &["history", "--all"]).stdout;
    assert!(
        told.contains(other.canonicalize().unwrap().to_str().unwrap()),
        "{told}"
    );

    world.ok(&one, &["history", "clear", "--older-than", "1h"]);
    assert_eq!(queries(&["history", "--json"]), ["next_delay"]);
    let cleared = world.ok(&one, &["history", "clear"]);
    assert!(cleared.stderr.contains("forgot 1 search"), "{}", cleared.stderr);
    assert_eq!(world.run(&one, &["history"]).code, Some(1));
    assert_eq!(queries(&["history", "--all", "--json"]), ["other_thing"]);
}

#[test]
fn the_history_survives_the_daemon() {
    let world = World::new();
    let repo = world.sample();
    world.ok(&repo, &["search", "next_delay", "--complete"]);
    world.ok(&repo, &["daemon", "stop"]);
    assert_eq!(
        world.ok(&repo, &["history", "--json"]).rows()[0]["query"],
        "next_delay"
    );
    assert!(world.aiex_home().join("state/sessions.db").exists());
}

#[test]
fn a_secret_in_a_query_is_blotted_out() {
    let world = World::new();
    let repo = world.sample();
    let secret = format!("AKIA{}", "IOSFODNN7QWERTZU");
    world.run(
        &repo,
        &[
            "search",
            "--literal",
            &format!("key = \"{secret}\""),
            "--complete",
        ],
    );
    let told = world.ok(&repo, &["history", "--json"]).stdout;
    assert!(told.contains("***") && !told.contains(&secret), "{told}");
}

#[test]
fn a_secret_in_a_question_of_research_is_blotted_out_before_it_is_kept() {
    let world = World::new();
    let repo = world.sample();
    let secret = format!("AKIA{}", "IOSFODNN7QWERTZU");
    let question = format!("how long does the back-off policy wait for key = \"{secret}\"");
    let told = world.ok(&repo, &["research", &question, "--sources", "code", "--yes"]);
    assert!(told.stderr.contains("was blotted out"), "{}", told.stderr);
    let listed = world.ok(&repo, &["research", "list", "--json"]).stdout;
    for shown in [&told.stdout, &listed] {
        assert!(!shown.contains(&secret) && shown.contains("***"), "{shown}");
    }
}

#[test]
fn nothing_is_remembered_when_the_settings_say_so() {
    let world = World::new();
    let repo = world.sample();
    world.configure("[search]\nhistory = false\n");
    world.ok(&repo, &["search", "next_delay", "--complete"]);
    let outcome = world.run(&repo, &["search", "limit", "--follow-up"]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("`history = true`"), "{}", outcome.stderr);
    assert_eq!(world.run(&repo, &["history", "--all"]).code, Some(1));
}

#[test]
fn the_questions_of_an_evaluation_are_not_remembered() {
    let world = World::new();
    world.folder(
        "corpora/one",
        &[("header.py", "def parse_header(text):\n    return text\n")],
    );
    let query = r#"{"id":"q1","corpus":"one","query":"parse the header"}"#;
    fs::write(world.path("queries.jsonl"), query).unwrap();
    let eval = [
        "eval",
        "queries.jsonl",
        "--corpora",
        "corpora",
        "--out",
        "out.jsonl",
    ];
    world.ok(&world.path(""), &eval);
    assert_eq!(world.run(&world.home(), &["history", "--all"]).code, Some(1));
}

#[test]
fn a_damaged_file_is_told_and_searching_goes_on() {
    let world = World::new();
    let repo = world.sample();
    fs::create_dir_all(world.aiex_home().join("state")).unwrap();
    let file = world.aiex_home().join("state/sessions.db");
    let damage = "no database at all ".repeat(100);
    fs::write(&file, &damage).unwrap();
    world.ok(&repo, &["search", "next_delay", "--complete"]);
    let outcome = world.run(&repo, &["history"]);
    assert_eq!(outcome.code, Some(4), "{}", outcome.stderr);
    let told = world.redact(&outcome.stderr);
    assert!(told.contains("[DIR]/aiex/state/sessions.db"), "{told}");
    assert!(told.contains("hint: move the file away"), "{told}");
    assert_eq!(fs::read_to_string(&file).unwrap(), damage);
}
