//! A process killed while it writes leaves a store that opens and has everything that was flushed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use aiex_vector::{EdgeSettings, EdgeStore, VectorStore, quantise};
use tempfile::TempDir;

const DIMENSIONS: usize = 16;
const PLACE: &str = "AIEX_VECTOR_CRASH_TEST";
const BATCH: u64 = 20;

fn open(directory: &Path) -> EdgeStore {
    let settings = EdgeSettings {
        reserve_bytes: 1024 * 1024,
        ..EdgeSettings::default()
    };
    EdgeStore::open(directory, DIMENSIONS, settings).unwrap()
}

/// The other process: writes until it is killed, and tells each batch that is flushed.
#[test]
fn writer_that_is_killed() {
    let Some(place) = std::env::var_os(PLACE) else {
        return;
    };
    let store = open(Path::new(&place));
    let first = store.len().unwrap() as u64 * 1000;
    let vector = quantise(&[0.25; DIMENSIONS]);
    for batch in 0.. {
        let ids: Vec<u64> = (0..BATCH).map(|n| first + batch * BATCH + n).collect();
        store.upsert(&ids, &vector.repeat(ids.len())).unwrap();
        if batch % 3 != 0 {
            store.flush().unwrap();
            let mut out = std::io::stdout().lock();
            writeln!(out, "\nflushed {}", ids[0]).unwrap();
            out.flush().unwrap();
        }
    }
}

#[test]
fn what_was_flushed_survives_the_kill() {
    let directory = TempDir::new().unwrap();
    let mut flushed = Vec::new();
    for round in 0..12 {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer_that_is_killed", "--nocapture"])
            .env(PLACE, directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let told = lines
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("flushed ")?.parse::<u64>().ok());
        flushed.extend(told.take(1 + round * 5));
        writer.kill().unwrap();
        writer.wait().unwrap();

        let store = open(directory.path());
        let mut ids = Vec::new();
        store
            .ids(&mut |page| {
                ids.extend_from_slice(page);
                true
            })
            .unwrap();
        for first in &flushed {
            let lost = (*first..first + BATCH).find(|id| ids.binary_search(id).is_err());
            assert_eq!(lost, None, "round {round}");
        }
        assert_eq!(store.search(&[0.25; DIMENSIONS], 10, None).unwrap().len(), 10);
    }
}
