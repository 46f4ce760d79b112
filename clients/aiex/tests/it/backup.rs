//! `aiex backup`, `aiex restore` and `aiex verify`.

use std::fs;
use std::path::Path;

use crate::world::World;

#[test]
fn what_was_made_comes_back_from_a_backup_that_was_written_under_a_working_daemon() {
    let world = World::new();
    let repo = world.sample();
    world.configure("[search]\nlimit = 7\n");
    world.ok(
        &repo,
        &["bookmark", "add", "src/retry.rs:11-16", "--note", "why 2?"],
    );
    world.ok(&repo, &["search", "next_delay"]);
    world.ok(
        &repo,
        &["research", "how are retries delayed?", "--depth", "quick"],
    );
    let into = world.path("backups");
    let into = into.to_str().unwrap();
    let made = world.ok(&repo, &["backup", into, "--note", "before"]);
    let backup = made.stdout.trim().to_owned();
    for what in [
        "history and bookmarks",
        "research",
        "settings",
        "the list of repositories",
    ] {
        assert!(made.stderr.contains(what), "{what}: {}", made.stderr);
    }
    let sound = world.ok(&repo, &["verify", &backup]).stdout;
    assert!(
        sound.starts_with("sound: ") && sound.contains("(before)"),
        "{sound}"
    );
    assert!(world.ok(&repo, &["verify"]).stdout.contains("ok    research"));

    let listed = |args: &[&str]| world.ok(&repo, args).stdout;
    let (marks, runs) = (
        listed(&["bookmark", "list"]),
        listed(&["research", "list", "--json"]),
    );
    world.ok(&repo, &["bookmark", "remove", "1"]);
    let refused = world.run(&repo, &["restore", &backup]);
    assert_eq!(refused.code, Some(4));
    assert!(refused.stderr.contains("aiex daemon stop"), "{}", refused.stderr);

    world.ok(&repo, &["daemon", "stop"]);
    fs::remove_dir_all(world.aiex_home()).unwrap();
    let dry = world.ok(&repo, &["restore", &backup, "--dry-run"]);
    assert!(
        dry.stdout.contains("would be put back  research"),
        "{}",
        dry.stdout
    );
    assert!(!world.aiex_home().join("state/sessions.db").exists());
    world.ok(&repo, &["restore", &backup]);
    assert_eq!(listed(&["bookmark", "list"]), marks);
    assert_eq!(listed(&["research", "list", "--json"]), runs);
    assert!(listed(&["repos", "list"]).contains("sample"));
    assert!(
        world
            .ok(&repo, &["search", "next_delay"])
            .stdout
            .contains("retry.rs")
    );
}

#[test]
fn a_damaged_backup_is_told_and_changes_nothing() {
    let world = World::new();
    let repo = world.sample();
    world.ok(&repo, &["bookmark", "add", "src/retry.rs:11-16"]);
    let into = world.path("backups");
    let made = world.ok(&repo, &["backup", into.to_str().unwrap()]);
    let backup = made.stdout.trim().to_owned();
    world.ok(&repo, &["daemon", "stop"]);
    let file = Path::new(&backup).join("sessions.db");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    for args in [&["verify", &backup][..], &["restore", &backup]] {
        let told = world.run(&repo, args);
        assert_eq!(told.code, Some(8), "{}", told.stderr);
        assert!(told.stderr.contains("sessions.db"), "{}", told.stderr);
    }
    assert_eq!(world.ok(&repo, &["bookmark", "list", "--json"]).rows().len(), 1);
    let none = world.run(&repo, &["restore", into.to_str().unwrap()]);
    assert_eq!(none.code, Some(5));
    assert!(none.stderr.contains("is no backup"), "{}", none.stderr);
}
