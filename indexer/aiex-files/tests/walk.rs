//! What a walk finds, what it leaves out, and why.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use aiex_files::SkipReason;
use aiex_files::root::{Root, RootKind};
use aiex_files::walk::{Force, RelPath, Rules, RulesOptions, Seen, WalkError, WalkSummary, walk};

struct Tree {
    _guard: tempfile::TempDir,
    root: Root,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Tree {
        let guard = tempfile::tempdir().unwrap();
        let path = guard.path().canonicalize().unwrap();
        fs::create_dir(path.join(".git")).unwrap();
        let root = Root {
            git_dir: Some(path.join(".git")),
            kind: RootKind::Git,
            path,
        };
        let tree = Tree { _guard: guard, root };
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path.join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn rules(&self) -> Rules {
        Rules::load(&self.root, RulesOptions::default())
    }

    fn seen(&self) -> Found {
        self.seen_by(&self.rules())
    }

    fn seen_by(&self, rules: &Rules) -> Found {
        let mut found = Found::default();
        found.summary = walk(&self.root, rules, &|| false, &mut |seen| match seen {
            Seen::File(file) => {
                assert_eq!(
                    rules.is_ignored(&file.path, false),
                    None,
                    "{} is wanted",
                    file.path
                );
                assert_eq!(rules.force(&file.path), file.force, "{}", file.path);
                found.files.push(file.path.to_string());
                found
                    .forced
                    .extend((file.force != Force::No).then(|| (file.path.to_string(), file.force)));
            }
            Seen::Skipped(skipped) => {
                let is_dir = skipped
                    .path
                    .to_path(&self.root)
                    .symlink_metadata()
                    .unwrap()
                    .is_dir();
                if !matches!(skipped.reason, SkipReason::Symlink | SkipReason::Special) {
                    assert_eq!(
                        rules.is_ignored(&skipped.path, is_dir),
                        Some(skipped.reason),
                        "{}",
                        skipped.path
                    );
                }
                found.skipped.insert(skipped.path.to_string(), skipped.reason);
            }
        })
        .unwrap();
        found
    }
}

#[derive(Default)]
struct Found {
    files: Vec<String>,
    forced: Vec<(String, Force)>,
    skipped: BTreeMap<String, SkipReason>,
    summary: WalkSummary,
}

impl Found {
    /// The files without the rule files themselves.
    fn sources(&self) -> Vec<&str> {
        let rule = |path: &str| {
            [".gitignore", ".ignore", ".aiexignore"]
                .iter()
                .any(|name| path.ends_with(name))
        };
        self.files
            .iter()
            .map(String::as_str)
            .filter(|path| !rule(path))
            .collect()
    }
}

fn path(text: &str) -> RelPath {
    RelPath::from_bytes(text).unwrap()
}

#[test]
fn ignore_files_nest_and_negate() {
    let tree = Tree::new(&[
        (".gitignore", "*.log\n/out/\n!keep.log\n"),
        ("a.rs", ""),
        ("a.log", ""),
        ("keep.log", ""),
        ("out/x.rs", ""),
        ("sub/out/y.rs", ""),
        ("sub/.gitignore", "!a.log\ny*\n"),
        ("sub/a.log", ""),
        (".hidden/z.rs", ""),
    ]);
    let found = tree.seen();
    assert_eq!(found.sources(), ["a.rs", "keep.log", ".hidden/z.rs", "sub/a.log"]);
    assert_eq!(found.skipped["out"], SkipReason::Ignored);
    assert_eq!(found.skipped["sub/out/y.rs"], SkipReason::Ignored);
    assert_eq!(found.summary.files, 6);
    assert_eq!(found.summary.skipped[&SkipReason::Ignored], 3);
}

#[test]
fn later_kinds_of_rule_files_rank_below_earlier_ones() {
    let tree = Tree::new(&[
        (".git/info/exclude", "*.exc\n*.both\n"),
        (".gitignore", "*.gen\n!*.both\n"),
        (".ignore", "!a.gen\n*.tmp\n"),
        (".aiexignore", "!b.tmp\na.gen\n"),
        ("a.gen", ""),
        ("b.gen", ""),
        ("a.tmp", ""),
        ("b.tmp", ""),
        ("a.exc", ""),
        ("a.both", ""),
        ("a.global", ""),
        ("b.setting", ""),
    ]);
    let global = tree.at(".git/global");
    fs::write(&global, "*.global\n").unwrap();
    let options = RulesOptions {
        global_excludes: Some(global),
        patterns: vec!["*.setting".into()],
        ..RulesOptions::default()
    };
    let found = tree.seen_by(&Rules::load(&tree.root, options));
    assert_eq!(found.sources(), ["a.both", "b.tmp"]);
}

#[test]
fn aiexignore_reaches_into_what_is_left_out() {
    let tree = Tree::new(&[
        (".gitignore", "build/\ndist/\n*.pb.go\n"),
        (
            ".aiexignore",
            "!build/keep/*.rs\n!vendor/\n!*.pb.go\n!dist/\n!node_modules/ours/\n!.env\nsecret/\n",
        ),
        ("build/x.rs", ""),
        ("build/keep/a.rs", ""),
        ("build/keep/a.txt", ""),
        ("build/other/b.rs", ""),
        ("vendor/lib.rs", ""),
        ("vendor/node_modules/c.js", ""),
        ("dist/d.js", ""),
        ("dist/.gitignore", "e.js\n"),
        ("dist/e.js", ""),
        ("api.pb.go", ""),
        ("build/api.pb.go", ""),
        ("node_modules/ours/f.js", ""),
        ("node_modules/theirs/g.js", ""),
        (".env", "A=1"),
        ("secret/h.rs", ""),
    ]);
    let found = tree.seen();
    assert_eq!(
        found.sources(),
        [
            ".env",
            "api.pb.go",
            "build/keep/a.rs",
            "dist/d.js",
            "node_modules/ours/f.js",
            "vendor/lib.rs"
        ]
    );
    assert_eq!(found.forced[0], (".env".into(), Force::Exact));
    assert!(
        found.forced[1..]
            .iter()
            .all(|(_, force)| *force == Force::Pattern)
    );
    assert_eq!(
        found.forced.len(),
        6 + 1,
        "the rule file of a forced directory is forced too"
    );
    assert_eq!(found.skipped["vendor/node_modules"], SkipReason::Vendored);
    assert_eq!(found.skipped["secret"], SkipReason::Ignored);
}

#[test]
fn directories_that_nobody_wants_are_left_out_whole() {
    let tag = "Signature: 8a477f597d28d172789f06886806bc55\n# made by a tool\n";
    let tree = Tree::new(&[
        ("node_modules/m/index.js", ""),
        ("web/node_modules/m/index.js", ""),
        ("__pycache__/m.pyc", ""),
        ("target/CACHEDIR.TAG", tag),
        ("target/debug/x.rs", ""),
        ("fake/CACHEDIR.TAG", "not a tag"),
        ("fake/y.rs", ""),
        ("env/pyvenv.cfg", "home = /usr"),
        ("vendor/github.com/x.go", ""),
        ("svc/vendor/modules.txt", ""),
        ("src/vendor/model.py", ""),
        ("third_party/zlib/z.c", ""),
        (".hg/store", ""),
        (".aiex-cookie-1-sync-2", ""),
    ]);
    let found = tree.seen();
    assert_eq!(
        found.files,
        ["fake/CACHEDIR.TAG", "fake/y.rs", "src/vendor/model.py"]
    );
    for (dir, reason) in [
        ("node_modules", SkipReason::Vendored),
        ("web/node_modules", SkipReason::Vendored),
        ("__pycache__", SkipReason::CacheDir),
        ("target", SkipReason::CacheDir),
        ("env", SkipReason::Vendored),
        ("vendor", SkipReason::Vendored),
        ("svc/vendor", SkipReason::Vendored),
        ("third_party", SkipReason::Vendored),
    ] {
        assert_eq!(found.skipped[dir], reason, "{dir}");
    }
    assert_eq!(found.skipped.len(), 8);
}

#[test]
fn nested_repositories_and_worktrees_are_boundaries() {
    let tree = Tree::new(&[
        (".aiexignore", "!inner/\n"),
        ("a.rs", ""),
        ("inner/.git/HEAD", ""),
        ("inner/b.rs", ""),
        ("trees/w/.git", "gitdir: /elsewhere\n"),
        ("trees/w/c.rs", ""),
        ("trees/d.rs", ""),
    ]);
    let found = tree.seen();
    assert_eq!(found.sources(), ["a.rs", "trees/d.rs"]);
    assert_eq!(found.skipped["inner"], SkipReason::NestedRepository);
    assert_eq!(found.skipped["trees/w"], SkipReason::NestedRepository);
    let rules = tree.rules();
    assert_eq!(
        rules.is_ignored(&path("trees/w/c.rs"), false),
        Some(SkipReason::NestedRepository)
    );
    assert_eq!(
        rules.is_ignored(&path(".git/HEAD"), false),
        Some(SkipReason::Ignored)
    );
    assert_eq!(rules.is_ignored(&path("not/there/yet.rs"), false), None);
}

#[cfg(target_os = "linux")] // Apple has no `mknodat`.
#[test]
fn links_and_special_files_are_told_of_and_never_opened() {
    use std::os::unix::fs::symlink;

    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("stolen.rs"), "").unwrap();
    let tree = Tree::new(&[("d/a.rs", "")]);
    symlink("..", tree.at("d/loop")).unwrap();
    symlink(outside.path(), tree.at("out")).unwrap();
    symlink("d/a.rs", tree.at("b.rs")).unwrap();
    symlink("nowhere", tree.at("dangling")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        tree.at("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(tree.at("socket")).unwrap();
    // A rule file that is a pipe must not be waited for either.
    rustix::fs::mknodat(
        rustix::fs::CWD,
        tree.at("d/.gitignore"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let found = tree.seen();
    assert_eq!(found.files, ["d/a.rs"]);
    for name in ["d/loop", "out", "b.rs", "dangling"] {
        assert_eq!(found.skipped[name], SkipReason::Symlink, "{name}");
    }
    for name in ["pipe", "socket", "d/.gitignore"] {
        assert_eq!(found.skipped[name], SkipReason::Special, "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_text_are_found() {
    use std::os::unix::ffi::OsStrExt as _;

    let tree = Tree::new(&[]);
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.rs");
    fs::write(tree.root.path.join(name), "x").unwrap();
    fs::write(tree.root.path.join("line\nbreak.rs"), "x").unwrap();
    let found = tree.seen();
    assert_eq!(found.files, ["caf\\xE9.rs", "line\nbreak.rs"]);
}

#[test]
fn a_pattern_that_makes_no_sense_is_reported_and_leaves_nothing_out() {
    let tree = Tree::new(&[
        (".gitignore", "{a,b\n*.log\n"),
        ("sub/.ignore", "[z-a]\n"),
        ("a.rs", ""),
        ("a.log", ""),
    ]);
    let found = tree.seen();
    assert_eq!(found.sources(), ["a.rs"]);
    let problems: Vec<(&str, usize)> = found
        .summary
        .problems
        .iter()
        .map(|problem| (problem.file.as_str(), problem.line))
        .collect();
    assert!(problems.contains(&(".gitignore", 1)), "{problems:?}");
    assert!(problems.contains(&("sub/.ignore", 1)), "{problems:?}");
}

#[test]
fn settings_exclude_absolute_paths() {
    let tree = Tree::new(&[("state/db.rs", ""), ("a.rs", "")]);
    let options = RulesOptions {
        exclude: vec![tree.at("state")],
        ..RulesOptions::default()
    };
    assert_eq!(tree.seen_by(&Rules::load(&tree.root, options)).files, ["a.rs"]);
}

#[test]
fn changed_rules_hold_after_a_reload() {
    let tree = Tree::new(&[("sub/a.log", "")]);
    let rules = tree.rules();
    let log = path("sub/a.log");
    assert_eq!(rules.is_ignored(&log, false), None);
    tree.write("sub/.gitignore", "*.log\n");
    rules.reload();
    assert_eq!(rules.is_ignored(&log, false), Some(SkipReason::Ignored));
    for name in [
        ".gitignore",
        "a/.ignore",
        "a/.aiexignore",
        "a/.git",
        "a/CACHEDIR.TAG",
        ".git/info/exclude",
    ] {
        assert!(rules.is_rule_file(&path(name)), "{name}");
    }
    assert!(!rules.is_rule_file(&path("a/gitignore")));
}

#[test]
fn a_walk_can_be_cancelled_and_tells_when_the_root_is_gone() {
    let tree = Tree::new(&[("a.rs", "")]);
    let rules = tree.rules();
    let cancelled = walk(&tree.root, &rules, &|| true, &mut |_| {});
    assert!(matches!(cancelled, Err(WalkError::Cancelled { .. })));
    let gone = Root {
        path: Path::new("/nowhere/at/all").into(),
        kind: RootKind::Plain,
        git_dir: None,
    };
    let missing = walk(
        &gone,
        &Rules::load(&gone, RulesOptions::default()),
        &|| false,
        &mut |_| {},
    );
    assert!(matches!(missing, Err(WalkError::Root { .. })));
}

#[test]
fn a_folder_of_very_many_files_is_walked_in_order_and_can_be_left_at_any_file() {
    const FILES: usize = 50_000;
    let tree = Tree::new(&[]);
    for number in 0..FILES {
        fs::File::create(tree.at(&format!("f{number:06}.rs"))).unwrap();
    }
    let rules = Rules::load(&tree.root, RulesOptions::default());
    let mut last: Option<RelPath> = None;
    let summary = walk(&tree.root, &rules, &|| false, &mut |seen| {
        if let Seen::File(file) = seen {
            assert!(last.as_ref().is_none_or(|last| *last < file.path));
            last = Some(file.path);
        }
    })
    .unwrap();
    assert_eq!(summary.files, FILES as u64);

    let seen = AtomicUsize::new(0);
    let enough = || seen.load(Ordering::Relaxed) >= 1_000;
    let left = walk(&tree.root, &rules, &enough, &mut |_| {
        seen.fetch_add(1, Ordering::Relaxed);
    });
    assert!(matches!(left, Err(WalkError::Cancelled { .. })));
    assert!(seen.load(Ordering::Relaxed) < 2_000);
}

/// Linux opens no path of more than 4,095 bytes, but a folder can be moved to where its own paths are longer.
#[cfg(target_os = "linux")]
#[test]
fn paths_that_are_too_long_to_be_opened_are_told_of_and_passed_over() {
    let part = "d".repeat(200);
    let deep = |parts: usize| vec![part.as_str(); parts].join("/");
    let tree = Tree::new(&[]);
    let long = format!("a/{}/x.rs", deep(18));
    tree.write(&long, "x");
    tree.write(&format!("b/{}/y.rs", deep(10)), "y");
    tree.write("z.rs", "z");
    fs::rename(tree.at("b"), tree.at(&format!("a/{}/b", deep(18)))).unwrap();
    let rules = Rules::load(&tree.root, RulesOptions::default());
    let (mut files, mut skipped) = (Vec::new(), Vec::new());
    walk(&tree.root, &rules, &|| false, &mut |seen| match seen {
        Seen::File(file) => files.push(file.path.to_string()),
        Seen::Skipped(path) => skipped.push(path.reason),
    })
    .unwrap();
    assert_eq!(files, ["z.rs".to_owned(), long]);
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert!(matches!(
        skipped[..],
        [SkipReason::Unreadable | SkipReason::InvalidPath]
    ));
}
