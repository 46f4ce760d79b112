//! The command line itself: what is refused, how it is said, what is generated from it.

use std::fs;

use crate::world::World;

#[test]
fn a_misspelt_verb_gets_a_suggestion() {
    let world = World::new();
    let outcome = world.run(&world.home(), &["serch", "x"]);
    assert_eq!(outcome.code, Some(2));
    insta::assert_snapshot!(outcome.stderr, @r"
    error: unrecognized subcommand 'serch'

      tip: some similar subcommands exist: 'research', 'search'

    Usage: aiex [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn a_misspelt_language_gets_a_suggestion() {
    let world = World::new();
    let outcome = world.run(&world.home(), &["search", "x", "--lang", "pyton"]);
    assert_eq!(outcome.code, Some(2));
    assert!(
        outcome.stderr.contains("a similar value exists: 'python'"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_query_is_needed() {
    let world = World::new();
    let outcome = world.run(&world.home(), &["search"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("<QUERY>"), "{}", outcome.stderr);
}

#[test]
fn exit_codes_are_documented() {
    let world = World::new();
    let outcome = world.ok(&world.home(), &["help", "exit-codes"]);
    insta::assert_snapshot!(outcome.stdout, @r"
    Exit codes:
        0  it worked; a search found something
        1  it worked, and nothing was found
        2  the command line, a pattern or the settings file is wrong
        3  the daemon could not be reached or started
        4  the request failed: disk full, overloaded, a bug
        5  what was named is not there, or the folder is refused (`--yes` overrides)
        6  the deadline passed (`--timeout`)
        7  a model, search engine or embedder failed; the evidence that was found was printed
        8  a check failed: `aiex doctor`, `aiex verify`, `aiex research verify`
        9  the research ended without a report; what it found is kept
      130  stopped by Ctrl-C; the work in the daemon was cancelled, research goes on
    ");
    assert!(
        world
            .ok(&world.home(), &["--help"])
            .stdout
            .contains("Exit codes:")
    );
}

#[test]
fn long_help_tells_more_than_short_help() {
    let world = World::new();
    for verb in [
        "ask", "search", "symbols", "refs", "outline", "pack", "research", "graph", "history", "bookmark",
        "status", "eval",
    ] {
        let short = world.ok(&world.home(), &[verb, "-h"]).stdout;
        let long = world.ok(&world.home(), &[verb, "--help"]).stdout;
        assert!(
            !short.contains("Example") && long.contains("Example"),
            "{verb}\n{short}\n{long}"
        );
        assert_eq!(long, world.ok(&world.home(), &["help", verb]).stdout, "{verb}");
    }
}

#[test]
fn completions_are_generated_for_every_shell() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = world.ok(&world.home(), &["util", "completions", shell]).stdout;
        assert!(
            script.contains("wait-fresh") && script.contains("search"),
            "{shell}"
        );
    }
}

#[test]
fn there_is_a_manual_page_for_every_verb() {
    let world = World::new();
    assert!(
        world
            .ok(&world.home(), &["util", "man"])
            .stdout
            .contains(".TH aiex 1")
    );
    let out = world.path("man");
    world.ok(&world.home(), &["util", "man", "--out", out.to_str().unwrap()]);
    for page in [
        "aiex",
        "aiex-search",
        "aiex-ask",
        "aiex-refs",
        "aiex-outline",
        "aiex-symbols",
        "aiex-pack",
        "aiex-repos-add",
        "aiex-research",
        "aiex-research-export",
        "aiex-history-clear",
        "aiex-bookmark-add",
        "aiex-daemon-logs",
        "aiex-util-man",
    ] {
        let text = fs::read_to_string(out.join(format!("{page}.1"))).unwrap();
        assert!(text.contains(&format!(".TH {page} 1")), "{page}\n{text}");
    }
}

#[test]
fn references_are_printed() {
    let world = World::new();
    assert!(
        world
            .ok(&world.home(), &["util", "env"])
            .stdout
            .contains("AIEX_HOME")
    );
    let schema = world.ok(&world.home(), &["util", "schema"]).stdout;
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert!(schema.get("client-frame.v1.json").is_some());
}

#[test]
fn settings_that_are_wrong_stop_a_verb_with_the_place() {
    let world = World::new();
    world.configure("[daemon]\nidle_exit = \"soon\"\n");
    let repo = world.sample();
    let outcome = world.run(&repo, &["search", "x"]);
    assert_eq!(outcome.code, Some(2));
    let told = world.redact(&outcome.stderr);
    assert!(
        told.starts_with("error: [DIR]/aiex/config.toml:2: `daemon.idle_exit` cannot be"),
        "{told}"
    );
    assert!(
        told.ends_with("hint: mend the settings; `aiex doctor` checks them\n"),
        "{told}"
    );
}
