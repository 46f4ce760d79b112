//! A search of several sources: what is there is told, whatever else is still awaited.

use std::time::Duration;

use aiex_config::{MapEnvironment, Settings};
use aiex_protocol::journal::EngineRun;
use aiex_protocol::search::{SearchArgs, Stage};
use aiex_protocol::source::{FoundList, Since, SourceKind, SourceState, SourceStatus};
use aiex_protocol::{Call, ErrorCode, Event};
use aiex_web::EngineKind;
use aiex_web::standin::{Fault, Page, StandIn};

use crate::harness::{Daemon, settings};

/// Settings with two engines of the web, of which one may be slow.
fn two_engines(engines: &StandIn) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let text = format!(
        "[web]\nenabled = true\nkeyless = false\n\
         [[web.engine]]\nkind = \"serper\"\nurl = \"{}\"\nkey_env = \"PATH\"\n\
         [[web.engine]]\nkind = \"searxng\"\nurl = \"{}\"\n",
        engines.url(&EngineKind::Serper),
        engines.url(&EngineKind::SearxNg),
    );
    std::fs::write(&file, text).unwrap();
    let read = Settings::load_file(&file, &MapEnvironment::default(), &[])
        .unwrap()
        .0;
    Settings {
        web: read.web,
        ..settings()
    }
}

fn page(name: &str) -> Page {
    Page::new(
        format!("https://{name}.example/retry"),
        name,
        format!("retry, as {name} has it"),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_engine_found_is_told_while_another_is_awaited() {
    let engines = StandIn::start().unwrap();
    engines.always(&EngineKind::SearxNg, [page("swift")]);
    engines.always(&EngineKind::Serper, [page("slow")]);
    engines.script(&EngineKind::Serper, [Fault::Late(Duration::from_millis(700))]);
    let daemon = Daemon::start_with(two_engines(&engines), |_| {});
    let mut client = daemon.connect().await;
    let search = Call::Search(SearchArgs {
        query: "retry".to_owned(),
        repo: "/fake".to_owned(),
        sources: vec![SourceKind::Web],
        ..SearchArgs::default()
    });
    let events = client.ask(1, search).await;

    let lists: Vec<(Stage, Vec<&str>)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Found(FoundList { stage, found }) => {
                Some((*stage, found.iter().map(|found| found.title.as_str()).collect()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(lists.first(), Some(&(Stage::Early, vec!["swift"])), "{events:?}");
    let (stage, mut titles) = lists.last().unwrap().clone();
    titles.sort_unstable();
    assert_eq!(
        (stage, titles),
        (Stage::Final, vec!["slow", "swift"]),
        "{events:?}"
    );
    let told: Vec<(SourceState, u32)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Source(SourceStatus { state, found, .. }) => Some((*state, *found)),
            _ => None,
        })
        .collect();
    assert_eq!(told.first(), Some(&(SourceState::Searching, 0)));
    assert_eq!(told.get(1), Some(&(SourceState::Searching, 1)));
    assert_eq!(told.last(), Some(&(SourceState::Done, 2)));
    let mut asked = engines_of(&events);
    asked.sort_unstable();
    assert_eq!(
        asked,
        [("searxng".to_owned(), 1, false), ("serper".to_owned(), 1, false)]
    );
}

/// What the last status says of each engine: its name, what it found, whether it failed.
fn engines_of(events: &[Event]) -> Vec<(String, u32, bool)> {
    let mut statuses = events.iter().filter_map(|event| match event {
        Event::Source(status) => Some(status),
        _ => None,
    });
    let last = statuses.next_back().unwrap();
    let run = |run: &EngineRun| (run.engine.clone(), run.found, run.failure.is_some());
    last.engines.iter().map(run).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn engines_are_told_with_a_source_that_failed() {
    let engines = StandIn::start().unwrap();
    let elsewhere = Fault::Redirect("http://127.0.0.1:9/".to_owned());
    engines.script(&EngineKind::SearxNg, [elsewhere]);
    engines.script(&EngineKind::Serper, [Fault::KeyRejected]);
    let daemon = Daemon::start_with(two_engines(&engines), |_| {});
    let mut client = daemon.connect().await;
    let search = Call::Search(SearchArgs {
        query: "retry".to_owned(),
        repo: "/fake".to_owned(),
        sources: vec![SourceKind::Web],
        since: Some(Since::Week),
        ..SearchArgs::default()
    });
    let events = client.ask(1, search).await;
    assert!(matches!(events.last(), Some(Event::Error(_))), "{events:?}");
    let mut asked = engines_of(&events);
    asked.sort_unstable();
    assert_eq!(
        asked,
        [("searxng".to_owned(), 0, true), ("serper".to_owned(), 0, true)]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_age_is_refused_where_the_web_is_not_asked() {
    let daemon = Daemon::start_with(settings(), |_| {});
    let mut client = daemon.connect().await;
    for (id, sources) in (1..).zip([vec![], vec![SourceKind::Code, SourceKind::Docs]]) {
        let search = Call::Search(SearchArgs {
            query: "retry".to_owned(),
            repo: "/fake".to_owned(),
            sources,
            since: Some(Since::Year),
            ..SearchArgs::default()
        });
        let events = client.ask(id, search).await;
        let Some(Event::Error(error)) = events.last() else {
            panic!("{events:?}")
        };
        assert_eq!(error.code, ErrorCode::InvalidRequest);
        assert!(error.message.contains("limited by their age"), "{error:?}");
    }
}
