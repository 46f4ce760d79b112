//! The contract of a vector store, held against every store, and the store on disk against the one in memory.
//!
//! The store on a server is held to it with the feature `server-tests`, on the server that `AIEX_TEST_QDRANT_URL` names
//! (and `AIEX_TEST_QDRANT_KEY` its key, if it wants one): every test makes a collection of its own there and deletes it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use aiex_vector::{EdgeSettings, EdgeStore, Filter, MemoryStore, VectorError, VectorStore, quantise};
use tempfile::TempDir;

const DIMENSIONS: usize = 32;

/// The same unit vectors at every run.
fn unit(seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut vector: Vec<f32> = (0..DIMENSIONS)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect();
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|x| *x /= length);
    vector
}

fn put(store: &dyn VectorStore, ids: &[u64]) {
    let vectors: Vec<i8> = ids.iter().flat_map(|&id| quantise(&unit(id))).collect();
    store.upsert(ids, &vectors).unwrap();
}

fn all_ids(store: &dyn VectorStore) -> Vec<u64> {
    let mut ids = Vec::new();
    store
        .ids(&mut |page| {
            ids.extend_from_slice(page);
            true
        })
        .unwrap();
    ids
}

fn found(store: &dyn VectorStore, seed: u64, limit: usize, filter: Option<Filter<'_>>) -> Vec<u64> {
    store
        .search(&unit(seed), limit, filter)
        .unwrap()
        .iter()
        .map(|near| near.id)
        .collect()
}

fn open(directory: &Path) -> EdgeStore {
    let settings = EdgeSettings {
        reserve_bytes: 1024 * 1024,
        ..EdgeSettings::default()
    };
    EdgeStore::open(directory, DIMENSIONS, settings).unwrap()
}

fn an_empty_store_finds_nothing(store: &dyn VectorStore) {
    assert_eq!(store.dimensions(), DIMENSIONS);
    assert!(store.is_empty().unwrap());
    assert!(found(store, 1, 10, None).is_empty());
    assert!(all_ids(store).is_empty());
    store.delete(&[1, 2]).unwrap();
    store.upsert(&[], &[]).unwrap();
    store.flush().unwrap();
    assert!(!store.optimize(&|| false).unwrap());
}

fn the_nearest_is_first_and_similarity_is_the_cosine(store: &dyn VectorStore) {
    let ids: Vec<u64> = (1..=600).collect();
    put(store, &ids);
    let near = store.search(&unit(77), 20, None).unwrap();
    assert_eq!(near.len(), 20);
    assert_eq!(near[0].id, 77);
    assert_eq!(near[0].similarity, 1.0);
    assert!(near.is_sorted_by(|a, b| b.similarity <= a.similarity));
    for near in near {
        let cosine: f32 = unit(77).iter().zip(unit(near.id)).map(|(a, b)| a * b).sum();
        assert!(
            (cosine - near.similarity).abs() < 0.02,
            "{cosine} is not {}",
            near.similarity
        );
    }
}

fn an_id_has_its_last_vector(store: &dyn VectorStore) {
    put(store, &[1, 2, 3]);
    store.upsert(&[2], &quantise(&unit(9))).unwrap();
    let twice: Vec<i8> = [quantise(&unit(5)), quantise(&unit(6))].concat();
    store.upsert(&[4, 4], &twice).unwrap();
    assert_eq!(store.len().unwrap(), 4);
    assert_eq!(found(store, 9, 1, None), [2]);
    assert_eq!(found(store, 6, 1, None), [4]);
}

fn deleted_ids_are_gone_and_may_come_back(store: &dyn VectorStore) {
    put(store, &[1, 2, 3]);
    store.delete(&[2, 99]).unwrap();
    assert_eq!(all_ids(store), [1, 3]);
    assert!(!found(store, 2, 10, None).contains(&2));
    put(store, &[2]);
    assert_eq!(found(store, 2, 1, None), [2]);
}

fn a_filter_admits_only_its_ids(store: &dyn VectorStore) {
    put(store, &(1..=300).collect::<Vec<u64>>());
    let allowed = [250, 3, 3, 7, 100_000];
    let mut ids = found(store, 50, 10, Some(Filter::Allow(&allowed)));
    ids.sort_unstable();
    assert_eq!(ids, [3, 7, 250]);
    assert!(found(store, 50, 10, Some(Filter::Allow(&[]))).is_empty());
    assert!(found(store, 50, 0, None).is_empty());
}

fn ids_come_in_order_with_every_bit_and_end_when_told(store: &dyn VectorStore) {
    let mut ids: Vec<u64> = (0..5000).map(|n| (u64::from(u32::MAX) - n) << 16 | n).collect();
    put(store, &ids);
    ids.sort_unstable();
    assert_eq!(all_ids(store), ids);
    let mut pages = 0;
    store
        .ids(&mut |_| {
            pages += 1;
            false
        })
        .unwrap();
    assert_eq!(pages, 1);
}

fn what_goes_while_ids_are_listed_takes_no_other_with_it(store: &dyn VectorStore) {
    let stay: Vec<u64> = (0..9000).map(|n| 3 * n).collect();
    put(store, &stay);
    let listed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for id in (0..4000).cycle().map(|n| 3 * n + 1) {
                put(store, &[id]);
                store.delete(&[id]).unwrap();
                if listed.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let lists: Vec<Vec<u64>> = (0..30).map(|_| all_ids(store)).collect();
        listed.store(true, Ordering::Relaxed);
        for mut ids in lists {
            ids.retain(|id| id % 3 == 0);
            assert_eq!(ids.len(), stay.len());
            assert_eq!(ids, stay);
        }
    });
}

fn slices_that_do_not_fit_are_refused(store: &dyn VectorStore) {
    assert!(matches!(
        store.upsert(&[1], &[0; 3]),
        Err(VectorError::Shape { found: 3, .. })
    ));
    assert!(matches!(
        store.search(&[0.0; 3], 1, None),
        Err(VectorError::Shape { found: 3, .. })
    ));
    assert!(store.is_empty().unwrap());
}

fn optimizing_changes_no_answer(store: &dyn VectorStore) {
    put(store, &(0..3000).collect::<Vec<u64>>());
    store.delete(&(0..1500).collect::<Vec<u64>>()).unwrap();
    let before = store.search(&unit(2000), 30, None).unwrap();
    assert!(
        !store.optimize(&|| true).unwrap(),
        "a cancelled optimisation did something"
    );
    store.optimize(&|| false).unwrap();
    assert_eq!(store.search(&unit(2000), 30, None).unwrap(), before);
    assert_eq!(store.len().unwrap(), 1500);
    put(store, &[10]);
    store.delete(&[2000]).unwrap();
    assert_eq!(found(store, 10, 1, None), [10]);
    assert!(!found(store, 2000, 10, None).contains(&2000));
    store.flush().unwrap();
}

fn threads_may_search_change_flush_and_optimize_at_once(store: &dyn VectorStore) {
    put(store, &(0..4000).collect::<Vec<u64>>());
    store.delete(&(0..2000).collect::<Vec<u64>>()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| store.optimize(&|| false).unwrap());
        scope.spawn(|| {
            for id in 10_000..10_200 {
                put(store, &[id]);
                store.delete(&[id - 8000]).unwrap();
                store.flush().unwrap();
            }
        });
        scope.spawn(|| {
            for _ in 0..200 {
                assert_eq!(found(store, 3500, 5, None)[0], 3500);
            }
        });
    });
    let expected: Vec<u64> = (2200..4000).chain(10_000..10_200).collect();
    assert_eq!(all_ids(store), expected);
}

macro_rules! contract {
    ($($rule:ident)*) => {
        mod memory {
            use super::*;
            $(#[test] fn $rule() { super::$rule(&MemoryStore::new(DIMENSIONS)); })*
        }
        mod edge {
            use super::*;
            $(#[test] fn $rule() {
                let directory = TempDir::new().unwrap();
                super::$rule(&open(directory.path()));
            })*
        }
        #[cfg(feature = "server-tests")]
        mod on_server {
            $(#[test] fn $rule() {
                super::$rule(&super::server::Collection::make(stringify!($rule)).0);
            })*
        }
    };
}

#[cfg(feature = "server-tests")]
mod server {
    use std::sync::Arc;

    use aiex_vector::{Server, ServerKey, ServerKeySource, ServerSettings, ServerStore, VectorStore as _};

    use super::{DIMENSIONS, unit};

    /// A collection for one test, deleted with it.
    pub(crate) struct Collection(pub(crate) ServerStore);

    impl Collection {
        pub(crate) fn make(test: &str) -> Self {
            let url = std::env::var("AIEX_TEST_QDRANT_URL").expect("AIEX_TEST_QDRANT_URL names a server");
            let key = std::env::var("AIEX_TEST_QDRANT_KEY").ok();
            let key = key.map_or_else(ServerKeySource::none, |key| ServerKey::new(key).into());
            let server = Arc::new(Server::new(ServerSettings { url, key }));
            let name = format!("aiex_test_{test}_{:016x}", fastrand::u64(..));
            let store = ServerStore::new(server, name, DIMENSIONS);
            let missing = store.search(&unit(1), 1, None).unwrap_err();
            assert!(missing.is_missing_collection(), "{missing}");
            store.prepare().unwrap();
            store.prepare().unwrap();
            Self(store)
        }
    }

    impl Drop for Collection {
        fn drop(&mut self) {
            if let Err(error) = self.0.remove() {
                eprintln!("a collection is left behind: {error}");
            }
        }
    }
}

fn a_warm_store_finds_what_is_near_and_follows_changes(store: &dyn VectorStore) {
    let ids: Vec<u64> = (0..6000).collect();
    put(store, &ids);
    let exact: Vec<Vec<u64>> = (0..40).map(|seed| found(store, seed * 91, 50, None)).collect();
    store.warm(&|| true).unwrap();
    assert_eq!(
        found(store, 91, 50, None),
        exact[1],
        "given up, it answers as before"
    );
    store.warm(&|| false).unwrap();
    let mut kept = 0;
    for (seed, exact) in (0..).zip(&exact) {
        let near = found(store, seed * 91, 50, None);
        assert_eq!(near.len(), 50);
        assert_eq!(near[0], exact[0]);
        kept += near.iter().filter(|id| exact.contains(id)).count();
    }
    assert!(kept >= 40 * 50 * 9 / 10, "{kept} of {}", 40 * 50);

    store.delete(&[91]).unwrap();
    assert!(!found(store, 91, 50, None).contains(&91));
    put(store, &[91, 70_000]);
    assert_eq!(found(store, 91, 1, None), [91]);
    assert_eq!(found(store, 70_000, 1, None), [70_000]);
    store.upsert(&[70_000], &quantise(&unit(80_000))).unwrap();
    assert_eq!(found(store, 80_000, 1, None), [70_000]);
    let even: Vec<u64> = (0..3000).rev().map(|half| 2 * half).collect();
    let near = found(store, 92, 20, Some(Filter::Allow(&even)));
    assert_eq!(near[0], 92);
    assert!(near.len() == 20 && near.iter().all(|id| id % 2 == 0));
}

fn changes_while_a_store_warms_are_seen(store: &dyn VectorStore) {
    put(store, &(0..9000).collect::<Vec<u64>>());
    std::thread::scope(|scope| {
        scope.spawn(|| store.warm(&|| false).unwrap());
        scope.spawn(|| {
            for id in 0..300 {
                put(store, &[20_000 + id]);
                store.delete(&[id]).unwrap();
                assert_eq!(found(store, 20_000 + id, 1, None), [20_000 + id]);
            }
        });
    });
    store.warm(&|| false).unwrap();
    for id in 0..300 {
        assert_eq!(found(store, 20_000 + id, 1, None), [20_000 + id]);
        assert!(!found(store, id, 20, None).contains(&id));
    }
}

contract! {
    a_warm_store_finds_what_is_near_and_follows_changes
    changes_while_a_store_warms_are_seen
    an_empty_store_finds_nothing
    the_nearest_is_first_and_similarity_is_the_cosine
    an_id_has_its_last_vector
    deleted_ids_are_gone_and_may_come_back
    a_filter_admits_only_its_ids
    ids_come_in_order_with_every_bit_and_end_when_told
    what_goes_while_ids_are_listed_takes_no_other_with_it
    slices_that_do_not_fit_are_refused
    optimizing_changes_no_answer
    threads_may_search_change_flush_and_optimize_at_once
}

#[test]
fn a_store_on_disk_answers_as_the_one_in_memory_through_reopenings() {
    let directory = TempDir::new().unwrap();
    let model = MemoryStore::new(DIMENSIONS);
    let mut store = open(directory.path());
    for round in 0..30u64 {
        let fresh: Vec<u64> = (0..40).map(|n| (round * 7919 + n * 31) % 1000).collect();
        let stale: Vec<u64> = (0..15).map(|n| (round * 104_729 + n * 17) % 1000).collect();
        for store in [&store as &dyn VectorStore, &model] {
            put(store, &fresh);
            store.delete(&stale).unwrap();
        }
        match round % 5 {
            1 => store.flush().unwrap(),
            2 => drop(store.optimize(&|| false).unwrap()),
            4 => store.settle().unwrap(),
            3 => {
                drop(store);
                store = open(directory.path());
            }
            _ => {}
        }
        assert_eq!(all_ids(&store), all_ids(&model), "round {round}");
        let query = unit(round + 5000);
        assert_eq!(
            store
                .search(&query, 25, None)
                .unwrap()
                .iter()
                .map(|near| near.similarity)
                .collect::<Vec<_>>(),
            model
                .search(&query, 25, None)
                .unwrap()
                .iter()
                .map(|near| near.similarity)
                .collect::<Vec<_>>(),
            "round {round}"
        );
    }
}

#[cfg(feature = "server-tests")]
#[test]
fn a_collection_answers_as_the_store_in_memory() {
    let collection = server::Collection::make("as_in_memory");
    let (store, model) = (&collection.0, MemoryStore::new(DIMENSIONS));
    for round in 0..6_u64 {
        let fresh: Vec<u64> = (0..400).map(|n| (round * 7919 + n * 31) % 2000).collect();
        let stale: Vec<u64> = (0..50).map(|n| (round * 104_729 + n * 17) % 2000).collect();
        for store in [store as &dyn VectorStore, &model] {
            put(store, &fresh);
            store.delete(&stale).unwrap();
        }
        assert_eq!(all_ids(store), all_ids(&model), "round {round}");
        let all = model.len().unwrap();
        let query = unit(round + 5000);
        // To the last of them, so that equals are in order too, and every similarity to its last bit.
        assert_eq!(
            store.search(&query, all, None).unwrap(),
            model.search(&query, all, None).unwrap(),
            "round {round}"
        );
    }
    // Longer than what one request is narrowed to.
    let allowed: Vec<u64> = (0..40_000).rev().collect();
    let allowed = Some(Filter::Allow(&allowed));
    assert_eq!(
        store.search(&unit(1), 100, allowed).unwrap(),
        model.search(&unit(1), 100, allowed).unwrap()
    );
}

#[test]
fn the_log_does_not_grow_with_the_changes() {
    let directory = TempDir::new().unwrap();
    let store = open(directory.path());
    let ids: Vec<u64> = (0..2000).collect();
    for _ in 0..80 {
        put(&store, &ids);
        store.flush().unwrap();
    }
    // 2000 vectors of 32 bytes and the logged 26 MB: what is left is a few files of a log.
    let busy = store.disk_bytes().unwrap();
    assert!(busy < 8 * 1024 * 1024, "{busy} bytes");
    store.settle().unwrap();
    let settled = store.disk_bytes().unwrap();
    assert!(
        settled < 2 * 1024 * 1024 && settled < busy,
        "{settled} of {busy} bytes"
    );
    drop(store);
    let store = open(directory.path());
    assert_eq!(all_ids(&store), ids);
    store.delete(&ids).unwrap();
    assert!(
        store.is_empty().unwrap(),
        "changes after the log was cut are ignored"
    );
    let bytes = store.disk_bytes().unwrap();
    assert!(bytes < 8 * 1024 * 1024, "{bytes} bytes");
}

#[test]
fn a_graph_finds_what_is_near() {
    let directory = TempDir::new().unwrap();
    let settings = EdgeSettings {
        graph_from_points: Some(1000),
        reserve_bytes: 1024 * 1024,
        ..EdgeSettings::default()
    };
    let store = EdgeStore::open(directory.path(), DIMENSIONS, settings).unwrap();
    put(&store, &(0..2000).collect::<Vec<u64>>());
    store.optimize(&|| false).unwrap();
    put(&store, &[5000]);
    assert_eq!(found(&store, 1234, 1, None), [1234]);
    assert_eq!(found(&store, 5000, 1, None), [5000]);
}
