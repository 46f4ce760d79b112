//! Many clients look at one run.

use std::sync::Arc;
use std::time::Duration;

use aiex_research::{Event, RunState};
use futures_util::future;

use super::world::{Fated, LONG, World, events, open, request};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_followers_miss_nothing_and_a_stalled_one_hinders_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let slow = |_: &str| Fated {
        waits: Duration::from_millis(5),
        ..Fated::default()
    };
    let world = Arc::new(World {
        fate: Arc::new(slow),
        ..World::with_model()
    });
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    let mut stalled = research.follow(&run, 0).await.unwrap();
    let first = stalled.next().await.unwrap().unwrap();
    assert!(matches!(first.event, Event::Created { .. }));

    let followers = (0..199_u64).map(|at| {
        let (research, run) = (research.clone(), run.clone());
        tokio::spawn(async move {
            let from = at % 7;
            let mut follow = research.follow(&run, from).await.unwrap();
            let mut next = from.max(1);
            while let Some(entry) = follow.next().await {
                assert_eq!(entry.unwrap().seq, next, "in order, without gaps");
                next += 1;
            }
            next - 1
        })
    });
    let ends = tokio::time::timeout(LONG, future::join_all(followers))
        .await
        .expect("the run is not held up");
    let last = research.show(&run).await.unwrap().last_seq;
    for end in ends {
        assert_eq!(end.unwrap(), last);
    }
    // The run is over; the stalled one reads on where it stood.
    let mut seen = 1;
    while let Some(entry) = stalled.next().await {
        seen += 1;
        assert_eq!(entry.unwrap().seq, seen);
    }
    assert_eq!(seen, last);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_can_be_followed_after_its_end_and_from_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::plain());
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    let live = events(&research, &run).await;
    research.shutdown(Duration::ZERO).await;
    drop(research);
    let research = open(folder.path(), &world).await;
    assert_eq!(events(&research, &run).await, live);
    assert_eq!(research.show(&run).await.unwrap().summary.state, RunState::Done);
    let mut beyond = research.follow(&run, live.len() as u64 + 5).await.unwrap();
    assert!(beyond.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_run_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::plain());
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    events(&research, &run).await;
    assert!(!research.whole_graph().await.unwrap().is_empty());
    research.remove(&run).await.unwrap();
    assert!(research.whole_graph().await.unwrap().is_empty());
    assert!(research.show(&run).await.is_err());
    assert!(research.list().await.unwrap().is_empty());
    let error = research.follow(&run, 0).await.unwrap_err();
    assert_eq!(error.to_string(), format!("there is no run {run}"));
}
