//! While a model writes the plan, the web is already searched for the question as it was asked.

use std::sync::Arc;
use std::time::Duration;

use aiex_research::{Budget, Depth, Event, Request, Research, RunState, Settings, SourceKind};

use super::world::{Fated, World, brisk, events, idle, open, request, until};

/// The question as the web is asked it.
const AHEAD: &str = "search web retries back-off decided errors retried";
const WORDS: &str = "retries back-off decided errors retried";

fn searches_of_the_web(world: &World) -> Vec<String> {
    let mut begun = world.begun();
    begun.retain(|call| call.starts_with("search web"));
    begun
}

#[tokio::test(flavor = "multi_thread")]
async fn the_web_is_searched_beside_the_plan_and_the_first_round_has_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    // A model that thinks until the search has begun: one after the other, the run would never end.
    let world = Arc::new(World {
        after: Some(("ask Plan", AHEAD)),
        ..World::with_model()
    });
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    let events = events(&research, &run).await;
    let report = research.report(&run).await.unwrap();

    let told = |event: &&Event| matches!(event, Event::Searched { query, source: SourceKind::Web, round: 1, .. } if query == WORDS);
    assert_eq!(events.iter().filter(told).count(), 1, "{events:?}");
    let run_of = report
        .searches
        .iter()
        .filter(|search| search.source == "web" && search.query == WORDS);
    let found: Vec<u32> = run_of.map(|search| search.found).collect();
    assert!(matches!(found[..], [found] if found > 0), "{found:?}");
    assert_eq!(world.finished()[AHEAD], 1, "it is sent once");
    assert_eq!(report.ledger.searches, world.spent(&run).searches, "and counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_over_its_plan_does_not_search_again() {
    let folder = tempfile::tempdir().unwrap();
    let thinks = |call: &str| Fated {
        waits: if call.starts_with("ask Plan") {
            Duration::from_secs(600)
        } else {
            Duration::ZERO
        },
        ..Fated::default()
    };
    let world = Arc::new(World {
        fate: Arc::new(thinks),
        ..World::with_model()
    });
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    until(
        &research,
        &run,
        |event| matches!(event, Event::Spent { ledger } if ledger.searches == 1),
    )
    .await;
    research.shutdown(Duration::ZERO).await;
    drop(research);

    let later = Arc::new(World::with_model());
    let research = open(folder.path(), &later).await;
    events(&research, &run).await;
    assert_eq!(research.show(&run).await.unwrap().summary.state, RunState::Done);
    let report = research.report(&run).await.unwrap();
    assert!(
        report
            .searches
            .iter()
            .any(|search| search.query == WORDS && search.found > 0),
        "{:?}",
        report.searches
    );
    assert!(
        !later.begun().iter().any(|call| call == AHEAD),
        "it was made before"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_over_the_plan_waits_for_what_is_paid_for() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World {
        // The search ends when it has seen the plan asked for, and the other way round.
        after: Some(("ask Plan", AHEAD)),
        fate: Arc::new(|call: &str| Fated {
            waits: Duration::from_millis(if call == AHEAD { 50 } else { 0 }),
            ..Fated::default()
        }),
        ..World::with_model()
    });
    let research = Research::open(
        folder.path(),
        world.ports(),
        Settings {
            pause_grace: Duration::from_secs(60),
            ..brisk()
        },
    )
    .await
    .unwrap();
    let run = research.start(request()).await.unwrap();
    let mut begun = world.begun.subscribe();
    begun
        .wait_for(|begun| begun.iter().any(|call| call == AHEAD))
        .await
        .unwrap();
    research.pause(&run).await.unwrap();
    idle(&research).await;
    research.resume(&run).await.unwrap();
    events(&research, &run).await;
    let asked = world.begun().iter().filter(|call| *call == AHEAD).count();
    assert_eq!(asked, 1, "what it found was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_first_search_is_overdue_the_web_is_not_asked_for_more() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody answers: the model at once, the web after the other sources were asked.
    let world = Arc::new(World {
        fate: Arc::new(|call: &str| Fated {
            fails: call.starts_with("ask") || call.starts_with("search web"),
            ..Fated::default()
        }),
        after: Some((AHEAD, "search git")),
        ..World::with_model()
    });
    let settings = Settings {
        search_overdue: Duration::ZERO,
        ..brisk()
    };
    let research = Research::open(folder.path(), world.ports(), settings)
        .await
        .unwrap();
    let run = research.start(request()).await.unwrap();
    events(&research, &run).await;
    let begun = world.begun();
    let place = |what: &str| begun.iter().position(|call| call.starts_with(what)).unwrap();
    let second = begun
        .iter()
        .position(|call| call.starts_with("search web") && call != AHEAD)
        .unwrap();
    assert!(place(AHEAD) < place("search code"), "{begun:?}");
    assert!(
        place("search git") < second,
        "others are asked at once, the web once it is known: {begun:?}"
    );
    let report = research.report(&run).await.unwrap();
    assert!(report.partial.unwrap().contains("web: web is down"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_searched_ahead_where_it_may_be_in_vain() {
    let folder = tempfile::tempdir().unwrap();
    let small = Budget {
        searches: Some(5),
        ..Budget::default()
    };
    let in_vain = [
        (
            World::with_model(),
            Request {
                budget: small,
                ..request()
            },
        ),
        (
            World::with_model(),
            Request {
                sources: vec![SourceKind::Code],
                ..request()
            },
        ),
        (
            World::with_model(),
            Request {
                plan_only: true,
                ..request()
            },
        ),
        (
            World::with_model(),
            Request {
                approve: true,
                ..request()
            },
        ),
        (
            World::plain(),
            Request {
                depth: Depth::Quick,
                template: Some("find-bug-cause".to_owned()),
                ..request()
            },
        ),
    ];
    for (at, (world, request)) in in_vain.into_iter().enumerate() {
        let world = Arc::new(world);
        let research = open(&folder.path().join(at.to_string()), &world).await;
        let run = research.start(request.clone()).await.unwrap();
        idle(&research).await;
        assert!(research.show(&run).await.is_ok());
        assert!(
            !world.begun().iter().any(|call| call == AHEAD),
            "{request:?}: {:?}",
            world.begun()
        );
        let needs_yes = request.plan_only || request.approve;
        assert!(!needs_yes || searches_of_the_web(&world).is_empty());
    }
}
