//! The store: incremental, interrupted, damaged, shared with searches.

use std::sync::atomic::{AtomicUsize, Ordering};

use aiex_history::HistoryError;

use crate::repo::{Repo, subjects, update};

fn many(count: usize) -> Repo {
    let repo = Repo::new();
    // One process for all of them: `fast-import` reads commits from its input.
    let mut stream = String::new();
    for n in 0..count {
        let text = format!("value {n}\n");
        let message = format!("Commit {n}");
        stream += &format!(
            "commit refs/heads/main\ncommitter Ada <ada@example.org> {} +0000\ndata {}\n{message}\nM 644 inline f{}\ndata {}\n{text}\n",
            1_700_000_000 + n * 60,
            message.len(),
            n % 7,
            text.len()
        );
    }
    std::fs::write(repo.at("stream"), stream).unwrap();
    let input = std::fs::File::open(repo.at("stream")).unwrap();
    let done = std::process::Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(repo.at("repo"))
        .stdin(input)
        .status()
        .unwrap();
    assert!(done.success());
    repo
}

#[test]
fn an_update_reads_only_what_is_new() {
    let mut repo = Repo::new();
    repo.commit("One", &[("a", "1\n")]);
    let history = repo.history();
    assert_eq!(update(&history).added, 1);
    assert_eq!(update(&history).added, 0);
    repo.commit("Two", &[("a", "2\n")]);
    assert_eq!(update(&history).added, 1);
    drop(history);
    let history = repo.history();
    assert_eq!(update(&history).added, 0, "the store outlives the process");
    assert_eq!(subjects(&history, ""), ["Two", "One"]);
}

#[test]
fn a_cancelled_update_goes_on_where_it_stopped() {
    let repo = many(1_000);
    let history = repo.history();
    let asked = AtomicUsize::new(0);
    // The walk asks once for each commit, then the reading does.
    let cancel = || asked.fetch_add(1, Ordering::Relaxed) > 1_600;
    assert!(matches!(history.update(&cancel), Err(HistoryError::Cancelled)));
    let status = history.status().unwrap();
    assert!(!status.complete);
    assert!(
        (256..1_000).contains(&status.commits) && status.commits.is_multiple_of(256),
        "whole batches: {}",
        status.commits
    );
    assert_eq!(
        subjects(&history, "\"Commit 999\"")[0],
        "Commit 999",
        "the newest come first, and are found already"
    );
    let updated = update(&history);
    assert_eq!(updated.added, 1_000 - status.commits);
    assert!(history.status().unwrap().complete);
}

#[test]
fn a_copy_of_the_files_taken_at_any_instant_is_a_sound_store() {
    // What a kill leaves is what is in the files at that instant.
    let repo = many(600);
    let history = repo.history();
    let asked = AtomicUsize::new(0);
    let copies = AtomicUsize::new(0);
    let snapshot = || {
        if asked.fetch_add(1, Ordering::Relaxed) % 90 == 89 {
            let copy = repo.at(&format!("copy{}", copies.fetch_add(1, Ordering::Relaxed)));
            std::fs::create_dir_all(&copy).unwrap();
            // Between batches nothing is being written; the log is copied last, as a crash would keep it whole.
            for file in ["history.db", "history.db-wal"] {
                let _absent = std::fs::copy(repo.at("store").join(file), copy.join(file));
            }
        }
        false
    };
    history.update(&snapshot).unwrap();
    assert!(copies.load(Ordering::Relaxed) > 5);
    for n in 0..copies.load(Ordering::Relaxed) {
        let folder = repo.at(&format!("copy{n}"));
        let history = aiex_history::History::open(&repo.at("repo"), &folder, Default::default()).unwrap();
        let updated = update(&history);
        assert_eq!(updated.renewed, None, "copy {n}");
        assert_eq!(history.status().unwrap().commits, 600, "copy {n}");
        assert_eq!(subjects(&history, "\"value 17\"")[0], "Commit 17");
    }
}

#[test]
fn a_damaged_store_is_begun_anew() {
    let repo = many(300);
    let history = repo.history();
    update(&history);
    drop(history);
    let file = repo.at("store/history.db");

    std::fs::write(
        &file,
        "this is no database, but it is long enough to have a header of one".repeat(50),
    )
    .unwrap();
    let history = repo.history();
    assert_eq!(update(&history).added, 300);
    drop(history);

    // Damage further in is found on the way.
    let mut bytes = std::fs::read(&file).unwrap();
    for page in bytes.chunks_mut(4096).skip(1) {
        page[..64].fill(0xAA);
    }
    std::fs::write(&file, bytes).unwrap();
    let history = repo.history();
    let updated = update(&history);
    assert_eq!(updated.added, 300);
    assert_eq!(subjects(&history, "\"value 17\"")[0], "Commit 17");
}

#[test]
fn searches_do_not_wait_for_an_update() {
    let repo = many(600);
    let history = repo.history();
    let searched = AtomicUsize::new(0);
    let asked = AtomicUsize::new(0);
    let cancel = || {
        // In the middle of the update, on one of its threads.
        if asked.fetch_add(1, Ordering::Relaxed) == 1_000 {
            searched.store(subjects(&history, "Commit").len(), Ordering::Relaxed);
        }
        false
    };
    history.update(&cancel).unwrap();
    assert!(
        searched.load(Ordering::Relaxed) > 0,
        "the first batch was found while the second was read"
    );
}
