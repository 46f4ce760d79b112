//! Runs with small budgets of every kind, held against what the services outside were asked for and said it cost.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aiex_outside::{Outside, Received, Said, answer};
use aiex_protocol::journal::RunEvent;
use aiex_protocol::research::{Budget, Depth};

use super::{Lane, Run};
use crate::Failure;

const RUNS: usize = 1_000;
/// Runs that go on at once, each with a daemon and services of its own.
const LANES: usize = 4;
const PAGES: usize = 12;
/// What a token costs, in millionths of a dollar: read, written.
const PRICES: [u64; 2] = [3, 15];

/// What a model said it had read and written.
#[derive(Debug, Default)]
struct Meter {
    read: AtomicU64,
    written: AtomicU64,
}

impl Meter {
    fn tokens(&self) -> [u64; 2] {
        [&self.read, &self.written].map(|count| count.load(Ordering::SeqCst))
    }
}

/// What was used up at the services, and what of it was too much.
#[derive(Default)]
struct Seen {
    ended: usize,
    stopped_by_budget: usize,
    overruns: Vec<String>,
    errors: Vec<String>,
    /// Those that took longer than they were given, and the longest of it: how long the system keeps a process waiting for a
    /// core or the disk is in nobody's hand.
    late: usize,
    latest: Duration,
}

pub(super) async fn all(program: &Path, scratch: &Path) -> Result<(), Failure> {
    let lanes = (0..LANES).map(|lane| in_a_lane(program, scratch, lane as u64));
    let mut all = Seen::default();
    for lane in futures_util::future::try_join_all(lanes).await? {
        all.ended += lane.ended;
        all.stopped_by_budget += lane.stopped_by_budget;
        all.overruns.extend(lane.overruns);
        all.errors.extend(lane.errors);
        all.late += lane.late;
        all.latest = all.latest.max(lane.latest);
    }
    println!(
        "| {RUNS} runs with small budgets drawn at random | {} ended in a report, {} of them stopped or shortened by their \
         budget; {} overran tokens, money, fetches or searches, as the services counted; {} took longer than they were \
         given, the latest by {:.0} ms |",
        all.ended,
        all.stopped_by_budget,
        all.overruns.len(),
        all.late,
        all.latest.as_secs_f64() * 1e3
    );
    for line in all.overruns.iter().chain(&all.errors) {
        println!("{line}");
    }
    Ok(())
}

async fn in_a_lane(program: &Path, scratch: &Path, seed: u64) -> Result<Seen, Failure> {
    let meter = Arc::new(Meter::default());
    let counting = Arc::clone(&meter);
    let outside = Outside::with_model(Duration::ZERO, move |request: &Received| {
        let text = answer(request);
        // As the stand-in itself says in its answers: four bytes a token.
        let read = request.asked().len().div_ceil(4) as u64;
        counting.read.fetch_add(read, Ordering::SeqCst);
        let written = text.len().div_ceil(4) as u64;
        counting.written.fetch_add(written, Ordering::SeqCst);
        Said::Slowly(Duration::from_millis(fastrand::u64(0..200)), text)
    })?;
    let prices = tempfile::NamedTempFile::new_in(scratch)?;
    let [input, output] = PRICES;
    std::fs::write(
        prices.path(),
        format!("[[price]]\nmodel = \"m\"\ninput = {input}.0\noutput = {output}.0\n"),
    )?;
    let settings = format!("[research]\nprices = \"{}\"\n", prices.path().display());
    let lane = Lane::open(program, scratch, outside, &settings).await?;
    lane.outside.publish(PAGES, Duration::from_millis(20));
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut seen = Seen::default();
    for _ in 0..RUNS / LANES {
        lane.forget().await?;
        let budget = Budget {
            wall_seconds: Some(chance.u64(1..4)),
            tokens: chance.bool().then(|| chance.u64(0..12_000)),
            micro_dollars: chance.bool().then(|| chance.u64(0..60_000)),
            fetches: chance.bool().then(|| chance.u32(0..8)),
            searches: chance.bool().then(|| chance.u32(1..9)),
        };
        let (tokens, pages, searches) = (meter.tokens(), lane.outside.host.pages(), lane.outside.searches());
        let run = lane.run(Depth::Standard, budget).await?;
        // What is still on its way when a run ends was asked for by it, too.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let after = meter.tokens();
        let used = Used {
            took: run.took(),
            tokens: [after[0] - tokens[0], after[1] - tokens[1]],
            pages: lane.outside.host.pages() - pages,
            searches: lane.outside.searches() - searches,
        };
        seen.note(&budget, &run, &used);
    }
    Ok(seen)
}

/// What a run used up, as others saw it.
#[derive(Debug)]
struct Used {
    took: Duration,
    tokens: [u64; 2],
    pages: usize,
    searches: usize,
}

impl Seen {
    fn note(&mut self, budget: &Budget, run: &Run, used: &Used) {
        match run.partial() {
            Ok(_) => self.ended += 1,
            Err(error) => self.errors.push(format!("{budget:?}: {error}")),
        }
        let by_budget = |event: &RunEvent| matches!(event, RunEvent::Fallback { reason, .. } if reason.contains("budget"));
        let is_short = run.entries.iter().any(|entry| by_budget(&entry.event));
        let is_cut = run.partial().is_ok_and(|partial| partial.is_some());
        self.stopped_by_budget += usize::from(is_short || is_cut);
        let [read, written] = used.tokens;
        let dollars = read * PRICES[0] + written * PRICES[1];
        let over = |limit: Option<u64>, used: u64| limit.is_some_and(|limit| used > limit);
        let given = budget.wall_seconds.map(Duration::from_secs);
        let late = given.map_or(Duration::ZERO, |given| used.took.saturating_sub(given));
        self.late += usize::from(!late.is_zero());
        if !late.is_zero() {
            self.errors.push(format!(
                "late by {} ms: {}",
                late.as_millis(),
                run.slowest_steps()
            ));
        }
        self.latest = self.latest.max(late);
        for (what, is_over) in [
            ("tokens", over(budget.tokens, read + written)),
            ("money", over(budget.micro_dollars, dollars)),
            ("fetches", over(budget.fetches.map(u64::from), used.pages as u64)),
            (
                "searches",
                over(budget.searches.map(u64::from), used.searches as u64),
            ),
        ] {
            if is_over {
                self.overruns.push(format!("{what}: {budget:?} {used:?}"));
            }
        }
    }
}
