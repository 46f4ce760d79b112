//! What is said of a run before it begins, against what it then takes: ten questions to the real program, without a model,
//! with one, and again where answers are kept.

use std::path::Path;
use std::time::Duration;

use aiex_outside::Outside;

use crate::research_outside::report_of;
use crate::world::World;

const QUESTIONS: [&str; 10] = [
    "how long does the back-off policy wait before the next attempt",
    "where is the address read from",
    "which settings does the client load",
    "what happens after the last attempt",
    "why is the pause doubled",
    "how is jitter added to a pause",
    "who limits the attempts, and which errors are retried",
    "compare the policy and the config",
    "when does a request fail for good",
    "what is returned for the first attempt",
];
/// Of ten estimates, so many hold at least.
const HOLD: usize = 9;

/// An estimate in seconds, and what the run behind it took, in milliseconds.
#[derive(Debug)]
struct Estimated {
    low: u64,
    high: u64,
    took: u64,
}

impl Estimated {
    fn holds(&self) -> bool {
        self.low * 1000 <= self.took && self.took <= self.high * 1000
    }
}

fn estimated(world: &World, repo: &Path, question: &str, args: &[&str]) -> Estimated {
    let asked = [&[question, "--json"], args].concat();
    let rows = world
        .ok(repo, &[&["research", "estimate"], &asked[..]].concat())
        .rows();
    let seconds = |end: &str| rows[0][end].as_u64().unwrap_or_else(|| panic!("{rows:?}"));
    // One that finds nothing says so by its exit code, and has a report all the same.
    let ran = world.run(repo, &[&["research"], &asked[..]].concat()).rows();
    Estimated {
        low: seconds("wall_seconds_low"),
        high: seconds("wall_seconds_high"),
        took: report_of(&ran)["ledger"]["wall_ms"].as_u64().unwrap(),
    }
}

/// Ten runs, each behind its estimate: nearly all hold, and once some runs are known none is wider than those allow.
fn ten(world: &World, repo: &Path, args: &[&str]) {
    let each = QUESTIONS.map(|question| estimated(world, repo, question, args));
    let held = each.iter().filter(|one| one.holds()).count();
    assert!(held >= HOLD, "{args:?}: {held} of 10 hold: {each:?}");
    for (at, one) in each.iter().enumerate().skip(3) {
        let slowest = each[..at].iter().map(|one| one.took).max().unwrap();
        assert!(
            one.high * 1000 <= 2 * slowest + 1000,
            "{args:?}: {one:?} of {each:?}"
        );
    }
}

fn repository(world: &World) -> std::path::PathBuf {
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    repo
}

#[test]
fn a_run_without_a_model_takes_what_was_estimated() {
    let world = World::new();
    let repo = repository(&world);
    ten(&world, &repo, &["--sources", "code"]);
    ten(&world, &repo, &["--sources", "code,docs,git", "--depth", "quick"]);
}

#[test]
fn a_run_with_a_model_and_the_web_takes_what_was_estimated_also_where_answers_are_kept() {
    let world = World::new();
    let outside = Outside::start(Duration::from_millis(40)).unwrap();
    world.configure(&outside.settings());
    let repo = repository(&world);
    ten(&world, &repo, &["--sources", "code,web"]);
    let quick = ["--sources", "code,web", "--depth", "quick"];
    ten(&world, &repo, &quick);
}
