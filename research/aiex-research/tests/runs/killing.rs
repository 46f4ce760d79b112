//! The process dies at every commit, and the run goes on without repeating anything.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aiex_evidence::KnowledgeGraph;
use aiex_research::{Depth, Request, Research, RunState, Settings};

use super::world::{Fated, World, brisk, events, idle, open, request};

/// Calls that had begun and not ended in the store.
fn open_calls(folder: &Path) -> u32 {
    let store = rusqlite::Connection::open(folder.join("research.db")).unwrap();
    let lines: HashMap<(String, String), i64> = store
        .prepare("SELECT kind, key, count(*) FROM journal GROUP BY kind, key")
        .unwrap()
        .query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let began = lines.iter().filter(|((kind, _), _)| kind == "began");
    began
        .filter(|((_, key), _)| !lines.contains_key(&("ended".to_owned(), key.clone())))
        .count() as u32
}

fn count(folder: &Path, sql: &str) -> i64 {
    let store = rusqlite::Connection::open(folder.join("research.db")).unwrap();
    store.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn with_report(folder: &Path) -> i64 {
    count(folder, "SELECT count(*) FROM reports")
}

fn with_graph(folder: &Path) -> i64 {
    count(folder, "SELECT count(*) FROM graph_runs")
}

/// Kills a run after so many commits, resumes it, and returns the report's size; `None` when it had ended before.
async fn killed_after(
    commits: u64,
    make: fn() -> World,
    request: &Request,
    patience: Duration,
) -> Option<()> {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(make());
    let settings = Settings {
        dies_after_commits: Some(commits),
        search_patience: patience,
        ..brisk()
    };
    let research = Research::open(folder.path(), world.ports(), settings)
        .await
        .unwrap();
    let started = research.start(request.clone()).await;
    idle(&research).await;
    let ended = match &started {
        Ok(run) => research.show(run).await.unwrap().summary.state == RunState::Done,
        Err(_) => false,
    };
    drop(research);
    if ended {
        return None;
    }
    // Whatever it died at: where there is a report, there is its graph.
    assert_eq!(with_report(folder.path()), with_graph(folder.path()));
    let open_calls = open_calls(folder.path());

    let settings = Settings {
        search_patience: patience,
        ..brisk()
    };
    let research = Research::open(folder.path(), world.ports(), settings)
        .await
        .unwrap();
    let run = match research.list().await.unwrap().first() {
        Some(summary) => summary.id.clone(),
        None => {
            assert_eq!(commits, 0, "a run that was started is there");
            return Some(());
        }
    };
    events(&research, &run).await;
    assert_eq!(research.show(&run).await.unwrap().summary.state, RunState::Done);
    let report = research.report(&run).await.unwrap();
    assert!(report.tally().claims >= 4);
    assert_eq!(
        research.whole_graph().await.unwrap(),
        KnowledgeGraph::of(&report),
        "the graph has what the run has found, once"
    );
    let repeated: u32 = world.finished().values().map(|times| times - 1).sum();
    assert!(
        repeated <= open_calls,
        "killed after {commits} commits: {repeated} calls were repeated, {open_calls} had not ended: {:?}",
        world
            .finished()
            .iter()
            .filter(|(_, times)| **times > 1)
            .collect::<Vec<_>>()
    );
    Some(())
}

async fn killed_everywhere(make: fn() -> World, request: Request) -> u64 {
    let patience = Settings::default().search_patience;
    let mut commits = 0;
    while killed_after(commits, make, &request, patience).await.is_some() {
        commits += 1;
    }
    commits
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_commit_a_run_with_a_model_repeats_nothing_that_ended() {
    let commits = killed_everywhere(
        World::with_model,
        Request {
            depth: Depth::Quick,
            ..request()
        },
    )
    .await;
    assert!(
        commits > 40,
        "every step is kept by a commit of its own: {commits}"
    );
}

/// What a model was not shown is kept with what it said: after a kill another model may be the one that is asked, and
/// nothing that was answered is asked of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_commit_a_run_whose_models_see_different_parts_repeats_nothing_that_ended() {
    let commits = killed_everywhere(
        || World {
            models_take_turns: true,
            ..World::with_model()
        },
        Request {
            depth: Depth::Quick,
            ..request()
        },
    )
    .await;
    assert!(commits > 40, "{commits}");
}

/// Which searches others did not wait for is kept: what they found has its place in the order of sources, by which
/// everything after it is named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_commit_a_run_with_late_searches_repeats_nothing_that_ended() {
    let slow = || World {
        fate: Arc::new(|call: &str| Fated {
            waits: Duration::from_millis(if call.starts_with("search docs") { 40 } else { 0 }),
            ..Fated::default()
        }),
        ..World::with_model()
    };
    let request = Request {
        depth: Depth::Quick,
        ..request()
    };
    let mut commits = 0;
    while killed_after(commits, slow, &request, Duration::ZERO)
        .await
        .is_some()
    {
        commits += 1;
    }
    assert!(commits > 40, "{commits}");
}

/// What was heard of a search before its end is kept with that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_commit_a_run_that_reads_what_one_engine_found_repeats_nothing_that_ended() {
    let slow = || World {
        tells_early: true,
        fate: Arc::new(|call: &str| Fated {
            waits: Duration::from_millis(if call.starts_with("search web") { 40 } else { 0 }),
            ..Fated::default()
        }),
        ..World::with_model()
    };
    let request = Request {
        depth: Depth::Quick,
        ..request()
    };
    let mut commits = 0;
    while killed_after(commits, slow, &request, Duration::ZERO)
        .await
        .is_some()
    {
        commits += 1;
    }
    assert!(commits > 40, "{commits}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_commit_a_run_without_a_model_repeats_nothing_that_ended() {
    let commits = killed_everywhere(
        World::plain,
        Request {
            depth: Depth::Quick,
            ..request()
        },
    )
    .await;
    assert!(commits > 20, "{commits}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_report_is_the_report_of_an_undisturbed_run() {
    let whole = super::world::report(&Arc::new(World::with_model()), request()).await;
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::with_model());
    let settings = Settings {
        dies_after_commits: Some(60),
        ..brisk()
    };
    let research = Research::open(folder.path(), world.ports(), settings)
        .await
        .unwrap();
    let run = research.start(request()).await.unwrap();
    idle(&research).await;
    drop(research);
    let research = open(folder.path(), &world).await;
    events(&research, &run).await;
    let resumed = research.report(&run).await.unwrap();
    assert_eq!(resumed.sections, whole.sections);
    assert_eq!(resumed.quotes, whole.quotes);
    assert_eq!(resumed.searches, whole.searches);
}
