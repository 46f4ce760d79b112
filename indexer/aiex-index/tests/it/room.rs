//! Room on the disk. Without it for vectors full text is served, the answer says what it lacks, and it is made good later; what
//! was put away for it is made anew.

use aiex_files::rules::{Rules, RulesOptions};
use aiex_index::{Engine, IndexError, IndexSettings, RepoIndex, Scope, Silent};
use std::sync::Arc;

use crate::fixture::{Fixture, engine_with, observe, observe_fresh, root_of, search, sync};

/// No disk has so much room.
fn without_room() -> IndexSettings {
    IndexSettings {
        disk_reserve: 1 << 60,
        ..IndexSettings::default()
    }
}

fn update(repo: &RepoIndex) {
    let rules = Rules::load(repo.root(), RulesOptions::default());
    repo.update(Scope::All, &rules, &Silent).unwrap();
}

fn embed_is_refused(repo: &RepoIndex) {
    let refused = repo.embed(&Silent).unwrap_err();
    assert!(
        matches!(&refused, IndexError::Storage { store: "vector", .. }) && refused.leaves_full_text(),
        "{refused}"
    );
}

/// A new repository on a disk without room, and the engine that has it.
fn new_repository(fixture: &Fixture) -> (Arc<Engine>, Arc<RepoIndex>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine_with(dir.path(), without_room());
    let repo = engine.open_repo(root_of(&fixture.root()), false).unwrap();
    (engine, repo, dir)
}

#[test]
fn a_new_repository_is_searched_by_words_and_says_what_is_missing() {
    let fixture = Fixture::new();
    let (_engine, repo, _dir) = new_repository(&fixture);
    update(&repo);
    embed_is_refused(&repo);
    let found = search(&repo, "where is the back-off decided");
    assert_eq!(found.hits[0].path, "src/lib.rs");
    let notice = found
        .notices
        .iter()
        .find(|notice| notice.starts_with("ranked without meaning: "))
        .unwrap_or_else(|| panic!("{:?}", found.notices));
    assert!(
        notice.contains("MiB free") && notice.contains("make room"),
        "{notice}"
    );
}

#[test]
fn a_repository_that_is_put_away_leaves_its_room_and_is_made_anew_when_it_is_opened() {
    let fixture = Fixture::new();
    let root = fixture.root();
    let lines: String = (0..12_000)
        .map(|n| format!("pub const PARCEL_{n}: &str = \"{:x}\";\n", scrambled(n)))
        .collect();
    fixture.write("src/parcels.rs", &lines);
    fixture.sync();
    let seen = observe(&fixture.repo);
    let Fixture { dir, engine, repo } = fixture;
    assert!(!engine.put_away(&root).unwrap(), "one that is open stays");
    let used = engine.disk_used();
    drop(repo);
    engine.close_repo(&root);
    assert!(engine.put_away(&root).unwrap());
    engine.collect_garbage(0, &|| false).unwrap();
    let left = engine.disk_used();
    // What is left is the log of the store that holds contents.
    assert!(2 * left < used, "{left} of {used} bytes are still taken");
    let registered = engine.registered();
    assert!(
        registered.len() == 1 && registered[0].is_put_away,
        "{registered:?}"
    );
    drop(engine);

    let engine = engine_with(&dir.path().join("index"), IndexSettings::default());
    assert!(engine.registered()[0].is_put_away, "the next process knows");
    let repo = engine.open_repo(root_of(&root), false).unwrap();
    sync(&repo);
    assert_eq!(observe(&repo), seen);
    assert!(!engine.registered()[0].is_put_away);
}

/// A number that says nothing of the one it is made of, so that texts do not shrink.
fn scrambled(number: u64) -> u64 {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state ^ (state >> 27)
}

#[test]
fn once_there_is_room_the_vectors_are_made() {
    let fixture = Fixture::new();
    let root = fixture.root();
    let (engine, repo, dir) = new_repository(&fixture);
    update(&repo);
    drop((engine, repo));
    let engine = engine_with(dir.path(), IndexSettings::default());
    let repo = engine.open_repo(root_of(&root), false).unwrap();
    sync(&repo);
    assert_eq!(repo.facts().chunks_embedded, repo.facts().chunks);
    assert_eq!(observe(&repo), observe_fresh(&root));
}

#[test]
fn files_change_and_go_while_there_is_no_room_and_nothing_of_them_is_left_over() {
    let fixture = Fixture::new().reopened_with(without_room(), |_| {});
    let before = fixture.repo.facts();
    assert_eq!(
        before.chunks_embedded, before.chunks,
        "what is there is served as ever"
    );
    fixture.write(
        "src/parcel.rs",
        "/// Weighs a parcel.\npub fn weigh_parcel() -> u32 {\n    7\n}\n",
    );
    std::fs::remove_file(fixture.root().join("src/app.py")).unwrap();
    update(&fixture.repo);
    embed_is_refused(&fixture.repo);
    assert_eq!(fixture.search("weigh_parcel")[0].path, "src/parcel.rs");
    let gone = fixture.search("expire sessions");
    assert!(gone.iter().all(|hit| hit.path != "src/app.py"), "{gone:?}");
    // It is opened again, still without room, with vectors of a file that is gone.
    let fixture = fixture.reopened_with(without_room(), |_| {});
    assert_eq!(fixture.search("weigh_parcel")[0].path, "src/parcel.rs");
    let fixture = fixture.reopened();
    fixture.sync();
    let facts = fixture.repo.facts();
    assert_eq!(facts.chunks_embedded, facts.chunks);
    assert_eq!(observe(&fixture.repo), observe_fresh(&fixture.root()));
}
