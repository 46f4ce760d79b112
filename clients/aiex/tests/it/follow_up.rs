//! `aiex search --follow-up`, `--within-last` and `--session`.

use std::path::PathBuf;

use aiex_llm::standin::{Received, StandIn};

use crate::world::{Outcome, World};

const PAGES: &str = "\
/// Fetches a page from the server.
pub fn fetch_page(url: &str) -> String {
    String::new()
}
";

const CANVAS: &str = "\
/// Paints a circle onto the canvas.
pub fn paint_circle(radius: f64) -> f64 {
    radius * 3.14
}
";

fn tree(world: &World) -> PathBuf {
    let repo = world.repo("drawing", &[("src/pages.rs", PAGES), ("src/canvas.rs", CANVAS)]);
    world.ok(&repo, &["repos", "add"]);
    repo
}

fn search(world: &World, repo: &std::path::Path, args: &[&str]) -> Outcome {
    let mut all = vec!["search", "--json", "--complete"];
    all.extend(args);
    world.run(repo, &all)
}

#[test]
fn a_follow_up_brings_what_the_words_before_find_and_says_so() {
    let world = World::new();
    let repo = tree(&world);
    assert_eq!(
        search(&world, &repo, &["paint_circle", "-n", "1"]).paths(),
        ["src/canvas.rs"]
    );
    let alone = search(&world, &repo, &["fetch_page", "-n", "1"]);
    assert_eq!(alone.paths(), ["src/pages.rs"]);
    world.ok(&repo, &["search", "paint_circle"]);
    let both = search(&world, &repo, &["fetch_page", "--follow-up"]);
    let paths = both.paths();
    assert_eq!(paths[0], "src/pages.rs", "{}", both.stdout);
    assert!(paths.contains(&"src/canvas.rs".to_owned()), "{}", both.stdout);
    for (place, row) in both.rows().iter().enumerate() {
        assert_eq!(row["rank"], place as u64 + 1);
    }
}

const INK: &str = "\
/// Mixes the ink in a bottle.
pub fn mix_ink(drops: u32) -> u32 {
    drops
}
";

#[test]
fn a_follow_up_of_a_follow_up_still_knows_the_first_question() {
    let world = World::new();
    let files = [
        ("src/pages.rs", PAGES),
        ("src/canvas.rs", CANVAS),
        ("src/ink.rs", INK),
    ];
    let repo = world.repo("drawing", &files);
    world.ok(&repo, &["repos", "add"]);
    let brought = |outcome: &Outcome, path: &str| -> String {
        let row = outcome.rows().into_iter().find(|row| row["path"] == path);
        row.map(|row| row["why"].to_string()).unwrap_or_default()
    };
    search(&world, &repo, &["paint_circle", "--session", "s"]);
    search(&world, &repo, &["mix_ink", "--session", "s", "--follow-up"]);
    let third = search(
        &world,
        &repo,
        &["fetch_page", "--session", "s", "--follow-up", "--explain"],
    );
    assert_eq!(third.paths()[0], "src/pages.rs", "what is asked now comes first");
    let explained = third.rows()[0]["explain"].to_string();
    assert!(
        explained.contains("mix_ink; paint_circle"),
        "the nearest first: {explained}"
    );
    // Who does not follow up begins anew, and so does what follows up on that.
    search(&world, &repo, &["mix_ink", "--session", "s"]);
    let anew = search(&world, &repo, &["fetch_page", "--session", "s", "--follow-up"]);
    assert!(
        !brought(&anew, "src/canvas.rs").contains("paint_circle"),
        "{}",
        anew.stdout
    );
}

#[test]
fn a_question_is_asked_in_the_light_of_the_one_before() {
    let world = World::new();
    let model = StandIn::answering(|_: &Received| "It paints [1].").unwrap();
    world.configure(&format!(
        "[[provider]]\nname = \"scripted\"\nkind = \"openai\"\nurl = \"{}/v1\"\nmodel = \"m\"\n",
        model.url()
    ));
    let repo = tree(&world);
    world.ok(&repo, &["ask", "what paints a circle", "--complete"]);
    world.ok(&repo, &["ask", "and its radius", "--follow-up", "--json"]);
    world.ok(&repo, &["ask", "who fetches it", "-f"]);
    let prompts: Vec<String> = model
        .received()
        .iter()
        .map(|request| {
            request.json()["messages"][1]["content"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert!(!prompts[0].contains("Asked before"), "{}", prompts[0]);
    assert!(
        prompts[2].ends_with("- what paints a circle\n- and its radius\n\nQuestion: who fetches it"),
        "{}",
        prompts[2]
    );
    assert!(
        prompts[2].contains("src/canvas.rs"),
        "its evidence is found by the words before: {}",
        prompts[2]
    );
    // The same words after other questions are another question.
    world.ok(&repo, &["ask", "who fetches it"]);
    assert_eq!(model.requests(), 4);
    let unknown = world.run(&repo, &["ask", "why", "-f", "-x", "--session", "new"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
    assert!(
        unknown.stderr.contains("no earlier search of the session `new`"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn within_the_last_search_means_its_files_and_no_others() {
    let world = World::new();
    let repo = tree(&world);
    let all = search(&world, &repo, &["--literal", "pub fn"]);
    assert_eq!(all.paths().len(), 2);
    search(&world, &repo, &["--literal", "radius"]);
    let within = search(&world, &repo, &["--literal", "pub fn", "--within-last"]);
    assert_eq!(within.paths(), ["src/canvas.rs"], "{}", within.stdout);
    // The flags of the search hold as well.
    let none = search(
        &world,
        &repo,
        &["function", "--within-last", "-p", "src/pages.rs"],
    );
    assert_eq!((none.code, none.paths().len()), (Some(1), 0));
    // That one found nothing, so there is nothing to look within.
    let outcome = search(&world, &repo, &["function", "--within-last"]);
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("nothing to look within"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_session_has_a_last_search_of_its_own() {
    let world = World::new();
    let repo = tree(&world);
    search(&world, &repo, &["--literal", "radius", "--session", "left"]);
    search(&world, &repo, &["--literal", "url"]);
    let args = ["--literal", "pub fn", "--within-last"];
    let left = search(&world, &repo, &[&args[..], &["--session", "left"]].concat());
    assert_eq!(left.paths(), ["src/canvas.rs"], "{}", left.stdout);
    let row = &world.ok(&repo, &["history", "--json"]).rows()[0];
    assert_eq!(row["session"], "left");
    let unknown = search(&world, &repo, &[&args[..], &["--session", "right"]].concat());
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown
            .stderr
            .contains("no earlier search of the session `right`"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn without_an_earlier_search_there_is_nothing_to_build_on() {
    let world = World::new();
    let repo = tree(&world);
    for flag in ["--follow-up", "--within-last"] {
        let outcome = search(&world, &repo, &["circle", flag]);
        assert_eq!(outcome.code, Some(2), "{flag}");
        assert!(
            outcome.stderr.contains("there is no earlier search"),
            "{}",
            outcome.stderr
        );
        assert!(
            outcome.stderr.contains("hint: search first"),
            "{}",
            outcome.stderr
        );
    }
    for wrong in [
        &["--regex", "c", "--follow-up"][..],
        &["--similar", "src/canvas.rs:1", "--within-last"],
        &["circle", "--follow-up", "--no-daemon"],
    ] {
        assert_eq!(search(&world, &repo, wrong).code, Some(2), "{wrong:?}");
    }
}
