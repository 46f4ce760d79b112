//! `aiex search --refine`: each line narrows the search down, also while it runs.

use std::io::Write;
use std::process::{Child, Stdio};
use std::time::Duration;

use aiex_web::EngineKind;
use aiex_web::standin::{Fault, Page, StandIn};

use crate::world::{World, wait_for};

const SEARXNG: EngineKind = EngineKind::SearxNg;

fn begun(world: &World, repo: &std::path::Path, args: &[&str]) -> Child {
    world.aiex(repo, args).stdin(Stdio::piped()).spawn().unwrap()
}

/// Types a line, and leaves the input open.
fn typed(child: &mut Child, line: &str) {
    child.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
}

#[test]
fn a_line_takes_the_place_of_a_search_that_still_runs() {
    let world = World::new();
    let engine = StandIn::start().unwrap();
    engine.always(
        &SEARXNG,
        [Page::new("https://a.example/", "Retry", "how a retry is done")],
    );
    engine.script(&SEARXNG, [Fault::Stall]);
    world.configure(&format!(
        "[web]\nenabled = true\nkeyless = false\n[[web.engine]]\nname = \"here\"\nkind = \"searxng\"\nurl = \"{}\"\n",
        engine.url(&SEARXNG)
    ));
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    let mut child = begun(
        &world,
        &repo,
        &["search", "retry", "--sources", "web,code", "--refine", "--json"],
    );
    assert!(engine.wait_until(Duration::from_secs(30), |asked| asked.len() == 1));
    typed(&mut child, "\nback-off\n");
    // The engine is let go of, long before it would be given up.
    assert!(engine.wait_until(Duration::from_secs(30), |asked| asked[0].hung_up));
    drop(child.stdin.take());
    let found = wait_for(child);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    let rows = found.rows();
    let lists = rows.iter().filter(|row| row["kind"] == "sources").count();
    assert_eq!(lists, 1, "only the last is shown\n{}", found.stdout);
    let asked = engine.received();
    assert_eq!(asked.len(), 2);
    assert!(
        asked[1].parameter("q").unwrap().contains("back-off"),
        "{:?}",
        asked[1]
    );
}

#[test]
fn every_line_is_a_search_whose_words_count_before_those_above() {
    let world = World::new();
    let repo = world.repo(
        "drawing",
        &[
            (
                "src/pages.rs",
                "/// Fetches a page from the server.\npub fn fetch_page() {}\n",
            ),
            (
                "src/canvas.rs",
                "/// Paints a circle onto the canvas.\npub fn paint_circle() {}\n",
            ),
        ],
    );
    world.ok(&repo, &["repos", "add"]);
    let mut child = begun(&world, &repo, &["search", "paint_circle", "--refine", "--json"]);
    typed(&mut child, "fetch_page\n");
    drop(child.stdin.take());
    let found = wait_for(child);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    let rows = found.rows();
    // The first search may have come to its end before the line was read.
    let last = rows.iter().rposition(|row| row["rank"] == 1).unwrap();
    let paths: Vec<&str> = rows[last..]
        .iter()
        .map(|row| row["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths[0], "src/pages.rs", "{}", found.stdout);
    assert!(paths.contains(&"src/canvas.rs"), "{}", found.stdout);

    let none = world.run(&repo, &["search", "paint_circle", "--refine", "--json"]);
    assert_eq!(
        none.code,
        Some(0),
        "without input it is a search\n{}",
        none.stderr
    );
    let refused = world.run(&repo, &["search", "x", "--refine", "--regex"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
}
