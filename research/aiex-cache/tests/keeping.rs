//! What a cache keeps, for how long, and what it forgets.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aiex_cache::{Cache, Clock, Dependency, DiskState, KeptFile, Key, Kind, Limits, Settings};
use proptest::prelude::*;

/// Settings with a clock that stands still until it is moved.
fn settings() -> (Settings, Arc<AtomicU64>) {
    let now = Arc::new(AtomicU64::new(1_000_000));
    let shown = Arc::clone(&now);
    let limits = Limits {
        ttl: Duration::from_secs(100),
        memory_bytes: 1 << 20,
        disk_bytes: 1 << 20,
    };
    let clock = Clock::new(move || shown.load(Ordering::Relaxed));
    (
        Settings {
            search: limits,
            page: limits,
            model_call: limits,
            answer: limits,
            clock,
        },
        now,
    )
}

fn key(name: &str) -> Key {
    Key::new(Kind::Page, [name])
}

fn file(path: &str) -> Dependency {
    Dependency::File {
        root: "/repo".to_owned(),
        path: path.to_owned(),
    }
}

async fn open(folder: &Path) -> Cache {
    Cache::open(folder.join("cache.db"), settings().0).await
}

async fn has(cache: &Cache, name: &str) -> bool {
    cache.get(key(name)).await.is_some()
}

#[tokio::test]
async fn what_is_put_is_found_in_memory_and_after_a_restart_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let cache = open(folder.path()).await;
    assert!(!has(&cache, "a").await);
    cache.put(key("a"), b"value".to_vec(), &[]).await;
    assert_eq!(&*cache.get(key("a")).await.unwrap(), b"value");
    cache.flush().await;

    let again = open(folder.path()).await;
    assert_eq!(&*again.get(key("a")).await.unwrap(), b"value");
    assert_eq!(&*again.get(key("a")).await.unwrap(), b"value");
    let stats = again.stats().await.kinds[&Kind::Page];
    assert_eq!(
        (
            stats.disk_hits,
            stats.memory_hits,
            stats.misses,
            stats.disk_entries
        ),
        (1, 1, 0, 1)
    );
    assert_eq!(stats.hit_ratio(), Some(1.0));
    let first = cache.stats().await.kinds[&Kind::Page];
    assert_eq!((first.misses, first.memory_hits), (1, 1));
}

#[tokio::test]
async fn keys_tell_kinds_and_parts_apart() {
    assert_ne!(
        Key::new(Kind::Page, ["ab", "c"]),
        Key::new(Kind::Page, ["a", "bc"])
    );
    assert_ne!(Key::new(Kind::Page, ["a"]), Key::new(Kind::Search, ["a"]));
    assert_ne!(Key::new(Kind::Page, ["a"]), Key::new(Kind::Page, ["a", ""]));
    assert_eq!(Key::new(Kind::Page, ["a"]), Key::new(Kind::Page, [b"a"]));
}

#[tokio::test]
async fn an_entry_is_good_until_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, now) = settings();
    let cache = Cache::open(folder.path().join("cache.db"), settings.clone()).await;
    cache.put(key("a"), b"value".to_vec(), &[]).await;
    now.fetch_add(99_999, Ordering::Relaxed);
    assert!(has(&cache, "a").await);
    now.fetch_add(1, Ordering::Relaxed);
    assert!(!has(&cache, "a").await);
    let again = Cache::open(folder.path().join("cache.db"), settings).await;
    assert!(!has(&again, "a").await, "nor is it good on disk");
}

#[tokio::test]
async fn what_was_kept_before_a_moment_is_passed_over_and_made_anew_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, now) = settings();
    let cache = Cache::open(folder.path().join("cache.db"), settings.clone()).await;
    cache.put(key("a"), b"old".to_vec(), &[]).await;
    now.fetch_add(10, Ordering::Relaxed);
    let moment = now.load(Ordering::Relaxed);
    cache.flush().await;
    for cache in [cache, Cache::open(folder.path().join("cache.db"), settings).await] {
        assert!(cache.get_since(key("a"), moment - 10).await.is_some());
        assert_eq!(cache.get_since(key("a"), moment).await, None);
        assert!(has(&cache, "a").await, "others still find it");
    }
    let cache = open(folder.path()).await;
    let made = |value: &'static [u8]| move || async move { Ok::<_, std::io::Error>(value.to_vec()) };
    let since = |moment, value| cache.get_since_or_compute(key("b"), moment, made(value));
    assert_eq!(&*since(0, b"first").await.unwrap(), b"first");
    assert_eq!(&*since(1_000_000, b"second").await.unwrap(), b"first");
    assert_eq!(&*since(1_000_001, b"third").await.unwrap(), b"third");
    assert_eq!(
        &*cache.get(key("b")).await.unwrap(),
        b"third",
        "what is new answers everybody"
    );
}

#[tokio::test]
async fn a_change_drops_what_depends_on_it_in_memory_and_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let cache = open(folder.path()).await;
    let tree = Dependency::Tree {
        root: "/repo".to_owned(),
    };
    let named = Dependency::Named {
        name: "model".to_owned(),
    };
    cache
        .put(key("file"), b"1".to_vec(), &[file("a.rs"), file("b.rs")])
        .await;
    cache
        .put(key("tree"), b"2".to_vec(), std::slice::from_ref(&tree))
        .await;
    cache
        .put(key("named"), b"3".to_vec(), std::slice::from_ref(&named))
        .await;
    cache
        .put(
            key("other"),
            b"4".to_vec(),
            &[Dependency::File {
                root: "/other".into(),
                path: "a.rs".into(),
            }],
        )
        .await;
    cache.put(key("free"), b"5".to_vec(), &[]).await;

    cache.invalidate(&[file("c.rs")]).await;
    let again = open(folder.path()).await;
    for cache in [&cache, &again] {
        assert!(has(cache, "file").await && !has(cache, "tree").await);
    }
    cache.invalidate(&[file("b.rs"), named]).await;
    for cache in [&cache, &open(folder.path()).await] {
        assert!(!has(cache, "file").await && !has(cache, "named").await);
        assert!(has(cache, "other").await && has(cache, "free").await);
    }
    cache.put(key("file"), b"1".to_vec(), &[file("a.rs")]).await;
    cache.invalidate(&[tree]).await;
    assert!(!has(&cache, "file").await);
    assert_eq!(cache.stats().await.kinds[&Kind::Page].invalidations, 4);
}

#[tokio::test]
async fn the_files_that_entries_depend_on_are_known_with_the_age_of_the_oldest() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, now) = settings();
    let path = folder.path().join("cache.db");
    let cache = Cache::open(&path, settings.clone()).await;
    cache
        .put(key("old"), b"1".to_vec(), &[file("a.rs"), file("b.rs")])
        .await;
    now.fetch_add(5_000, Ordering::Relaxed);
    let elsewhere = Dependency::File {
        root: "/other".into(),
        path: "c.rs".into(),
    };
    cache
        .put(
            key("new"),
            b"2".to_vec(),
            &[file("b.rs"), file("d.rs"), elsewhere],
        )
        .await;
    cache.flush().await;
    let kept = |path: &str, kept_ms| KeptFile {
        path: path.to_owned(),
        kept_ms,
    };
    let expected = [
        kept("a.rs", 1_000_000),
        kept("b.rs", 1_000_000),
        kept("d.rs", 1_005_000),
    ];
    // From memory and disk, from disk alone, and from memory alone.
    assert_eq!(cache.files_below("/repo").await, expected);
    let again = Cache::open(&path, settings.clone()).await;
    assert_eq!(again.files_below("/repo").await, expected);
    assert!(again.files_below("/nowhere").await.is_empty());
    let memory = Cache::in_memory(settings);
    memory.put(key("new"), b"2".to_vec(), &[file("b.rs")]).await;
    assert_eq!(memory.files_below("/repo").await, [kept("b.rs", 1_005_000)]);
}

#[tokio::test]
async fn clearing_a_kind_leaves_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let cache = open(folder.path()).await;
    let search = Key::new(Kind::Search, ["a"]);
    cache.put(key("a"), b"1".to_vec(), &[]).await;
    cache.put(search, b"2".to_vec(), &[]).await;
    cache.clear(Some(Kind::Page)).await;
    assert!(!has(&cache, "a").await && cache.get(search).await.is_some());
    cache.clear(None).await;
    assert!(cache.get(search).await.is_none());
    let stats = cache.stats().await;
    assert!(
        stats
            .kinds
            .values()
            .all(|kind| kind.disk_entries == 0 && kind.disk_bytes == 0 && kind.memory_entries == 0)
    );
}

#[tokio::test]
async fn warming_loads_what_was_used_last() {
    let folder = tempfile::tempdir().unwrap();
    let (settings, now) = settings();
    let cache = Cache::open(folder.path().join("cache.db"), settings.clone()).await;
    // Half of memory is 512 KiB: five of these.
    let value = |at: u8| vec![at; 100 << 10];
    for at in 0..10u8 {
        now.fetch_add(10, Ordering::Relaxed);
        cache.put(key(&at.to_string()), value(at), &[]).await;
    }
    cache.flush().await;
    let again = Cache::open(folder.path().join("cache.db"), settings).await;
    assert_eq!(again.warm().await, 5);
    assert_eq!(&*again.get(key("9")).await.unwrap(), &value(9)[..]);
    assert_eq!(&*again.get(key("0")).await.unwrap(), &value(0)[..]);
    let stats = again.stats().await.kinds[&Kind::Page];
    assert_eq!((stats.memory_hits, stats.disk_hits), (1, 1));
}

#[tokio::test]
async fn a_damaged_database_is_set_aside_and_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("cache.db"),
        "this is no database, and it is long enough to be looked at ".repeat(40),
    )
    .unwrap();
    let cache = open(folder.path()).await;
    cache.put(key("a"), b"value".to_vec(), &[]).await;
    let stats = cache.stats().await;
    assert!(
        matches!(&stats.disk, DiskState::BegunAnew { why } if !why.is_empty()),
        "{:?}",
        stats.disk
    );
    assert!(stats.disk.hint().is_some());
    assert_eq!(stats.kinds[&Kind::Page].disk_entries, 1);
    assert!(folder.path().join("cache.db.damaged").exists());
    assert!(has(&open(folder.path()).await, "a").await);
}

#[tokio::test]
async fn pages_overwritten_under_a_running_cache_cost_only_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    {
        let cache = open(folder.path()).await;
        for at in 0..50 {
            cache
                .put(key(&at.to_string()), vec![at; 20_000], &[file("a.rs")])
                .await;
        }
        cache.clear(Some(Kind::Search)).await;
        cache.flush().await;
    }
    let cache = open(folder.path()).await;
    cache.flush().await;
    let mut bytes = std::fs::read(&path).unwrap();
    let length = bytes.len();
    bytes[100..length].iter_mut().for_each(|byte| *byte ^= 0x5a);
    std::fs::write(&path, bytes).unwrap();
    let _ = std::fs::remove_file(folder.path().join("cache.db-wal"));
    for at in 0..50u8 {
        if let Some(value) = cache.get(key(&at.to_string())).await {
            assert_eq!(&*value, &vec![at; 20_000][..], "what is found is what was put");
        }
    }
    cache.put(key("new"), b"value".to_vec(), &[]).await;
    assert!(has(&cache, "new").await);
}

#[tokio::test]
async fn without_a_writable_folder_it_goes_on_in_memory_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("file");
    std::fs::write(&in_the_way, "").unwrap();
    let cache = Cache::open(in_the_way.join("cache.db"), settings().0).await;
    cache.put(key("a"), b"value".to_vec(), &[]).await;
    assert!(has(&cache, "a").await);
    let stats = cache.stats().await;
    assert!(matches!(stats.disk, DiskState::Off { .. }));
    assert!(stats.disk.hint().is_some());
    let memory = Cache::in_memory(settings().0);
    memory.put(key("a"), b"value".to_vec(), &[]).await;
    memory.invalidate(&[file("a.rs")]).await;
    assert!(has(&memory, "a").await);
}

#[tokio::test]
async fn the_disk_is_taken_up_again_when_it_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("folder");
    std::fs::write(&in_the_way, "").unwrap();
    let (settings, now) = settings();
    let cache = Cache::open(in_the_way.join("cache.db"), settings).await;
    assert!(matches!(cache.stats().await.disk, DiskState::Off { .. }));
    std::fs::remove_file(&in_the_way).unwrap();
    now.fetch_add(60_001, Ordering::Relaxed);
    cache.put(key("a"), b"value".to_vec(), &[]).await;
    let stats = cache.stats().await;
    assert_eq!(
        (stats.disk, stats.kinds[&Kind::Page].disk_entries),
        (DiskState::Working, 1)
    );
}

/// What lies on disk while a cache writes is what a killed process leaves behind.
#[tokio::test]
async fn what_a_killed_process_leaves_behind_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let cache = open(folder.path()).await;
    for round in 0..10u8 {
        for at in 0..20u8 {
            cache
                .put(
                    key(&format!("{round}-{at}")),
                    vec![at; 3_000 + usize::from(round)],
                    &[file("a.rs")],
                )
                .await;
        }
        if round == 4 {
            cache.flush().await;
        }
        let left = tempfile::tempdir().unwrap();
        // The log after the database: a killed process has no checkpoint between the two either.
        for name in ["cache.db", "cache.db-wal"] {
            let from = folder.path().join(name);
            if from.exists() {
                std::fs::copy(&from, left.path().join(name)).unwrap();
            }
        }
        let after = open(left.path()).await;
        for round_then in 0..=round {
            for at in 0..20u8 {
                let found = after.get(key(&format!("{round_then}-{at}"))).await;
                if let Some(found) = &found {
                    assert_eq!(&**found, &vec![at; 3_000 + usize::from(round_then)][..]);
                }
                assert!(
                    found.is_some() || round < 4 || round_then > 4,
                    "what was flushed is there"
                );
            }
        }
        assert_eq!(after.stats().await.disk, DiskState::Working);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8, u16),
    Get(u8),
    Wait(u16),
    Change(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..40u8, 0..9_000u16).prop_map(|(name, length)| Step::Put(name, length)),
        2 => (0..40u8).prop_map(Step::Get),
        1 => (0..30_000u16).prop_map(Step::Wait),
        1 => (0..4u8).prop_map(Step::Change),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_cache_never_exceeds_its_room_and_never_gives_anything_but_the_last_good_value(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let (mut settings, now) = settings();
            settings.page = Limits { ttl: Duration::from_secs(60), memory_bytes: 20_000, disk_bytes: 30_000 };
            let cache = Cache::open(folder.path().join("cache.db"), settings).await;
            let mut model = std::collections::HashMap::new();
            let mut random = fastrand::Rng::with_seed(1);
            for step in steps {
                match step {
                    Step::Put(name, length) => {
                        let value: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
                        cache.put(key(&name.to_string()), value.clone(), &[file(&(name % 4).to_string())]).await;
                        model.insert(name, (value, now.load(Ordering::Relaxed)));
                    }
                    Step::Get(name) => {
                        if let Some(found) = cache.get(key(&name.to_string())).await {
                            let (value, at) = model.get(&name).expect("it was put and not dropped");
                            prop_assert_eq!(&*found, &value[..]);
                            prop_assert!(now.load(Ordering::Relaxed) < at + 60_000);
                        }
                    }
                    Step::Wait(ms) => {
                        now.fetch_add(u64::from(ms), Ordering::Relaxed);
                    }
                    Step::Change(group) => {
                        cache.invalidate(&[file(&group.to_string())]).await;
                        model.retain(|name, _| name % 4 != group);
                    }
                }
                let stats = cache.stats().await;
                let page = stats.kinds[&Kind::Page];
                prop_assert!(page.disk_bytes <= 30_000, "{page:?}");
                prop_assert!(page.memory_bytes <= 20_000, "{page:?}");
                prop_assert_eq!(stats.disk, DiskState::Working);
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_was_used_last_stays(uses in proptest::collection::vec(0..6usize, 1..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let (mut settings, now) = settings();
            // Room for six on disk.
            settings.page = Limits { ttl: Duration::from_secs(100_000), memory_bytes: 0, disk_bytes: 6 * 1_300 };
            let cache = Cache::open(folder.path().join("cache.db"), settings.clone()).await;
            let mut random = fastrand::Rng::with_seed(2);
            let mut value = || -> Vec<u8> { (0..1_000).map(|_| random.u8(..)).collect() };
            let mut order: Vec<usize> = (0..6).collect();
            for name in 0..6 {
                now.fetch_add(1, Ordering::Relaxed);
                cache.put(key(&name.to_string()), value(), &[]).await;
            }
            for name in uses {
                // Memory tells the disk what is in use once a minute.
                now.fetch_add(60_001, Ordering::Relaxed);
                prop_assert!(has(&cache, &name.to_string()).await);
                order.retain(|known| *known != name);
                order.push(name);
            }
            now.fetch_add(1, Ordering::Relaxed);
            cache.put(key("new"), value(), &[]).await;
            cache.flush().await;
            // Another cache sees the disk alone.
            let disk = Cache::open(folder.path().join("cache.db"), settings).await;
            prop_assert!(!has(&disk, &order[0].to_string()).await, "what was used least recently went");
            for name in &order[1..] {
                prop_assert!(has(&disk, &name.to_string()).await);
            }
            prop_assert_eq!(cache.stats().await.kinds[&Kind::Page].evictions, 1);
            Ok(())
        })?;
    }
}
