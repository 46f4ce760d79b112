//! Research whose daemon is killed while it works, by `kill -9`, as soon as an entry of its journal is seen: it goes on
//! in the next daemon and does nothing again that had ended. Here at a spread of the entries; a measurement kills at each.

use std::time::Duration;

use aiex_outside::{Ended, Journal, Outside, followed, killed_at, killed_behind_answers, whole};
use aiex_web::EngineKind;
use aiex_web::standin::Page;

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

/// Longer than an engine may take.
const SILENT: Duration = Duration::from_secs(60);

#[test]
fn killed_while_an_engine_owes_its_answer_only_that_one_is_asked_and_paid_again() {
    let world = World::new();
    let outside = Outside::start(Duration::ZERO).unwrap();
    let paid = [EngineKind::Serper, EngineKind::Tavily];
    for kind in &paid {
        let title = format!("What {} knows of back-off", kind.label());
        let page = Page::new(outside.host.url("/policy.md"), title, "how long the policy waits");
        outside.engine.always(kind, [page]);
    }
    outside.engine.slow(&EngineKind::SearxNg, SILENT);
    let engine = |kind: &EngineKind| {
        let (name, url) = (kind.label(), outside.engine.url(kind));
        format!("[[web.engine]]\nkind = \"{name}\"\nurl = \"{url}\"\nkey_env = \"PATH\"\n")
    };
    world.configure(&format!(
        "[web]\nenabled = true\nkeyless = false\nreachable = [\"{}\"]\n\
         [[web.engine]]\nkind = \"searxng\"\nurl = \"{}\"\n{}{}",
        outside.host.address(),
        outside.engine.url(&EngineKind::SearxNg),
        engine(&paid[0]),
        engine(&paid[1]),
    ));
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    let program = |args: &[&str]| world.aiex(&repo, args);
    let run = killed_behind_answers(&program, &world.aiex_home().join("state"), paid.len()).unwrap();
    outside.engine.slow(&EngineKind::SearxNg, Duration::ZERO);
    let journal = followed(&program, &run).unwrap();

    assert_eq!(journal.resumed, 1);
    let count = |kind: &EngineKind| outside.engine.count(kind);
    assert_eq!(
        paid.each_ref().map(count),
        [1, 1],
        "{:?}",
        outside.engine.received()
    );
    assert_eq!(count(&EngineKind::SearxNg), 2, "asked by both daemons");
    let told = &journal.report["searches"];
    let web = told
        .as_array()
        .unwrap()
        .iter()
        .find(|search| search["source"] == "web")
        .unwrap();
    let mut engines: Vec<&str> = web["engines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["engine"].as_str().unwrap())
        .collect();
    engines.sort_unstable();
    assert_eq!(
        engines,
        ["searxng", "serper", "tavily"],
        "what was answered before is told: {web}"
    );
}
