//! A search of several sources: what is there is told, whatever else is still awaited.

use std::time::Duration;

use aiex_config::{MapEnvironment, Settings};
use aiex_protocol::search::{SearchArgs, Stage};
use aiex_protocol::source::{FoundList, SourceKind, SourceState, SourceStatus};
use aiex_protocol::{Call, Event};
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
}
