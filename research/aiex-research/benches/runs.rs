//! What the machine itself costs: each stage with ports that answer at once, and a whole run with ports that take a
//! second, held against the longest chain of calls that had to wait for each other.
//!
//! `cargo bench -p aiex-research`; figures only, nothing is asserted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for people to run"
)]

#[allow(
    dead_code,
    unreachable_pub,
    reason = "the tests' world, of which this needs a part"
)]
#[path = "../tests/runs/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aiex_research::{Clock, Event, Ports, SystemClock};
use world::{Fated, World, brisk, request};

/// Runs with ports that answer at once.
const RUNS: usize = 100;
const SECOND: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() {
    println!("stages with ports that answer at once, {RUNS} runs each, in milliseconds");
    stages("with a model", World::with_model).await;
    stages("without a model", World::plain).await;
    chain().await;
}

async fn stages(name: &str, make: fn() -> World) {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(make());
    let research = world::open(folder.path(), &world).await;
    let mut took: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut whole = Vec::new();
    for _ in 0..RUNS {
        let began = Instant::now();
        let run = research.start(request()).await.unwrap();
        for event in world::events(&research, &run).await {
            if let Event::StageEnded { stage, took_ms } = event {
                took.entry(format!("{stage:?}")).or_default().push(took_ms);
            }
        }
        whole.push(began.elapsed().as_millis() as u64);
    }
    took.insert("whole run".to_owned(), whole);
    for (stage, mut times) in took {
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
        println!(
            "  {name}: {stage:<10} p50 {:>4}  p95 {:>4}  max {:>4}",
            at(50),
            at(95),
            at(100)
        );
    }
}

/// A clock that is not the world's own.
fn with_real_time(ports: Ports) -> Ports {
    Ports {
        clock: Arc::new(SystemClock::new()) as Arc<dyn Clock>,
        ..ports
    }
}

async fn chain() {
    let calls: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let noted = Arc::clone(&calls);
    let fate = move |_: &str| {
        noted.lock().unwrap().push(Instant::now());
        Fated {
            waits: SECOND,
            ..Fated::default()
        }
    };
    let world = Arc::new(World {
        fate: Arc::new(fate),
        ..World::with_model()
    });
    let folder = tempfile::tempdir().unwrap();
    let research = aiex_research::Research::open(folder.path(), with_real_time(world.ports()), brisk())
        .await
        .unwrap();
    let began = Instant::now();
    let run = research.start(request()).await.unwrap();
    world::events(&research, &run).await;
    let wall = began.elapsed();
    // Calls that do not overlap, the most there are: every one took a second.
    let mut starts = calls.lock().unwrap().clone();
    starts.sort_unstable();
    let mut chain: u32 = 0;
    let mut free = None;
    for start in &starts {
        if free.is_none_or(|free| *start >= free) {
            chain += 1;
            free = Some(*start + SECOND);
        }
    }
    let longest = SECOND * chain;
    let ratio = wall.as_secs_f64() / longest.as_secs_f64();
    println!(
        "ports that take 1 s: {} calls, longest chain {chain} s, wall {:.2} s, {ratio:.3} times the chain",
        starts.len(),
        wall.as_secs_f64()
    );
}
