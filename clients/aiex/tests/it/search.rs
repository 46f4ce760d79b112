//! `aiex search`.

use std::fs;

use crate::world::World;

#[test]
fn the_first_search_starts_the_daemon_and_finds_the_definition() {
    let world = World::new();
    let repo = world.sample();
    let outcome = world.ok(&repo, &["search", "next_delay", "--complete", "--json"]);
    let first = &outcome.rows()[0];
    assert_eq!(first["path"], "src/retry.rs", "{}", outcome.stdout);
    assert_eq!(world.daemon_status()["running"], true);
}

#[test]
fn every_json_row_has_exactly_the_documented_keys() {
    let world = World::new();
    let repo = world.sample();
    let outcome = world.ok(
        &repo,
        &["search", "delay", "before", "attempt", "--complete", "--json"],
    );
    let mut expected = [
        "rank",
        "score",
        "repo",
        "path",
        "start_line",
        "end_line",
        "symbol",
        "kind",
        "language",
        "snippet",
        "focus_line",
        "why",
    ];
    expected.sort_unstable();
    for (place, row) in outcome.rows().iter().enumerate() {
        let mut keys: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, expected);
        assert_eq!(row["rank"], place as u64 + 1);
        assert_eq!(row["repo"], repo.canonicalize().unwrap().to_str().unwrap());
        let (start, end, focus) = (
            row["start_line"].as_u64(),
            row["end_line"].as_u64(),
            row["focus_line"].as_u64(),
        );
        assert!(start <= focus && focus <= end && start >= Some(1), "{row}");
    }
    // The order in which they are printed is part of the contract.
    assert!(
        outcome.stdout.starts_with("{\"rank\":1,\"score\":"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn filters_narrow_the_search() {
    let world = World::new();
    let repo = world.sample();
    let paths = |args: &[&str]| {
        let mut all = vec!["search", "table of settings with retry", "--complete", "--json"];
        all.extend(args);
        world.run(&repo, &all).paths()
    };
    assert!(
        paths(&["--path", "tools/**"])
            .iter()
            .all(|path| path.starts_with("tools/"))
    );
    assert!(
        paths(&["--path", "!src/**"])
            .iter()
            .all(|path| !path.starts_with("src/"))
    );
    let rust = paths(&["--lang", "rs"]);
    assert!(
        !rust.is_empty() && rust.iter().all(|path| path.ends_with(".rs")),
        "{rust:?}"
    );
    assert_eq!(paths(&["--limit", "1"]).len(), 1);
    let functions = world.run(
        &repo,
        &[
            "search",
            "load_config",
            "--kind",
            "function",
            "--complete",
            "--json",
        ],
    );
    let rows = functions.rows();
    assert!(
        !rows.is_empty() && rows.iter().all(|row| row["kind"] == "function"),
        "{}",
        functions.stdout
    );
}

#[test]
fn filters_are_never_passed_over_where_other_sources_are_searched() {
    let world = World::new();
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    for filter in [["--path", "src/**"], ["--lang", "rust"], ["--kind", "struct"]] {
        let search = |sources: &str| {
            let query = "settings read from the environment";
            let mut all = vec!["search", query, "--sources", sources, "--complete", "--json"];
            all.extend(filter);
            world.run(&repo, &all)
        };
        let refused = search("docs");
        assert_eq!(refused.code, Some(2), "{filter:?}\n{}", refused.stderr);
        assert!(
            refused.stderr.contains("narrow the search of code only") && refused.stderr.contains("hint: "),
            "{}",
            refused.stderr
        );
        let mixed = search("code,docs");
        let rows = mixed.rows();
        let paths: Vec<&str> = rows
            .iter()
            .filter(|row| row["source"] == "code")
            .filter_map(|row| row["path"].as_str())
            .collect();
        assert!(
            !paths.is_empty() && paths.iter().all(|path| path.starts_with("src/")),
            "{filter:?}: {paths:?}"
        );
        assert!(mixed.stderr.contains("searched whole: docs"), "{}", mixed.stderr);
        let code = search("code");
        assert!(!code.stderr.contains("searched whole"), "{}", code.stderr);
    }
}

#[test]
fn explain_adds_every_contribution() {
    let world = World::new();
    let repo = world.sample();
    let outcome = world.ok(
        &repo,
        &["search", "load_config", "--explain", "--complete", "--json"],
    );
    let explanation = &outcome.rows()[0]["explain"];
    assert!(
        explanation["route"].is_string() && explanation["arms"].is_object(),
        "{explanation}"
    );
    let plain = world.ok(&repo, &["search", "load_config", "--explain"]);
    assert!(plain.stdout.contains("route "), "{}", plain.stdout);
}

#[test]
fn a_pattern_finds_every_match() {
    let world = World::new();
    let text: String = (0..60)
        .map(|number| format!("let marker_{number} = {number};\n\n"))
        .collect();
    let repo = world.repo("many", &[("a.rs", &text), ("b.txt", "marker_99\n")]);
    let outcome = world.ok(
        &repo,
        &["search", "--regex", r"marker_\d+", "--complete", "--json"],
    );
    let covered = |path: &str, line: u64| {
        outcome.rows().iter().any(|row| {
            row["path"] == path
                && row["start_line"].as_u64() <= Some(line)
                && Some(line) <= row["end_line"].as_u64()
        })
    };
    for number in 0..60 {
        assert!(
            covered("a.rs", number * 2 + 1),
            "line {}\n{}",
            number * 2 + 1,
            outcome.stdout
        );
    }
    assert!(covered("b.txt", 1));
}

#[test]
fn a_pattern_is_counted_whole_and_shown_page_by_page() {
    let world = World::new();
    let text: String = (0..25)
        .map(|number| format!("let marker_{number} = 1;\n"))
        .collect();
    let repo = world.repo("pages", &[("a b.rs", &text), ("c.txt", "marker_99\n")]);
    let (mut seen, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut args = vec![
            "search",
            "--literal",
            "marker_",
            "--complete",
            "--json",
            "--limit",
            "10",
        ];
        if let Some(cursor) = &after {
            args.extend(["--after", cursor]);
        }
        let outcome = world.ok(&repo, &args);
        let (hits, more): (Vec<_>, Vec<_>) = outcome
            .rows()
            .into_iter()
            .partition(|row| row["path"].is_string());
        seen.extend(
            hits.iter()
                .map(|hit| (hit["path"].clone(), hit["start_line"].clone())),
        );
        let Some(more) = more.first() else { break };
        assert_eq!(
            (more["lines"].as_u64(), more["files"].as_u64()),
            (Some(26), Some(2))
        );
        after = Some(more["next"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen.len(), 26, "{seen:?}");
    seen.dedup();
    assert_eq!(seen.len(), 26, "no line twice: {seen:?}");
    let told = world
        .ok(&repo, &["search", "--literal", "marker_", "--limit", "10"])
        .stderr;
    assert!(
        told.contains("26 matches in 2 files, 10 shown; the next:"),
        "{told}"
    );
    let outcome = world.run(&repo, &["search", "marker", "--after", "1-1-a"]);
    assert!(
        outcome.stderr.contains("only exhaustive searches have pages"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn plain_text_is_found_as_it_stands() {
    let world = World::new();
    let repo = world.repo(
        "literal",
        &[
            ("a.rs", "fn a() { call(x[0].y()) }\n"),
            ("b.rs", "fn b() { call(x00y) }\n"),
        ],
    );
    let outcome = world.ok(
        &repo,
        &["search", "--literal", "x[0].y()", "--complete", "--json"],
    );
    assert_eq!(outcome.paths(), ["a.rs"]);
}

#[test]
fn a_pattern_that_is_wrong_is_a_usage_error() {
    let world = World::new();
    let repo = world.sample();
    let outcome = world.run(&repo, &["search", "--regex", "("]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
}

#[test]
fn nothing_found_has_its_own_exit_code() {
    let world = World::new();
    let repo = world.sample();
    let outcome = world.run(
        &repo,
        &["search", "--literal", "no such text anywhere", "--complete"],
    );
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    assert!(outcome.stderr.contains("nothing found"), "{}", outcome.stderr);
}

#[test]
fn an_empty_repository_has_nothing_to_find() {
    let world = World::new();
    let repo = world.repo("empty", &[]);
    let outcome = world.run(&repo, &["search", "anything", "--complete", "--json"]);
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(1), ""),
        "{}",
        outcome.stderr
    );
}

#[test]
fn words_of_any_script_are_found() {
    let world = World::new();
    let repo = world.repo(
        "unicode",
        &[
            ("größe.txt", "die größe der suche\n検索する\n"),
            ("other.txt", "plain words\n"),
        ],
    );
    let outcome = world.ok(&repo, &["search", "größe", "--complete", "--json"]);
    assert_eq!(outcome.paths()[0], "größe.txt");
    let outcome = world.ok(&repo, &["search", "--literal", "検索", "--complete", "--json"]);
    assert_eq!(outcome.paths(), ["größe.txt"]);
}

#[test]
fn waiting_for_freshness_sees_the_edit_just_made() {
    let world = World::new();
    let repo = world.sample();
    world.run(&repo, &["search", "anything", "--complete"]);
    for round in 0..5 {
        let name = format!("freshly_written_{round}");
        fs::write(repo.join("src/fresh.rs"), format!("pub fn {name}() {{}}\n")).unwrap();
        let outcome = world.ok(&repo, &["search", "--literal", &name, "--wait-fresh", "--json"]);
        assert_eq!(outcome.paths(), ["src/fresh.rs"]);
    }
}

#[test]
fn a_folder_can_be_searched_from_elsewhere() {
    let world = World::new();
    let repo = world.sample();
    let from = world.home();
    let outcome = world.ok(
        &from,
        &[
            "search",
            "load_config",
            "--repo",
            repo.to_str().unwrap(),
            "--complete",
            "--json",
        ],
    );
    assert_eq!(outcome.paths()[0], "src/config.rs");
    let missing = world.run(&from, &["search", "x", "--repo", "nowhere"]);
    assert_eq!(missing.code, Some(5));
    insta::assert_snapshot!(missing.stderr, @r"
    error: there is no folder `nowhere`
      because: No such file or directory (os error 2)
    ");
}

#[test]
fn without_the_daemon_nothing_stays_behind() {
    let world = World::new();
    let repo = world.sample();
    let outcome = world.ok(&repo, &["search", "load_config", "--no-daemon", "--json"]);
    assert_eq!(outcome.paths()[0], "src/config.rs");
    assert!(
        !world.aiex_home().join("state/c1/aiexd.lock").exists(),
        "the user's own daemon was started"
    );
    let left: Vec<_> = fs::read_dir(world.aiex_home().join("cache")).map_or_else(
        |_| Vec::new(),
        |entries| {
            entries
                .map(|entry| entry.unwrap().file_name())
                .filter(|name| name.to_str().unwrap().starts_with("private"))
                .collect()
        },
    );
    assert!(left.is_empty(), "{left:?}");
    if cfg!(target_os = "linux") {
        let mark = world.aiex_home().join("cache/private");
        let running = fs::read_dir("/proc").unwrap().flatten().any(|entry| {
            fs::read(entry.path().join("environ"))
                .is_ok_and(|environ| String::from_utf8_lossy(&environ).contains(mark.to_str().unwrap()))
        });
        assert!(!running, "the private daemon still runs");
    }
}
