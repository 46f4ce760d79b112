//! `aiex bookmark`.

use std::fs;

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
