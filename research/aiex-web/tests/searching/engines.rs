//! What each engine is sent, and what is read of its answers.

use std::collections::BTreeMap;

use aiex_web::standin::{Fault, Page, StandIn, every_kind};
use aiex_web::{Configured, Coordinator, EngineKind, Freshness, Kind};

use crate::{ask_one, only, pages, query, search};

#[tokio::test]
async fn every_engine_tells_title_address_and_snippet() {
    for kind in every_kind() {
        if kind == EngineKind::DocsRs {
            continue;
        }
        let server = StandIn::start().unwrap();
        let sent = Page::new(
            "https://example.org/a?x=1&y=2",
            "Sharing Rc<T> & co",
            "A <T> is \"shared\" & counted.",
        );
        server.always(&kind, [sent.clone(), Page::new("not an address", "", "")]);
        let told = ask_one(&server, server.engine(kind.clone()), "tokio").await;
        assert_eq!(told.failed, [], "{kind:?}");
        let [(_, _, hits)] = told.answered.as_slice() else {
            panic!("{kind:?}: {told:?}")
        };
        assert_eq!(hits.len(), 1, "{kind:?}");
        assert_eq!(
            (&hits[0].url, &hits[0].title),
            (&sent.url, &sent.title),
            "{kind:?}"
        );
        assert!(
            hits[0].snippet.starts_with(&sent.text),
            "{kind:?}: {}",
            hits[0].snippet
        );
        assert_eq!(server.count(&kind), 1);
    }
}

#[tokio::test]
async fn licences_and_dates_are_kept() {
    let server = StandIn::start().unwrap();
    let mut seen = Vec::new();
    for kind in [
        EngineKind::StackExchange,
        EngineKind::Wikipedia,
        EngineKind::Serper,
        EngineKind::Exa,
    ] {
        server.always(&kind, pages("example.org", 1));
        let told = ask_one(&server, server.engine(kind), "tokio").await;
        let hit = told.answered[0].2[0].clone();
        seen.push((hit.date.unwrap(), hit.licence.unwrap_or_default()));
    }
    let expected = [
        ("2021-08-10", "CC BY-SA 4.0, ferris on Stack Overflow"),
        ("2026-03-01", "CC BY-SA 4.0, Wikipedia's authors"),
        ("Mar 3, 2025", ""),
        ("2023-11-16", ""),
    ];
    assert_eq!(
        seen,
        expected.map(|(date, licence)| (date.to_owned(), licence.to_owned()))
    );
}

/// An object on one line with its keys, and those of the objects in it, in order.
fn in_order(object: &BTreeMap<String, serde_json::Value>) -> String {
    let fields = object.iter().map(|(key, value)| {
        let inner: Option<BTreeMap<String, serde_json::Value>> = serde_json::from_value(value.clone()).ok();
        format!(
            "{key:?}:{}",
            inner.map_or_else(|| value.to_string(), |inner| in_order(&inner))
        )
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

/// Every request as it goes out, for a question with a version, a language and an age.
#[tokio::test]
async fn requests_are_built_as_the_engines_want_them() {
    let server = StandIn::start().unwrap();
    let coordinator = Coordinator::new(&server.configured()).unwrap();
    let mut query = query("how does !tokio park a task");
    query.kind = Kind::HowTo;
    query.freshness = Freshness::Any;
    query.hosts.allow = vec!["tokio.rs".to_owned()];
    query.engines = Some(every_kind().iter().map(|kind| kind.label().to_owned()).collect());
    search(&coordinator, &query).await;
    let mut lines: Vec<String> = server
        .received()
        .iter()
        .map(|request| {
            // How a map keeps its keys depends on what other crates of a build ask for.
            let body: Option<BTreeMap<String, serde_json::Value>> = serde_json::from_str(&request.body).ok();
            let body = body.map_or_else(|| request.body.clone(), |body| in_order(&body));
            let mut lines = format!("{} {} {body}", request.engine, request.path);
            for name in ["accept", "x-github-api-version"] {
                if let Some(value) = request.header(name).filter(|value| *value != "application/json") {
                    lines.push_str(&format!("\n    {name}: {value}"));
                }
            }
            lines
        })
        .collect();
    lines.sort();
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn an_age_is_asked_for_in_the_words_of_each_engine() {
    let server = StandIn::start().unwrap();
    let coordinator = Coordinator::new(&server.configured()).unwrap();
    let mut query = query("tokio");
    query.freshness = Freshness::Month;
    let engines = ["serper", "tavily", "brave", "searxng"];
    query.engines = Some(engines.map(str::to_owned).to_vec());
    search(&coordinator, &query).await;
    let received = server.received();
    assert!(received.len() >= 4, "{received:?}");
    for request in received {
        let body = request.json();
        let in_body = |name: &str| body[name].as_str().map(str::to_owned);
        let (age, expected) = match request.engine.as_str() {
            "serper" => (in_body("tbs"), "qdr:m"),
            "tavily" => (in_body("time_range"), "month"),
            "brave" => (request.parameter("freshness"), "pm"),
            _ => (request.parameter("time_range"), "month"),
        };
        assert_eq!(age.as_deref(), Some(expected), "{}", request.engine);
    }
}

#[tokio::test]
async fn requests_say_who_asks() {
    let server = StandIn::start().unwrap();
    search(&Coordinator::new(&server.configured()).unwrap(), &query("tokio")).await;
    for request in server.received() {
        let agent = request.header("user-agent").unwrap();
        assert!(
            agent.starts_with("aiex/") && !agent.contains("Mozilla"),
            "{agent}"
        );
        assert_eq!(request.header("accept-language"), Some("en"));
        assert!(request.header("accept-encoding").unwrap().contains("gzip"));
    }
}

#[tokio::test]
async fn finding_nothing_is_no_failure() {
    for kind in every_kind() {
        let server = StandIn::start().unwrap();
        server.script(&kind, [Fault::Nothing]);
        let told = ask_one(&server, server.engine(kind.clone()), "tokio").await;
        assert_eq!(told.failed, [], "{kind:?}");
        assert_eq!(
            (told.answered.len(), told.summary.runs[0].found),
            (1, 0),
            "{kind:?}"
        );
        assert_eq!(
            told.order,
            [&format!("answered {}", kind.label()), "ranked", "done"],
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn questions_are_cut_to_what_engines_take() {
    let long = "tokio ".to_owned() + &"wörd ".repeat(1000);
    for (kind, chars, words) in [
        (EngineKind::Serper, 2048, usize::MAX),
        (EngineKind::Tavily, 400, usize::MAX),
        (EngineKind::Brave, 400, 50),
        (EngineKind::GitHub, 256, usize::MAX),
        (EngineKind::StackExchange, 300, usize::MAX),
        (EngineKind::Wikipedia, 300, usize::MAX),
    ] {
        let server = StandIn::start().unwrap();
        let told = ask_one(&server, server.engine(kind.clone()), &long).await;
        assert_eq!(told.failed, [], "{kind:?}");
        let sent = server.received().remove(0).query;
        assert!(
            sent.chars().count() <= chars && sent.split(' ').count() <= words,
            "{kind:?}: {}",
            sent.len()
        );
        assert!(
            sent.chars().count() > chars / 2 || sent.split(' ').count() > words / 2,
            "{kind:?}: {sent}"
        );
        let words = sent.trim_end_matches(" language:Rust");
        assert!(words.ends_with("wörd"), "cut at a word: {sent}");
    }
}

#[tokio::test]
async fn github_is_asked_for_what_the_question_is_about() {
    let server = StandIn::start().unwrap();
    let mut engine = server.engine(EngineKind::GitHub);
    let mut shelves = Vec::new();
    for (kind, key) in [
        (Kind::Error, None),
        (Kind::Api, None),
        (Kind::Api, Some("k")),
        (Kind::Plain, Some("k")),
    ] {
        engine.keys = key.into_iter().map(aiex_remote::Secret::new).collect();
        let mut query = query("spawn_blocking");
        query.kind = kind;
        query.engines = Some(vec!["github".to_owned()]);
        search(
            &Coordinator::new(&only(&server, vec![engine.clone()])).unwrap(),
            &query,
        )
        .await;
        let request = server.received().pop().unwrap();
        shelves.push(format!(
            "{} {}",
            request.path.split('?').next().unwrap(),
            request.query
        ));
    }
    assert_eq!(
        shelves,
        [
            "/search/issues spawn_blocking is:issue",
            "/search/repositories spawn_blocking language:Rust",
            "/search/code spawn_blocking language:Rust",
            "/search/repositories spawn_blocking language:Rust",
        ]
    );
}

#[tokio::test]
async fn docs_rs_lists_the_items_of_the_locked_version() {
    let server = StandIn::start().unwrap();
    let page = |file: &str, title: &str| Page::new(format!("https://docs.rs/x/{file}"), title, "");
    let items = [
        page("fn.spawn.html", "spawn"),
        page("fn.spawn_blocking.html", "task::spawn_blocking"),
        page("struct.File.html", "fs::File"),
    ];
    server.always(&EngineKind::DocsRs, items);
    let told = ask_one(
        &server,
        server.engine(EngineKind::DocsRs),
        "does tokio spawn_blocking grow threads",
    )
    .await;
    let hits = &told.answered[0].2;
    let base = server.url(&EngineKind::DocsRs) + "/tokio/1.45.0/tokio";
    assert_eq!(
        hits.iter()
            .map(|hit| (hit.url.clone(), hit.title.as_str()))
            .collect::<Vec<_>>(),
        [
            (
                format!("{base}/fn.spawn_blocking.html"),
                "tokio::task::spawn_blocking"
            ),
            (format!("{base}/index.html"), "tokio 1.45.0"),
        ]
    );
    assert_eq!(
        hits[0].snippet,
        "fn task::spawn_blocking in the documentation of tokio 1.45.0"
    );
    assert_eq!(
        told.answered[0].1,
        "tokio 1.45.0: does tokio spawn_blocking grow threads"
    );
}

#[tokio::test]
async fn docs_rs_follows_latest_to_its_version() {
    let server = StandIn::start().unwrap();
    server.always(
        &EngineKind::DocsRs,
        [Page::new("https://docs.rs/x/fn.spawn.html", "spawn", "")],
    );
    let mut query = query("hyper_util::spawn");
    query.dependencies.clear();
    query.engines = Some(vec!["docs.rs".to_owned()]);
    let coordinator = Coordinator::new(&only(&server, vec![server.engine(EngineKind::DocsRs)])).unwrap();
    let told = search(&coordinator, &query).await;
    assert_eq!(
        told.answered[0].2[0].url,
        server.url(&EngineKind::DocsRs) + "/hyper_util/9.9.9/hyper_util/fn.spawn.html"
    );
    query.text = "what is a waker".to_owned();
    let told = search(&coordinator, &query).await;
    assert!(told.answered.is_empty());
    assert_eq!(
        told.summary.not_asked[0].why,
        "the question names nothing that it knows"
    );
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let server = StandIn::start().unwrap();
    let endpoint = |change: fn(&mut aiex_web::JsonEndpoint)| {
        let mut endpoint = server.json();
        change(&mut endpoint);
        aiex_web::EngineConfig::new(EngineKind::Json(endpoint))
    };
    let new = aiex_web::EngineConfig::new;
    for (engines, reason) in [
        (vec![new(EngineKind::SearxNg)], "`url` is missing"),
        (
            vec![new(EngineKind::Brave).at("api.example")],
            "`url` is no address",
        ),
        (
            vec![new(EngineKind::Brave).at("file:///x")],
            "neither http nor https",
        ),
        (
            vec![new(EngineKind::Brave), new(EngineKind::Brave)],
            "another engine has the same name",
        ),
        (
            vec![endpoint(|endpoint| {
                endpoint.template = "https://x.example/".into()
            })],
            "no `{query}`",
        ),
        (
            vec![endpoint(|endpoint| endpoint.url = "link".into())],
            "`link` is no JSON pointer",
        ),
    ] {
        let configured = Configured {
            engines,
            ..Configured::default()
        };
        let error = Coordinator::new(&configured).unwrap_err();
        assert!(error.reason.contains(reason), "{error}");
        assert!(error.hint().contains(&error.engine));
    }
}
