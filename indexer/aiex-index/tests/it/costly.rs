//! Vectors that cost something are kept with the contents; others are made again.

use std::sync::Arc;

use aiex_embed::static_model::StaticModel;
use aiex_embed::{Cost, EmbedError, Embedder};
use aiex_index::Silent;
use rusqlite::Connection;

use crate::fixture::{Fixture, observe, search};

/// The built-in model, as if it were a service that wants to be paid.
pub(crate) struct Costly(Arc<StaticModel>);

impl Costly {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(StaticModel::built_in().unwrap()))
    }
}

impl Embedder for Costly {
    fn id(&self) -> &str {
        "costly"
    }

    fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    fn cost(&self) -> Cost {
        Cost::Expensive
    }

    fn max_batch(&self) -> usize {
        self.0.max_batch()
    }

    fn embed_documents(&self, texts: &[&str], out: &mut Vec<f32>) -> Result<(), EmbedError> {
        self.0.embed_documents(texts, out)
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        self.0.embed_query(text)
    }
}

/// Contents whose vectors are kept, by embedder.
fn kept(fixture: &Fixture) -> Vec<(String, u64)> {
    let db = Connection::open(fixture.index_dir().join("content/content.db")).unwrap();
    let mut select = db
        .prepare("SELECT embedder, count(*) FROM vectors GROUP BY embedder ORDER BY embedder")
        .unwrap();
    let rows = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn only_what_costs_is_kept_twice() {
    assert_eq!(kept(&Fixture::new()), []);
    assert_eq!(kept(&Fixture::with(Costly::new())), [("costly".to_owned(), 3)]);
}

#[test]
fn vectors_that_are_lost_are_made_again_or_brought_back_and_are_the_same() {
    let scores = |fixture: &Fixture| -> Vec<String> {
        let hits = search(&fixture.repo, "how long to wait before trying again").hits;
        hits.iter()
            .map(|hit| format!("{} {:?}", hit.path, hit.score))
            .collect()
    };
    let lose = |index: &std::path::Path| {
        let repo = index
            .join("repos")
            .read_dir()
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        std::fs::remove_dir_all(repo.join("vectors")).unwrap();
    };
    let fixture = Fixture::new();
    let (before, seen) = (scores(&fixture), observe(&fixture.repo));
    let fixture = fixture.reopened_after(lose);
    assert!(fixture.repo.embed(&Silent).unwrap().is_complete);
    assert_eq!((scores(&fixture), observe(&fixture.repo)), (before, seen));
}

/// A version before kept all vectors with the contents.
#[test]
fn what_was_kept_twice_is_given_back() {
    let fixture = Fixture::new();
    let id = StaticModel::built_in().unwrap().id().to_owned();
    let db = Connection::open(fixture.index_dir().join("content/content.db")).unwrap();
    for embedder in [id.as_str(), "a service"] {
        for number in 0..5000_u32 {
            db.execute(
                "INSERT INTO vectors VALUES (?1, ?2, x'00', zeroblob(300))",
                (number.to_be_bytes(), embedder),
            )
            .unwrap();
        }
    }
    let pages = || -> u64 { db.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap() };
    let before = pages();
    fixture.engine.collect_garbage(1 << 20, &|| false).unwrap();
    assert_eq!(kept(&fixture), [("a service".to_owned(), 5000)]);
    assert!(pages() < before * 2 / 3, "{} of {before} pages", pages());
    assert_eq!(fixture.search("retry_delay")[0].path, "src/lib.rs");
}
