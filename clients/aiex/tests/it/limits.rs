//! What the settings limit and weigh: how often a key is used, how hosts are ranked, and where a service may lead.

use std::process::Child;
use std::time::Duration;

use aiex_llm::standin::{Fault as ModelFault, Received, Reply, StandIn as ModelStandIn};
use aiex_outside::{Host, Leaf, QUESTION, good_model};
use aiex_web::EngineKind;
use aiex_web::standin::{Fault, Page, StandIn as EngineStandIn};
use serde_json::Value;

use crate::research_outside::MANY;
use crate::world::{World, wait_for, wait_until};

const SEARXNG: EngineKind = EngineKind::SearxNg;

fn provider(name: &str, model: &ModelStandIn, more: &str) -> String {
    let url = model.url();
    format!("[[provider]]\nname = \"{name}\"\nkind = \"openai\"\nurl = \"{url}/v1\"\nmodel = \"m\"\n{more}\n")
}

/// The settings of the web with one engine and its own lines.
fn web(engine: &EngineStandIn, lines: &str) -> String {
    let url = engine.url(&SEARXNG);
    format!(
        "[web]\nenabled = true\nkeyless = false\n[[web.engine]]\nkind = \"searxng\"\nurl = \"{url}\"\n{lines}\n"
    )
}

/// What was asked of the model itself, and with which keys.
fn keys(model: &ModelStandIn) -> Vec<String> {
    let asked = model.received();
    let questions = asked.iter().filter(|request| request.method == "POST");
    let key = |request: &Received| request.header("authorization").unwrap_or_default().to_owned();
    questions.map(key).collect()
}

#[test]
fn limits_of_a_plan_are_kept_for_each_key_and_other_providers_go_on() {
    let world = World::new();
    let [dear, limited, other] = [(), (), ()].map(|()| ModelStandIn::answering(good_model).unwrap());
    world.configure(&format!(
        "{}{}{}",
        provider("dear", &dear, "tokens_per_minute = 1"),
        provider(
            "limited",
            &limited,
            "key_env = \"LIMITED\"\nrequests_per_minute = 1"
        ),
        provider("other", &other, ""),
    ));
    let repo = world.sample();
    let with_keys = |args: &[&str]| -> Child {
        let mut command = world.aiex(&repo, args);
        command.env("LIMITED", "sk-a,sk-b");
        command.spawn().unwrap()
    };
    wait_for(with_keys(&["repos", "add"]));
    // It is over before a minute is.
    let outcome = wait_for(with_keys(&["research", QUESTION, "--sources", "code", "--json"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);

    assert_eq!(keys(&dear).len(), 0, "no prompt has so few tokens");
    let mut used = keys(&limited);
    used.sort();
    assert_eq!(used, ["Bearer sk-a", "Bearer sk-b"], "each key once");
    assert!(keys(&other).len() >= 2, "{:?}", keys(&other));
}

#[test]
fn an_engine_is_asked_no_oftener_than_the_settings_say() {
    let world = World::new();
    let engine = EngineStandIn::start().unwrap();
    engine.always(
        &SEARXNG,
        [Page::new("https://a.example/", "Retry", "how a retry is done")],
    );
    world.configure(&web(&engine, "requests_per_minute = 1"));
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    world.ok(&repo, &["search", "retry", "--sources", "web"]);
    let refused = world.run(&repo, &["search", "attempt", "--sources", "web"]);
    assert!(
        refused
            .stderr
            .contains("the rate allows the next request only in"),
        "{}",
        refused.stderr
    );
    assert_eq!(engine.count(&SEARXNG), 1);
}

#[test]
fn an_engine_that_takes_one_request_at_a_time_is_sent_one_at_a_time() {
    let world = World::new();
    let engine = EngineStandIn::start().unwrap();
    engine.always(
        &SEARXNG,
        [Page::new("https://a.example/", "Retry", "how a retry is done")],
    );
    engine.slow(&SEARXNG, Duration::from_millis(500));
    world.configure(&web(&engine, "parallel = 1\nrequests_per_minute = 60000"));
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    world.ok(&repo, &["research", MANY, "--sources", "web", "--detach"]);
    wait_until("a second search is made", || engine.count(&SEARXNG) >= 2);
    let received = engine.received();
    let unanswered = received.iter().filter(|request| !request.answered).count();
    assert!(unanswered <= 1, "{received:?}");
    world.run(&repo, &["research", "cancel", "latest"]);
}

#[test]
fn hosts_are_ranked_and_mixed_as_the_settings_say() {
    let world = World::new();
    let engine = EngineStandIn::start().unwrap();
    let pages = ["one.example/a", "one.example/b", "one.example/c", "two.example/a"];
    engine.always(
        &SEARXNG,
        pages.map(|page| Page::new(format!("https://{page}"), page, format!("what {page} says of it"))),
    );
    let repo = world.sample();
    let found = |settings: &str| -> Vec<String> {
        world.configure(&web(&engine, settings));
        let outcome = world.ok(&repo, &["search", "retry", "--sources", "web", "--json"]);
        let titles = outcome.rows().into_iter();
        titles
            .filter_map(|row| row["title"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(found(""), pages, "as the engine has it");
    // What was found before is kept, but not in an order that no longer holds.
    let trusted = found("[web.trust]\n\"two.example\" = 3.0");
    assert_eq!(trusted[0], "two.example/a");
    assert_eq!(found("[web.trust]\n\"one.example\" = 0"), ["two.example/a"]);
    let settings = web(&engine, "").replace("[web]\n", "[web]\nper_host = 1\n");
    world.configure(&settings);
    let mixed = world.ok(&repo, &["search", "retry", "--sources", "web", "--json"]);
    assert_eq!(mixed.rows()[1]["title"], "two.example/a", "{}", mixed.stdout);
}

#[test]
fn engines_elsewhere_are_asked_through_the_proxy_and_those_at_hand_without() {
    let world = World::new();
    let engine = EngineStandIn::start().unwrap();
    engine.always(
        &SEARXNG,
        [Page::new("https://a.example/", "Retry", "how a retry is done")],
    );
    let proxy = Host::start([]).unwrap();
    let settings = web(&engine, "").replace(
        "[web]\n",
        &format!("[web]\nproxy = \"http://{}\"\n", proxy.address()),
    );
    world.configure(&format!(
        "{settings}[[web.engine]]\nname = \"far\"\nkind = \"searxng\"\nurl = \"http://searx.example\"\n"
    ));
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    world.ok(&repo, &["search", "retry", "--sources", "web"]);
    assert_eq!(engine.count(&SEARXNG), 1);
    let asked = proxy.asked();
    assert!(
        !asked.is_empty() && asked.keys().all(|url| url.starts_with("http://searx.example/")),
        "{asked:?}"
    );
}

#[test]
fn a_service_of_the_settings_leads_to_no_other_address() {
    let world = World::new();
    let other = Host::start([Leaf::new(
        "/inside",
        Duration::ZERO,
        "what nobody outside is to see",
    )])
    .unwrap();
    let engine = EngineStandIn::start().unwrap();
    let json = EngineKind::Json(engine.json());
    for kind in [&SEARXNG, &json] {
        engine.script(kind, [Fault::Redirect(other.url("/inside"))]);
    }
    let model = ModelStandIn::start([Reply::redirect(&other.url("/inside"))]).unwrap();
    let template = engine.json().template;
    world.configure(&format!(
        "{}[[web.engine]]\nkind = \"json\"\nurl = \"{template}\"\nresults = \"/data/items\"\ntitle = \"/name\"\n\
         link = \"/where/link\"\n{}",
        web(&engine, ""),
        provider("astray", &model, ""),
    ));
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);

    let searched = world.run(&repo, &["search", "retry", "--sources", "web"]);
    for engine in ["searxng: ", "json: "] {
        assert!(searched.stderr.contains(engine), "{}", searched.stderr);
    }
    assert!(
        searched.stderr.contains("points elsewhere"),
        "{}",
        searched.stderr
    );
    let asked = world.run(&repo, &["ask", "how long is the delay"]);
    assert!(asked.stderr.contains("redirects to"), "{}", asked.stderr);
    assert!(
        model.requests() >= 1 && engine.received().len() == 2,
        "they were asked"
    );
    assert!(other.asked().is_empty());
}

#[test]
fn a_key_that_was_rejected_is_shown_as_such_and_never_by_itself() {
    let world = World::new();
    let model = ModelStandIn::answering(|_: &Received| ModelFault::KeyRejected).unwrap();
    let engine = EngineStandIn::start().unwrap();
    engine.on_key("sk-engine", Fault::KeyRejected);
    let serper = engine.url(&EngineKind::Serper);
    world.configure(&format!(
        "[web]\nenabled = true\nkeyless = false\n\
         [[web.engine]]\nkind = \"serper\"\nurl = \"{serper}\"\nkey_env = \"ENGINE_KEY\"\n{}",
        provider("hosted", &model, "key_env = \"HOSTED_KEY\""),
    ));
    let repo = world.sample();
    let with_keys = |args: &[&str]| {
        let mut command = world.aiex(&repo, args);
        command
            .env("HOSTED_KEY", "sk-hosted")
            .env("ENGINE_KEY", "sk-engine");
        wait_for(command.spawn().unwrap())
    };
    with_keys(&["repos", "add"]);
    let status = with_keys(&["status"]).stdout;
    assert!(!status.contains("provider"), "nobody was asked yet: {status}");

    with_keys(&["research", QUESTION, "--sources", "code,web"]);
    let status = with_keys(&["status"]).stdout;
    for service in [
        "provider  hosted: key 1 was rejected (",
        "engine    serper: key 1 was rejected (",
    ] {
        assert!(status.contains(service), "{status}");
    }
    let json = with_keys(&["status", "--json"]).stdout;
    let told: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(told["services"][0]["model"], "m");
    for service in told["services"].as_array().unwrap() {
        assert_eq!(service["keys"][0]["state"], "rejected", "{service}");
        assert_eq!(service["keys"][0]["left_s"], Value::Null, "it takes another key");
    }
    let doctor = with_keys(&["doctor"]).stdout;
    assert!(
        doctor.contains("hosted: key 1 was rejected") && doctor.contains("aiex keys set hosted"),
        "{doctor}"
    );
    for key in ["sk-hosted", "sk-engine"] {
        assert!(!format!("{status}{json}{doctor}").contains(key));
    }
}
