//! Vectors on a server: while it is away, while it is there, and on the way there and back.
//!
//! What needs a server is compiled with the feature `server-tests`, and finds one by `AIEX_TEST_QDRANT_URL`.

#[cfg(feature = "server-tests")]
mod on_server;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use aiex_embed::static_model::StaticModel;
use aiex_files::rules::{Rules, RulesOptions};
use aiex_index::{Engine, IndexError, IndexSettings, RepoIndex, Scope, Silent, VectorPlace};
use aiex_vector::{Server, ServerKey, ServerKeySource, ServerSettings};

use crate::fixture::{Fixture, observe, root_of, search};

fn server_at(url: &str) -> Arc<Server> {
    let key = std::env::var("AIEX_TEST_QDRANT_KEY").ok();
    Arc::new(Server::new(ServerSettings {
        url: url.to_owned(),
        key: key.map_or_else(ServerKeySource::none, |key| ServerKey::new(key).into()),
    }))
}

/// A port that nobody listens on: it was just given back.
fn nobody() -> Arc<Server> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    server_at(&format!("http://{port}"))
}

fn engine(dir: &Path, server: Option<&Arc<Server>>) -> Arc<Engine> {
    let mut settings = IndexSettings {
        collection_prefix: "aiex_test_".to_owned(),
        ..IndexSettings::default()
    };
    if let Some(server) = server {
        settings.vector_server = server.clone();
    }
    Engine::open(dir, Some(StaticModel::built_in().unwrap()), settings).unwrap()
}

/// The fixture's repository in an engine with another server, or none.
fn reopened(fixture: Fixture, server: Option<&Arc<Server>>) -> Fixture {
    let Fixture {
        dir,
        engine: old,
        repo,
    } = fixture;
    let root = repo.root().clone();
    drop(repo);
    drop(old);
    let engine = engine(&dir.path().join("index"), server);
    let repo = engine.open_repo(root, false).unwrap();
    Fixture { dir, engine, repo }
}

/// A repository that has never been anywhere but with this server.
fn fresh(fixture: &Fixture, name: &str, server: &Arc<Server>) -> (Arc<Engine>, Arc<RepoIndex>) {
    let engine = engine(&fixture.dir.path().join(name), Some(server));
    let repo = engine.open_repo(root_of(&fixture.root()), false).unwrap();
    (engine, repo)
}

fn update(repo: &RepoIndex) {
    let rules = Rules::load(repo.root(), RulesOptions::default());
    repo.update(Scope::All, &rules, &Silent).unwrap();
}

fn is_on_server(repo: &RepoIndex) -> bool {
    repo.facts().vectors.collection.is_some()
}

/// Ids and scores too: the same vectors give the same similarities to the last bit.
fn scores(repo: &RepoIndex) -> BTreeMap<String, Vec<(String, u32, f32)>> {
    let queries = [
        "how long to wait before trying again",
        "users that stay logged in",
        "read a file",
    ];
    let shown = queries.map(|query| {
        let hits = search(repo, query).hits;
        let hits = hits.into_iter().map(|hit| (hit.path, hit.start_line, hit.score));
        (query.to_owned(), hits.collect())
    });
    shown.into()
}

#[test]
fn without_its_server_a_repository_is_indexed_and_searched_and_says_so() {
    let fixture = Fixture::new();
    let server = nobody();
    let (engine, repo) = fresh(&fixture, "away", &server);
    update(&repo);
    let error = repo.embed(&Silent).unwrap_err();
    assert!(matches!(error, IndexError::VectorServer(_)), "{error}");
    assert!(error.hint().unwrap().contains("vector.url"));
    assert!(repo.takes_note_of_server());

    let found = search(&repo, "retry delay");
    assert_eq!(found.hits[0].path, "src/lib.rs");
    assert!(
        found
            .notices
            .iter()
            .any(|notice| notice.starts_with("ranked without meaning: the vector server at")),
        "{:?}",
        found.notices
    );
    assert!(
        !search(&repo, "retry delay").is_cached,
        "what is found without meaning is not kept"
    );

    fixture.write(
        "src/new.rs",
        "/// Frobnicates the gizmo.\npub fn frobnicate() {}\n",
    );
    update(&repo);
    assert_eq!(search(&repo, "frobnicate").hits[0].path, "src/new.rs");
    assert_eq!(repo.facts().chunks_embedded, 0);
    assert!(is_on_server(&repo));

    // A new process finds the same state, and is not held up by it.
    let root = repo.root().clone();
    drop((repo, engine));
    let (_engine, repo) = fresh(&fixture, "away", &server);
    assert_eq!(repo.root().path, root.path);
    assert_eq!(search(&repo, "frobnicate").hits[0].path, "src/new.rs");
}

#[test]
fn a_move_to_this_machine_needs_no_server() {
    let fixture = Fixture::new();
    let server = nobody();
    let (engine, repo) = fresh(&fixture, "away", &server);
    update(&repo);
    repo.embed(&Silent).unwrap_err();
    assert!(repo.move_vectors(VectorPlace::Local).unwrap());
    assert!(
        !repo.move_vectors(VectorPlace::Local).unwrap(),
        "it is wished for already"
    );
    // What remains on the server cannot be deleted yet, and that is told; the vectors are here.
    let error = repo.embed(&Silent).unwrap_err();
    assert!(
        error.to_string().contains("could not delete the vectors"),
        "{error}"
    );
    let facts = repo.facts();
    assert_eq!((facts.vectors.collection, facts.vectors.moving_to), (None, None));
    assert_eq!(facts.chunks_embedded, facts.chunks);
    assert_eq!(search(&repo, "retry delay").notices, Vec::<String>::new());
    assert_eq!(observe(&repo), observe(&fixture.repo));

    // Whoever gives the server up is no longer told of it.
    drop((repo, engine));
    let away = fixture.dir.path().join("away");
    let engine = self::engine(&away, None);
    let repo = engine.open_repo(root_of(&fixture.root()), false).unwrap();
    assert!(repo.embed(&Silent).unwrap().is_complete);
}

#[test]
fn a_move_to_a_server_that_is_away_leaves_everything_as_it_was() {
    let fixture = reopened(Fixture::new(), Some(&nobody()));
    assert!(
        !is_on_server(&fixture.repo),
        "a repository stays where it is until it is moved"
    );
    let before = scores(&fixture.repo);
    assert!(fixture.repo.move_vectors(VectorPlace::Server).unwrap());
    assert!(matches!(
        fixture.repo.embed(&Silent),
        Err(IndexError::VectorServer(_))
    ));
    assert!(!is_on_server(&fixture.repo));
    assert_eq!(fixture.repo.facts().vectors.moving_to, Some(VectorPlace::Server));
    assert_eq!(scores(&fixture.repo), before);
    // New files have vectors here meanwhile.
    fixture.write(
        "src/new.rs",
        "/// Frobnicates the gizmo.\npub fn frobnicate() {}\n",
    );
    update(&fixture.repo);
    fixture.repo.embed(&Silent).unwrap_err();
    let facts = fixture.repo.facts();
    assert_eq!(facts.chunks_embedded, facts.chunks);

    assert!(
        fixture.repo.move_vectors(VectorPlace::Local).unwrap(),
        "it is taken back"
    );
    assert_eq!(fixture.repo.facts().vectors.moving_to, None);
    let fixture = reopened(fixture, None);
    assert!(fixture.repo.embed(&Silent).unwrap().is_complete);
    assert_eq!(search(&fixture.repo, "frobnicate").hits[0].path, "src/new.rs");
}

#[test]
fn vectors_of_an_index_on_a_server_that_the_settings_no_longer_name_are_told_of() {
    let fixture = Fixture::new();
    let (engine, repo) = fresh(&fixture, "away", &nobody());
    update(&repo);
    drop((repo, engine));
    let engine = self::engine(&fixture.dir.path().join("away"), None);
    let repo = engine.open_repo(root_of(&fixture.root()), false).unwrap();
    let error = repo.embed(&Silent).unwrap_err();
    assert!(error.to_string().contains("vector.url is not set"), "{error}");
    assert!(
        error
            .hint()
            .unwrap()
            .contains("aiex repos move-vectors --to local")
    );
    let notices = search(&repo, "retry delay").notices;
    assert!(notices[0].contains("vector.url is not set"), "{notices:?}");
}

#[test]
fn a_repository_that_is_forgotten_while_the_server_is_away_may_come_back() {
    let fixture = Fixture::new();
    let (engine, repo) = fresh(&fixture, "away", &nobody());
    update(&repo);
    let root = repo.root().clone();
    drop(repo);
    assert!(engine.forget(&root.path).unwrap());
    assert_eq!(engine.registered(), []);
    let left: Vec<_> = std::fs::read_dir(fixture.dir.path().join("away/repos"))
        .unwrap()
        .flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|file| file.unwrap().file_name())
        .collect();
    assert_eq!(
        left,
        ["vectors.json"],
        "the record of what is to be deleted there"
    );
    engine.collect_garbage(0, &|| false).unwrap();
    let repo = engine.open_repo(root, false).unwrap();
    update(&repo);
    assert_eq!(search(&repo, "retry delay").hits[0].path, "src/lib.rs");
}
