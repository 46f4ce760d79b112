//! `aiex bookmark`.

use std::fs;

use serde_json::json;

use crate::research::indexed;
use crate::research_cited::git;
use crate::world::World;

#[test]
fn bookmarked_lines_are_found_again_in_the_file_as_it_is_now() {
    let world = World::new();
    let repo = world.sample();
    let file = repo.join("src/retry.rs");
    let added = world.ok(
        &repo.join("src"),
        &[
            "bookmark",
            "add",
            "retry.rs:11-16",
            "--note",
            "why 2?",
            "--tag",
            "todo",
            "--tag",
            "maths",
        ],
    );
    assert!(
        added.stdout.contains("src/retry.rs:11-16  #todo  #maths"),
        "{}",
        added.stdout
    );
    let row = || world.ok(&repo, &["bookmark", "list", "--json"]).rows().remove(0);
    let first = row();
    assert_eq!(first["standing"]["state"], "kept");
    assert_eq!(
        (&first["path"], &first["note"]),
        (&"src/retry.rs".into(), &"why 2?".into())
    );
    assert!(
        first["text"]
            .as_str()
            .unwrap()
            .starts_with("    pub fn next_delay"),
        "{first}"
    );

    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("//! New.\n\n{text}")).unwrap();
    let moved = row();
    assert_eq!(
        moved["standing"],
        serde_json::json!({"state": "moved", "first_line": 13, "last_line": 18})
    );
    let told = world.ok(&repo, &["bookmark"]).stdout;
    assert!(
        told.contains("src/retry.rs:13-18") && told.contains("moved from 11-16"),
        "{told}"
    );

    fs::write(&file, text.replace("2u32", "3u32")).unwrap();
    assert_eq!(row()["standing"]["state"], "changed");
    fs::remove_file(&file).unwrap();
    assert_eq!(row()["standing"]["state"], "gone");
}

#[test]
fn bookmarks_are_found_by_text_tag_and_repository_and_removed() {
    let world = World::new();
    let (one, other) = (
        world.sample(),
        world.repo("other", &[("a.rs", "fn other_thing() {}\n")]),
    );
    let id = |folder: &std::path::Path, args: &[&str]| {
        world.ok(folder, args);
        let rows = world
            .ok(&world.home(), &["bookmark", "list", "--all", "--json"])
            .rows();
        rows[0]["id"].to_string()
    };
    let first = id(&one, &["bookmark", "add", "src/config.rs:7", "--tag", "todo"]);
    // From a folder below, a path may start from the root; from anywhere, it may be whole.
    let second = id(
        &one.join("tools"),
        &["bookmark", "add", "src/retry.rs:4", "--note", "Backing off"],
    );
    let whole = format!("{}:1", other.join("a.rs").display());
    let third = id(&one, &["bookmark", "add", &whole]);
    let ids = |args: &[&str]| -> Vec<String> {
        let mut all = vec!["bookmark", "list", "--json"];
        all.extend(args);
        let rows = world.run(&one, &all).rows();
        rows.iter().map(|row| row["id"].to_string()).collect()
    };
    assert_eq!(ids(&[]), [second.clone(), first.clone()]);
    assert_eq!(ids(&["--all"]), [third.clone(), second.clone(), first.clone()]);
    assert_eq!(ids(&["backing", "off"]), [second.as_str()]);
    assert_eq!(ids(&["--tag", "todo"]), [first.as_str()]);
    assert_eq!(ids(&["CONFIG"]), [first.as_str()]);

    let missing = world.run(&one, &["bookmark", "remove", &first, "99"]);
    assert_eq!(missing.code, Some(5), "{}", missing.stderr);
    assert!(
        missing.stderr.contains("there is no bookmark 99"),
        "{}",
        missing.stderr
    );
    let removed = world.ok(&one, &["bookmark", "remove", &first, &second]);
    assert!(
        removed.stderr.contains("removed 2 bookmarks"),
        "{}",
        removed.stderr
    );
    assert_eq!(world.run(&one, &["bookmark"]).code, Some(1));
    assert_eq!(ids(&["--all"]), [third]);
}

#[test]
fn what_may_not_be_read_cannot_be_kept() {
    let world = World::new();
    let repo = world.sample();
    fs::write(world.home().join("outside.rs"), "fn outside() {}\n").unwrap();
    std::os::unix::fs::symlink(world.home().join("outside.rs"), repo.join("link.rs")).unwrap();
    fs::write(repo.join("id_rsa"), "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n").unwrap();
    for (what, code) in [
        ("link.rs:1", 5),
        ("../home/../etc/hosts:1", 5),
        ("gone.rs:1", 5),
        ("id_rsa:2", 5),
        ("src/retry.rs:999", 2),
        ("src/retry.rs:2", 2),
        ("src/retry.rs:3-1", 2),
        ("src/retry.rs", 2),
    ] {
        let outcome = world.run(&repo, &["bookmark", "add", what]);
        assert_eq!(
            outcome.code,
            Some(code),
            "{what}\n{}\n{}",
            outcome.stdout,
            outcome.stderr
        );
    }
    assert_eq!(world.run(&repo, &["bookmark", "--all"]).code, Some(1));
}

#[test]
fn a_secret_in_bookmarked_lines_is_blotted_out() {
    let world = World::new();
    let secret = format!("AKIA{}", "IOSFODNN7QWERTZU");
    let repo = world.repo(
        "keys",
        &[("a.rs", &format!("fn a() {{}}\nlet key = \"{secret}\";\n"))],
    );
    world.ok(
        &repo,
        &["bookmark", "add", "a.rs:2", "--note", &format!("it is {secret}")],
    );
    let told = world.ok(&repo, &["bookmark", "--json"]).stdout;
    assert!(told.contains("let key") && !told.contains(&secret), "{told}");
    assert!(told.contains("\"state\":\"kept\""), "{told}");
}

#[test]
fn a_bookmark_that_was_told_survives_the_death_of_the_daemon() {
    let world = World::new();
    let repo = world.sample();
    world.ok(&repo, &["bookmark", "add", "src/retry.rs:4"]);
    let pid = world.daemon_status()["pid"].as_i64().unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    assert_eq!(world.ok(&repo, &["bookmark", "--json"]).rows().len(), 1);
}

#[test]
fn a_page_is_kept_by_its_address_and_listed_everywhere() {
    let world = World::new();
    let (one, other) = (
        world.sample(),
        world.repo("other", &[("a.rs", "fn other_thing() {}\n")]),
    );
    let address = "https://example.org/Retry?a=b";
    world.ok(
        &one,
        &[
            "bookmark",
            "add",
            address,
            "--note",
            "how others wait",
            "--tag",
            "todo",
        ],
    );
    for folder in [&one, &other] {
        let rows = world.ok(folder, &["bookmark", "--json"]).rows();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["target"], json!({"kind": "page", "url": address}));
        assert_eq!((&rows[0]["repo"], &rows[0]["text"]), (&json!(""), &json!("")));
        assert!(rows[0]["standing"].is_null(), "nobody looks: {}", rows[0]);
    }
    let told = world.ok(&other, &["bookmark", "--all"]).stdout;
    assert!(
        told.contains(&format!("  1  page {address}  #todo\n     how others wait\n")),
        "{told}"
    );
    for (filter, code) in [
        ("OTHERS wait", 0),
        ("example.org/retry", 0),
        ("--tag=todo", 0),
        ("--tag=done", 1),
    ] {
        let outcome = world.run(&one, &["bookmark", "list", filter]);
        assert_eq!(outcome.code, Some(code), "{filter}");
    }
    for wrong in ["https://", "https://ada:mellon@example.org", "ftp://example.org"] {
        let outcome = world.run(&one, &["bookmark", "add", wrong]);
        assert_eq!(outcome.code, Some(2), "{wrong}: {}", outcome.stderr);
    }
    world.ok(&other, &["bookmark", "remove", "1"]);
    assert_eq!(world.run(&one, &["bookmark", "--all"]).code, Some(1));
}

#[test]
fn a_commit_is_kept_with_what_it_says_and_gone_when_git_has_dropped_it() {
    let world = World::new();
    let repo = world.sample();
    fs::remove_dir_all(repo.join(".git")).unwrap();
    git(&repo, &["init", "-q", "-b", "main", "."]);
    let commit = |message: &str| {
        git(&repo, &["commit", "-q", "--allow-empty", "-m", message]);
        git(&repo, &["rev-parse", "HEAD"]).trim().to_owned()
    };
    let secret = format!("AKIA{}", "IOSFODNN7QWERTZU");
    let first = commit("Begin");
    let second = commit(&format!(
        "Wait longer\n\nThe server needs a second: key = \"{secret}\".\n\nAnother paragraph."
    ));
    let whole = format!("commit:{first}");
    let from_afar = ["bookmark", "add", &whole, "--repo", repo.to_str().unwrap()];
    world.ok(&world.home(), &from_afar);
    let short = format!("commit:{}", &second[..7]);
    let added = world.ok(
        &repo.join("src"),
        &["bookmark", "add", &short, "--tag", "why", "--note", "the reason"],
    );
    let heading = format!(
        "  2  commit {} Wait longer  #why\n     the reason\n",
        &second[..7]
    );
    assert!(added.stdout.starts_with(&heading), "{}", added.stdout);

    let rows = || world.ok(&repo, &["bookmark", "--json"]).rows();
    let states = || -> Vec<String> {
        let rows = rows();
        let state = |row: &serde_json::Value| row["standing"]["state"].as_str().unwrap().to_owned();
        rows.iter().map(state).collect()
    };
    let kept = rows().remove(0);
    assert_eq!(kept["target"], json!({"kind": "commit", "commit": second}));
    assert_eq!(kept["title"], "Wait longer");
    let text = kept["text"].as_str().unwrap();
    assert!(text.starts_with("The server needs a second: "), "{text}");
    assert!(!text.contains(&secret) && !text.contains("Another"), "{text}");
    assert_eq!(states(), ["kept", "kept"]);
    let found = world.ok(&repo, &["bookmark", "--json", "wait", "LONGER"]).rows();
    assert_eq!(found.len(), 1);

    // It is of its repository alone.
    let other = world.repo("other", &[("a.rs", "fn other_thing() {}\n")]);
    assert_eq!(world.run(&other, &["bookmark"]).code, Some(1));
    let home = world.home();
    for (folder, what, code, told) in [
        (&repo, "commit:0000000", 5, "there is no commit 0000000 in "),
        (&other, short.as_str(), 5, "there is no commit "),
        (&home, short.as_str(), 5, "is not a git repository"),
        (&repo, "commit:abc", 2, "7 hexadecimal digits"),
    ] {
        let outcome = world.run(folder, &["bookmark", "add", what]);
        assert_eq!(outcome.code, Some(code), "{what}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(told), "{what}: {}", outcome.stderr);
    }

    git(&repo, &["update-ref", "refs/heads/main", &first]);
    git(&repo, &["reflog", "expire", "--expire=now", "--all"]);
    git(&repo, &["gc", "-q", "--prune=now"]);
    assert_eq!(states(), ["gone", "kept"]);
    let told = world.ok(&repo, &["bookmark"]).stdout;
    assert!(
        told.contains("Wait longer  #why  gone") && told.contains("needs a second"),
        "{told}"
    );
    fs::remove_dir_all(repo.join(".git")).unwrap();
    assert_eq!(states(), ["gone", "gone"]);
}

#[test]
fn a_quote_is_kept_with_its_place_and_gone_with_its_run() {
    let world = World::new();
    let repo = indexed(&world);
    let question = "how long does the back-off policy wait before the next attempt";
    let flags = ["--sources", "code", "--depth", "quick", "--json"];
    let rows = world
        .ok(&repo, &[&["research", question][..], &flags].concat())
        .rows();
    let run = rows[0]["run"].as_str().unwrap();
    let quote = &rows.last().unwrap()["report"]["quotes"][0];
    let name = format!("S{}.{}", quote["id"]["source"], quote["id"]["number"]);
    let added = world.ok(
        &repo,
        &["bookmark", "add", &format!("latest#{name}"), "--tag", "why"],
    );
    assert!(
        added.stdout.starts_with(&format!("  1  quote {run}#{name} ")),
        "{}",
        added.stdout
    );

    let row = || world.ok(&world.home(), &["bookmark", "--json"]).rows().remove(0);
    let kept = row();
    assert_eq!(
        kept["target"],
        json!({"kind": "quote", "run": run, "quote": quote["id"]})
    );
    assert_eq!(kept["text"], quote["text"]);
    assert!(kept["title"].as_str().unwrap().contains(':'), "{kept}");
    assert_eq!(kept["standing"]["state"], "kept");

    for (what, told) in [
        (format!("{run}#S99.1"), "has no quote S99.1"),
        ("zzz#S1.1".to_owned(), "there is no run `zzz`"),
    ] {
        let outcome = world.run(&repo, &["bookmark", "add", &what]);
        assert_eq!(outcome.code, Some(5), "{what}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(told), "{what}: {}", outcome.stderr);
    }

    world.ok(&repo, &["research", "remove", run]);
    let gone = row();
    assert_eq!(gone["standing"], json!({"state": "gone"}));
    assert_eq!(gone["text"], quote["text"]);
}
