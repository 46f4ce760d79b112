//! Many engines at once: order of events, merging, what is sent to whom.

use std::time::Duration;

use aiex_web::standin::{Fault, Page, StandIn, every_kind};
use aiex_web::{Answered, Coordinator, EngineKind, Event, Kind, Reach};
use tokio_util::sync::CancellationToken;

use crate::{LONG, hurried, once, only, pages, patient, query, search};

fn three(server: &StandIn) -> Vec<aiex_web::EngineConfig> {
    let kinds = [EngineKind::Serper, EngineKind::Brave, EngineKind::Tavily];
    kinds.map(|kind| server.engine(kind)).to_vec()
}

#[tokio::test]
async fn a_slow_engine_delays_nobody() {
    let server = StandIn::start().unwrap();
    for kind in [EngineKind::Serper, EngineKind::Brave, EngineKind::Tavily] {
        server.always(&kind, pages("example.org", 3));
    }
    server.slow(&EngineKind::Brave, LONG);
    let engines = three(&server).into_iter().map(|engine| match engine.kind {
        EngineKind::Brave => hurried(engine),
        _ => patient(engine),
    });
    let told = search(
        &Coordinator::new(&only(&server, engines.collect())).unwrap(),
        &query("tokio"),
    )
    .await;
    assert_eq!(told.classes(), ["timeout", "timeout"]);
    let answered = told
        .order
        .iter()
        .rposition(|event| event.starts_with("answered"))
        .unwrap();
    let failed = told
        .order
        .iter()
        .position(|event| event.starts_with("failed"))
        .unwrap();
    assert!(answered < failed, "{:?}", told.order);
    assert_eq!(told.ranked.len(), 3);
    assert_eq!(told.summary.runs.len(), 6);
}

#[tokio::test]
async fn each_answer_is_followed_by_the_ranking_so_far() {
    let server = StandIn::start().unwrap();
    server.always(&EngineKind::Serper, pages("one.example", 2));
    server.always(&EngineKind::Tavily, pages("two.example", 2));
    server.slow(&EngineKind::Tavily, Duration::from_millis(60));
    let coordinator = Coordinator::new(&only(&server, three(&server))).unwrap();
    let mut query = once("tokio");
    query.engines = Some(vec!["serper".to_owned(), "tavily".to_owned()]);
    let told = search(&coordinator, &query).await;
    assert_eq!(
        told.order,
        ["answered serper", "ranked", "answered tavily", "ranked", "done"]
    );
    assert_eq!(told.ranked.len(), 4);
    assert_eq!(told.summary.pages, 4);
}

#[tokio::test]
async fn what_failed_and_why_is_always_told() {
    let server = StandIn::start().unwrap();
    server.always(&EngineKind::Serper, pages("example.org", 1));
    server.on_key(aiex_web::standin::KEY, Fault::KeyRejected);
    let mut engines = three(&server);
    engines[0] = engines[0]
        .clone()
        .with_keys([aiex_remote::Secret::new("another")]);
    let query = once("tokio");
    let told = search(&Coordinator::new(&only(&server, engines)).unwrap(), &query).await;
    let summary = told.summary.to_string();
    assert!(summary.starts_with("3 searches run, 2 failed: "), "{summary}");
    assert!(
        summary.contains("brave (the key was rejected: The provided subscription token is invalid.)"),
        "{summary}"
    );
    assert!(!told.summary.all_failed());
    let failed: Vec<_> = told
        .summary
        .failed()
        .map(|run| run.failure.clone().unwrap())
        .collect();
    assert!(
        failed
            .iter()
            .all(|failure| failure.class == "key_rejected" && !failure.hint.is_empty())
    );
}

#[tokio::test]
async fn one_page_under_many_addresses_is_found_once() {
    let server = StandIn::start().unwrap();
    let text = "An asynchronous runtime for the Rust programming language that gives what is needed to write networking \
                applications, from large servers to small devices.";
    let same = |url: &str| Page::new(url, "Tokio", text);
    server.always(
        &EngineKind::Serper,
        [
            same("http://www.tokio.rs/?utm_source=a"),
            same("https://mirror.example/tokio.html"),
        ],
    );
    server.always(&EngineKind::Brave, [same("https://tokio.rs/#get-started")]);
    server.always(
        &EngineKind::Tavily,
        [
            same("https://m.tokio.rs/index.html"),
            same("https://tokio.rs/blog"),
        ],
    );
    let query = once("tokio");
    let told = search(&Coordinator::new(&only(&server, three(&server))).unwrap(), &query).await;
    // What differs is the text of none: the blog's page has the same, so it is a copy too.
    assert_eq!(told.urls(), ["https://tokio.rs/"]);
    let engines: Vec<&str> = told.ranked[0]
        .sightings
        .iter()
        .map(|sighting| sighting.engine.as_str())
        .collect();
    assert_eq!(engines, ["brave", "serper", "serper", "tavily", "tavily"]);
    assert_eq!(
        told.ranked[0].copies,
        ["https://mirror.example/tokio.html", "https://tokio.rs/blog"]
    );
}

#[tokio::test]
async fn the_question_and_its_enhanced_wording_are_sent() {
    let server = StandIn::start().unwrap();
    let mut query = query("how does tokio park a task");
    query.kind = Kind::HowTo;
    let told = search(&Coordinator::new(&only(&server, three(&server))).unwrap(), &query).await;
    for kind in [EngineKind::Serper, EngineKind::Brave, EngineKind::Tavily] {
        assert_eq!(server.count(&kind), 2);
        for text in [
            "how does tokio park a task",
            "how does tokio 1.45 park a task Rust example",
        ] {
            assert_eq!(server.count_of(&kind, text), 1, "{kind:?} {text}");
        }
    }
    assert_eq!(told.summary.runs.len(), 6);
}

#[tokio::test]
async fn no_secret_leaves_the_machine() {
    let server = StandIn::start().unwrap();
    let token = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";
    let mut query = query(&format!(
        "tokio error 401 with Authorization: Bearer {token} in /home/alice/x"
    ));
    query.engines = Some(every_kind().iter().map(|kind| kind.label().to_owned()).collect());
    let told = search(&Coordinator::new(&server.configured()).unwrap(), &query).await;
    assert_eq!(told.summary.secrets, 1);
    assert!(
        told.summary
            .to_string()
            .ends_with("1 secret(s) taken out of the question")
    );
    assert!(!server.received().is_empty());
    for request in server.received() {
        let sent = format!("{} {} {}", request.path, request.body, request.query);
        assert!(!sent.contains("ghp_") && !sent.contains("alice"), "{sent}");
    }
}

#[tokio::test]
async fn unwanted_hosts_are_left_out() {
    let server = StandIn::start().unwrap();
    let found = [
        pages("docs.rs", 2),
        pages("spam.example", 2),
        pages("blog.tokio.rs", 1),
    ]
    .concat();
    server.always(&EngineKind::Serper, found);
    let coordinator = Coordinator::new(&only(&server, vec![server.engine(EngineKind::Serper)])).unwrap();
    let mut query = query("tokio");
    query.hosts.deny = vec!["spam.example".to_owned()];
    assert_eq!(search(&coordinator, &query).await.ranked.len(), 3);
    query.hosts.allow = vec!["tokio.rs".to_owned()];
    assert_eq!(
        search(&coordinator, &query).await.urls(),
        ["https://blog.tokio.rs/1"]
    );
    assert_eq!(
        server.received().last().unwrap().query,
        "tokio 1.45 Rust site:tokio.rs"
    );
}

#[tokio::test]
async fn engines_without_settings_are_asked_only_when_the_web_may_be() {
    let server = StandIn::start().unwrap();
    let coordinator = Coordinator::new(&only(&server, vec![server.engine(EngineKind::Brave)])).unwrap();
    let told = search(&coordinator, &query("tokio")).await;
    assert!(told.summary.runs.iter().all(|run| run.engine == "brave"));
    let left_out: Vec<&str> = told
        .summary
        .not_asked
        .iter()
        .map(|left| left.engine.as_str())
        .collect();
    assert_eq!(
        left_out,
        ["stackexchange", "github", "docs.rs", "wikipedia", "arxiv"]
    );
    // With the web allowed and these in the settings, those that have nothing on errors are still left alone.
    let coordinator = Coordinator::new(&server.configured()).unwrap();
    let mut query = query("tokio error");
    query.kind = Kind::Error;
    query.reach = Reach::Web;
    let told = search(&coordinator, &query).await;
    let left_out: Vec<&str> = told
        .summary
        .not_asked
        .iter()
        .map(|left| left.engine.as_str())
        .collect();
    assert_eq!(left_out, ["wikipedia", "arxiv"]);
}

#[tokio::test]
async fn an_empty_question_is_sent_to_nobody() {
    let server = StandIn::start().unwrap();
    let told = search(&Coordinator::new(&server.configured()).unwrap(), &query(" \n ")).await;
    assert_eq!(told.order, ["done"]);
    assert_eq!(
        (server.received().len(), told.summary.not_asked.len()),
        (0, every_kind().len())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_closes_every_request() {
    let server = StandIn::start().unwrap();
    for kind in [EngineKind::Serper, EngineKind::Brave, EngineKind::Tavily] {
        server.slow(&kind, LONG);
    }
    let engines = three(&server).into_iter().map(patient).collect();
    let coordinator = Coordinator::new(&only(&server, engines)).unwrap();
    let cancel = CancellationToken::new();
    let searching = coordinator.search(&query("tokio"), &cancel);
    let wait = |all: fn(&[aiex_web::standin::Received]) -> bool| server.wait_until(LONG, all);
    assert!(tokio::task::block_in_place(|| wait(
        |received| received.len() == 6
    )));
    cancel.cancel();
    let told = crate::listen(searching).await;
    assert_eq!(told.classes(), ["cancelled"; 6]);
    assert!(
        told.summary.runs.iter().all(|run| run.requests == 1),
        "{:?}",
        told.summary
    );
    assert!(tokio::task::block_in_place(|| wait(|received| received
        .iter()
        .all(|request| request.hung_up))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_closes_every_request() {
    let server = StandIn::start().unwrap();
    server.slow(&EngineKind::Serper, LONG);
    let coordinator =
        Coordinator::new(&only(&server, vec![patient(server.engine(EngineKind::Serper))])).unwrap();
    let searching = coordinator.search(&query("tokio"), &CancellationToken::new());
    assert!(tokio::task::block_in_place(
        || server.wait_until(LONG, |received| received.len() == 2)
    ));
    drop(searching);
    let gone = || server.wait_until(LONG, |received| received.iter().all(|request| request.hung_up));
    assert!(tokio::task::block_in_place(gone));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_sleeps_misses_no_answer() {
    let server = StandIn::start().unwrap();
    server.always(&EngineKind::Serper, pages("example.org", 3));
    let coordinator = Coordinator::new(&only(&server, three(&server))).unwrap();
    let mut searching = coordinator.search(&query("tokio"), &CancellationToken::new());
    assert!(tokio::task::block_in_place(
        || server.wait_until(LONG, |received| received.len() == 6)
    ));
    let mut answered = 0;
    while let Some(event) = searching.next().await {
        answered += usize::from(matches!(event, Event::EngineAnswered { .. }));
    }
    assert_eq!(answered, 6);
}

#[tokio::test]
async fn what_was_answered_before_is_not_asked_again() {
    let server = StandIn::start().unwrap();
    server.always(&EngineKind::Serper, pages("example.org", 2));
    let coordinator = Coordinator::new(&only(&server, three(&server))).unwrap();
    let mut query = query("how does tokio park a task");
    let first = search(&coordinator, &query).await;
    let (engine, wording, hits) = first
        .answered
        .iter()
        .find(|(_, _, hits)| !hits.is_empty())
        .unwrap()
        .clone();
    let kept = Answered {
        engine: engine.clone(),
        query: wording.clone(),
        found: hits,
    };
    let of_no_engine = Answered {
        engine: "gone".to_owned(),
        ..kept.clone()
    };
    query.answered = vec![kept, of_no_engine];
    let again = search(&coordinator, &query).await;
    assert_eq!((first.answered.len(), again.answered.len()), (6, 5));
    assert_eq!(server.count_of(&EngineKind::Serper, &wording), 1);
    assert_eq!(again.order[0], "ranked", "what is known is told at once");
    assert_eq!(again.ranked, first.ranked, "as without the interruption");
    let told = |told: &crate::Told| {
        let mut runs: Vec<_> = told
            .summary
            .runs
            .iter()
            .map(|run| (run.engine.clone(), run.query.clone(), run.found))
            .collect();
        runs.sort();
        runs
    };
    assert_eq!(
        told(&again),
        told(&first),
        "every engine is named, once for each wording"
    );
}

#[tokio::test]
async fn a_search_that_was_answered_whole_asks_nobody_and_ranks() {
    let server = StandIn::start().unwrap();
    server.always(&EngineKind::Serper, pages("example.org", 2));
    let coordinator = Coordinator::new(&only(&server, three(&server))).unwrap();
    let mut query = query("how does tokio park a task");
    let first = search(&coordinator, &query).await;
    let answered = first.answered.iter().cloned();
    query.answered = answered
        .map(|(engine, query, found)| Answered { engine, query, found })
        .collect();
    let requests = server.received().len();
    let again = search(&coordinator, &query).await;
    assert_eq!(server.received().len(), requests);
    assert_eq!(again.ranked, first.ranked);
    assert!(!again.summary.all_failed());
}

#[tokio::test]
async fn a_search_has_a_deadline_of_its_own() {
    let server = StandIn::start().unwrap();
    server.slow(&EngineKind::Serper, LONG);
    let mut query = once("tokio");
    query.deadline = Some(Duration::from_millis(50));
    let coordinator =
        Coordinator::new(&only(&server, vec![patient(server.engine(EngineKind::Serper))])).unwrap();
    let told = search(&coordinator, &query).await;
    assert_eq!(told.classes(), ["timeout"]);
    assert_eq!(told.summary.runs[0].requests, 1);
}

/// Searches at an engine that takes one call at a time, each of which may take longer than half of its deadline.
async fn one_at_a_time(searches: usize, deadline: Option<Duration>) -> Vec<crate::Told> {
    let server = StandIn::start().unwrap();
    server.always(&EngineKind::Serper, pages("example.org", 1));
    server.slow(&EngineKind::Serper, SLOW);
    let mut engine = patient(server.engine(EngineKind::Serper));
    engine.parallel = Some(1);
    engine.deadlines.total = 2 * SLOW;
    let coordinator = Coordinator::new(&only(&server, vec![engine])).unwrap();
    let queries: Vec<_> = (0..searches)
        .map(|at| aiex_web::Query {
            deadline,
            ..once(&format!("tokio {at}"))
        })
        .collect();
    futures_util::future::join_all(queries.iter().map(|query| search(&coordinator, query))).await
}

const SLOW: Duration = Duration::from_millis(250);

#[tokio::test]
async fn waiting_for_a_place_at_an_engine_is_no_time_of_the_call() {
    let all = one_at_a_time(4, Some(LONG)).await;
    let failed: Vec<_> = all.iter().flat_map(crate::Told::classes).collect();
    assert_eq!(
        failed, [""; 0],
        "the last waits for three calls, longer than it may take itself"
    );
    assert!(all.iter().all(|told| told.ranked.len() == 1));
}

#[tokio::test]
async fn a_search_ends_at_its_deadline_whoever_waits_for_a_place() {
    let all = one_at_a_time(4, Some(SLOW * 5 / 2)).await;
    let failed: Vec<_> = all.iter().flat_map(crate::Told::classes).collect();
    assert_eq!(failed, ["timeout", "timeout"], "two calls fit in its time");
}
