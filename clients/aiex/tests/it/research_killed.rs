//! Research whose daemon is killed while it works, by `kill -9`, as soon as an entry of its journal is seen: it goes on
//! in the next daemon and does nothing again that had ended. Here at a spread of the entries; a measurement kills at each.

use std::time::Duration;

use aiex_outside::{Ended, Journal, Outside, killed_at, whole};

use crate::world::World;

/// So many kills, spread over the run.
const KILLS: usize = 10;

/// A world with everything outside, and a repository that is indexed; then what is to be done there.
fn researching<T>(work: impl FnOnce(&World, &Outside, &dyn Fn(&[&str]) -> std::process::Command) -> T) -> T {
    let world = World::new();
    let outside = Outside::start(Duration::from_millis(10)).unwrap();
    world.configure(&outside.settings());
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    work(&world, &outside, &|args| world.aiex(&repo, args))
}

fn undisturbed() -> Journal {
    researching(|_, outside, program| {
        let journal = whole(program).unwrap();
        let asked = outside.asked();
        assert!(asked.values().all(|times| *times == 1), "{asked:?}");
        assert!(asked.len() >= 8, "searches, pages and answers: {}", asked.len());
        journal
    })
}

fn killed(entry: usize) -> Option<Ended> {
    researching(|world, outside, program| {
        killed_at(program, &world.aiex_home().join("state"), outside, entry).unwrap()
    })
}

#[test]
fn killed_at_any_entry_a_run_ends_in_the_same_report_and_repeats_nothing_that_had_ended() {
    let whole = undisturbed();
    for kill in 0..KILLS {
        let entry = 1 + kill * (whole.entries - 2) / (KILLS - 1);
        let Some(ended) = killed(entry) else { continue };
        assert!(
            ended.repeated.len() <= ended.open,
            "killed at entry {entry}: {} calls had not ended, repeated were {:?}",
            ended.open,
            ended.repeated
        );
        assert_eq!(ended.asked_thrice, [""; 0], "killed at entry {entry}");
        assert_eq!(ended.journal.said(), whole.said(), "killed at entry {entry}");
    }
}
