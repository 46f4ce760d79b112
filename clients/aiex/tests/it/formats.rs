//! What earlier versions wrote, as `tests/goldens/make.sh` kept it, and what a later version would have written: both are
//! used or left alone, and nothing that a user made is lost.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::world::{World, wait_until};

/// Where the repository lay when the archives were made.
const MADE_AT: &str = "/tmp/aiex-golden/sample";
/// Every archive, and the stores in it whose format has changed since: they are built anew from the repository.
const KEPT: [(&str, &[&str]); 1] = [("2026-11", &[])];

/// A home and a repository out of an archive. The index is told where the repository lies now.
fn unpacked(name: &str) -> (World, PathBuf) {
    let world = World::new();
    let archive = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/goldens")
        .join(name)
        .with_extension("tar.gz");
    let unpacked = Command::new("tar")
        .arg("-C")
        .arg(world.path("."))
        .arg("-xzf")
        .arg(&archive)
        .status()
        .unwrap();
    assert!(unpacked.success());
    let root = world.path("sample").canonicalize().unwrap();
    // Where this program keeps a repository at this path.
    let here = World::new();
    here.ok(&root, &["repos", "add", "--yes"]);
    here.ok(&root, &["daemon", "stop"]);
    let folder = only(&here.aiex_home().join("cache/index/repos"));
    let index = world.aiex_home().join("cache/index");
    for place in [index.join("repos"), world.aiex_home().join("cache/history")] {
        fs::rename(place.join(only(&place)), place.join(&folder)).unwrap();
    }
    for told in [
        index.join("repos.json"),
        index.join("repos").join(&folder).join("generation.json"),
    ] {
        let text = fs::read_to_string(&told).unwrap();
        assert!(text.contains(MADE_AT), "{text}");
        fs::write(&told, text.replace(MADE_AT, root.to_str().unwrap())).unwrap();
    }
    (world, root)
}

/// The name of the only folder in a folder.
fn only(folder: &Path) -> String {
    let names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
    names.into_iter().next().unwrap()
}

/// The place of the only file of this name below a folder.
fn find(folder: &Path, end: &str) -> PathBuf {
    let mut left = vec![folder.to_owned()];
    while let Some(path) = left.pop() {
        if path.ends_with(end) {
            return path;
        }
        if path.is_dir() {
            left.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    panic!("there is no {end} under {}", folder.display())
}

/// The index answers as it did, with vectors, and says which stores it has built anew.
fn answers(world: &World, root: &Path) -> Vec<String> {
    let found = world.ok(
        root,
        &[
            "search",
            "how long until the next attempt",
            "--wait-fresh=30s",
            "--json",
        ],
    );
    assert_eq!(found.paths().first().unwrap(), "src/retry.rs", "{}", found.stdout);
    let repo = || {
        let status = world.ok(root, &["status", "--json"]).stdout;
        serde_json::from_str::<serde_json::Value>(&status).unwrap()["repos"][0].clone()
    };
    wait_until("the index is whole", || {
        let repo = repo();
        repo["chunks"] == 3 && repo["chunks_embedded"] == 3 && repo["phase"] == "idle"
    });
    let commits = world.ok(
        root,
        &[
            "search",
            "try again after a failure",
            "--sources",
            "git",
            "--json",
        ],
    );
    assert!(
        commits.stdout.contains("Try again after a failure"),
        "{}",
        commits.stdout
    );
    let repo = repo();
    assert!(repo["problem"].is_null(), "{repo:#}");
    let rebuilt = repo["quarantined"].as_array().into_iter().flatten();
    rebuilt.map(|store| store.as_str().unwrap().to_owned()).collect()
}

fn bookmarks(world: &World, root: &Path) -> String {
    world.ok(root, &["bookmark", "list", "--all"]).stdout
}

fn report(world: &World, root: &Path) -> String {
    let runs = world.ok(root, &["research", "list", "--json"]).rows();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["question"], "how are retries delayed?");
    world
        .ok(root, &["research", "export", runs[0]["id"].as_str().unwrap()])
        .stdout
}

#[test]
fn what_earlier_versions_wrote_is_read() {
    for (name, changed) in KEPT {
        let (world, root) = unpacked(name);
        let rebuilt = answers(&world, &root);
        let expected = |store: &String| changed.iter().any(|name| store.starts_with(name));
        assert!(
            rebuilt.iter().all(expected) && rebuilt.len() == changed.len(),
            "{name}: {rebuilt:?}"
        );
        let log = fs::read_to_string(world.aiex_home().join("state/c1/aiexd.log")).unwrap();
        assert_eq!(log.matches("built anew").count(), changed.len(), "{name}: {log}");
        let kept = bookmarks(&world, &root);
        assert!(
            kept.contains("doubled, up to 30 s") && kept.contains("(100 << n.min(20))"),
            "{kept}"
        );
        let past = world.ok(&root, &["history", "--all"]).stdout;
        assert!(past.contains("how long until the next attempt"), "{past}");
        let report = report(&world, &root);
        assert!(
            report.contains("(100 << n.min(20)).min(LONGEST_PAUSE)"),
            "{report}"
        );
        assert!(world.ok(&root, &["verify"]).stdout.contains("ok    research"));
    }
}

/// A newer version has written a store, and the user has gone back.
#[test]
fn what_a_newer_version_wrote_of_the_index_is_built_anew_and_told() {
    let stores = [
        ("content/content.db", "content"),
        ("catalogue.db", "catalogue"),
        ("lexical/current/format.json", "full-text"),
        ("vectors/current/format.json", "vector"),
    ];
    let (newest, _) = KEPT[KEPT.len() - 1];
    for (file, store) in stores {
        let (world, root) = unpacked(newest);
        make_newer(&find(&world.aiex_home().join("cache/index"), file));
        let rebuilt = answers(&world, &root);
        assert!(
            rebuilt
                .iter()
                .any(|told| told.starts_with(store) && told.contains("999")),
            "{store}: {rebuilt:?}"
        );
        let status = world.ok(&root, &["status"]).stdout;
        assert!(status.contains("rebuilt"), "{status}");
        assert!(bookmarks(&world, &root).contains("doubled, up to 30 s"));
    }
}

#[test]
fn what_a_newer_version_wrote_of_the_users_own_is_left_alone_and_told() {
    let stores = [
        ("state/sessions.db", "history", &["bookmark", "list"][..]),
        (
            "state/research/research.db",
            "research",
            &["research", "list"][..],
        ),
    ];
    let (newest, _) = KEPT[KEPT.len() - 1];
    for (file, check, asks) in stores {
        let (world, root) = unpacked(newest);
        let path = world.aiex_home().join(file);
        make_newer(&path);
        let before = fs::read(&path).unwrap();
        // The index is served all the same.
        answers(&world, &root);
        let refused = world.run(&root, asks);
        assert!(
            !matches!(refused.code, Some(0 | 1)),
            "{asks:?}: {}",
            refused.stdout
        );
        assert!(
            refused.stderr.contains("of a newer format (999")
                && refused.stderr.contains("use the newer version"),
            "{}",
            refused.stderr
        );
        let doctor = world.run(&root, &["doctor", "--json"]);
        assert_eq!(doctor.code, Some(8), "{}", doctor.stdout);
        let failed = doctor
            .rows()
            .into_iter()
            .find(|row| row["verdict"] == "fail")
            .unwrap();
        assert_eq!(failed["check"], check);
        world.ok(&root, &["daemon", "stop"]);
        assert!(fs::read(&path).unwrap() == before, "{file} was written to");
    }
}

/// Puts the number of a format that no version has yet into a store.
fn make_newer(path: &Path) {
    if path.extension().is_some_and(|end| end == "json") {
        let mut format: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        format["version"] = 999.into();
        fs::write(path, format.to_string()).unwrap();
    } else {
        // SQLite's `user_version`, four bytes of the file's head.
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.write_all_at(&999_u32.to_be_bytes(), 60).unwrap();
    }
}
