//! What a query is about, and what is worth indexing for it.

use aiex_deps::{Dependencies, Package, Quota};

use crate::world::World;

fn world() -> World {
    let crates = [
        "tokio",
        "tokio-util",
        "serde_json",
        "log",
        "time",
        "anyhow",
        "hyper",
    ];
    let mut lock = String::from(
        "[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"tokio\", \"log\", \"serde_json\"]\n",
    );
    let world = World::new(&[
        (
            "repo/go.mod",
            "module m\nrequire github.com/go-chi/chi/v5 v5.0.1 // indirect\n",
        ),
        (
            "repo/package-lock.json",
            "{\"packages\": {\"\": {}, \"node_modules/@babel/parser\": {\"version\": \"7.0.0\"}, \"node_modules/@scope/zustand\": {\"version\": \"1.0.0\"}}}",
        ),
        ("man/man2/open.2", ""),
        ("man/man3/printf.3", ""),
        ("man/man7/ip.7", ""),
    ]);
    for name in crates {
        lock += &format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n");
        world.write(
            &format!("cargo/registry/src/one-00/{name}-1.0.0/src/lib.rs"),
            "x".repeat(1_000),
        );
    }
    world.write("repo/Cargo.lock", lock);
    world
}

fn names<'a>(packages: impl IntoIterator<Item = &'a Package>) -> Vec<&'a str> {
    packages
        .into_iter()
        .map(|package| package.name.as_str())
        .collect()
}

fn mentioned<'a>(found: &'a Dependencies, query: &str) -> Vec<&'a str> {
    names(found.mentioned_in(query))
}

#[test]
fn packages_are_recognised_however_they_are_written() {
    let found = world().find();
    assert_eq!(mentioned(&found, "How does Tokio schedule tasks?"), ["tokio"]);
    assert_eq!(mentioned(&found, "codec in tokio util"), ["tokio", "tokio-util"]);
    assert_eq!(mentioned(&found, "serde-json numbers"), ["serde_json"]);
    assert_eq!(mentioned(&found, "serde_json::from_str errors"), ["serde_json"]);
    assert_eq!(mentioned(&found, "state in zustand"), ["@scope/zustand"]);
    assert_eq!(
        mentioned(&found, "chi middleware order"),
        ["github.com/go-chi/chi/v5"]
    );
    assert_eq!(mentioned(&found, "upgrade to @babel/parser@8"), ["@babel/parser"]);
    assert_eq!(mentioned(&found, ""), Vec::<&str>::new());
}

#[test]
fn everyday_words_are_packages_only_where_the_query_says_so() {
    let found = world().find();
    assert_eq!(
        mentioned(&found, "why does it log the time of the parser"),
        Vec::<&str>::new()
    );
    assert_eq!(mentioned(&found, "the time crate and leap seconds"), ["time"]);
    assert_eq!(mentioned(&found, "what does `log` do"), ["log"]);
    assert_eq!(mentioned(&found, "time::OffsetDateTime parsing"), ["time"]);
    assert_eq!(mentioned(&found, "is log 0.4 fast?"), ["log"]);
}

#[test]
fn an_owner_is_named_too() {
    let found = world().find();
    for query in ["tokio's runtime", "`tokio`'s runtime", "tokio’s runtime"] {
        assert!(mentioned(&found, query).contains(&"tokio"), "{query}");
    }
}

#[test]
fn the_manual_is_asked_for_by_name_or_section() {
    let found = world().find();
    assert_eq!(mentioned(&found, "flags of open(2)"), ["man2"]);
    assert_eq!(
        mentioned(&found, "what does the man page say on printf"),
        ["man2", "man3"]
    );
    assert!(
        !names(found.ranked("open a file"))
            .iter()
            .any(|name| name.starts_with("man"))
    );
}

#[test]
fn mentioned_packages_come_first_then_those_that_share_a_word_then_direct_ones() {
    let found = world().find();
    let ranked = names(found.ranked("hyper connection in the tokio runtime"));
    assert_eq!(ranked[..5], ["tokio", "hyper", "tokio-util", "log", "serde_json"]);
    assert!(
        !ranked.contains(&"app"),
        "the repository's own crates are searched as its code"
    );
}

#[test]
fn the_quota_bounds_packages_and_bytes() {
    // The folders are measured, so the world has to stay.
    let world = world();
    let found = world.find();
    let chosen = |packages, bytes| {
        let quota = Quota { packages, bytes };
        let chosen = found.choose("tokio", &quota, &|_| 0);
        assert!(chosen.iter().map(|chosen| chosen.bytes).sum::<u64>() <= bytes);
        let sizes: Vec<(&str, u64)> = chosen
            .iter()
            .map(|chosen| (chosen.package.name.as_str(), chosen.bytes))
            .collect();
        assert!(sizes.iter().all(|(_, bytes)| *bytes == 1_000), "{sizes:?}");
        names(chosen.iter().map(|chosen| chosen.package))
    };
    assert_eq!(
        chosen(100, 1 << 20),
        ["tokio", "tokio-util", "log", "serde_json"],
        "indirect ones are left out"
    );
    assert_eq!(chosen(1, 1 << 20), ["tokio"]);
    assert_eq!(chosen(100, 2_500), ["tokio", "tokio-util"]);
    assert_eq!(chosen(100, 10), Vec::<&str>::new());
}

#[test]
fn languages_are_ordered_by_what_the_repository_asks_for() {
    assert_eq!(world().find().languages(), ["rust", "javascript", "go"]);
}
