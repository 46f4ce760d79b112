//! Keys that take turns, rest and run out; engines that rest.

use std::time::Duration;

use aiex_remote::{Rate, Rests, Secret};
use aiex_web::standin::{Fault, StandIn, Wait};
use aiex_web::{Configured, Coordinator, EngineKind};

use crate::{once, only, pages, query, search};

fn with_keys(server: &StandIn, keys: &[&str]) -> Configured {
    server.always(&EngineKind::Serper, pages("example.org", 2));
    let engine = server
        .engine(EngineKind::Serper)
        .with_keys(keys.iter().map(Secret::new));
    only(server, vec![engine])
}

fn keys_used(server: &StandIn) -> Vec<String> {
    server
        .received()
        .into_iter()
        .filter_map(|request| request.key)
        .collect()
}

#[tokio::test]
async fn a_used_up_key_gives_way_to_the_next_and_is_left_alone() {
    let server = StandIn::start().unwrap();
    let configured = with_keys(&server, &["key-a", "key-b"]);
    server.on_key("key-a", Fault::KeyExhausted);
    let coordinator = Coordinator::new(&configured).unwrap();
    let query = once("tokio");
    for _ in 0..3 {
        let told = search(&coordinator, &query).await;
        assert_eq!((told.failed.len(), told.ranked.len()), (0, 2));
    }
    assert_eq!(keys_used(&server), ["key-a", "key-b", "key-b", "key-b"]);
    let parked = &coordinator.health()[0].parked;
    assert_eq!(parked.len(), 1);
    assert!(
        parked[0]
            .why
            .to_string()
            .starts_with("is used up (Not enough credits)"),
        "{}",
        parked[0].why
    );
}

#[tokio::test]
async fn a_limited_key_gives_way_at_once() {
    let server = StandIn::start().unwrap();
    let configured = with_keys(&server, &["key-a", "key-b"]);
    server.on_key("key-a", Fault::RateLimited(Wait::Seconds(60)));
    let query = once("tokio");
    let told = search(&Coordinator::new(&configured).unwrap(), &query).await;
    assert_eq!(
        (told.failed.len(), keys_used(&server)),
        (0, vec!["key-a".to_owned(), "key-b".to_owned()])
    );
}

#[tokio::test]
async fn when_every_key_is_rejected_the_engine_is_not_asked_again() {
    let server = StandIn::start().unwrap();
    let configured = with_keys(&server, &["key-a", "key-b"]);
    for key in ["key-a", "key-b"] {
        server.on_key(key, Fault::KeyRejected);
    }
    let coordinator = Coordinator::new(&configured).unwrap();
    let query = once("tokio");
    assert_eq!(search(&coordinator, &query).await.classes(), ["key_rejected"]);
    let told = search(&coordinator, &query).await;
    assert_eq!(told.classes(), ["resting"]);
    assert_eq!(
        told.failed[0].1.to_string(),
        "not asked: key 1 was rejected (Unauthorized.), key 2 was rejected (Unauthorized.)"
    );
    assert_eq!(told.failed[0].2, "Set a working key for `serper`.");
    assert_eq!(server.count(&EngineKind::Serper), 2);
}

#[tokio::test]
async fn an_engine_whose_quota_is_used_up_rests_long() {
    let server = StandIn::start().unwrap();
    let configured = with_keys(&server, &["key-a"]);
    server.on_key("key-a", Fault::KeyExhausted);
    let coordinator = Coordinator::new(&configured).unwrap();
    assert_eq!(
        search(&coordinator, &query("tokio"))
            .await
            .summary
            .failed()
            .count(),
        2
    );
    let resting = coordinator.health()[0].resting.clone().unwrap();
    assert!(resting.left > Duration::from_secs(3000), "{resting}");
    assert!(server.count(&EngineKind::Serper) <= 2);
}

#[tokio::test]
async fn an_engine_without_its_key_says_so() {
    let server = StandIn::start().unwrap();
    let told = search(
        &Coordinator::new(&with_keys(&server, &["", " "])).unwrap(),
        &query("tokio"),
    )
    .await;
    assert_eq!(told.classes(), ["key_missing", "key_missing"]);
    assert_eq!(
        told.failed[0].2,
        "Set a key for `serper`, or leave it out of the search."
    );
    assert_eq!(server.received(), []);
}

#[tokio::test]
async fn failures_in_a_row_open_the_breaker_and_a_look_closes_it() {
    let server = StandIn::start().unwrap();
    let mut configured = with_keys(&server, &["key-a"]);
    configured.backoff.attempts = 0;
    configured.rests = Rests {
        failures: 2,
        short: Duration::from_millis(40),
        long: Duration::from_secs(60),
    };
    server.script(
        &EngineKind::Serper,
        [Fault::Overloaded(500), Fault::Overloaded(503)],
    );
    let coordinator = Coordinator::new(&configured).unwrap();
    let query = once("tokio");
    for _ in 0..2 {
        assert_eq!(search(&coordinator, &query).await.classes(), ["overloaded"]);
    }
    let resting = coordinator.health()[0].resting.clone();
    assert!(resting.is_some_and(|resting| resting.reason.contains("HTTP 503")));
    while coordinator.health()[0].resting.is_some() {
        let told = search(&coordinator, &query).await;
        assert!(told.classes().iter().all(|class| *class == "resting"), "{told:?}");
    }
    assert_eq!(search(&coordinator, &query).await.classes(), [] as [&str; 0]);
    assert!(coordinator.health()[0].resting.is_none());
}

#[tokio::test]
async fn a_rate_that_leaves_no_time_is_told_and_kept() {
    let server = StandIn::start().unwrap();
    let mut configured = with_keys(&server, &["key-a"]);
    configured.engines[0].rate = Some(Rate::spaced(Duration::from_secs(60)));
    // The question and its enhanced wording: two requests, of which one fits.
    let told = search(&Coordinator::new(&configured).unwrap(), &query("tokio")).await;
    assert_eq!((told.answered.len(), told.classes()), (1, vec!["resting"]));
    assert_eq!(
        told.failed[0].1.to_string(),
        "not asked: the rate allows the next request only in 60 s"
    );
    assert_eq!(server.count(&EngineKind::Serper), 1);
}

#[tokio::test]
async fn a_wish_for_a_pause_is_kept() {
    let server = StandIn::start().unwrap();
    server.script(&EngineKind::StackExchange, [Fault::Pause(600)]);
    server.always(&EngineKind::StackExchange, pages("stackoverflow.com", 1));
    let coordinator =
        Coordinator::new(&only(&server, vec![server.engine(EngineKind::StackExchange)])).unwrap();
    assert_eq!(search(&coordinator, &query("tokio")).await.ranked.len(), 1);
    let told = search(&coordinator, &query("tokio")).await;
    assert_eq!(told.classes(), ["resting"]);
    assert!(
        told.failed[0].1.to_string().contains("rests for 10 min"),
        "{}",
        told.failed[0].1
    );
    assert_eq!(server.count(&EngineKind::StackExchange), 1);
}

#[tokio::test]
async fn no_key_is_printed() {
    let server = StandIn::start().unwrap();
    let configured = with_keys(&server, &["key-very-secret"]);
    server.on_key("key-very-secret", Fault::KeyRejected);
    let coordinator = Coordinator::new(&configured).unwrap();
    let told = search(&coordinator, &once("tokio")).await;
    assert_eq!(told.classes(), ["key_rejected"]);
    for shown in [
        format!("{configured:?}"),
        format!("{coordinator:?}"),
        format!("{told:?}"),
        format!("{:?}", coordinator.health()),
    ] {
        assert!(!shown.contains("key-very-secret"), "{shown}");
    }
}
