//! What the store on disk takes of memory, as the system counts it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use aiex_vector::{EdgeSettings, EdgeStore, VectorStore};

const DIMENSIONS: usize = 256;

fn fill(store: &EdgeStore, ids: std::ops::Range<u64>) {
    let random = &mut bytes_from(ids.start);
    let ids: Vec<u64> = ids.collect();
    let vectors: Vec<i8> = (0..ids.len() * DIMENSIONS).map(|_| random()).collect();
    store.upsert(&ids, &vectors).unwrap();
    store.flush().unwrap();
}

/// Bytes without a pattern, the same in every run.
fn bytes_from(seed: u64) -> impl FnMut() -> i8 {
    let mut state = seed | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as i8
    }
}

/// Bytes of the vectors' files: those on disk, and those of their pages that the process holds, by every mapping.
fn vectors(directory: &Path) -> (u64, u64) {
    let mut on_disk = 0;
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().to_string_lossy().into_owned();
            match entry.metadata().unwrap() {
                folder if folder.is_dir() => folders.push(entry.path()),
                file if name.starts_with("chunk_") => on_disk += file.blocks() * 512,
                _ => {}
            }
        }
    }
    let mut held = 0;
    let mut is_ours = false;
    for line in fs::read_to_string("/proc/self/smaps").unwrap().lines() {
        if line.contains(" r") && line.contains('-') {
            is_ours = line.contains(&*directory.to_string_lossy()) && line.contains("/chunk_");
        } else if let Some(size) = line.strip_prefix("Rss:").filter(|_| is_ours) {
            held += size.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024;
        }
    }
    (on_disk, held)
}

/// Asks for some here and there, as every search does.
fn search(store: &EdgeStore) {
    let query: Vec<f32> = (0..DIMENSIONS).map(|at| (at as f32).sin()).collect();
    assert_eq!(store.search(&query, 300, None).unwrap().len(), 300);
}

fn assert_held_once(directory: &Path) {
    let (on_disk, held) = vectors(directory);
    assert!(30_000 * DIMENSIONS as u64 <= on_disk, "{on_disk}");
    assert!(held < on_disk * 5 / 4, "{held} bytes are held of {on_disk}");
}

#[test]
fn vectors_are_held_once_however_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let open = || EdgeStore::open(folder.path(), DIMENSIONS, EdgeSettings::default()).unwrap();
    let store = open();
    fill(&store, 0..20_000);
    store.warm(&|| false).unwrap();
    // More than are left unread.
    fill(&store, 20_000..30_000);
    store.warm(&|| false).unwrap();
    search(&store);
    assert_held_once(folder.path());
    drop(store);
    let store = open();
    // Before there is anything but the vectors to look at.
    search(&store);
    store.warm(&|| false).unwrap();
    search(&store);
    assert_held_once(folder.path());
    // Nothing was changed, so whoever kills the process now leaves a store that can tell its bytes from wrong ones.
    assert!(folder.path().join("current/shard/seal.json").exists());
    store.verify().unwrap();
    drop(store);
    open().verify().unwrap();
}
