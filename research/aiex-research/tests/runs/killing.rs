//! The process dies at every commit, and the run goes on without repeating anything.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aiex_evidence::KnowledgeGraph;
use aiex_research::{Depth, Request, Research, RunState, Settings, SourceKind};

use super::world::{Fated, LONG, World, brisk, events, idle, open, request};

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

/// Engines whose answers the store has, each with what it was asked, as the world counts them.
fn kept_answers(folder: &Path) -> Vec<String> {
    let store = rusqlite::Connection::open(folder.join("research.db")).unwrap();
    let mut lines = store
        .prepare("SELECT body FROM journal WHERE key LIKE 'answer/%'")
        .unwrap();
    let bodies = lines.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let answer = |body: String| {
        let kept: serde_json::Value = serde_json::from_str(&body).unwrap();
        let answer = &kept["outcome"]["value"];
        format!(
            "engine {} {}",
            answer["engine"].as_str().unwrap(),
            answer["body"].as_str().unwrap()
        )
    };
    bodies.map(|body| answer(body.unwrap())).collect()
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
    let kept = kept_answers(folder.path());

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
    let finished = world.finished();
    for answer in kept {
        assert_eq!(
            finished.get(&answer),
            Some(&1),
            "killed after {commits} commits: {answer}"
        );
    }
    // An engine answers before its search ends.
    let calls = finished.iter().filter(|(call, _)| !call.starts_with("engine "));
    let repeated: u32 = calls.map(|(_, times)| times - 1).sum();
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

/// How long searches are waited for as a rule.
fn usual() -> Duration {
    Settings::default().search_patience
}

fn quick() -> Request {
    Request {
        depth: Depth::Quick,
        ..request()
    }
}

async fn killed_everywhere(make: fn() -> World, patience: Duration) -> u64 {
    let mut commits = 0;
    while killed_after(commits, make, &quick(), patience).await.is_some() {
        commits += 1;
    }
    commits
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_commit_a_run_with_a_model_repeats_nothing_that_ended() {
    let commits = killed_everywhere(World::with_model, usual()).await;
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
        usual(),
    )
    .await;
    assert!(commits > 40, "{commits}");
}

/// Which searches others did not wait for is kept, and what was heard of them by then: it has its place in the order of
/// sources, by which everything after it is named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_commit_a_run_that_does_not_wait_for_slow_searches_repeats_nothing_that_ended() {
    let slow = || World {
        engines: &["quick", "slow"],
        fate: Arc::new(|call: &str| {
            let is_slow = call.starts_with("search docs") || call.starts_with("engine slow");
            Fated {
                waits: Duration::from_millis(if is_slow { 40 } else { 0 }),
                ..Fated::default()
            }
        }),
        ..World::with_model()
    };
    let commits = killed_everywhere(slow, Duration::ZERO).await;
    assert!(commits > 40, "{commits}");
}

/// While one engine of a search owes its answer, those of the others are kept already.
#[tokio::test(flavor = "multi_thread")]
async fn killed_while_an_engine_owes_an_answer_only_that_one_is_asked_again() {
    let one_part = || Request {
        question: "How are retries with back-off decided?".to_owned(),
        ..quick()
    };
    let folder = tempfile::tempdir().unwrap();
    let silent = World {
        engines: &["quick", "quicker", "slow"],
        sources: vec![SourceKind::Web],
        fate: Arc::new(|call: &str| Fated {
            waits: if call.starts_with("engine slow") {
                LONG
            } else {
                Duration::ZERO
            },
            ..Fated::default()
        }),
        ..World::plain()
    };
    let silent = Arc::new(silent);
    let research = open(folder.path(), &silent).await;
    let run = research.start(one_part()).await.unwrap();
    let has_begun = |begun: &Vec<String>| begun.iter().any(|call| call.starts_with("engine slow"));
    let mut begun = silent.begun.subscribe();
    tokio::time::timeout(LONG, begun.wait_for(has_begun))
        .await
        .unwrap()
        .unwrap();
    // The slow one begins when the store has the answers of the others.
    research.shutdown(Duration::ZERO).await;
    drop(research);
    assert_eq!(kept_answers(folder.path()).len(), 2);

    let well = Arc::new(World {
        engines: silent.engines,
        sources: silent.sources.clone(),
        ..World::plain()
    });
    let research = open(folder.path(), &well).await;
    events(&research, &run).await;
    let asked: Vec<String> = well
        .begun()
        .into_iter()
        .filter(|call| call.starts_with("engine "))
        .collect();
    assert!(
        asked.len() == 1 && asked[0].starts_with("engine slow "),
        "{asked:?}"
    );
    let report = research.report(&run).await.unwrap();
    let undisturbed = World {
        engines: silent.engines,
        sources: silent.sources.clone(),
        ..World::plain()
    };
    let whole = super::world::report(&Arc::new(undisturbed), one_part()).await;
    assert_eq!(report.sections, whole.sections);
    assert_eq!(report.searches, whole.searches);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_commit_a_run_without_a_model_repeats_nothing_that_ended() {
    let commits = killed_everywhere(World::plain, usual()).await;
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
