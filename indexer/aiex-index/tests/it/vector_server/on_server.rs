//! On a server that is there, and on the way there and back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aiex_embed::static_model::StaticModel;
use aiex_index::{Observer, Progress, RepoIndex, SearchRequest, Silent, VectorPlace};
use aiex_vector::{Server, ServerStore, VectorStore};

use super::{fresh, is_on_server, reopened, scores, server_at};
use crate::fixture::{Fixture, observe, search, sync};

fn real_server() -> Arc<Server> {
    server_at(&std::env::var("AIEX_TEST_QDRANT_URL").expect("AIEX_TEST_QDRANT_URL names a server"))
}

#[test]
fn vectors_move_to_the_server_and_back_and_every_answer_stays() {
    let server = real_server();
    let fixture = Fixture::new();
    for n in 0..700 {
        fixture.write(
            &format!("gen/f{n}.rs"),
            &format!("/// Step {n} of the pipeline.\npub fn step_{n}() {{}}\n"),
        );
    }
    fixture.sync();
    let (before, scored) = (observe(&fixture.repo), scores(&fixture.repo));
    let fixture = reopened(fixture, Some(&server));
    fixture.repo.move_vectors(VectorPlace::Server).unwrap();
    // Cut short again and again, as by kills and saved files; each pass gets a little further.
    let mut passes = 0;
    while !fixture.repo.embed(&GivesUp::after(2)).unwrap().is_complete {
        passes += 1;
        assert!(passes < 50);
        assert_eq!(scores(&fixture.repo), scored, "half-moved");
    }
    assert!(passes > 0, "it was never cut short");
    assert!(is_on_server(&fixture.repo));
    assert!(
        !fixture
            .index_dir()
            .join("repos")
            .read_dir()
            .unwrap()
            .any(|repo| { repo.unwrap().path().join("vectors").exists() })
    );
    assert_eq!(
        (observe(&fixture.repo), scores(&fixture.repo)),
        (before.clone(), scored.clone())
    );

    // A new process, and a change.
    let fixture = reopened(fixture, Some(&server));
    assert_eq!(scores(&fixture.repo), scored);
    fixture.write(
        "src/new.rs",
        "/// Frobnicates the gizmo.\npub fn frobnicate() {}\n",
    );
    fixture.sync();
    std::fs::remove_file(fixture.root().join("src/new.rs")).unwrap();
    fixture.sync();
    assert_eq!(scores(&fixture.repo), scored);

    let collection = fixture.repo.facts().vectors.collection.unwrap();
    fixture.repo.move_vectors(VectorPlace::Local).unwrap();
    assert!(fixture.repo.embed(&Silent).unwrap().is_complete);
    assert!(!is_on_server(&fixture.repo));
    assert_eq!(
        (observe(&fixture.repo), scores(&fixture.repo)),
        (before, scored.clone())
    );
    let store = ServerStore::new(server.clone(), collection, 1);
    assert!(
        store.len().unwrap_err().is_missing_collection(),
        "the old copy is still there"
    );
    assert_eq!(scores(&fixture.reopened().repo), scored);
}

#[test]
fn what_the_server_lost_is_put_there_again() {
    let server = real_server();
    let fixture = Fixture::new();
    let (engine, repo) = fresh(&fixture, "there", &server);
    sync(&repo);
    let scored = scores(&repo);
    assert_eq!(scored, scores(&fixture.repo));
    let collection = repo.facts().vectors.collection.unwrap();
    let store = ServerStore::new(server.clone(), collection.clone(), repo_dimensions());
    store.remove().unwrap();
    let notices = search(&repo, "how long to wait before retrying").notices;
    assert!(notices[0].contains("the collection is not there"), "{notices:?}");
    assert!(repo.takes_note_of_server());
    let report = repo.embed(&Silent).unwrap();
    assert!(
        report.is_complete && report.embedded == 0 && report.reused > 0,
        "{report:?}"
    );
    assert_eq!(scores(&repo), scored);

    // Some of them, behind its back and while nobody looked.
    let mut ids = Vec::new();
    store
        .ids(&mut |page| {
            ids.extend_from_slice(page);
            true
        })
        .unwrap();
    store.delete(&ids[..1]).unwrap();
    let report = repo.embed(&Silent).unwrap();
    assert!(report.embedded == 0 && report.reused > 0, "{report:?}");
    // Strangers among them.
    store
        .upsert(&[u64::MAX >> 1], &vec![1; repo_dimensions()])
        .unwrap();
    drop((repo, engine));
    let (engine, repo) = fresh(&fixture, "there", &server);
    assert!(repo.embed(&Silent).unwrap().is_complete);
    assert_eq!(store.len().unwrap(), ids.len());
    assert_eq!(scores(&repo), scored);

    // An index that is built anew takes a collection of its own.
    repo.rebuild().unwrap();
    sync(&repo);
    let other = repo.facts().vectors.collection.unwrap();
    assert_ne!(other, collection);
    assert!(store.len().unwrap_err().is_missing_collection());
    assert_eq!(scores(&repo), scored);
    let root = repo.root().path.clone();
    drop(repo);
    assert!(engine.forget(&root).unwrap());
    let store = ServerStore::new(server, other, 1);
    assert!(store.len().unwrap_err().is_missing_collection());
}

fn repo_dimensions() -> usize {
    aiex_embed::Embedder::dimensions(StaticModel::built_in().unwrap().as_ref())
}

/// Cancels from the n-th question on.
struct GivesUp(AtomicU32);

impl GivesUp {
    fn after(questions: u32) -> Self {
        Self(AtomicU32::new(questions))
    }
}

impl Observer for GivesUp {
    fn progress(&self, _: Progress) {}
    fn published(&self, _: u64) {}
    fn is_cancelled(&self) -> bool {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        left == 0
    }
}

#[test]
fn a_search_that_is_narrowed_to_few_files_asks_the_server_for_those() {
    let server = real_server();
    let fixture = Fixture::new();
    let (engine, repo) = fresh(&fixture, "there", &server);
    sync(&repo);
    let request = SearchRequest {
        query: "how long to wait before trying again".to_owned(),
        limit: 10,
        paths: vec!["src/app.py".to_owned()],
        ..SearchRequest::default()
    };
    let ask = |repo: &RepoIndex| repo.search(&request, &mut |_| {}, &|| false).unwrap().hits;
    assert_eq!(ask(&repo), ask(&fixture.repo));
    let root = repo.root().path.clone();
    drop(repo);
    engine.forget(&root).unwrap();
}
