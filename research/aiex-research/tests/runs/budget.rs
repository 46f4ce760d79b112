//! No limit is ever passed.

use std::sync::{Arc, Mutex};

use aiex_research::{Budget, Depth, Event, Request, RunState, SourceKind};
use futures_util::future;

use super::world::{Fated, World, events, open, request};

/// Calls take up to this long on the world's clock: some runs run out of time.
const SLOWEST_MS: u64 = 3000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_thousand_random_runs_no_limit_is_passed() {
    let batches = (0..10).map(|batch| tokio::spawn(a_hundred_runs(batch)));
    for batch in future::join_all(batches).await {
        batch.unwrap();
    }
}

/// Random limits, random failures, random latencies. Each batch has a world and a clock of its own, and one run at a
/// time: the time of one must not pass for another.
async fn a_hundred_runs(batch: u64) {
    let folder = tempfile::tempdir().unwrap();
    let dice = Mutex::new(fastrand::Rng::with_seed(batch));
    let fate = move |_: &str| {
        let mut dice = dice.lock().unwrap();
        Fated {
            fails: dice.f64() < 0.1,
            takes_ms: dice.u64(..SLOWEST_MS),
            ..Fated::default()
        }
    };
    let price = if batch % 5 == 4 {
        None
    } else {
        Some(1000 * (batch + 1))
    };
    let world = Arc::new(World {
        fate: Arc::new(fate),
        tries: 1 + batch % 4,
        price,
        ..World::with_model()
    });
    let research = open(folder.path(), &world).await;
    let mut dice = fastrand::Rng::with_seed(1000 + batch);
    for _ in 0..100 {
        let mut some = |most: u64| (dice.f64() < 0.7).then(|| dice.u64(..most));
        let budget = Budget {
            wall_seconds: some(40),
            tokens: some(30_000),
            micro_dollars: some(60_000),
            fetches: some(4).map(|n| n as u32),
            searches: some(12).map(|n| n as u32),
        };
        let request = Request {
            depth: Depth::Quick,
            sources: vec![SourceKind::Code, SourceKind::Web],
            budget,
            ..request()
        };
        let limits = request.limits();
        let run = research.start(request).await.unwrap();
        events(&research, &run).await;
        let view = research.show(&run).await.unwrap();
        assert!(
            matches!(view.summary.state, RunState::Done | RunState::Failed),
            "{view:?}"
        );
        let spent = world.spent(&run);
        assert!(spent.searches <= limits.searches, "{spent:?} {limits:?}");
        assert!(spent.fetches <= limits.fetches, "{spent:?} {limits:?}");
        assert!(spent.tokens <= limits.tokens, "{spent:?} {limits:?}");
        assert!(
            limits.micro_dollars.is_none_or(|cap| spent.micro_dollars <= cap),
            "{spent:?} {limits:?}"
        );
        assert!(
            view.ledger.wall_ms <= limits.wall_ms,
            "{:?} {limits:?}",
            view.ledger
        );
        if price.is_none() && limits.micro_dollars.is_some() {
            assert_eq!(spent.model_calls, 0, "what has no price is not bought");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_budget_still_ends_in_a_report_and_says_what_ran_out() {
    let world = Arc::new(World::with_model());
    let budget = Budget {
        searches: Some(2),
        fetches: Some(0),
        ..Budget::default()
    };
    let report = super::world::report(&world, Request { budget, ..request() }).await;
    assert!(report.tally().claims > 0);
    let why = report.partial.unwrap();
    assert!(why.contains("the budget for searching was used up"), "{why}");
    assert!(
        why.contains("the budget of searches is used, or has no room"),
        "{why}"
    );
    assert_eq!(report.ledger.searches, 2);
}

/// What calls in flight have reserved is mostly not spent: a call that does not fit beside them waits for them, and the
/// last one takes what is left.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_reserved_for_tries_that_are_not_made_keeps_nobody_from_the_model() {
    let asked = async |tries| {
        let world = Arc::new(World {
            tries,
            ..World::with_model()
        });
        let report = super::world::report(&world, request()).await;
        assert_eq!(report.partial, None);
        report.ledger.model_calls
    };
    let calls = asked(1).await;
    assert!(calls > 5, "{calls}");
    assert_eq!(asked(15).await, calls);
    assert_eq!(asked(1_000_000).await, calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn gathering_leaves_a_reserve_for_the_report() {
    let world = Arc::new(World::with_model());
    let budget = Budget {
        tokens: Some(16_000),
        ..Budget::default()
    };
    let report = super::world::report(&world, Request { budget, ..request() }).await;
    assert_eq!(
        report.model.as_deref(),
        Some("scripted"),
        "there was enough left to write"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_may_not_search_says_that_it_may_not() {
    let world = Arc::new(World::with_model());
    let budget = Budget {
        searches: Some(0),
        ..Budget::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let research = open(folder.path(), &world).await;
    let run = research.start(Request { budget, ..request() }).await.unwrap();
    let told = events(&research, &run).await;
    let Some(Event::Failed { reason, hint }) = told.last() else {
        panic!("{told:?}");
    };
    assert!(
        reason.contains("the budget of searches is used, or has no room"),
        "{reason}"
    );
    assert!(hint.starts_with("allow more searches"), "{hint}");
}
