//! The same question again, end to end through the program.

use std::path::Path;
use std::time::{Duration, Instant};

use aiex_outside::{Outside, QUESTION};

use super::Lane;
use crate::Failure;
use crate::quantile::Times;

const TIMES: usize = 50;
const PAUSE: Duration = Duration::from_millis(200);

pub(super) async fn all(program: &Path, scratch: &Path) -> Result<(), Failure> {
    let lane = Lane::open(program, scratch, Outside::start(PAUSE)?, "").await?;
    for (what, args) in [
        ("`aiex ask`", &["ask", QUESTION][..]),
        (
            "`aiex research`",
            &["research", QUESTION, "--sources", "code,web"][..],
        ),
        (
            "`aiex research --fresh`",
            &["research", QUESTION, "--sources", "code,web", "--fresh"][..],
        ),
    ] {
        let mut times = Vec::new();
        let mut first = (Duration::ZERO, 0);
        for time in 0..=TIMES {
            let began = Instant::now();
            let output = lane
                .subject
                .command()
                .args(args)
                .current_dir(&lane.repo)
                .output()?;
            let took = began.elapsed();
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into());
            }
            if time == 0 {
                first = (took, asked(&lane));
            } else {
                times.push(took);
            }
        }
        println!(
            "| {what}, the same question again | first {:.0} ms, then {}; asked outside again: {} |",
            first.0.as_secs_f64() * 1e3,
            Times::new(times).show(),
            asked(&lane) - first.1
        );
    }
    Ok(())
}

/// What was asked outside so far.
fn asked(lane: &Lane) -> usize {
    lane.outside.asked().values().sum()
}
