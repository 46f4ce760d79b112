//! Crates, in `Cargo.lock` and the sources that cargo keeps.

use aiex_deps::{Homes, Origin, Problem, find};

use crate::world::World;

const LOCK: &str = r#"
version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = ["member", "serde", "syn 2.0.1", "from-git"]

[[package]]
name = "member"
version = "0.1.0"
dependencies = ["not-here"]

[[package]]
name = "serde"
version = "1.0.200"
source = "registry+https://index.example/git"
checksum = "00"
dependencies = ["syn 1.0.5"]

[[package]]
name = "syn"
version = "1.0.5"
source = "registry+https://index.example/git"

[[package]]
name = "syn"
version = "2.0.1"
source = "sparse+https://index.example/"

[[package]]
name = "from-git"
version = "0.3.0"
source = "git+https://git.example/org/Repo.git?branch=main#0123456789abcdef0123456789abcdef01234567"

[[package]]
name = "not-here"
version = "9.9.9"
source = "registry+https://index.example/git"
"#;

#[test]
fn crates_are_found_in_the_registry_the_checkouts_and_the_workspace() {
    let world = World::new(&[
        ("repo/Cargo.lock", LOCK),
        (
            "repo/Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[workspace]\nmembers = [\"crates/*\"]",
        ),
        (
            "repo/crates/member/Cargo.toml",
            "[package]\nname = \"member\"\nversion.workspace = true",
        ),
        ("cargo/registry/src/one-0011/serde-1.0.200/Cargo.toml", ""),
        ("cargo/registry/src/one-0011/syn-1.0.5/Cargo.toml", ""),
        ("cargo/registry/src/two-0022/syn-2.0.1/Cargo.toml", ""),
        (
            "cargo/git/checkouts/repo-aa11/0123456/Cargo.toml",
            "[workspace]\nmembers = [\"sub/*\"]",
        ),
        (
            "cargo/git/checkouts/repo-aa11/0123456/sub/it/Cargo.toml",
            "[package]\nname = \"from-git\"\nversion = \"0.3.0\"",
        ),
        (
            "cargo/git/checkouts/repo-aa11/7654321/Cargo.toml",
            "[package]\nname = \"from-git\"",
        ),
    ]);
    let found = world.find();
    assert_eq!(
        world.lines(&found),
        [
            "app 0.1.0 indirect repo",
            "from-git 0.3.0 direct cargo/git/checkouts/repo-aa11/0123456/sub/it",
            "member 0.1.0 direct repo/crates/member",
            "not-here 9.9.9 direct -",
            "serde 1.0.200 direct cargo/registry/src/one-0011/serde-1.0.200",
            "syn 1.0.5 indirect cargo/registry/src/one-0011/syn-1.0.5",
            "syn 2.0.1 direct cargo/registry/src/two-0022/syn-2.0.1",
        ]
    );
    let origins: Vec<Origin> = found
        .packages
        .iter()
        .map(|package| package.origin)
        .take(3)
        .collect();
    assert_eq!(origins, [Origin::Path, Origin::Git, Origin::Path]);
    assert_eq!(found.notices.len(), 1, "{:?}", found.notices);
    assert_eq!(
        found.notices[0].problem,
        Problem::NotInstalled { missing: 1, of: 7 }
    );
}

#[test]
fn vendored_crates_come_first_and_only_at_the_locked_version() {
    let lock = r#"
[[package]]
name = "either"
version = "1.2.0"
source = "registry+https://index.example/git"
[[package]]
name = "syn"
version = "1.0.5"
source = "registry+https://index.example/git"
[[package]]
name = "stale"
version = "2.0.0"
source = "registry+https://index.example/git"
"#;
    let world = World::new(&[
        ("repo/Cargo.lock", lock),
        (
            "repo/vendor/syn-1.0.5/Cargo.toml",
            "[package]\nname = \"syn\"\nversion = \"1.0.5\"",
        ),
        (
            "repo/vendor/syn/Cargo.toml",
            "[package]\nname = \"syn\"\nversion = \"2.0.0\"",
        ),
        (
            "repo/vendor/stale/Cargo.toml",
            "[package]\nname = \"stale\"\nversion = \"1.0.0\"",
        ),
        (
            "repo/.cargo/config.toml",
            "[source.x]\nreplace-with = \"y\"\n[source.y]\ndirectory = \"third/party\"",
        ),
        (
            "repo/third/party/either/Cargo.toml",
            "[package]\nname = \"either\"\nversion = \"1.2.0\"",
        ),
        ("cargo/registry/src/one-00/syn-1.0.5/Cargo.toml", ""),
    ]);
    assert_eq!(
        world.lines(&world.find()),
        [
            "either 1.2.0 indirect repo/third/party/either",
            "stale 2.0.0 indirect -",
            "syn 1.0.5 indirect repo/vendor/syn-1.0.5",
        ]
    );
}

#[test]
fn several_lockfiles_of_one_repository_name_each_package_once() {
    let lock = |asks: &str| {
        format!(
            "[[package]]\nname = \"root\"\nversion = \"0.1.0\"\ndependencies = [{asks}]\n\
             [[package]]\nname = \"serde\"\nversion = \"1.0.0\"\nsource = \"registry+https://index.example\"\n"
        )
    };
    let world = World::new(&[
        ("repo/Cargo.lock", &lock("")),
        ("repo/tools/fuzz/Cargo.lock", &lock("\"serde\"")),
        ("repo/target/package/Cargo.lock", "damaged"),
        ("repo/.gitignore", "Cargo.lock\n/ignored"),
        ("repo/ignored/Cargo.lock", "damaged"),
        ("cargo/registry/src/one-00/serde-1.0.0/lib.rs", ""),
    ]);
    // The lockfile at the root counts although it is ignored; the ones below do not.
    assert_eq!(
        world.lines(&world.find()),
        [
            "root 0.1.0 indirect -",
            "serde 1.0.0 indirect cargo/registry/src/one-00/serde-1.0.0"
        ]
    );
    world.write("repo/.gitignore", "/ignored");
    assert_eq!(
        world.lines(&world.find()),
        [
            "root 0.1.0 indirect -",
            "serde 1.0.0 direct cargo/registry/src/one-00/serde-1.0.0"
        ]
    );
}

#[test]
fn this_workspace_finds_the_sources_that_it_was_built_from() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let homes = Homes::from_variables(|name| std::env::var_os(name));
    let registry = homes.cargo.as_ref().map(|cargo| cargo.join("registry/src"));
    let found = find(&root, &homes, &|| false);
    let serde = found
        .packages
        .iter()
        .find(|package| package.name == "serde")
        .expect("serde is locked");
    assert!(serde.direct);
    // A build from vendored sources has no registry folder.
    if registry.is_some_and(|registry| registry.is_dir()) {
        let folder = serde
            .folder
            .as_ref()
            .expect("what was compiled lies in the registry folder");
        assert!(folder.join("Cargo.toml").is_file());
        assert!(folder.ends_with(format!("serde-{}", serde.version)));
    }
    assert!(
        found
            .packages
            .iter()
            .any(|package| package.name == "aiex-deps" && package.origin == Origin::Path)
    );
}
