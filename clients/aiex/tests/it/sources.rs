//! A search of several sources: what became of each, as programs read it, and how old pages of the web may be.

use aiex_web::EngineKind;
use aiex_web::standin::{Page, StandIn};
use serde_json::{Value, json};

use crate::world::World;

const SEARXNG: EngineKind = EngineKind::SearxNg;

fn engine_that_finds() -> StandIn {
    let engine = StandIn::start().unwrap();
    let page = Page::new("https://a.example/", "Retry", "how a retry is done");
    engine.always(&SEARXNG, [page]);
    engine
}

/// The settings of the web with engines by their names and addresses.
fn web(engines: &[(&str, &str)]) -> String {
    let mut text = String::from("[web]\nenabled = true\nkeyless = false\n");
    for (name, url) in engines {
        text += &format!("[[web.engine]]\nname = \"{name}\"\nkind = \"searxng\"\nurl = \"{url}\"\n");
    }
    text
}

/// The engines of a source in the last line, by their names.
fn engines(source: &Value) -> Vec<Value> {
    let mut engines = source["engines"].as_array().unwrap().clone();
    engines.sort_by_key(|engine| engine["engine"].to_string());
    engines
}

#[test]
fn the_last_line_says_what_became_of_every_source_and_engine() {
    let world = World::new();
    let engine = engine_that_finds();
    let (here, nowhere) = (engine.url(&SEARXNG), StandIn::nowhere().unwrap());
    world.configure(&web(&[("here", &here), ("away", &nowhere)]));
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);

    let asked = ["search", "retry", "--sources", "web,code", "--json", "--quiet"];
    let found = world.ok(&repo, &asked);
    assert_eq!(found.stderr, "");
    let mut rows = found.rows();
    let last = rows.pop().unwrap();
    assert_eq!(last["kind"], "sources", "{}", found.stdout);
    assert!(!rows.is_empty() && rows.iter().all(|row| row["source"].is_string()));
    let [code, of_web] = &last["sources"].as_array().unwrap()[..] else {
        panic!("{last}")
    };
    assert_eq!(code["source"], "code");
    assert_eq!(code["state"], "done");
    assert_eq!(code["failure"], Value::Null);
    assert_eq!(code["engines"], json!([]));
    assert_eq!(of_web["source"], "web");
    assert_eq!(of_web["found"], 1);
    let failure = of_web["failure"].as_str().unwrap();
    assert!(failure.starts_with("away: no connection"), "{last}");
    let engines = engines(of_web);
    let [away, here] = &engines[..] else {
        panic!("{last}")
    };
    assert_eq!(*here, json!({"engine": "here", "found": 1, "failure": null}));
    assert_eq!(away["engine"], "away");
    assert_eq!(away["found"], 0);
    assert!(failure.ends_with(away["failure"].as_str().unwrap()), "{last}");

    let told = world.ok(&repo, &["search", "retry", "--sources", "web"]).stderr;
    assert!(told.contains("web 1 hit (") && told.contains("here 1"), "{told}");
    assert!(told.contains("away: "), "{told}");
}

#[test]
fn a_search_that_failed_as_a_whole_names_each_engine_too() {
    let world = World::new();
    let nowhere = StandIn::nowhere().unwrap();
    world.configure(&web(&[("away", &nowhere)]));
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    let asked = ["search", "retry", "--sources", "web", "--json", "--quiet"];
    let failed = world.run(&repo, &asked);
    assert_eq!(failed.code, Some(7), "{}", failed.stderr);
    let rows = failed.rows();
    let [last] = &rows[..] else {
        panic!("{}", failed.stdout)
    };
    assert_eq!(last["kind"], "sources");
    let source = &last["sources"][0];
    assert_eq!(source["state"], "failed");
    assert_eq!(source["found"], 0);
    assert!(source["hint"].is_string(), "{last}");
    let engines = engines(source);
    let [away] = &engines[..] else { panic!("{last}") };
    assert_eq!(away["engine"], "away");
    let failure = away["failure"].as_str().unwrap();
    assert!(failure.starts_with("no connection"), "{last}");
}

#[test]
fn the_web_is_asked_for_pages_of_an_age_and_nothing_else_is() {
    let world = World::new();
    let engine = engine_that_finds();
    world.configure(&web(&[("here", &engine.url(&SEARXNG))]));
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    for age in [None, Some("week"), Some("year")] {
        let mut asked = vec!["search", "retry", "--sources", "web"];
        if let Some(age) = age {
            asked.extend(["--since", age]);
        }
        world.ok(&repo, &asked);
        let received = engine.received();
        let told = received.last().unwrap().parameter("time_range");
        assert_eq!(told.as_deref(), age);
    }
    assert_eq!(engine.count(&SEARXNG), 3);

    for sources in [None, Some("code,docs")] {
        let mut asked = vec!["search", "retry", "--since", "week"];
        if let Some(sources) = sources {
            asked.extend(["--sources", sources]);
        }
        let refused = world.run(&repo, &asked);
        assert_eq!(refused.code, Some(2), "{sources:?}\n{}", refused.stderr);
        for told in ["only pages of the web are limited by their age", "`--since`"] {
            assert!(refused.stderr.contains(told), "{sources:?}\n{}", refused.stderr);
        }
    }
    let unknown = world.run(
        &repo,
        &["search", "retry", "--sources", "web", "--since", "decade"],
    );
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
}
