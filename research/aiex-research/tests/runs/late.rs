//! A search that is slow does not hold up what the others found, and what it finds is in the report all the same.

use std::sync::Arc;
use std::time::Duration;

use aiex_evidence::{Origin, Report};
use aiex_research::{Event, Research, Settings};

use super::world::{Fated, World, brisk, events, request};

async fn report_of(world: World) -> (Report, Vec<Event>) {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(world);
    let settings = Settings {
        // Long enough for the others, which answer at once.
        search_patience: Duration::from_millis(300),
        ..brisk()
    };
    let research = Research::open(folder.path(), world.ports(), settings)
        .await
        .unwrap();
    let run = research.start(request()).await.unwrap();
    let events = events(&research, &run).await;
    (research.report(&run).await.unwrap(), events)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_is_read_and_quoted_while_slow_searches_go_on() {
    // A slow search, what others do meanwhile: waited for, neither would come to an end.
    for (slow, after) in [
        ("docs", ("search docs", "read ")),
        ("web", ("search web", "ask Extract")),
    ] {
        let (report, events) = report_of(World {
            after: Some(after),
            ..World::with_model()
        })
        .await;
        let searches = report.searches.iter().filter(|search| search.source == slow);
        let found: u32 = searches.map(|search| search.found).sum();
        assert!(found > 0, "{slow}: {:?}", report.searches);
        let read = |event: &&Event| matches!(event, Event::Read { origin, .. } if origin.kind() == slow);
        let read = events.iter().filter(read).count();
        assert!(read > 0, "what {slow} found late is read, too: {events:?}");
        assert!(report.tally().claims >= 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_fast_engine_is_read_while_a_slow_one_still_owes_its_answer() {
    // The search of the web ends when a page of it is being read: known of at its end only, none would be.
    let (report, events) = report_of(World {
        after: Some(("search web", "read ")),
        engines: &["quick", "slow"],
        ..World::with_model()
    })
    .await;
    let web = report.searches.iter().filter(|search| search.source == "web");
    assert!(web.clone().all(|search| search.failure.is_none()), "{web:?}");
    let tries = web.clone().count();
    let told = events
        .iter()
        .filter(|event| matches!(event, Event::Searched { source, .. } if source.as_str() == "web"));
    assert_eq!(told.count(), tries, "each search is told once, when it ends");
    let pages: Vec<&str> = report
        .sources
        .iter()
        .filter_map(|source| match &source.origin {
            Origin::Web { url } => Some(url.as_str()),
            _ => None,
        })
        .collect();
    assert!(
        pages.len() > 1,
        "what the slow engine finds is read, too: {pages:?}"
    );
    let each: std::collections::BTreeSet<&&str> = pages.iter().collect();
    assert_eq!(each.len(), pages.len(), "no page is read twice: {pages:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_search_that_fails_is_told_and_costs_nothing_else() {
    let (report, _) = report_of(World {
        after: Some(("search docs", "read ")),
        fate: Arc::new(|call: &str| Fated {
            fails: call.starts_with("search docs"),
            ..Fated::default()
        }),
        ..World::with_model()
    })
    .await;
    let failed: Vec<&str> = report
        .searches
        .iter()
        .filter(|search| search.failure.is_some())
        .map(|search| search.source.as_str())
        .collect();
    assert!(
        !failed.is_empty() && failed.iter().all(|source| *source == "docs"),
        "{failed:?}"
    );
    assert!(report.tally().claims >= 4);
}
