//! How long a hit takes: in memory, and on disk behind it. Prints the median and the 95th percentile.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints what it measured, and may stop where it fails"
)]

use std::time::{Duration, Instant};

use aiex_cache::{Cache, Computed, Key, Kind, Settings};

const ENTRIES: usize = 500;
/// A long report with its sources, as JSON.
const BYTES: usize = 200 << 10;

fn shown(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!(
        "{what}: p50 {:?}, p95 {:?}, {} entries of {} KiB",
        at(50),
        at(95),
        times.len(),
        BYTES >> 10
    );
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.answer.memory_bytes = 256 << 20;
        let cache = Cache::open(folder.path().join("cache.db"), settings.clone()).await;
        let keys: Vec<Key> = (0..ENTRIES)
            .map(|at| Key::new(Kind::Answer, [at.to_string()]))
            .collect();
        let text: Vec<u8> = (0..BYTES)
            .map(|at| b"the blocking pool holds threads "[(at * 7 + at / 91) % 32])
            .collect();
        for key in &keys {
            cache.put(*key, text.clone(), &[]).await;
        }
        cache.flush().await;
        let measure = |cache: Cache, keys: Vec<Key>| async move {
            let mut times = Vec::new();
            for key in keys {
                let started = Instant::now();
                let found = cache
                    .get_or_compute(key, || async {
                        Err::<Computed, _>(std::io::Error::other("not kept"))
                    })
                    .await;
                assert_eq!(found.unwrap().len(), BYTES);
                times.push(started.elapsed());
            }
            times
        };
        shown("in memory", measure(cache.clone(), keys.clone()).await);
        let again = Cache::open(folder.path().join("cache.db"), settings).await;
        shown("on disk", measure(again, keys).await);
    });
}
