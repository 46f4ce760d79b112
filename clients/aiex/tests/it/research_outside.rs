//! Research with a model and the web, against stand-ins that count what they are asked: what is done is never done
//! again, whatever becomes of the daemon in the midst of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use aiex_llm::standin::{Fault, Received, Said, StandIn as ModelStandIn};
use aiex_outside::{ARTICLE, Host, Leaf, OTHER, QUESTION, good_model};
use aiex_web::EngineKind;
use aiex_web::standin::{Fault as EngineFault, Page, StandIn as EngineStandIn};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::world::{World, wait_for, wait_until};

/// Settings with an engine, a host that may be read, and a model.
fn configured(world: &World, engine: &EngineStandIn, host: &Host, model: Option<&ModelStandIn>) {
    let provider = model.map_or_else(String::new, |model| {
        format!(
            "[[provider]]\nname = \"scripted\"\nkind = \"openai\"\nurl = \"{}/v1\"\nmodel = \"m\"\n",
            model.url()
        )
    });
    world.configure(&format!(
        "[web]\nenabled = true\nkeyless = false\nreachable = [\"{}\"]\n\
         [[web.engine]]\nkind = \"searxng\"\nurl = \"{}\"\n{provider}",
        host.address(),
        engine.url(&EngineKind::SearxNg),
    ));
}

fn two_pages(slow: Duration) -> (EngineStandIn, Host) {
    let host = Host::start([
        Leaf::new("/policy.md", Duration::ZERO, ARTICLE),
        Leaf::new("/jitter.md", slow, OTHER),
    ])
    .unwrap();
    let engine = EngineStandIn::start().unwrap();
    engine.always(
        &EngineKind::SearxNg,
        [
            Page::new(
                host.url("/policy.md"),
                "Back-off policy",
                "how long a back-off policy waits before the next attempt",
            ),
            Page::new(
                host.url("/jitter.md"),
                "Jitter",
                "how long the policy waits before an attempt",
            ),
        ],
    );
    (engine, host)
}

fn indexed(world: &World) -> PathBuf {
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    repo
}

fn begun(world: &World, repo: &Path, sources: &str) -> Child {
    world
        .aiex(repo, &["research", QUESTION, "--sources", sources, "--json"])
        .spawn()
        .unwrap()
}

fn daemon(world: &World) -> Pid {
    let pid = world.daemon_status()["pid"].as_i64().unwrap();
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

/// The rows of a journal without holes, and the report at its end.
pub(crate) fn report_of(rows: &[Value]) -> &Value {
    let (report, entries) = rows.split_last().unwrap();
    for (place, entry) in entries.iter().enumerate() {
        assert_eq!(entry["seq"], place as u64 + 1, "every entry once, in order");
    }
    assert_eq!(report["kind"], "report", "{report}");
    &report["report"]
}

#[test]
fn killed_in_the_midst_of_reading_nothing_that_ended_is_done_again() {
    let world = World::new();
    let (engine, host) = two_pages(Duration::from_secs(2));
    configured(&world, &engine, &host, None);
    let repo = indexed(&world);
    let follower = begun(&world, &repo, "web");
    wait_until("the slow page is being read", || host.times("/jitter.md") == 1);
    wait_until("the other page is kept", || {
        let shown = world
            .ok(&repo, &["research", "show", "latest", "--json"])
            .rows()
            .remove(0);
        shown["ledger"]["fetches"].as_u64() >= Some(1)
    });
    kill_process(daemon(&world), Signal::KILL).unwrap();
    let outcome = wait_for(follower);
    assert_eq!(outcome.code, Some(0), "{}\n{}", outcome.stdout, outcome.stderr);
    let rows = outcome.rows();
    let report = report_of(&rows).to_string();
    assert!(
        report.contains("doubles the pause") && report.contains("jitter"),
        "{report}"
    );
    assert!(rows.iter().any(|row| row["kind"] == "resumed"), "it was killed");

    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for request in engine.received() {
        *asked.entry(request.path).or_default() += 1;
    }
    assert!(
        !asked.is_empty() && asked.values().all(|times| *times == 1),
        "{asked:?}"
    );
    assert_eq!(host.times("/policy.md"), 1, "it had been read");
    assert_eq!(host.times("/jitter.md"), 2, "its reading had not ended");
}

#[test]
fn a_daemon_that_is_replaced_hands_its_followers_on() {
    let world = World::new();
    let (engine, host) = two_pages(Duration::from_secs(2));
    configured(&world, &engine, &host, None);
    let repo = indexed(&world);
    let follower = begun(&world, &repo, "web");
    wait_until("the slow page is being read", || host.times("/jitter.md") == 1);
    world.ok(&repo, &["daemon", "restart"]);
    let outcome = wait_for(follower);
    assert_eq!(outcome.code, Some(0), "{}\n{}", outcome.stdout, outcome.stderr);
    let report = report_of(&outcome.rows()).to_string();
    assert!(
        report.contains("doubles the pause") && report.contains("jitter"),
        "{report}"
    );
}

#[test]
fn a_model_writes_what_the_quotes_say_and_is_not_asked_twice() {
    let world = World::new();
    let (engine, host) = two_pages(Duration::ZERO);
    let model = ModelStandIn::answering(good_model).unwrap();
    configured(&world, &engine, &host, Some(&model));
    let repo = indexed(&world);
    let outcome = wait_for(begun(&world, &repo, "code,web"));
    assert_eq!(outcome.code, Some(0), "{}\n{}", outcome.stdout, outcome.stderr);
    let rows = outcome.rows();
    let report = report_of(&rows);
    assert_eq!(report["model"], "m", "{report}");
    let tally = &report["tally"];
    assert!(tally["claims"].as_u64() > Some(2), "{tally}");
    assert_eq!(tally["claims"], tally["supported"], "{report}");
    let text = report["sections"].to_string();
    assert!(text.contains("doubles the pause"), "{text}");
    let once = model.requests();
    assert!(once >= 6, "scope, plan, quotes, sections, the answer in short");
    let copies = model.count(|request| request.asked().starts_with("You copy passages"));
    assert_eq!(copies, 2, "one for each page");

    // The same question again: searches, pages and answers are kept.
    let outcome = wait_for(begun(&world, &repo, "code,web"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(host.times("/policy.md"), 1);
    assert_eq!(engine.count(&EngineKind::SearxNg), engine_requests(&engine));
    assert!(
        model.requests() - once <= once / 2,
        "{} of {once} were asked again",
        model.requests() - once
    );
}

#[test]
fn a_rate_limit_of_an_hour_is_told_and_not_sat_out() {
    let world = World::new();
    let (engine, host) = two_pages(Duration::ZERO);
    let model = ModelStandIn::answering(|_: &Received| Fault::RateLimited("3600".to_owned())).unwrap();
    configured(&world, &engine, &host, Some(&model));
    let repo = indexed(&world);
    let outcome = wait_for(begun(&world, &repo, "code,web"));
    assert_eq!(outcome.code, Some(0), "{}\n{}", outcome.stdout, outcome.stderr);
    let rows = outcome.rows();
    let report = report_of(&rows);
    assert!(!report["quotes"].as_array().unwrap().is_empty(), "{report}");
    let partial = report["partial"].as_str().unwrap();
    assert!(
        partial.contains("no model wrote any of it (") && partial.contains("used too often"),
        "{partial}"
    );
    assert_eq!(report["ledger"]["output_tokens"], 0, "nothing was answered");
    assert_eq!(
        model.count(|request| request.method == "POST"),
        1,
        "its key rests"
    );
}

#[test]
fn a_model_that_plans_nothing_readable_still_writes() {
    let world = World::new();
    let (engine, host) = two_pages(Duration::ZERO);
    let model = ModelStandIn::answering(|request: &Received| {
        let body = request.json();
        let system = body["messages"][0]["content"].as_str().unwrap_or_default();
        if system.contains("what kind of question") || system.contains("You plan a search") {
            Said::from(Fault::Empty)
        } else {
            good_model(request)
        }
    })
    .unwrap();
    configured(&world, &engine, &host, Some(&model));
    let repo = indexed(&world);
    let outcome = wait_for(begun(&world, &repo, "code,web"));
    assert_eq!(outcome.code, Some(0), "{}\n{}", outcome.stdout, outcome.stderr);
    let rows = outcome.rows();
    let report = report_of(&rows);
    assert_eq!(report["model"], "m", "{report}");
    assert_eq!(report["partial"], Value::Null, "{report}");
}

#[test]
fn an_engine_that_failed_while_another_answered_is_told_and_stands_in_the_report() {
    let world = World::new();
    let (engine, host) = two_pages(Duration::ZERO);
    engine.script(
        &EngineKind::Serper,
        std::iter::repeat_n(EngineFault::KeyExhausted, 50),
    );
    world.configure(&format!(
        "[web]\nenabled = true\nkeyless = false\nreachable = [\"{}\"]\n\
         [[web.engine]]\nkind = \"searxng\"\nurl = \"{}\"\n\
         [[web.engine]]\nkind = \"serper\"\nurl = \"{}\"\nkey_env = \"PATH\"\n",
        host.address(),
        engine.url(&EngineKind::SearxNg),
        engine.url(&EngineKind::Serper),
    ));
    let repo = indexed(&world);
    let outcome = world.ok(&repo, &["research", QUESTION, "--sources", "web"]);
    assert!(outcome.stderr.contains("without serper: "), "{}", outcome.stderr);
    let searched: Vec<&str> = outcome
        .stdout
        .lines()
        .filter(|line| line.starts_with("- web: "))
        .collect();
    assert!(!searched.is_empty(), "{}", outcome.stdout);
    for line in searched {
        assert!(
            line.contains(" found by searxng; serper failed: "),
            "{}",
            outcome.stdout
        );
    }
}

fn engine_requests(engine: &EngineStandIn) -> usize {
    let mut paths: Vec<String> = engine
        .received()
        .into_iter()
        .map(|request| request.path)
        .collect();
    paths.sort();
    paths.dedup();
    paths.len()
}

/// A question of several parts, so that there is more than one search to make.
pub(crate) const MANY: &str =
    "how long does the back-off policy wait, which errors does the client retry, and who limits the attempts";
/// Longer than any deadline.
const NEVER: Duration = Duration::from_secs(600);

/// Two engines that take questions and never answer.
fn silent_engines() -> EngineStandIn {
    let engines = EngineStandIn::start().unwrap();
    engines.slow(&EngineKind::SearxNg, NEVER);
    engines.slow(&EngineKind::StackExchange, NEVER);
    engines
}

fn configured_elsewhere(world: &World, engines: &EngineStandIn, model: &ModelStandIn) {
    world.configure(&format!(
        "[web]\nenabled = true\nkeyless = false\n\
         [[web.engine]]\nkind = \"searxng\"\nurl = \"{}\"\n\
         [[web.engine]]\nkind = \"stackexchange\"\nurl = \"{}\"\n\
         [[provider]]\nname = \"mute\"\nkind = \"openai\"\nurl = \"{}/v1\"\nmodel = \"m\"\n",
        engines.url(&EngineKind::SearxNg),
        engines.url(&EngineKind::StackExchange),
        model.url_from_elsewhere(),
    ));
}

#[test]
fn engines_are_asked_while_a_model_that_is_there_still_thinks() {
    let world = World::new();
    let engines = silent_engines();
    let model = ModelStandIn::answering(|_: &Received| Fault::Hang).unwrap();
    configured_elsewhere(&world, &engines, &model);
    let repo = indexed(&world);
    world.ok(&repo, &["research", MANY, "--sources", "code,web", "--detach"]);
    wait_until("both engines are asked", || {
        [EngineKind::SearxNg, EngineKind::StackExchange]
            .iter()
            .all(|kind| engines.count(kind) == 1)
    });
    wait_until("the model is asked", || {
        model.count(|request| request.method == "POST") == 1
    });
    assert!(
        !model
            .received()
            .iter()
            .any(|request| request.method == "POST" && request.hung_up),
        "it is still waited for"
    );
    world.ok(&repo, &["research", "cancel", "latest"]);
}

#[test]
fn when_nobody_outside_says_anything_each_service_is_waited_for_once_and_named() {
    let world = World::new();
    let engines = silent_engines();
    let model = ModelStandIn::answering(|_: &Received| Fault::Hang).unwrap();
    model.go_deaf();
    configured_elsewhere(&world, &engines, &model);
    let repo = indexed(&world);
    let command = ["research", MANY, "--sources", "code,web", "--json"];
    let outcome = wait_for(world.aiex(&repo, &command).spawn().unwrap());
    let rows = outcome.rows();
    let report = report_of(&rows);
    assert!(
        report["sections"].to_string().contains("pub fn next_delay"),
        "the evidence is kept: {report}"
    );
    let partial = report["partial"].as_str().unwrap();
    assert!(
        partial.contains("searxng: ") && partial.contains("stackexchange: "),
        "{partial}"
    );
    let names_the_model = |row: &Value| {
        row["kind"] == "fallback" && row["reason"].as_str().unwrap_or_default().contains("mute")
    };
    assert!(rows.iter().any(names_the_model), "{rows:?}");
    // There were more searches to make, and not one was sent to an engine that owed an answer.
    let to_web = |row: &&Value| row["kind"] == "searched" && row["source"] == "web";
    assert!(rows.iter().filter(to_web).count() > 1, "{rows:?}");
    for kind in [EngineKind::SearxNg, EngineKind::StackExchange] {
        assert_eq!(engines.count(&kind), 1, "{kind:?}: {:?}", engines.received());
    }
    assert_eq!(model.count(|request| request.method == "POST"), 1);
}

#[test]
fn an_answer_to_the_same_question_from_the_same_code_is_kept() {
    let world = World::new();
    let model = ModelStandIn::answering(|_: &Received| "It doubles the pause [1].").unwrap();
    world.configure(&format!(
        "[[provider]]\nname = \"scripted\"\nkind = \"openai\"\nurl = \"{}/v1\"\nmodel = \"m\"\n",
        model.url()
    ));
    let repo = indexed(&world);
    let first = world.ok(&repo, &["ask", QUESTION]).stdout;
    let again = world.ok(&repo, &["ask", QUESTION]).stdout;
    assert_eq!(model.requests(), 1);
    assert!(first.contains("It doubles the pause") && again.contains("It doubles the pause"));

    let path = repo.join("src/retry.rs");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("next attempt", "following attempt")).unwrap();
    world.ok(&repo, &["ask", QUESTION, "--wait-fresh"]);
    assert_eq!(model.requests(), 2, "the code is another now");
}

#[test]
fn web_pages_of_an_old_report_are_looked_at_again() {
    let world = World::new();
    let (engine, host) = two_pages(Duration::ZERO);
    configured(&world, &engine, &host, None);
    let repo = indexed(&world);
    wait_for(begun(&world, &repo, "web"));
    let fine = world.ok(&repo, &["research", "verify", "latest"]).stdout;
    assert!(fine.contains(" still said"), "{fine}");
    assert!(host.times("/policy.md") >= 2, "it was looked at");

    // With the web off nothing is sent, and nobody is accused.
    world.configure("");
    world.ok(&repo, &["daemon", "restart"]);
    let before = host.times("/policy.md");
    let blind = world.run(&repo, &["research", "verify", "latest"]);
    assert!(blind.stdout.contains("unless you say so"), "{}", blind.stdout);
    assert_eq!(host.times("/policy.md"), before);
}

#[test]
fn a_report_tells_dead_links_from_refused_ones() {
    let world = World::new();
    let leaf = |path: &str, text: &str| Leaf::new(path, Duration::ZERO, text);
    let host = Host::start([
        leaf("/robots.txt", "User-agent: *\nDisallow: /private\n"),
        leaf("/policy.md", ARTICLE),
        leaf("/private.md", OTHER),
    ])
    .unwrap();
    let engine = EngineStandIn::start().unwrap();
    let page = |path: &str| {
        let text = format!("how long the back-off policy of {path} waits before the next attempt");
        Page::new(host.url(path), format!("Back-off policy {path}"), text)
    };
    engine.always(
        &EngineKind::SearxNg,
        ["/policy.md", "/private.md", "/gone.md"].map(page),
    );
    configured(&world, &engine, &host, None);
    let repo = indexed(&world);
    let outcome = wait_for(begun(&world, &repo, "web"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let rows = outcome.rows();
    let mut unread: Vec<(String, String)> = report_of(&rows)["unread"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| [&one["origin"]["url"], &one["hindrance"]].map(|part| part.as_str().unwrap().to_owned()))
        .map(|[url, hindrance]| (url, hindrance))
        .collect();
    unread.sort();
    let expected = [("/gone.md", "dead"), ("/private.md", "refused")];
    assert_eq!(
        unread,
        expected.map(|(path, why)| (host.url(path), why.to_owned()))
    );
    let report = world.ok(&repo, &["research", "export", "latest"]).stdout;
    assert!(report.contains("; 1 dead, 1 refused.\n"), "{report}");
    assert_eq!(host.times("/private.md"), 0, "it was not asked for");
}

#[test]
fn with_the_web_off_a_search_of_it_is_refused_and_says_how_to_turn_it_on() {
    let world = World::new();
    let repo = indexed(&world);
    let refused = world.run(&repo, &["search", "retry", "--sources", "web"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("[web]"), "{}", refused.stderr);
}
