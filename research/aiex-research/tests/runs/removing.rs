//! What a removed run leaves: nothing, and its room.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aiex_research::{Research, RunId};
use rusqlite::Connection;

use super::world::{LONG, World, events, open, request};

fn size(folder: &Path) -> u64 {
    let of = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |found| found.len());
    of("research.db") + of("research.db-wal")
}

/// Bytes put into a run's journal, as long reports and many pages would.
const BALLAST: usize = 16 << 20;

/// A run that takes a lot of room.
async fn large_run(research: &Research, folder: &Path) -> RunId {
    let run = research.start(request()).await.unwrap();
    events(research, &run).await;
    let raw = Connection::open(folder.join("research.db")).unwrap();
    raw.busy_timeout(Duration::from_secs(5)).unwrap();
    for number in 0..64 {
        raw.execute(
            "INSERT INTO journal (run, ord, generation, at_ms, kind, key, body) VALUES (?1, ?2, 0, 0, 'ended', ?2, ?3)",
            rusqlite::params![run.0, 1_000_000 + number, "x".repeat(BALLAST / 64)],
        )
        .unwrap();
    }
    run
}

async fn until_smaller(folder: &Path, bytes: u64) {
    let began = Instant::now();
    while size(folder) >= bytes {
        assert!(began.elapsed() < LONG, "the store takes {} bytes", size(folder));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_room_of_a_removed_run_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::plain());
    let research = open(folder.path(), &world).await;
    let kept = research.start(request()).await.unwrap();
    events(&research, &kept).await;
    let run = large_run(&research, folder.path()).await;
    let large = size(folder.path());
    assert!(large > BALLAST as u64, "{large}");
    research.remove(&run).await.unwrap();
    // Runs go on meanwhile: the room goes back between their commits.
    let next = research.start(request()).await.unwrap();
    events(&research, &next).await;
    // The log may keep four mebibytes for the next writes.
    until_smaller(folder.path(), 8 << 20).await;
    assert_eq!(research.list().await.unwrap().len(), 2);
    assert!(research.report(&kept).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_from_before_room_was_given_back_gives_it_back_too() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::plain());
    let research = open(folder.path(), &world).await;
    let run = large_run(&research, folder.path()).await;
    research.shutdown(Duration::ZERO).await;
    drop(research);
    let file = folder.path().join("research.db");
    let began = Instant::now();
    // The store's own thread may be a moment in letting go.
    loop {
        let raw = Connection::open(&file).unwrap();
        let changed = raw.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM;");
        let mode: u32 = raw
            .pragma_query_value(None, "auto_vacuum", |row| row.get(0))
            .unwrap();
        if changed.is_ok() && mode == 0 {
            break;
        }
        assert!(began.elapsed() < LONG, "{changed:?}");
    }
    let research = open(folder.path(), &world).await;
    research.remove(&run).await.unwrap();
    until_smaller(folder.path(), 8 << 20).await;
}
