//! Equal contents are chunked and embedded once, wherever they lie.

use aiex_files::rules::{Rules, RulesOptions};
use aiex_index::{Scope, Silent};

use crate::fixture::{APP_PY, Fixture, git, observe, observe_fresh, root_of, search};

#[test]
fn a_worktree_of_the_same_commit_embeds_nothing() {
    let fixture = Fixture::new();
    let root = fixture.root();
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "one"]);
    let tree = fixture.dir.path().join("tree");
    git(&root, &["worktree", "add", "-q", tree.to_str().unwrap()]);
    let second = fixture.engine.open_repo(root_of(&tree), false).unwrap();
    let rules = Rules::load(second.root(), RulesOptions::default());
    second.update(Scope::All, &rules, &Silent).unwrap();
    let report = second.embed(&Silent).unwrap();
    assert_eq!(report.embedded, 0);
    assert!(report.reused > 0);
    assert_eq!(search(&second, "retry_delay").hits[0].path, "src/lib.rs");
}

#[test]
fn a_renamed_file_embeds_nothing() {
    let fixture = Fixture::new();
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
    let fixture = Fixture::new();
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
