//! Bad days: requests that fail by chance, and engines that are all down.

use aiex_remote::Rests;
use aiex_web::standin::{Page, StandIn, every_kind};
use aiex_web::{Coordinator, EngineKind};

use crate::{only, query, search};

/// Three requests in ten fail: every search ends, says what failed, and finds what those found that answered.
#[tokio::test]
async fn every_search_ends_when_three_requests_in_ten_fail() {
    let server = StandIn::start().unwrap();
    server.publish([Page::new("https://tokio.rs/", "tokio", "tokio is a runtime")]);
    server.fail_by_chance(0.3, 4);
    let mut configured = server.configured();
    // The breaker has tests of its own; here every engine is asked every time.
    configured.rests = Rests {
        failures: u32::MAX,
        ..Rests::default()
    };
    let coordinator = Coordinator::new(&configured).unwrap();
    let (mut failed, mut answered) = (0, 0);
    for _ in 0..60 {
        let mut query = query("tokio");
        query.engines = Some(every_kind().iter().map(|kind| kind.label().to_owned()).collect());
        let told = search(&coordinator, &query).await;
        failed += told.failed.len();
        answered += told.answered.len();
        assert_eq!(told.summary.runs.len(), told.answered.len() + told.failed.len());
        assert!(
            told.summary.runs.iter().all(|run| run.requests <= 3),
            "{:?}",
            told.summary.runs
        );
        // The page's address; docs.rs knows only the crate's overview.
        let found = told
            .answered
            .iter()
            .any(|(_, _, hits)| hits.iter().any(|hit| hit.url == "https://tokio.rs/"));
        assert_eq!(told.urls().contains(&"https://tokio.rs/"), found);
    }
    assert!(
        failed > 20 && answered > failed,
        "{failed} failed, {answered} answered"
    );
}

#[tokio::test]
async fn when_everything_is_down_each_engine_says_so() {
    let server = StandIn::start().unwrap();
    let nowhere = StandIn::nowhere().unwrap();
    let kinds = [EngineKind::Serper, EngineKind::SearxNg, EngineKind::Wikipedia];
    let engines = kinds.map(|kind| server.engine(kind).at(&nowhere)).to_vec();
    let told = search(
        &Coordinator::new(&only(&server, engines)).unwrap(),
        &query("tokio"),
    )
    .await;
    assert!(told.summary.all_failed() && told.ranked.is_empty());
    assert_eq!(told.order.last().map(String::as_str), Some("done"));
    // The breaker of an engine that was asked in two wordings may open between them.
    assert!(
        told.classes()
            .iter()
            .all(|class| ["unreachable", "resting"].contains(class)),
        "{:?}",
        told.classes()
    );
}
