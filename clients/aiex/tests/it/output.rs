//! Manners: colours, pipes that close, Ctrl-C.

use std::net::TcpListener;

use rustix::process::{Pid, Signal, kill_process};

use crate::world::{World, first_line, outcome, wait_for, wait_until};

#[test]
fn colours_are_for_terminals_unless_wished_otherwise() {
    let world = World::new();
    let repo = world.sample();
    let colored = |args: &[&str], vars: &[(&str, &str)]| {
        let mut all = vec!["search", "load_config", "--complete"];
        all.extend(args);
        let output = world
            .aiex(&repo, &all)
            .envs(vars.iter().copied())
            .output()
            .unwrap();
        outcome(output).stdout.contains('\u{1b}')
    };
    assert!(!colored(&[], &[]));
    assert!(colored(&["--color", "always"], &[]));
    assert!(colored(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(colored(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!colored(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!colored(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn a_pipe_gets_a_place_and_an_indented_snippet() {
    let world = World::new();
    let repo = world.sample();
    let outcome = world.ok(&repo, &["search", "load_config", "--complete", "--limit", "1"]);
    let mut lines = outcome.stdout.lines();
    let place = lines.next().unwrap();
    assert!(place.starts_with("src/config.rs:"), "{}", outcome.stdout);
    assert!(lines.all(|line| line.starts_with("    ")), "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("> "),
        "the line that matters is marked\n{}",
        outcome.stdout
    );
}

#[test]
fn escape_codes_in_files_do_not_reach_the_terminal() {
    let world = World::new();
    let repo = world.repo("evil", &[("a.txt", "marker \u{1b}[31mred\u{1b}[0m\n")]);
    let outcome = world.ok(&repo, &["search", "--literal", "marker", "--complete"]);
    assert!(!outcome.stdout.contains('\u{1b}'), "{:?}", outcome.stdout);
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let world = World::new();
    let line = format!("needle {}\n", "x".repeat(60));
    let text = line.repeat(4_000);
    let repo = world.repo("big", &[("a.txt", &text)]);
    world.ok(&repo, &["search", "needle", "--complete"]);
    let mut child = world
        .aiex(&repo, &["search", "--literal", "needle", "--json", "--full"])
        .spawn()
        .unwrap();
    let (line, reader) = first_line(&mut child);
    assert!(line.starts_with('{'), "{line}");
    drop(reader);
    let ended = wait_for(child);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        !ended.stderr.contains("panicked") && !ended.stderr.contains("error"),
        "{}",
        ended.stderr
    );
}

#[test]
fn ctrl_c_cancels_the_work_in_the_daemon() {
    let world = World::new();
    // A provider that takes connections and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    world.configure(&format!(
        "[[provider]]\nname = \"silent\"\nkind = \"openai\"\nurl = \"http://{}/v1\"\nmodel = \"m\"\n",
        silent.local_addr().unwrap()
    ));
    let repo = world.sample();
    world.ok(&repo, &["search", "load_config", "--complete"]);
    let mut child = world
        .aiex(&repo, &["ask", "where are settings read"])
        .spawn()
        .unwrap();
    let (line, reader) = first_line(&mut child);
    assert!(line.contains("[1]"), "the evidence comes first: {line}");
    assert_eq!(
        world.daemon_status()["running_requests"].as_u64().map(|n| n >= 1),
        Some(true)
    );
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    drop(reader);
    assert_eq!(wait_for(child).code, Some(130));
    // The request that asks is itself one that runs.
    wait_until("the daemon has cancelled it", || {
        world.daemon_status()["running_requests"].as_u64() <= Some(1)
    });
}
