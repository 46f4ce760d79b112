//! One computation for everybody who asks at the same time.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aiex_cache::{Cache, Computed, Dependency, Failed, Key, Kind, Settings};
use proptest::prelude::*;
use tokio::sync::Semaphore;
use tokio::time::timeout;

fn key() -> Key {
    Key::new(Kind::ModelCall, ["prompt"])
}

/// A computation that counts its runs and ends when it is allowed to.
#[derive(Clone)]
struct Work {
    runs: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
}

impl Work {
    fn new() -> Self {
        Self {
            runs: Arc::default(),
            ended: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
        }
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }

    async fn run(self, result: Result<Computed, io::Error>) -> Result<Computed, io::Error> {
        struct Ended(Arc<AtomicUsize>);
        impl Drop for Ended {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        self.runs.fetch_add(1, Ordering::SeqCst);
        let _ended = Ended(Arc::clone(&self.ended));
        self.gate.acquire().await.unwrap().forget();
        result
    }

    async fn ask(self, cache: Cache) -> Result<Arc<[u8]>, Failed> {
        cache
            .get_or_compute(key(), move || self.run(Ok(b"value".to_vec().into())))
            .await
    }
}

/// Waits until something is so; fails after ten seconds.
async fn until(holds: impl Fn() -> bool) {
    timeout(Duration::from_secs(10), async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("it came to pass");
}

async fn shared(cache: &Cache) -> u64 {
    cache.stats().await.kinds[&Kind::ModelCall].shared
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_of_one_moment_wait_for_one_computation() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path().join("cache.db"), Settings::default()).await;
    let work = Work::new();
    let callers: Vec<_> = (0..50)
        .map(|_| tokio::spawn(work.clone().ask(cache.clone())))
        .collect();
    while shared(&cache).await < 49 {
        tokio::task::yield_now().await;
    }
    work.gate.add_permits(50);
    for caller in callers {
        assert_eq!(&*caller.await.unwrap().unwrap(), b"value");
    }
    assert_eq!(work.runs(), 1);
    assert_eq!(&*work.clone().ask(cache.clone()).await.unwrap(), b"value");
    assert_eq!(work.runs(), 1, "and it is kept");
}

#[tokio::test]
async fn a_failure_goes_to_everybody_and_is_not_kept() {
    let cache = Cache::in_memory(Settings::default());
    let work = Work::new();
    let fails = |cache: Cache, work: Work| async move {
        cache
            .get_or_compute(key(), move || work.run(Err(io::Error::other("no model"))))
            .await
    };
    let first = tokio::spawn(fails(cache.clone(), work.clone()));
    let second = tokio::spawn(fails(cache.clone(), work.clone()));
    until(|| work.runs() == 1).await;
    while shared(&cache).await < 1 {
        tokio::task::yield_now().await;
    }
    work.gate.add_permits(2);
    for caller in [first, second] {
        let failed = caller.await.unwrap().unwrap_err();
        assert_eq!(failed.to_string(), "no model");
        assert!(failed.downcast_ref::<io::Error>().is_some());
    }
    assert_eq!(work.runs(), 1);
    assert_eq!(&*work.clone().ask(cache).await.unwrap(), b"value");
    assert_eq!(work.runs(), 2);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_end_the_computation_and_the_last_one_does() {
    let cache = Cache::in_memory(Settings::default());
    let work = Work::new();
    let first = tokio::spawn(work.clone().ask(cache.clone()));
    until(|| work.runs() == 1).await;
    let second = tokio::spawn(work.clone().ask(cache.clone()));
    while shared(&cache).await < 1 {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(work.ended.load(Ordering::SeqCst), 0);
    work.gate.add_permits(1);
    assert_eq!(&*second.await.unwrap().unwrap(), b"value");

    let (cache, work) = (Cache::in_memory(Settings::default()), Work::new());
    let only = tokio::spawn(work.clone().ask(cache.clone()));
    until(|| work.runs() == 1).await;
    only.abort();
    let _ = only.await;
    until(|| work.ended.load(Ordering::SeqCst) == 1).await;
    work.gate.add_permits(1);
    assert_eq!(
        &*work.clone().ask(cache).await.unwrap(),
        b"value",
        "the next caller computes again"
    );
    assert_eq!(work.runs(), 2);
}

#[tokio::test]
async fn a_computation_that_panics_is_a_failure_and_the_next_one_runs() {
    let cache = Cache::in_memory(Settings::default());
    let failed = cache
        .get_or_compute(key(), || async {
            assert!(key().kind() != Kind::ModelCall, "a computation that panics");
            Ok::<Computed, io::Error>(Computed::default())
        })
        .await;
    assert!(matches!(failed, Err(Failed::BrokenOff)));
    let work = Work::new();
    work.gate.add_permits(1);
    assert!(work.ask(cache).await.is_ok());
}

#[tokio::test]
async fn a_value_whose_files_changed_while_it_was_made_is_given_out_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path().join("cache.db"), Settings::default()).await;
    let file = Dependency::File {
        root: "/repo".into(),
        path: "a.rs".into(),
    };
    let work = Work::new();
    let asked = {
        let (cache, work, file) = (cache.clone(), work.clone(), file.clone());
        tokio::spawn(async move {
            let computed = Computed {
                value: b"old".to_vec(),
                dependencies: vec![file],
            };
            cache.get_or_compute(key(), move || work.run(Ok(computed))).await
        })
    };
    until(|| work.runs() == 1).await;
    cache.invalidate(&[file]).await;
    work.gate.add_permits(1);
    assert_eq!(&*asked.await.unwrap().unwrap(), b"old");
    assert!(cache.get(key()).await.is_none());
    assert_eq!(cache.stats().await.kinds[&Kind::ModelCall].disk_entries, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn however_callers_come_and_go_no_key_is_computed_to_its_end_twice(
        callers in proptest::collection::vec((0..4usize, any::<bool>(), 0..3u8), 1..40)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
        runtime.block_on(async {
            let cache = Cache::in_memory(Settings::default());
            let finished: Arc<Vec<AtomicUsize>> = Arc::new((0..4).map(|_| AtomicUsize::new(0)).collect());
            let mut tasks = Vec::new();
            for (name, leaves, yields) in callers {
                let (cache, finished) = (cache.clone(), Arc::clone(&finished));
                let task = tokio::spawn(async move {
                    let key = Key::new(Kind::Answer, [name.to_string()]);
                    cache.get_or_compute(key, move || async move {
                        for _ in 0..yields {
                            tokio::task::yield_now().await;
                        }
                        finished[name].fetch_add(1, Ordering::SeqCst);
                        Ok::<_, io::Error>(Computed::from(name.to_string().into_bytes()))
                    }).await
                });
                if leaves {
                    task.abort();
                }
                tasks.push((name, task));
            }
            for (name, task) in tasks {
                if let Ok(found) = task.await {
                    prop_assert_eq!(found.unwrap().to_vec(), name.to_string().into_bytes());
                }
            }
            prop_assert!(finished.iter().all(|times| times.load(Ordering::SeqCst) <= 1), "computed twice");
            Ok(())
        })?;
    }
}
