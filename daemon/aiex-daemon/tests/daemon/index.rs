//! The whole daemon over a real index of a small repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aiex_daemon::RepositorySource;
use aiex_protocol::repos::{AddRepo, Phase, ReindexRepo, RemoveRepo, RepoStatus, WatchMode};
use aiex_protocol::search::{SearchArgs, Stage};
use aiex_protocol::status::StatusArgs;
use aiex_protocol::{Call, ErrorCode, Event};
use tokio::net::UnixStream;

use crate::harness::{Client, Daemon, settings};

struct Place {
    _folder: tempfile::TempDir,
    root: PathBuf,
}

fn repository() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap().join("repo");
    fs::create_dir_all(root.join(".git")).unwrap();
    fs::write(root.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::create_dir_all(root.join("src")).unwrap();
    fs::write(
        root.join("src/backoff.rs"),
        "/// Waits longer after each failure.\npub fn next_pause(attempt: u32) -> u64 {\n    100 << attempt\n}\n",
    )
    .unwrap();
    fs::write(
        root.join("src/lib.rs"),
        "pub mod backoff;\n\npub fn connect() {}\n",
    )
    .unwrap();
    Place {
        _folder: folder,
        root,
    }
}

fn daemon() -> Daemon {
    Daemon::start_with(settings(), |options| {
        options.repositories = RepositorySource::Index
    })
}

fn search(root: &Path, query: &str, change: impl FnOnce(&mut SearchArgs)) -> Call {
    let mut args = SearchArgs {
        query: query.to_owned(),
        repo: root.join("src").display().to_string(),
        ..SearchArgs::default()
    };
    change(&mut args);
    Call::Search(args)
}

fn final_paths(events: &[Event]) -> Vec<String> {
    let hits = events.iter().find_map(|event| match event {
        Event::Hits(hits) if hits.stage == Stage::Final => Some(hits),
        _ => None,
    });
    hits.unwrap_or_else(|| panic!("no final hits: {events:?}"))
        .hits
        .iter()
        .map(|hit| hit.path.clone())
        .collect()
}

async fn status(client: &mut Client<UnixStream>, id: u64) -> Vec<RepoStatus> {
    let events = client.ask(id, Call::Status(StatusArgs::default())).await;
    match events.into_iter().find(|event| matches!(event, Event::Status(_))) {
        Some(Event::Status(status)) => status.repos,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_unknown_repository_is_indexed_and_answers_and_edits_show_up() {
    let (place, daemon) = (repository(), daemon());
    let mut client = daemon.connect().await;
    let complete = |args: &mut SearchArgs| args.wait_complete = true;
    let events = client.ask(1, search(&place.root, "next_pause", complete)).await;
    assert_eq!(final_paths(&events)[0], "src/backoff.rs");
    let Some(Event::Done {
        summary: Some(summary),
    }) = events.last()
    else {
        panic!("{events:?}")
    };
    assert!(summary.is_complete);
    assert_eq!(Path::new(&summary.repo), place.root);

    fs::write(
        place.root.join("src/jitter.rs"),
        "pub fn spread_evenly(pause: u64) -> u64 {\n    pause / 2\n}\n",
    )
    .unwrap();
    let fresh = |args: &mut SearchArgs| args.wait_fresh_ms = Some(30_000);
    let events = client.ask(2, search(&place.root, "spread_evenly", fresh)).await;
    assert_eq!(final_paths(&events)[0], "src/jitter.rs");

    fs::remove_file(place.root.join("src/jitter.rs")).unwrap();
    let events = client.ask(3, search(&place.root, "spread_evenly", fresh)).await;
    assert!(!final_paths(&events).contains(&"src/jitter.rs".to_owned()));

    let repos = status(&mut client, 4).await;
    assert_eq!(repos.len(), 1);
    assert_eq!(repos[0].branch.as_deref(), Some("main"));
    assert_eq!(repos[0].files_indexed, 2);
    assert!(repos[0].fresh_at_ms > 0);
    assert!(!matches!(repos[0].watch, WatchMode::Off { .. }));
}

#[tokio::test]
async fn the_first_answer_on_an_unknown_repository_is_not_empty() {
    let (place, daemon) = (repository(), daemon());
    let events = daemon
        .connect()
        .await
        .ask(1, search(&place.root, "next_pause", |_| {}))
        .await;
    assert_eq!(final_paths(&events)[0], "src/backoff.rs");
}

#[tokio::test]
async fn repositories_are_added_rebuilt_and_removed() {
    let (place, daemon) = (repository(), daemon());
    let path = place.root.display().to_string();
    let mut client = daemon.connect().await;
    let events = client
        .ask(
            1,
            Call::AddRepo(AddRepo {
                path: path.clone(),
                yes: false,
                wait: true,
            }),
        )
        .await;
    let Event::Repos { repos } = &events[events.len() - 2] else {
        panic!("{events:?}")
    };
    assert!(repos[0].is_complete && repos[0].phase == Phase::Idle, "{repos:?}");
    assert_eq!(repos[0].chunks_embedded, repos[0].chunks);

    let events = client
        .ask(
            2,
            Call::ReindexRepo(ReindexRepo {
                path: path.clone(),
                wait: true,
            }),
        )
        .await;
    assert!(matches!(events.last(), Some(Event::Done { .. })), "{events:?}");
    let events = client.ask(3, search(&place.root, "next_pause", |_| {})).await;
    assert_eq!(final_paths(&events)[0], "src/backoff.rs");

    let events = client
        .ask(4, Call::RemoveRepo(RemoveRepo { path: path.clone() }))
        .await;
    assert!(matches!(events.last(), Some(Event::Done { .. })), "{events:?}");
    assert!(status(&mut client, 5).await.is_empty());
    let events = client.ask(6, Call::RemoveRepo(RemoveRepo { path })).await;
    assert!(matches!(events.last(), Some(Event::Error(error)) if error.code == ErrorCode::NotFound));
}

#[tokio::test]
async fn a_repository_that_was_deleted_is_served_on_and_says_so() {
    let (place, daemon) = (repository(), daemon());
    let mut client = daemon.connect().await;
    client
        .ask(
            1,
            search(&place.root, "next_pause", |args| args.wait_complete = true),
        )
        .await;
    fs::remove_dir_all(&place.root).unwrap();
    let mut id = 2;
    let gone = loop {
        let repos = status(&mut client, id).await;
        if repos[0].phase == Phase::Failed {
            break repos[0].clone();
        }
        id += 1;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    assert!(gone.problem.is_some());
    assert_eq!(gone.files_indexed, 2);
    let path = place.root.display().to_string();
    let events = client.ask(9_000_000, Call::RemoveRepo(RemoveRepo { path })).await;
    assert!(matches!(events.last(), Some(Event::Done { .. })), "{events:?}");
}

#[tokio::test]
async fn a_place_that_is_no_repository_is_refused_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("notes.md"),
        "# Retry\n\nAlways wait before a retry.\n",
    )
    .unwrap();
    let daemon = daemon();
    let mut client = daemon.connect().await;
    let plain = |yes| {
        Call::Search(SearchArgs {
            query: "retry".to_owned(),
            repo: folder.path().display().to_string(),
            yes,
            wait_complete: true,
            ..SearchArgs::default()
        })
    };
    let events = client.ask(1, plain(false)).await;
    let Some(Event::Error(error)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(error.code, ErrorCode::RootRefused);
    assert!(error.hint.as_deref().unwrap().contains("--yes"));
    assert_eq!(final_paths(&client.ask(2, plain(true)).await)[0], "notes.md");
    // Once is enough.
    assert_eq!(final_paths(&client.ask(3, plain(false)).await)[0], "notes.md");
}

#[tokio::test]
async fn what_was_registered_is_taken_up_by_the_next_daemon() {
    let place = repository();
    let home = tempfile::tempdir().unwrap();
    let at_home = |options: &mut aiex_daemon::RunOptions| {
        options.home = aiex_config::Home::at(home.path());
        options.repositories = RepositorySource::Index;
    };
    let first = Daemon::start_with(settings(), at_home);
    let mut client = first.connect().await;
    client
        .ask(
            1,
            search(&place.root, "next_pause", |args| args.wait_complete = true),
        )
        .await;
    client
        .ask(
            2,
            Call::Drain {
                reason: "a restart".to_owned(),
            },
        )
        .await;
    first.ended().await;
    fs::write(
        place.root.join("src/late.rs"),
        "pub fn written_while_nobody_looked() {}\n",
    )
    .unwrap();

    let second = Daemon::start_with(settings(), at_home);
    let mut client = second.connect().await;
    let fresh = |args: &mut SearchArgs| args.wait_fresh_ms = Some(30_000);
    let events = client
        .ask(1, search(&place.root, "written_while_nobody_looked", fresh))
        .await;
    assert_eq!(final_paths(&events)[0], "src/late.rs");
}

#[tokio::test]
async fn beyond_the_memory_budget_unused_repositories_rest_until_they_are_asked_for() {
    let (one, other) = (repository(), repository());
    let mut settings = settings();
    settings.index.memory_budget = 1;
    settings.index.rest_after = Duration::from_millis(200);
    let daemon = Daemon::start_with(settings, |options| options.repositories = RepositorySource::Index);
    let mut client = daemon.connect().await;
    let complete = |args: &mut SearchArgs| args.wait_complete = true;
    client.ask(1, search(&one.root, "next_pause", complete)).await;
    client.ask(2, search(&other.root, "next_pause", complete)).await;
    let rests = |repo: &RepoStatus| repo.is_at_rest && matches!(&repo.watch, WatchMode::Off { .. });
    let mut id = 3;
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let repos = status(&mut client, id).await;
        assert_eq!(repos.len(), 2);
        if repos.iter().all(rests) {
            // What they hold is known all the same.
            assert!(
                repos.iter().all(|repo| repo.is_complete && repo.chunks > 0),
                "{repos:?}"
            );
            break;
        }
        assert!(Instant::now() < deadline, "{repos:?}");
        id += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // Nobody watched meanwhile.
    fs::write(
        one.root.join("src/jitter.rs"),
        "pub fn spread_evenly(pause: u64) -> u64 {\n    pause / 2\n}\n",
    )
    .unwrap();
    let fresh = |args: &mut SearchArgs| args.wait_fresh_ms = Some(30_000);
    let events = client
        .ask(id + 1, search(&one.root, "spread_evenly", fresh))
        .await;
    assert_eq!(final_paths(&events)[0], "src/jitter.rs");
}

#[tokio::test]
async fn on_battery_vectors_of_many_files_wait_for_mains_power() {
    let place = repository();
    let function = |name: &str| {
        let line = format!("    let {name}_value = measured.{name}.iter().sum::<u64>() / divisor;\n");
        format!(
            "pub fn {name}(measured: &Measured, divisor: u64) {{\n{}}}\n\n",
            line.repeat(10)
        )
    };
    for file in 0..50 {
        let text: String = (0..40)
            .map(|n| function(&format!("average_{file}_{n}")))
            .collect();
        fs::write(place.root.join(format!("src/averages_{file}.rs")), text).unwrap();
    }
    let supplies = tempfile::tempdir().unwrap();
    let set = |supply: &str, file: &str, text: &str| {
        let supply = supplies.path().join(supply);
        fs::create_dir_all(&supply).unwrap();
        fs::write(supply.join(file), text).unwrap();
    };
    set("BAT0", "type", "Battery\n");
    set("BAT0", "status", "Discharging\n");
    set("AC", "type", "Mains\n");
    set("AC", "online", "0\n");
    let daemon = Daemon::start_with(settings(), |options| {
        options.repositories = RepositorySource::Index;
        options.power_supplies = supplies.path().to_owned();
    });
    let mut client = daemon.connect().await;
    let fresh = |args: &mut SearchArgs| args.wait_fresh_ms = Some(30_000);
    let events = client.ask(1, search(&place.root, "average_7_3", fresh)).await;
    assert_eq!(
        final_paths(&events)[0],
        "src/averages_7.rs",
        "words need no power"
    );

    let deadline = Instant::now() + Duration::from_secs(60);
    let mut until = async |what: &str, is_so: &dyn Fn(&RepoStatus) -> bool| {
        let mut id = 2;
        loop {
            let repo = status(&mut client, id).await.remove(0);
            if is_so(&repo) {
                return repo;
            }
            assert!(Instant::now() < deadline, "not {what}: {repo:?}");
            id += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waiting = until("paused", &|repo| repo.problem.is_some()).await;
    assert!(waiting.problem.unwrap().starts_with("on battery"));
    assert!(waiting.chunks_embedded + 1000 < waiting.chunks);

    set("AC", "online", "1\n");
    let is_done = |repo: &RepoStatus| repo.chunks_embedded == repo.chunks && repo.phase == Phase::Idle;
    let done = until("complete", &is_done).await;
    assert_eq!(done.problem, None);
}
