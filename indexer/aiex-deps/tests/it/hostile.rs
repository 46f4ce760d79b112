//! What a lockfile says is not trusted.

use aiex_deps::{Homes, Problem, find};
use proptest::prelude::*;

use crate::world::World;

#[test]
fn damaged_lockfiles_are_notices_and_the_others_still_count() {
    let world = World::new(&[
        ("repo/package-lock.json", "{\"packages\": ["),
        ("repo/yarn.lock", "<<<<<<< HEAD\nlodash@1\n"),
        ("repo/pnpm-lock.yaml", "importers: [unclosed"),
        ("repo/bun.lock", "{]"),
        ("repo/uv.lock", "package = 3"),
        ("repo/poetry.lock", "[[package]]\nversion = \"1\""),
        ("repo/Pipfile.lock", "[]"),
        ("repo/go.mod", "PK\u{3}\u{4}"),
        ("repo/Gemfile.lock", "nothing of the kind"),
        ("repo/pom.xml", "<project><dependencies></project>"),
        ("repo/gradle.lockfile", "nonsense\n"),
        ("repo/requirements.txt", "flask==3.0.0\n"),
    ]);
    world.write("repo/Cargo.lock", [0_u8, 159, 146, 150]);
    let found = world.find();
    assert_eq!(world.lines(&found), ["flask 3.0.0 direct -"]);
    let malformed: Vec<String> = found
        .notices
        .iter()
        .filter(|notice| matches!(notice.problem, Problem::Malformed(_)))
        .map(|notice| notice.path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(
        malformed,
        [
            "Cargo.lock",
            "Gemfile.lock",
            "Pipfile.lock",
            "bun.lock",
            "go.mod",
            "gradle.lockfile",
            "package-lock.json",
            "pnpm-lock.yaml",
            "poetry.lock",
            "pom.xml",
            "uv.lock",
            "yarn.lock"
        ]
    );
    assert!(
        found
            .notices
            .iter()
            .all(|notice| !notice.problem.hint().is_empty())
    );
}

#[test]
fn a_lockfile_larger_than_any_is_not_read() {
    let world = World::new(&[]);
    let file = std::fs::File::create(world.at("repo/Cargo.lock")).unwrap();
    // Sparse: it takes no room on the disk.
    file.set_len(1 << 40).unwrap();
    let found = world.find();
    assert!(
        matches!(found.notices[0].problem, Problem::TooLarge { .. }),
        "{:?}",
        found.notices
    );
}

#[test]
fn names_that_lead_out_are_refused() {
    let world = World::new(&[
        ("cargo/registry/src/one-00/x-1.0.0/lib.rs", ""),
        ("secret/lib.rs", ""),
        (
            "repo/Cargo.lock",
            "[[package]]\nname = \"../../../../secret\"\nversion = \"1\"\nsource = \"registry+x\"\n\
             [[package]]\nname = \"x\"\nversion = \"1.0.0/../../../../../secret\"\nsource = \"registry+x\"\n",
        ),
        (
            "repo/package-lock.json",
            "{\"packages\": {\"\": {}, \"node_modules/../../secret\": {\"version\": \"1\"}, \"../secret/node_modules/a\": {\"version\": \"1\"},\
             \"node_modules/b\": {\"link\": true, \"resolved\": \"../secret\"}}}",
        ),
        (
            "repo/uv.lock",
            "[[package]]\nname = \"u\"\nversion = \"1\"\nsource = { editable = \"../secret\" }\n",
        ),
        (
            "repo/go.mod",
            "module m\nrequire r v1.0.0\nreplace r => ../secret\n",
        ),
        (
            "repo/Gemfile.lock",
            "PATH\n  remote: ../secret\n  specs:\n    gem (1.0)\n",
        ),
    ]);
    let found = world.find();
    let inside = |path: &std::path::Path| !path.starts_with(world.at("secret"));
    assert!(
        found
            .packages
            .iter()
            .filter_map(|package| package.sources())
            .all(inside),
        "{:?}",
        world.lines(&found)
    );
    let refused = found
        .notices
        .iter()
        .filter(|notice| matches!(notice.problem, Problem::BadName(_) | Problem::Outside(_)))
        .count();
    assert_eq!(refused, 8, "{:#?}", found.notices);
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_are_told_and_loops_end() {
    use std::os::unix::fs::symlink;
    let world = World::new(&[
        ("secret/package.json", "{\"version\": \"1.0.0\"}"),
        (
            "repo/package-lock.json",
            "{\"packages\": {\"\": {}, \"node_modules/linked\": {\"version\": \"1.0.0\"}}}",
        ),
        ("repo/yarn.lock", "loop@^1:\n  version \"1.0.0\"\n"),
        ("repo/node_modules/loop/package.json", "{\"version\": \"2.0.0\"}"),
    ]);
    symlink(world.at("secret"), world.at("repo/node_modules/linked")).unwrap();
    symlink(
        world.at("repo/node_modules"),
        world.at("repo/node_modules/loop/node_modules"),
    )
    .unwrap();
    symlink(world.at("repo"), world.at("repo/again")).unwrap();
    symlink("self", world.at("repo/self")).unwrap();
    let found = world.find();
    assert_eq!(
        world.lines(&found),
        ["linked 1.0.0 indirect -", "loop 1.0.0 indirect -"]
    );
    assert!(
        found
            .notices
            .iter()
            .any(|notice| notice.problem == Problem::Outside("linked".into()))
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_lockfile_blocks_nobody() {
    let world = World::new(&[]);
    let made = std::process::Command::new("mkfifo")
        .arg(world.at("repo/Cargo.lock"))
        .status()
        .unwrap();
    assert!(made.success());
    assert_eq!(world.lines(&world.find()), Vec::<String>::new());
}

#[test]
fn yaml_that_grows_is_stopped() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let last = format!("*a{}, ", level - 1).repeat(10);
        bomb += &format!("a{level}: &a{level} [{}]\n", last.trim_end_matches(", "));
    }
    let world = World::new(&[(
        "repo/pnpm-lock.yaml",
        &format!("{bomb}packages: {{x@1.0.0: *a11}}\n"),
    )]);
    assert!(matches!(world.find().notices[0].problem, Problem::Malformed(_)));
}

#[test]
fn deep_nesting_is_an_error_like_any_other() {
    let deep = 200_000;
    let world = World::new(&[
        (
            "repo/package-lock.json",
            &format!("{{\"packages\": {}", "[".repeat(deep)),
        ),
        ("repo/pnpm-lock.yaml", &format!("packages: {}", "[".repeat(deep))),
        ("repo/uv.lock", &format!("package = {}", "[".repeat(deep))),
        ("repo/pom.xml", &"<a>".repeat(deep)),
    ]);
    assert_eq!(world.find().notices.len(), 4);
}

#[test]
fn a_root_that_is_gone_and_a_cancelled_search_are_told() {
    let gone = find(
        std::path::Path::new("/nonexistent/root"),
        &Homes::default(),
        &|| false,
    );
    assert!(matches!(gone.notices[0].problem, Problem::Unreadable(_)));
    let world = World::new(&[("repo/requirements.txt", "flask==3.0.0\n")]);
    let found = find(&world.at("repo"), &world.homes(), &|| true);
    assert_eq!(found.notices[0].problem, Problem::Cancelled);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever a lockfile holds, the search ends, and no folder lies outside.
    #[test]
    fn no_lockfile_ends_the_search_or_leads_out(
        file in prop::sample::select(vec![
            "Cargo.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "uv.lock", "poetry.lock",
            "Pipfile.lock", "requirements.txt", "go.mod", "go.sum", "Gemfile.lock", "pom.xml", "gradle.lockfile",
        ]),
        noise in prop::collection::vec(prop_oneof![
            Just("\n".to_owned()), Just("[[package]]\nname = \"..\"\nversion = \"1\"\nsource = \"git+u#0\"".to_owned()),
            Just("{\"packages\": {\"node_modules/..\": {\"version\": \"..\"}}}".to_owned()), Just("packages:\n  ../x@..:\n".to_owned()),
            Just("    a/../b (../..)".to_owned()), Just("GEM\n".to_owned()), Just("require ../.. v1".to_owned()), Just("..==..".to_owned()), ".{0,12}",
        ], 0..8),
    ) {
        let world = World::new(&[(&format!("repo/{file}"), &noise.concat()), ("outside/x", "")]);
        for package in world.find().packages {
            let homes = ["repo", "cargo", "go", "active", "gems", "home", "man"];
            prop_assert!(package.sources().is_none_or(|path| homes.iter().any(|home| path.starts_with(world.at(home)))));
        }
    }
}
