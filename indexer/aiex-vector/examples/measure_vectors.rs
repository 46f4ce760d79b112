//! Measures a vector store on disk: `measure_vectors DIRECTORY [POINTS] [DIMENSIONS] [graph]`.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::time::Instant;

use aiex_vector::{EdgeSettings, EdgeStore, Filter, VectorStore, quantise};

/// A small generator of even numbers spread over −1…1; the same vectors at every run.
struct Random(u64);

impl Random {
    fn component(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    fn unit(&mut self, dimensions: usize) -> Vec<f32> {
        let mut vector: Vec<f32> = (0..dimensions).map(|_| self.component()).collect();
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|x| *x /= length);
        vector
    }
}

/// How many hits a search of the index asks for.
const WANTED: usize = 120;

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let part = |name| kib(name).map_or_else(|| "?".to_owned(), |kib| (kib / 1024).to_string());
    format!(
        "rss {} MB (anonymous {}, file {})",
        part("VmRSS"),
        part("RssAnon"),
        part("RssFile")
    )
}

fn median(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let directory = Path::new(&arguments[1]);
    let points: usize = arguments.get(2).map_or(100_000, |text| text.parse().unwrap());
    let dimensions: usize = arguments.get(3).map_or(256, |text| text.parse().unwrap());
    let graph = arguments.get(4).is_some();
    let settings = EdgeSettings {
        graph_from_points: graph.then_some(1),
        ..EdgeSettings::default()
    };

    let start = Instant::now();
    let store = EdgeStore::open(directory, dimensions, settings.clone()).unwrap();
    println!(
        "create {:.1?}, {} KiB",
        start.elapsed(),
        store.disk_bytes().unwrap() / 1024
    );

    let mut random = Random(42);
    let start = Instant::now();
    for base in (0..points).step_by(1000) {
        let ids: Vec<u64> = (base..base + 1000).map(|id| id as u64).collect();
        let vectors: Vec<i8> = ids
            .iter()
            .flat_map(|_| quantise(&random.unit(dimensions)))
            .collect();
        store.upsert(&ids, &vectors).unwrap();
    }
    let inserted = start.elapsed();
    let start = Instant::now();
    store.flush().unwrap();
    println!("insert {points} in {inserted:.1?}, flush {:.1?}", start.elapsed());
    println!(
        "{} KiB on disk, {}",
        store.disk_bytes().unwrap() / 1024,
        resident()
    );
    drop(store);

    let reopen = |label: &str| {
        let start = Instant::now();
        let store = EdgeStore::open(directory, dimensions, settings.clone()).unwrap();
        println!(
            "{label}: open {:.1?}, {} KiB, {}",
            start.elapsed(),
            store.disk_bytes().unwrap() / 1024,
            resident()
        );
        store
    };
    let search = |store: &EdgeStore, label: &str| {
        let mut random = Random(7);
        let mut times = Vec::new();
        for _ in 0..300 {
            let query = random.unit(dimensions);
            let start = Instant::now();
            assert_eq!(store.search(&query, WANTED, None).unwrap().len(), WANTED);
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        let (p50, p99) = median(times);
        println!("{label}: search p50 {p50:.2} ms, p99 {p99:.2} ms, {}", resident());
    };
    let store = reopen("appended");
    search(&store, "appended");
    let start = Instant::now();
    store.warm(&|| false).unwrap();
    println!("warm: {:.1?}, {}", start.elapsed(), resident());
    search(&store, "appended, warm");
    let allowed: Vec<u64> = (0..points as u64).step_by(10).collect();
    let start = Instant::now();
    let query = Random(9).unit(dimensions);
    store.search(&query, 50, Some(Filter::Allow(&allowed))).unwrap();
    println!("search among {} allowed: {:.1?}", allowed.len(), start.elapsed());

    let mut times = Vec::new();
    for round in 0..200u64 {
        let fresh = points as u64 + round * 20;
        let ids: Vec<u64> = (fresh..fresh + 20).collect();
        let stale: Vec<u64> = (round * 20..round * 20 + 20).collect();
        let vectors: Vec<i8> = ids
            .iter()
            .flat_map(|_| quantise(&random.unit(dimensions)))
            .collect();
        let start = Instant::now();
        store.upsert(&ids, &vectors).unwrap();
        store.delete(&stale).unwrap();
        store.flush().unwrap();
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let (p50, p99) = median(times);
    println!("update of 20 + 20 with flush: p50 {p50:.2} ms, p99 {p99:.2} ms");
    let start = Instant::now();
    let mut seen = 0;
    store
        .ids(&mut |page| {
            seen += page.len();
            true
        })
        .unwrap();
    println!(
        "list {seen} ids {:.1?}, count {}",
        start.elapsed(),
        store.len().unwrap()
    );

    if !graph {
        let stale: Vec<u64> = (0..points as u64 / 3).collect();
        store.delete(&stale).unwrap();
    }
    let start = Instant::now();
    let changed = store.optimize(&|| false).unwrap();
    println!(
        "optimize: {changed} in {:.1?}, {} KiB, {}",
        start.elapsed(),
        store.disk_bytes().unwrap() / 1024,
        resident()
    );
    drop(store);
    let store = reopen("optimized");
    search(&store, "optimized");
}
