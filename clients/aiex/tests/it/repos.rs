//! `aiex repos` and `aiex status`.

use std::fs;

use crate::research_cited::git;
use crate::world::World;

#[test]
fn repositories_are_added_listed_and_removed() {
    let world = World::new();
    let repo = world.sample();
    let root = repo.canonicalize().unwrap();
    let added = world.ok(&repo.join("src"), &["repos", "add"]);
    assert!(added.stdout.contains(root.to_str().unwrap()), "{}", added.stdout);
    let listed = world.ok(&world.home(), &["repos", "list", "--json"]).rows();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0]["root"], &listed[0]["is_complete"]),
        (&root.to_str().unwrap().into(), &true.into())
    );
    world.ok(
        &world.home(),
        &["repos", "reindex", repo.to_str().unwrap(), "--wait"],
    );
    world.ok(&world.home(), &["repos", "remove", repo.to_str().unwrap()]);
    assert!(
        world
            .ok(&world.home(), &["repos", "list", "--json"])
            .stdout
            .is_empty()
    );
    assert!(repo.join("src/retry.rs").exists());
    assert_eq!(
        world
            .run(&world.home(), &["repos", "remove", repo.to_str().unwrap()])
            .code,
        Some(5)
    );
}

#[test]
fn a_repository_that_is_gone_can_be_forgotten() {
    let world = World::new();
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    let root = repo.canonicalize().unwrap();
    fs::remove_dir_all(&repo).unwrap();
    world.ok(&world.home(), &["repos", "remove", root.to_str().unwrap()]);
}

/// A folder that is missing says nothing by itself, since its disk may not be mounted; that git knows the tree no longer does.
#[test]
fn a_working_tree_that_git_has_given_up_is_forgotten_with_its_stores() {
    let world = World::new();
    let repo = world.sample();
    fs::remove_dir_all(repo.join(".git")).unwrap();
    git(&repo, &["init", "-q", "-b", "main", "."]);
    git(&repo, &["add", "."]);
    git(&repo, &["commit", "-q", "-m", "Begin"]);
    for tree in ["given-up", "away"] {
        git(
            &repo,
            &["worktree", "add", "-q", "-b", tree, &format!("../{tree}")],
        );
        world.ok(&world.path(tree), &["repos", "add"]);
    }
    world.ok(&repo, &["repos", "add"]);
    world.ok(&repo, &["search", "next_delay", "--wait-fresh"]);
    let stores = world.aiex_home().join("cache/index/repos");
    let counted = || fs::read_dir(&stores).unwrap().count();
    assert_eq!(counted(), 3);
    world.ok(&repo, &["daemon", "stop"]);

    git(&repo, &["worktree", "remove", "../given-up"]);
    fs::rename(world.path("away"), world.path("elsewhere")).unwrap();
    let names = || -> Vec<String> {
        let listed = world.ok(&world.home(), &["repos", "list", "--json"]).rows();
        let roots = listed.iter().map(|row| row["root"].as_str().unwrap().to_owned());
        roots
            .map(|root| root.rsplit('/').next().unwrap().to_owned())
            .collect()
    };
    let mut left = names();
    left.sort();
    assert_eq!(
        (left, counted()),
        (vec!["away".to_owned(), "sample".to_owned()], 2)
    );
    world.ok(&repo, &["search", "next_delay"]);
    world.ok(&repo, &["daemon", "stop"]);

    git(&repo, &["worktree", "prune"]);
    assert_eq!((names(), counted()), (vec!["sample".to_owned()], 1));
}

#[test]
fn the_home_directory_and_plain_folders_are_refused_unless_told() {
    let world = World::new();
    fs::write(world.home().join("note.txt"), "a private note\n").unwrap();
    let refused = world.run(&world.home(), &["search", "note"]);
    assert_eq!(
        (refused.code, refused.stdout.as_str()),
        (Some(5), ""),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("--yes"), "{}", refused.stderr);

    let plain = world.folder("plain", &[("note.txt", "a note about plain folders\n")]);
    assert_eq!(world.run(&plain, &["repos", "add"]).code, Some(5));
    world.ok(&plain, &["repos", "add", "--yes"]);
    let found = world.ok(&plain, &["search", "--literal", "plain folders", "--json"]);
    assert_eq!(found.paths(), ["note.txt"]);
}

#[test]
fn status_tells_how_complete_the_index_is() {
    let world = World::new();
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    let text = world.ok(&repo, &["status"]).stdout;
    assert!(
        text.contains("4 indexed") && text.contains("up to date"),
        "{text}"
    );
    let status: serde_json::Value =
        serde_json::from_str(&world.ok(&repo, &["status", "--json"]).stdout).unwrap();
    assert_eq!(status["repos"][0]["files_indexed"], 4, "{status}");
    let elsewhere = world.ok(&world.home(), &["status"]);
    assert!(
        elsewhere.stderr.contains("1 more repository"),
        "{}",
        elsewhere.stderr
    );
    assert!(
        world
            .ok(&world.home(), &["status", "--all"])
            .stdout
            .contains("4 indexed")
    );
}

#[test]
fn files_that_are_left_out_are_listed_with_their_reason() {
    let world = World::new();
    let repo = world.repo(
        "skips",
        &[
            ("a.rs", "fn a() {}\n"),
            ("blob.bin", "\0\0\0\0binary\0\0\0"),
            (".env", "KEY=value\n"),
        ],
    );
    world.ok(&repo, &["repos", "add"]);
    let all = world.ok(&repo, &["status", "--skipped"]).stdout;
    assert!(all.contains("blob.bin") && all.contains(".env"), "{all}");
    let report: serde_json::Value =
        serde_json::from_str(&world.ok(&repo, &["status", "--skipped", "--json"]).stdout).unwrap();
    let binary = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["path"] == "blob.bin")
        .unwrap();
    let only = world
        .ok(
            &repo,
            &["status", "--skipped", binary["reason"].as_str().unwrap()],
        )
        .stdout;
    assert!(only.contains("blob.bin") && !only.contains(".env  "), "{only}");
}
