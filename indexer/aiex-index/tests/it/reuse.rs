//! Equal contents are chunked and embedded once, wherever they lie.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use aiex_files::rules::{Rules, RulesOptions};
use aiex_index::{EmbedReport, RepoIndex, Scope, Silent, UpdateReport};

use crate::costly::Costly;
use crate::fixture::{APP_PY, Fixture, engine_at, git, grep, observe, observe_fresh, root_of, search};

/// The fixture's repository, committed and looked through, and a clone of it, both old enough for git to vouch for.
fn clone_of(fixture: &Fixture) -> PathBuf {
    let root = fixture.root();
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "one"]);
    let tree = fixture.dir.path().join("clone");
    git(&root, &["clone", "-q", ".", tree.to_str().unwrap()]);
    for tree in [&root, &tree] {
        let_a_tick_pass();
        // Only an index that is younger than the files in it vouches for them.
        std::fs::remove_file(tree.join(".git/index")).unwrap();
        git(tree, &["reset", "-q"]);
    }
    let_a_tick_pass();
    fixture.sync();
    tree
}

/// What was written just before a scan is read again, whatever is known of it.
fn let_a_tick_pass() {
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(60) {
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// The paths that an index holds.
fn paths(repo: &RepoIndex) -> BTreeSet<String> {
    let lines = grep(repo, ".", 100_000).hits;
    lines.into_iter().map(|hit| hit.path).collect()
}

fn update(repo: &RepoIndex) -> (UpdateReport, EmbedReport) {
    let rules = Rules::load(repo.root(), RulesOptions::default());
    let updated = repo.update(Scope::All, &rules, &Silent).unwrap();
    (updated, repo.embed(&Silent).unwrap())
}

#[test]
fn a_clone_begins_with_the_stores_of_its_sibling() {
    let fixture = Fixture::new();
    let tree = clone_of(&fixture);
    let clone = fixture.engine.open_repo(root_of(&tree), false).unwrap();
    assert!(
        !clone.facts().is_complete,
        "nobody has looked through the tree yet"
    );
    assert_eq!(search(&clone, "retry_delay").hits[0].path, "src/lib.rs");
    let (updated, embedded) = update(&clone);
    assert_eq!((updated.changed, updated.removed), (0, 0));
    assert_eq!((embedded.embedded, embedded.reused), (0, 0));
    assert!(embedded.is_complete);
    assert_eq!(observe(&clone), observe_fresh(&tree));
    assert_eq!(clone.facts().quarantined, [""; 0]);
}

#[test]
fn siblings_go_their_own_ways() {
    let fixture = Fixture::new();
    let tree = clone_of(&fixture);
    let clone = fixture.engine.open_repo(root_of(&tree), false).unwrap();
    update(&clone);
    fixture.write("src/lib.rs", "pub fn only_in_the_first() {}\n");
    std::fs::write(tree.join("src/app.py"), "def only_in_the_clone():\n    pass\n").unwrap();
    for repo in [&fixture.repo, &clone] {
        update(repo);
        repo.maintain(&|| false).unwrap();
    }
    assert_eq!(observe(&fixture.repo), observe_fresh(&fixture.root()));
    assert_eq!(observe(&clone), observe_fresh(&tree));
    // Nor does one need the other's files.
    let root = fixture.root();
    let Fixture { dir, engine, repo } = fixture;
    drop(repo);
    assert!(engine.forget(&root).unwrap());
    drop((clone, engine));
    let engine = engine_at(&dir.path().join("index"));
    let clone = engine.open_repo(root_of(&tree), false).unwrap();
    assert_eq!(clone.facts().quarantined, [""; 0]);
    assert_eq!(observe(&clone), observe_fresh(&tree));
}

#[test]
fn of_a_sibling_only_what_is_the_same_is_taken() {
    let fixture = Fixture::new();
    let tree = clone_of(&fixture);
    std::fs::write(tree.join("src/app.py"), "def other_than_there():\n    pass\n").unwrap();
    std::fs::write(tree.join("src/added.rs"), "pub fn added_here() {}\n").unwrap();
    // Not yet in the clone, and not committed.
    fixture.write("src/later.rs", "pub fn came_later() {}\n");
    fixture.sync();
    let clone = fixture.engine.open_repo(root_of(&tree), false).unwrap();
    assert_eq!(
        paths(&clone),
        BTreeSet::from(["README.md".to_owned(), "src/lib.rs".to_owned()])
    );
    let (updated, _) = update(&clone);
    assert_eq!(updated.changed, 2);
    assert_eq!(observe(&clone), observe_fresh(&tree));
}

#[test]
fn what_a_sibling_forces_in_is_judged_anew() {
    let fixture = Fixture::new();
    let minified = "function a(b){return b.c(d,e)}var f=a(1);".repeat(200);
    fixture.write("src/bundle.js", &minified);
    let tree = clone_of(&fixture);
    fixture.write(".aiexignore", "!src/bundle.js\n");
    fixture.sync();
    assert!(paths(&fixture.repo).contains("src/bundle.js"));
    let clone = fixture.engine.open_repo(root_of(&tree), false).unwrap();
    assert!(!paths(&clone).contains("src/bundle.js"));
    update(&clone);
    assert_eq!(clone.facts().files_skipped, 1);
    assert_eq!(observe(&clone), observe_fresh(&tree));
}

#[test]
fn a_repository_that_was_forgotten_and_comes_back_is_not_answered_from_its_first_life() {
    let fixture = Fixture::new();
    let tree = clone_of(&fixture);
    std::fs::write(tree.join("src/extra.rs"), "pub fn extra() {}\n").unwrap();
    let first = fixture.engine.open_repo(root_of(&tree), false).unwrap();
    update(&first);
    assert_eq!(search(&first, "retry_delay").hits[0].path, "src/lib.rs");
    let generation = first.facts().generation;
    drop(first);
    assert!(fixture.engine.forget(&tree.canonicalize().unwrap()).unwrap());
    std::fs::remove_file(tree.join("src/extra.rs")).unwrap();
    std::fs::rename(tree.join("src/lib.rs"), tree.join("src/moved.rs")).unwrap();
    let second = fixture.engine.open_repo(root_of(&tree), false).unwrap();
    update(&second);
    assert_eq!(second.facts().generation, generation, "the numbers are the same");
    assert_eq!(search(&second, "retry_delay").hits[0].path, "src/moved.rs");
}

#[test]
fn a_sibling_that_is_damaged_spoils_nothing() {
    let mut damaged = 0;
    let fixture = Fixture::new();
    let tree = clone_of(&fixture);
    let folder = std::fs::read_dir(fixture.index_dir().join("repos"))
        .unwrap()
        .next();
    let segments = folder.unwrap().unwrap().path().join("lexical/current/segments");
    for file in std::fs::read_dir(segments).unwrap().flatten() {
        if file.path().extension().is_some_and(|kind| kind == "term") {
            let mut bytes = std::fs::read(file.path()).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            // As a bad block would: the file is the same.
            std::fs::write(file.path(), bytes).unwrap();
            damaged += 1;
        }
    }
    assert!(0 < damaged);
    let clone = fixture.engine.open_repo(root_of(&tree), false).unwrap();
    update(&clone);
    assert_eq!(observe(&clone), observe_fresh(&tree));
}

#[test]
fn a_copy_that_was_cut_short_leaves_nothing() {
    let fixture = Fixture::new();
    let making = fixture.dir.path().join("index/making/lexical");
    std::fs::create_dir_all(&making).unwrap();
    let tree = clone_of(&fixture);
    let clone = fixture.engine.open_repo(root_of(&tree), false).unwrap();
    update(&clone);
    assert_eq!(observe(&clone), observe_fresh(&tree));
    assert!(!fixture.dir.path().join("index/making").exists());
}

#[test]
fn a_renamed_file_embeds_nothing() {
    let fixture = Fixture::with(Costly::new());
    std::fs::rename(
        fixture.root().join("src/lib.rs"),
        fixture.root().join("src/queue.rs"),
    )
    .unwrap();
    let rules = Rules::load(fixture.repo.root(), RulesOptions::default());
    fixture.repo.update(Scope::All, &rules, &Silent).unwrap();
    assert_eq!(fixture.repo.embed(&Silent).unwrap().embedded, 0);
    assert_eq!(fixture.search("retry_delay")[0].path, "src/queue.rs");
}

#[test]
fn contents_that_nobody_uses_are_collected_and_others_stay() {
    let fixture = Fixture::new();
    fixture.write("src/app.py", "def replaced():\n    return 1\n");
    fixture.sync();
    assert_eq!(fixture.engine.collect_garbage(1 << 20, &|| false).unwrap(), 0);
    assert_eq!(fixture.engine.collect_garbage(0, &|| false).unwrap(), 1);
    assert_eq!(fixture.engine.collect_garbage(0, &|| false).unwrap(), 0);
    assert_eq!(observe(&fixture.repo), observe_fresh(&fixture.root()));
}

#[test]
fn of_contents_that_nobody_uses_the_newest_are_spared() {
    let fixture = Fixture::with(Costly::new());
    let text = |number: u32| format!("def number_{number}():\n    return {number}\n").repeat(40);
    for number in 0..10 {
        fixture.write("src/app.py", &text(number));
        fixture.sync();
    }
    // Nobody uses the first text and nine of these. Less and less room, until there is not enough for all.
    let mut spare = 1_u64 << 20;
    let deleted = loop {
        match fixture.engine.collect_garbage(spare, &|| false).unwrap() {
            0 => spare = spare * 3 / 4,
            deleted => break deleted,
        }
    };
    assert!((1..9).contains(&deleted), "{deleted}");
    fixture.write("src/app.py", &text(8));
    let rules = Rules::load(fixture.repo.root(), RulesOptions::default());
    fixture.repo.update(Scope::All, &rules, &Silent).unwrap();
    assert_eq!(fixture.repo.embed(&Silent).unwrap().embedded, 0);
    fixture.write("src/app.py", APP_PY);
    fixture.repo.update(Scope::All, &rules, &Silent).unwrap();
    assert!(fixture.repo.embed(&Silent).unwrap().embedded > 0);
}

#[test]
fn a_forgotten_repository_leaves_no_files() {
    let fixture = Fixture::new();
    let root = fixture.root();
    let Fixture { dir, engine, repo } = fixture;
    drop(repo);
    assert!(engine.forget(&root).unwrap());
    assert!(!engine.forget(&root).unwrap());
    assert_eq!(engine.registered(), []);
    assert_eq!(
        std::fs::read_dir(dir.path().join("index/repos")).unwrap().count(),
        0
    );
}
