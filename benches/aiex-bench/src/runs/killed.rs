//! The daemon killed at every entry of a run's journal, a run for each.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use aiex_outside::{Outside, killed_at, whole};

use super::Lane;
use crate::Failure;

/// What every service takes for an answer, so that a kill finds calls on their way.
const PAUSE: Duration = Duration::from_millis(10);

pub(super) async fn all(program: &Path, scratch: &Path) -> Result<(), Failure> {
    let undisturbed = {
        let lane = lane(program, scratch).await?;
        whole(&|args| command(&lane, args)).map_err(|error| error.to_string())?
    };
    let began = Instant::now();
    let (mut killed, mut resumed, mut open, mut repeated, mut wrong) = (0, 0, 0, 0, Vec::new());
    for entry in 1..=undisturbed.entries {
        let lane = lane(program, scratch).await?;
        let state = lane.home.join("state");
        let ended = killed_at(&|args| command(&lane, args), &state, &lane.outside, entry);
        let ended = match ended {
            Ok(Some(ended)) => ended,
            Ok(None) => continue,
            Err(error) => {
                wrong.push(format!("killed at entry {entry}: {error}"));
                continue;
            }
        };
        killed += 1;
        resumed += usize::from(ended.journal.resumed > 0);
        open += ended.open;
        repeated += ended.repeated.len();
        if ended.repeated.len() > ended.open || !ended.asked_thrice.is_empty() {
            wrong.push(format!("killed at entry {entry}: repeated {:?}", ended.repeated));
        }
        if ended.journal.said() != undisturbed.said() {
            wrong.push(format!("killed at entry {entry}: the report is another"));
        }
    }
    println!(
        "| killed at each of {} entries of a run's journal | {killed} kills, {resumed} of them before the end was kept; \
         every run ended in the undisturbed run's report but for {}; {open} calls were on their way, {repeated} requests \
         were made twice; {:.0} s |",
        undisturbed.entries,
        wrong.len(),
        began.elapsed().as_secs_f64()
    );
    for one in wrong {
        println!("{one}");
    }
    Ok(())
}

async fn lane(program: &Path, scratch: &Path) -> Result<Lane, Failure> {
    Lane::open(program, scratch, Outside::start(PAUSE)?, "").await
}

fn command(lane: &Lane, args: &[&str]) -> Command {
    let mut command = lane.subject.command();
    command.args(args).current_dir(&lane.repo);
    command
}
