//! Runs while every service outside fails by chance.

use std::path::Path;
use std::time::Duration;

use aiex_outside::{Fault, Outside, Received, Said, answer};
use aiex_protocol::research::{Budget, Depth};

use super::Lane;
use crate::Failure;
use crate::quantile::Times;

const RUNS: usize = 200;
const SHARE: f64 = 0.3;
const PAUSE: Duration = Duration::from_millis(5);
/// Runs that go on at once, each with a daemon and services of its own.
const LANES: usize = 4;

pub(super) async fn all(program: &Path, scratch: &Path) -> Result<(), Failure> {
    let lanes = (0..LANES).map(|lane| in_a_lane(program, scratch, lane as u64));
    let lanes = futures_util::future::try_join_all(lanes).await?;
    let (mut whole, mut partial, mut without, mut times) = (0, 0, Vec::new(), Vec::new());
    for one in lanes.into_iter().flatten() {
        match one.end {
            Ok(false) => whole += 1,
            Ok(true) => partial += 1,
            Err(error) => without.push(error),
        }
        times.push(one.took);
    }
    println!(
        "| {RUNS} runs while every service fails {:.0} % of its requests | {whole} whole reports, {partial} that say in \
         what they are partial, {} without a report; a run takes {} |",
        SHARE * 100.0,
        without.len(),
        Times::new(times).show()
    );
    for error in without {
        println!("{error}");
    }
    Ok(())
}

/// How a run ended: whether its report is partial, or why there is none.
struct Ended {
    end: Result<bool, String>,
    took: Duration,
}

/// A daemon for each run: what one learned of a service, that it is to be left alone for a while, would spare the next ones
/// the failures.
async fn in_a_lane(program: &Path, scratch: &Path, seed: u64) -> Result<Vec<Ended>, Failure> {
    let mut ended = Vec::new();
    for number in 0..RUNS / LANES {
        let outside = Outside::with_model(PAUSE, model_that_fails)?;
        outside.fail_by_chance(SHARE, seed * RUNS as u64 + number as u64);
        let lane = Lane::open(program, scratch, outside, "").await?;
        let run = lane.run(Depth::Standard, Budget::default()).await?;
        let end = run.partial().map(|partial| partial.is_some());
        ended.push(Ended {
            end: end.map_err(|error| error.to_string()),
            took: run.took(),
        });
    }
    Ok(ended)
}

/// Does its work, but for what fails by chance, in every way that passes.
fn model_that_fails(request: &Received) -> Said {
    if fastrand::f64() >= SHARE {
        return Said::Slowly(PAUSE, answer(request));
    }
    let begun: String = answer(request).chars().take(20).collect();
    Said::Fault(match fastrand::u8(0..9) {
        0 => Fault::Overloaded,
        1 => Fault::Broken,
        2 => Fault::RateLimited("1".to_owned()),
        3 => Fault::Empty,
        4 => Fault::Page(200),
        5 => Fault::ErrorAfter(begun),
        6 => Fault::CutAfter(begun),
        7 => Fault::EndAfter(begun),
        _ => Fault::LimitAfter(begun),
    })
}
