//! What the watcher makes of events that were really lost, in the kernel's queue or in its own.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Request, Worker};
use crate::root::Root;
use crate::rules::{Rules, RulesOptions};
use crate::watch::{Batch, RescanReason, Synced, WatchBudget, WatchOptions};

const DEADLINE: Duration = Duration::from_secs(30);

/// More than either queue takes, with four events of the kernel's and two of ours for each file that is written.
const FILES: usize = 10_000;

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[track_caller]
fn expect(batches: &Receiver<Batch>, expected: impl Fn(&Batch) -> bool) {
    while !expected(&batches.recv_timeout(DEADLINE).expect("a batch")) {}
}

fn names(batch: &Batch, path: &str) -> bool {
    matches!(batch, Batch::Changed(changed) if changed.iter().any(|changed| changed.to_string() == path))
}

/// Who waits for a cookie whose event is lost.
fn wait(requests: &Sender<Request>) -> Receiver<Synced> {
    let (acknowledge, acknowledged) = bounded(1);
    let cookie = Some("nobody hears of it".to_owned());
    requests.send(Request { cookie, acknowledge }).unwrap();
    acknowledged
}

/// While events are held back by `is_held`, or while nobody reads them, more happens than the queues take, and then
/// what a scan alone does not make good: folders come and go and come again, and rules change.
fn nothing_is_missed(is_held: bool) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().canonicalize().unwrap();
    for file in [
        "flood/a.rs",
        "again/deep/a.rs",
        "moved/a.rs",
        "out/a.rs",
        "gone/deep/a.rs",
    ] {
        write(&path.join(file), "one");
    }
    fs::create_dir(path.join(".git")).unwrap();
    let root = Root::discover(&path, None, false).unwrap();
    let rules = Arc::new(Rules::load(&root, RulesOptions::default()));
    let budget = Arc::new(WatchBudget::new(100));
    let (out, batches) = bounded(1_000);
    let (requests, received) = bounded(8);
    let stop = Arc::new(AtomicBool::new(false));
    let options = WatchOptions::new(Arc::clone(&budget));
    let mut worker = Worker::new(&root, rules, options, out, received, stop).unwrap();

    let gate = Arc::new(Mutex::new(()));
    let held = Arc::clone(&gate);
    worker.watches.folders = Default::default();
    assert!(worker.start_source(move || drop(held.lock().unwrap())));
    worker.watch_tree(None, None);
    let before = budget.used();
    assert_eq!(before, 2 + 7);

    let barrier = is_held.then(|| gate.lock().unwrap());
    for number in 0..FILES {
        write(&path.join(format!("flood/f{number}.rs")), "x");
    }
    for dir in ["again", "gone", ".git"] {
        fs::remove_dir_all(path.join(dir)).unwrap();
    }
    fs::rename(path.join("moved"), path.join("away")).unwrap();
    for file in ["again/deep/a.rs", "moved/a.rs", "new/deep/a.rs", ".git/HEAD"] {
        write(&path.join(file), "two");
    }
    write(&path.join(".gitignore"), "out/\n");
    drop(barrier);
    let synced = wait(&requests);

    let thread = std::thread::spawn(move || worker.run());
    assert_eq!(synced.recv_timeout(DEADLINE).unwrap(), Synced::Rescan);
    let told: Vec<Batch> = batches.try_iter().collect();
    // What was heard before the loss may have been too much to be named already.
    let is_scan = |batch: &Batch| {
        matches!(
            batch,
            Batch::Rescan {
                reason: RescanReason::Overflow | RescanReason::TooMany
            }
        )
    };
    assert!(told.last().is_some_and(is_scan), "{told:?}");
    // Each of these is heard of, also what is another folder now under a name that was watched.
    for file in [
        "again/deep/a.rs",
        "moved/a.rs",
        "away/a.rs",
        "new/deep/a.rs",
        "flood/f1.rs",
    ] {
        write(&path.join(file), "three");
        expect(&batches, |batch| names(batch, file));
    }
    write(&path.join("out/a.rs"), "three");
    write(&path.join("last.rs"), "three");
    expect(&batches, |batch| {
        assert!(!names(batch, "out/a.rs"), "the new rules hold");
        names(batch, "last.rs")
    });
    write(&path.join(".git/HEAD"), "other");
    expect(
        &batches,
        |batch| matches!(batch, Batch::Rescan { reason } if *reason == RescanReason::GitChanged),
    );
    // `gone/deep` and `out` went, `away` and `new/deep` came.
    assert_eq!(budget.used(), before - 3 + 3);
    drop(requests);
    thread.join().unwrap();
}

#[test]
fn nothing_is_missed_after_the_kernels_queue_overflowed() {
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    if limit.trim().parse::<usize>().unwrap() < 4 * FILES {
        nothing_is_missed(true);
    }
}

#[test]
fn nothing_is_missed_after_the_watchers_queue_overflowed() {
    nothing_is_missed(false);
}
