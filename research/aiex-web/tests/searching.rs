//! Searches against a stand-in that answers and fails like the real engines.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod searching {
    mod coordinating;
    mod engines;
    mod keys;
    mod refusals;
    mod surviving;
}

use std::time::Duration;

use aiex_remote::Failure;
use aiex_web::standin::{Page, StandIn};
use aiex_web::{
    Configured, Coordinator, Deadlines, Dependency, Ecosystem, EngineConfig, Enhance, Event, Found, Hit,
    Kind, Query, Summary,
};
use tokio_util::sync::CancellationToken;

/// No test waits this long; it only keeps a broken one from hanging.
const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(300);

fn pages(host: &str, count: usize) -> Vec<Page> {
    let page = |number| {
        Page::new(
            format!("https://{host}/{number}"),
            format!("Page {number} of {host}"),
            format!("What {host} says about it on its page {number}."),
        )
    };
    (1..=count).map(page).collect()
}

/// A query that every engine takes.
fn query(text: &str) -> Query {
    let mut query = Query::new(text);
    query.kind = Kind::Plain;
    query.languages = vec!["Rust".to_owned()];
    query.dependencies = vec![Dependency {
        name: "tokio".to_owned(),
        version: Some("1.45.0".to_owned()),
        ecosystem: Ecosystem::Rust,
    }];
    query
}

/// A query that is sent in its own words only.
fn once(text: &str) -> Query {
    Query {
        enhance: Enhance::Nothing,
        ..query(text)
    }
}

/// Settings for these engines alone.
fn only(server: &StandIn, engines: Vec<EngineConfig>) -> Configured {
    Configured {
        engines,
        ..server.configured()
    }
}

fn patient(mut engine: EngineConfig) -> EngineConfig {
    engine.deadlines = Deadlines {
        connect: LONG,
        first_byte: LONG,
        total: LONG,
    };
    engine
}

fn hurried(mut engine: EngineConfig) -> EngineConfig {
    engine.deadlines = Deadlines {
        connect: LONG,
        first_byte: SHORT,
        total: SHORT,
    };
    engine
}

/// What a search told.
#[derive(Debug, Default)]
struct Told {
    answered: Vec<(String, String, Vec<Hit>)>,
    failed: Vec<(String, Failure, String)>,
    ranked: Vec<Found>,
    summary: Summary,
    /// The kinds of events in their order.
    order: Vec<String>,
}

impl Told {
    fn classes(&self) -> Vec<&'static str> {
        self.failed
            .iter()
            .map(|(_, failure, _)| failure.class())
            .collect()
    }

    fn urls(&self) -> Vec<&str> {
        self.ranked.iter().map(|found| found.url.as_str()).collect()
    }
}

async fn listen(mut searching: aiex_web::Searching) -> Told {
    let mut told = Told::default();
    let mut over = false;
    while let Some(event) = searching.next().await {
        assert!(!over, "nothing follows the end");
        match event {
            Event::EngineAnswered {
                engine, query, found, ..
            } => {
                told.order.push(format!("answered {engine}"));
                told.answered.push((engine, query, found));
            }
            Event::EngineFailed {
                engine,
                failure,
                hint,
                ..
            } => {
                assert!(hint.contains(&engine) || failure == Failure::Cancelled, "{hint}");
                told.order.push(format!("failed {engine}"));
                told.failed.push((engine, failure, hint));
            }
            Event::Ranked(ranked) => {
                told.order.push("ranked".to_owned());
                told.ranked = ranked;
            }
            Event::Done(summary) => {
                over = true;
                told.order.push("done".to_owned());
                told.summary = summary;
            }
        }
    }
    assert!(over, "a search ends in `Done`");
    told
}

async fn search(coordinator: &Coordinator, query: &Query) -> Told {
    let searching = coordinator.search(query, &CancellationToken::new());
    tokio::time::timeout(LONG, listen(searching))
        .await
        .expect("a search ends")
}

/// Searches with one engine alone; `text` is sent once only.
async fn ask_one(server: &StandIn, engine: EngineConfig, text: &str) -> Told {
    let mut query = once(text);
    query.engines = Some(vec![engine.name.clone()]);
    let coordinator = Coordinator::new(&only(server, vec![engine])).unwrap();
    search(&coordinator, &query).await
}
