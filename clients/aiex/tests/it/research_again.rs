//! The same question again, with everything outside as stand-ins that count: what was kept is told, `--fresh` asks all of them
//! anew, and who asks while it is being answered follows that run.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aiex_outside::{Outside, QUESTION, Received, answer};

use crate::research_outside::report_of;
use crate::world::{Outcome, World, wait_for, wait_until};

const ASK: [&str; 5] = ["research", QUESTION, "--sources", "code,web", "--json"];

/// The sample, indexed whole, under settings by which everything outside is asked.
fn indexed(world: &World, outside: &Outside) -> PathBuf {
    world.configure(&outside.settings());
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    world.ok(&repo, &["search", "wait", "--complete"]);
    repo
}

/// The run that a whole journal is of.
fn run_of(outcome: &Outcome) -> String {
    let rows = outcome.rows();
    let report = report_of(&rows);
    assert_eq!(report["model"], "m", "{report}");
    rows[0]["run"].as_str().unwrap().to_owned()
}

#[test]
fn asked_anew_engine_and_model_answer_again_and_otherwise_nobody_is_asked_twice() {
    let world = World::new();
    let outside = Outside::start(Duration::ZERO).unwrap();
    let repo = indexed(&world, &outside);
    let ask = |more: &[&str]| run_of(&world.ok(&repo, &[&ASK[..], more].concat()));
    let counts = || [outside.searches(), outside.host.pages(), outside.model.requests()];
    let first = ask(&[]);
    let once = counts();
    assert!(once.iter().all(|count| *count > 0), "{once:?}");
    assert_eq!(ask(&[]), first);
    assert_eq!(counts(), once);

    let fresh = ask(&["--fresh"]);
    assert_ne!(fresh, first);
    let twice = counts();
    assert!(
        once.iter().zip(&twice).all(|(before, after)| after > before),
        "{once:?} {twice:?}"
    );
    // The newest report answers who asks without it.
    assert_eq!(ask(&[]), fresh);
    assert_eq!(counts(), twice);
}

#[test]
fn a_question_that_is_being_answered_is_not_begun_again() {
    let world = World::new();
    let is_held = Arc::new(AtomicBool::new(true));
    let held = Arc::clone(&is_held);
    let outside = Outside::with_model(Duration::ZERO, move |request: &Received| {
        while held.load(Ordering::SeqCst) {
            std::thread::park_timeout(Duration::from_millis(10));
        }
        answer(request)
    })
    .unwrap();
    let repo = indexed(&world, &outside);
    let both = [(), ()].map(|()| world.aiex(&repo, &ASK).spawn().unwrap());
    wait_until("the model is asked", || outside.model.requests() > 0);
    let detached = ["research", QUESTION, "--sources", "code,web", "--detach"];
    let late = world.ok(&repo, &detached);
    assert!(
        late.stderr
            .contains("the same question is being answered already"),
        "{}",
        late.stderr
    );
    is_held.store(false, Ordering::SeqCst);
    for outcome in both.map(wait_for) {
        assert_eq!(outcome.code, Some(0), "{}\n{}", outcome.stdout, outcome.stderr);
        assert_eq!(run_of(&outcome), late.stdout.trim());
    }
    let asked = outside.asked();
    assert!(asked.values().all(|times| *times == 1), "{asked:?}");
    let runs = world.ok(&repo, &["research", "list", "--json"]).rows();
    assert_eq!(runs.len(), 1, "{runs:?}");
}
