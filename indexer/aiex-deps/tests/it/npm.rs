//! Packages of Node, in the lockfiles of npm, Yarn and pnpm.

use aiex_deps::Origin;

use crate::world::World;

fn manifest(name: &str, version: &str) -> String {
    format!("{{\"name\": \"{name}\", \"version\": \"{version}\"}}")
}

#[test]
fn package_lock_says_itself_where_packages_lie() {
    let lock = r#"{
        "lockfileVersion": 3,
        "packages": {
            "": {"dependencies": {"@babel/core": "^7", "a": "1", "renamed": "npm:real@1", "local": "*"}},
            "node_modules/@babel/core": {"version": "7.2.0"},
            "node_modules/a": {"version": "1.0.0"},
            "node_modules/b": {"version": "2.0.0"},
            "node_modules/a/node_modules/b": {"version": "1.0.0"},
            "node_modules/renamed": {"name": "real", "version": "1.5.0"},
            "node_modules/local": {"resolved": "packages/local", "link": true},
            "node_modules/forked": {"version": "0.1.0", "resolved": "git+ssh://git@git.example/x/forked.git#abc"},
            "packages/local": {"version": "0.0.1", "devDependencies": {"b": "2"}}
        }
    }"#;
    let world = World::new(&[
        ("repo/package-lock.json", lock),
        ("repo/packages/local/package.json", &manifest("local", "0.0.1")),
    ]);
    for place in ["@babel/core", "a", "b", "a/node_modules/b", "renamed", "forked"] {
        world.write(&format!("repo/node_modules/{place}/package.json"), "{}");
    }
    let found = world.find();
    assert_eq!(
        world.lines(&found),
        [
            "@babel/core 7.2.0 direct repo/node_modules/@babel/core",
            "a 1.0.0 direct repo/node_modules/a",
            "b 1.0.0 indirect repo/node_modules/a/node_modules/b",
            "b 2.0.0 direct repo/node_modules/b",
            "forked 0.1.0 indirect repo/node_modules/forked",
            "local  direct repo/packages/local",
            "real 1.5.0 direct repo/node_modules/renamed",
        ]
    );
    assert_eq!(found.packages[4].origin, Origin::Git);
    assert_eq!(found.packages[5].origin, Origin::Path);
}

#[test]
fn the_first_version_of_package_lock_nests_as_the_folders_do() {
    let lock = r#"{"lockfileVersion": 1, "dependencies": {
        "a": {"version": "1.0.0", "requires": {"b": "1"}, "dependencies": {"b": {"version": "1.0.0"}}},
        "b": {"version": "2.0.0"}
    }}"#;
    let world = World::new(&[
        ("repo/package-lock.json", lock),
        ("repo/package.json", r#"{"dependencies": {"a": "1"}}"#),
        ("repo/node_modules/a/node_modules/b/index.js", ""),
    ]);
    assert_eq!(
        world.lines(&world.find()),
        [
            "a 1.0.0 direct repo/node_modules/a",
            "b 1.0.0 indirect repo/node_modules/a/node_modules/b",
            "b 2.0.0 indirect -",
        ]
    );
}

#[test]
fn yarn_1_is_matched_with_what_is_installed() {
    let lock = "# yarn lockfile v1\n\n\n\"@babel/core@^7.0.0\", \"@babel/core@^7.1.0\":\n  version \"7.2.0\"\n  \
                resolved \"https://x.example/core.tgz#aa\"\n  dependencies:\n    lodash \"^4\"\n\nlodash@^3:\n  version \"3.0.0\"\n\n\
                lodash@^4:\n  version \"4.17.21\"\n\nfork@org/fork.git#main:\n  version \"0.1.0\"\n";
    let world = World::new(&[
        ("repo/yarn.lock", lock),
        ("repo/package.json", r#"{"workspaces": ["packages/*"]}"#),
        (
            "repo/packages/one/package.json",
            r#"{"dependencies": {"@babel/core": "^7.0.0"}}"#,
        ),
        (
            "repo/node_modules/@babel/core/package.json",
            &manifest("@babel/core", "7.2.0"),
        ),
        (
            "repo/node_modules/@babel/core/node_modules/lodash/package.json",
            &manifest("lodash", "4.17.21"),
        ),
        (
            "repo/packages/one/node_modules/lodash/package.json",
            &manifest("lodash", "3.0.0"),
        ),
    ]);
    assert_eq!(
        world.lines(&world.find()),
        [
            "@babel/core 7.2.0 direct repo/node_modules/@babel/core",
            "fork 0.1.0 indirect -",
            "lodash 3.0.0 indirect repo/packages/one/node_modules/lodash",
            "lodash 4.17.21 indirect repo/node_modules/@babel/core/node_modules/lodash",
        ]
    );
}

#[test]
fn later_yarn_lockfiles_are_yaml_and_name_the_workspace_too() {
    let lock = "__metadata:\n  version: 8\n  cacheKey: 10c0\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \
                \"app@workspace:.\"\n  languageName: unknown\n  linkType: soft\n\n\"left-pad@npm:^1.0.0, left-pad@npm:^1.3.0\":\n  \
                version: 1.3.0\n  resolution: \"left-pad@npm:1.3.0\"\n  linkType: hard\n";
    let world = World::new(&[
        ("repo/yarn.lock", lock),
        ("repo/package.json", r#"{"dependencies": {"left-pad": "^1.0.0"}}"#),
        (
            "repo/node_modules/left-pad/package.json",
            &manifest("left-pad", "1.3.0"),
        ),
    ]);
    let found = world.find();
    assert_eq!(
        world.lines(&found),
        [
            "app 0.0.0-use.local indirect -",
            "left-pad 1.3.0 direct repo/node_modules/left-pad"
        ]
    );
    assert_eq!(found.packages[0].origin, Origin::Path);
}

#[test]
fn pnpm_keeps_packages_in_a_store_of_its_own() {
    let lock = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      react-dom:\n        specifier: ^17\n        \
                version: 17.0.2(react@17.0.2)\n  packages/ui:\n    devDependencies:\n      '@types/node':\n        specifier: ^20\n        \
                version: 20.1.0\n\npackages:\n\n  '@types/node@20.1.0':\n    resolution: {integrity: sha512-aa}\n\n  \
                react-dom@17.0.2:\n    resolution: {integrity: sha512-bb}\n    peerDependencies:\n      react: 17.0.2\n\n  \
                react@17.0.2:\n    resolution: {integrity: sha512-cc}\n\n  react@17.0.20:\n    resolution: {integrity: sha512-dd}\n";
    let store = "repo/node_modules/.pnpm";
    let world = World::new(&[
        ("repo/pnpm-lock.yaml", lock),
        (
            &format!("{store}/react-dom@17.0.2_react@17.0.2/node_modules/react-dom/package.json"),
            "{}",
        ),
        (
            &format!("{store}/react@17.0.20/node_modules/react/package.json"),
            "{}",
        ),
        (
            &format!("{store}/@types+node@20.1.0/node_modules/@types/node/package.json"),
            "{}",
        ),
    ]);
    assert_eq!(
        world.lines(&world.find()),
        [
            &format!("@types/node 20.1.0 direct {store}/@types+node@20.1.0/node_modules/@types/node"),
            "react 17.0.2 indirect -",
            &format!("react 17.0.20 indirect {store}/react@17.0.20/node_modules/react"),
            &format!("react-dom 17.0.2 direct {store}/react-dom@17.0.2_react@17.0.2/node_modules/react-dom"),
        ]
    );
}

#[test]
fn bun_lockfiles_have_trailing_commas() {
    let lock = r#"{
  "lockfileVersion": 1,
  "workspaces": {
    "": { "name": "app", "dependencies": { "chalk": "^5", }, },
  },
  "packages": {
    "chalk": ["chalk@5.3.0", "", {}, "sha512-aa"],
    "chalk/ansi": ["ansi@1.0.0", "", {}, "sha512-bb"],
    "lib": ["lib@workspace:packages/lib"],
  }
}"#;
    let world = World::new(&[
        ("repo/bun.lock", lock),
        ("repo/packages/lib/package.json", "{}"),
        (
            "repo/node_modules/chalk/package.json",
            &manifest("chalk", "5.3.0"),
        ),
        (
            "repo/node_modules/chalk/node_modules/ansi/package.json",
            &manifest("ansi", "1.0.0"),
        ),
    ]);
    assert_eq!(
        world.lines(&world.find()),
        [
            "ansi 1.0.0 indirect repo/node_modules/chalk/node_modules/ansi",
            "chalk 5.3.0 direct repo/node_modules/chalk",
            "lib  indirect repo/packages/lib",
        ]
    );
}
