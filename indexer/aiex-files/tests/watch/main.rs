//! What the watcher tells of. Every wait is for a condition, with a deadline that only a hang can miss.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[cfg(target_os = "linux")]
mod budget;
#[cfg(target_os = "linux")]
mod mirror;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aiex_files::root::Root;
use aiex_files::walk::{RelPath, Rules, RulesOptions};
use aiex_files::watch::{Batch, Mode, RescanReason, SyncError, Synced, WatchBudget, WatchOptions, Watcher};
use crossbeam_channel::{Receiver, bounded};

const DEADLINE: Duration = Duration::from_secs(30);

struct Watched {
    _guard: tempfile::TempDir,
    path: PathBuf,
    budget: Arc<WatchBudget>,
    batches: Receiver<Batch>,
    watcher: Watcher,
}

impl Watched {
    fn new(files: &[&str]) -> Watched {
        Watched::with(files, |_| {})
    }

    fn with(files: &[&str], change: impl FnOnce(&mut WatchOptions)) -> Watched {
        let guard = tempfile::tempdir().unwrap();
        let path = guard.path().canonicalize().unwrap().join("root");
        fs::create_dir_all(path.join(".git/info")).unwrap();
        fs::write(path.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        for file in files {
            write(&path.join(file), "one");
        }
        // What is as young as the watch counts as changed after it.
        let old_enough = Instant::now() + Duration::from_millis(50);
        while Instant::now() < old_enough {
            std::thread::yield_now();
        }
        let root = Root::discover(&path, None, false).unwrap();
        let rules = Arc::new(Rules::load(&root, RulesOptions::default()));
        let mut options = WatchOptions::new(Arc::new(WatchBudget::new(1_000)));
        change(&mut options);
        let budget = Arc::clone(&options.budget);
        let (sender, batches) = bounded(1_000);
        let watcher = Watcher::start(&root, rules, options, sender).unwrap();
        Watched {
            _guard: guard,
            path,
            budget,
            batches,
            watcher,
        }
    }

    fn write(&self, file: &str, text: &str) {
        write(&self.path.join(file), text);
    }

    fn next(&self) -> Batch {
        self.batches.recv_timeout(DEADLINE).expect("a batch")
    }

    /// Waits until these paths have been told of, in however many batches.
    fn expect(&self, paths: &[&str]) {
        let mut missing: BTreeSet<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        while !missing.is_empty() {
            match self.next() {
                Batch::Changed(changed) => {
                    for path in changed {
                        missing.remove(&path.to_string());
                    }
                }
                other => panic!("{other:?} while waiting for {missing:?}"),
            }
        }
    }

    fn expect_rescan(&self, expected: RescanReason) {
        loop {
            match self.next() {
                Batch::Rescan { reason } if reason == expected => return,
                Batch::RootGone => panic!("the root is gone"),
                _ => {}
            }
        }
    }

    /// Everything told of up to now.
    fn told(&self) -> BTreeSet<String> {
        assert_eq!(self.watcher.sync(DEADLINE).unwrap(), Synced::Events);
        let mut told = BTreeSet::new();
        for batch in self.batches.try_iter() {
            match batch {
                Batch::Changed(paths) => told.extend(paths.iter().map(RelPath::to_string)),
                other => panic!("{other:?}"),
            }
        }
        told
    }

    fn watches(&self) -> usize {
        match self.watcher.mode() {
            Mode::Events { watches } => watches,
            Mode::Polling { reason, .. } => panic!("polling: {reason}"),
        }
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn files_that_are_made_changed_renamed_or_removed_are_told_of() {
    let watched = Watched::new(&["a.rs", "sub/b.rs"]);
    watched.write("new.rs", "x");
    watched.expect(&["new.rs"]);
    watched.write("sub/b.rs", "two");
    watched.expect(&["sub/b.rs"]);
    watched.write(".a.rs.tmp", "two");
    fs::rename(watched.path.join(".a.rs.tmp"), watched.path.join("a.rs")).unwrap();
    watched.expect(&["a.rs", ".a.rs.tmp"]);
    fs::remove_file(watched.path.join("a.rs")).unwrap();
    watched.write("a.rs", "three");
    watched.expect(&["a.rs"]);
    fs::remove_file(watched.path.join("sub/b.rs")).unwrap();
    watched.expect(&["sub/b.rs"]);
}

#[test]
fn a_new_tree_is_told_of_whole_and_watched_from_then_on() {
    let watched = Watched::new(&["a.rs"]);
    for number in 0..20 {
        watched.write(&format!("x/y/z{number}/f.rs"), "x");
    }
    let names: Vec<String> = (0..20).map(|number| format!("x/y/z{number}/f.rs")).collect();
    watched.expect(&names.iter().map(String::as_str).collect::<Vec<_>>());
    watched.told();
    watched.write("x/y/z7/g.rs", "x");
    watched.expect(&["x/y/z7/g.rs"]);
}

#[test]
fn a_renamed_directory_is_told_of_at_both_places() {
    let watched = Watched::new(&["old/deep/a.rs", "old/b.rs"]);
    fs::rename(watched.path.join("old"), watched.path.join("new")).unwrap();
    watched.expect(&["old", "new/deep/a.rs", "new/b.rs"]);
    watched.told();
    watched.write("new/deep/a.rs", "two");
    let told = watched.told();
    assert!(told.contains("new/deep/a.rs"), "{told:?}");
    assert!(!told.iter().any(|path| path.starts_with("old")), "{told:?}");
}

#[test]
fn a_directory_that_is_made_again_is_watched_again() {
    let watched = Watched::new(&["d/a.rs"]);
    let before = watched.watches();
    for _ in 0..5 {
        fs::remove_dir_all(watched.path.join("d")).unwrap();
        watched.write("d/a.rs", "again");
    }
    watched.told();
    watched.write("d/a.rs", "two");
    assert!(watched.told().contains("d/a.rs"));
    assert_eq!(watched.watches(), before);
    fs::remove_dir_all(watched.path.join("d")).unwrap();
    watched.told();
    assert_eq!(
        watched.watches(),
        before - if cfg!(target_os = "linux") { 1 } else { 0 }
    );
    assert_eq!(watched.budget.used(), watched.watches());
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_left_out_is_not_watched() {
    let mut files = vec!["src/a.rs".to_owned(), "out/.gitignore".to_owned()];
    files.extend((0..50).map(|number| format!("node_modules/m{number}/i.js")));
    files.extend((0..50).map(|number| format!("inner/.git/o{number}/x")));
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    let watched = Watched::new(&names);
    // The root, git's directory and its `info`, `src` and `out`.
    assert_eq!(watched.watches(), 5);
    assert_eq!(watched.budget.used(), 5);
    watched.write("node_modules/m1/i.js", "two");
    watched.write("inner/b.rs", "two");
    watched.write(".git/COMMIT_EDITMSG", "two");
    assert_eq!(watched.told(), BTreeSet::new());
    let budget = Arc::clone(&watched.budget);
    drop(watched);
    assert_eq!(budget.used(), 0);
}

#[test]
fn reading_is_no_change() {
    let watched = Watched::new(&["a.rs", "sub/b.rs"]);
    for file in ["a.rs", "sub/b.rs"] {
        fs::read(watched.path.join(file)).unwrap();
    }
    fs::read_dir(watched.path.join("sub")).unwrap().for_each(drop);
    assert_eq!(watched.told(), BTreeSet::new());
}

#[test]
fn a_branch_switch_asks_for_a_rescan() {
    let watched = Watched::new(&["a.rs"]);
    watched.write(".git/HEAD.lock", "ref: refs/heads/topic\n");
    fs::rename(
        watched.path.join(".git/HEAD.lock"),
        watched.path.join(".git/HEAD"),
    )
    .unwrap();
    watched.expect_rescan(RescanReason::GitChanged);
}

#[test]
fn git_may_begin_anew() {
    let watched = Watched::new(&["a.rs"]);
    fs::remove_dir_all(watched.path.join(".git")).unwrap();
    watched.write(".git/HEAD", "ref: refs/heads/main\n");
    let quiet = Instant::now() + DEADLINE;
    while watched.watcher.sync(DEADLINE).unwrap() != Synced::Events {
        assert!(Instant::now() < quiet);
    }
    watched.batches.try_iter().for_each(drop);
    watched.write(".git/HEAD", "ref: refs/heads/topic\n");
    watched.expect_rescan(RescanReason::GitChanged);
}

#[test]
fn changed_rules_are_loaded_and_ask_for_a_rescan() {
    let watched = Watched::new(&["out/a.rs", "src/b.rs"]);
    watched.write(".gitignore", "out/\n");
    watched.expect_rescan(RescanReason::RulesChanged);
    // The file is made and then written to: a second rescan may follow.
    let quiet = Instant::now() + DEADLINE;
    while watched.watcher.sync(DEADLINE).unwrap() != Synced::Events {
        assert!(Instant::now() < quiet);
    }
    watched.batches.try_iter().for_each(drop);
    watched.write("out/a.rs", "two");
    watched.write("src/b.rs", "two");
    assert_eq!(watched.told(), BTreeSet::from(["src/b.rs".to_owned()]));
    fs::remove_file(watched.path.join(".gitignore")).unwrap();
    watched.expect_rescan(RescanReason::RulesChanged);
    watched.write("out/a.rs", "three");
    watched.expect(&["out/a.rs"]);
}

#[test]
fn too_many_changes_become_a_rescan() {
    let watched = Watched::with(&["a.rs"], |options| {
        options.debounce = DEADLINE;
        options.max_wait = DEADLINE;
    });
    for number in 0..2_100 {
        watched.write(&format!("f{number}.rs"), "x");
    }
    assert_eq!(watched.watcher.sync(DEADLINE).unwrap(), Synced::Rescan);
    assert_eq!(
        watched.next(),
        Batch::Rescan {
            reason: RescanReason::TooMany
        }
    );
}

#[test]
fn sync_returns_when_everything_before_it_has_been_sent() {
    // Without sync nothing would come for a long time.
    let watched = Watched::with(&["a.rs"], |options| {
        options.debounce = DEADLINE * 4;
        options.max_wait = DEADLINE * 4;
    });
    for round in 0..20 {
        let name = format!("r{round}.rs");
        watched.write(&name, "x");
        assert!(watched.told().contains(&name), "{name}");
    }
    let left = |dir: &str| {
        fs::read_dir(watched.path.join(dir))
            .unwrap()
            .filter(|entry| {
                entry
                    .as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .starts_with(".aiex-cookie")
            })
            .count()
    };
    assert_eq!((left(""), left(".git")), (0, 0));
    let cookie = watched.watcher.cookie().unwrap();
    let place = cookie.path().to_path_buf();
    assert!(place.exists());
    drop(cookie);
    assert!(!place.exists());
}

#[test]
fn sync_has_a_deadline_when_nobody_receives() {
    let guard = tempfile::tempdir().unwrap();
    fs::create_dir(guard.path().join(".git")).unwrap();
    let root = Root::discover(guard.path(), None, false).unwrap();
    let rules = Arc::new(Rules::load(&root, RulesOptions::default()));
    let (sender, batches) = bounded(0);
    let options = WatchOptions::new(Arc::new(WatchBudget::new(10)));
    let watcher = Watcher::start(&root, rules, options, sender).unwrap();
    write(&root.path.join("a.rs"), "x");
    let answer = watcher.sync(Duration::from_millis(200));
    assert!(matches!(answer, Err(SyncError::Timeout { .. })));
    // A watcher that cannot send still ends when it is dropped.
    drop(watcher);
    assert!(batches.recv().is_err());
}

#[test]
fn a_file_that_never_rests_is_still_told_of() {
    let watched = Watched::with(&["a.rs"], |options| options.debounce = DEADLINE * 4);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                watched.write("a.rs", "again");
                std::thread::yield_now();
            }
        });
        for _ in 0..3 {
            watched.expect(&["a.rs"]);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn events_of_excluded_places_are_dropped() {
    let guard = tempfile::tempdir().unwrap();
    let path = guard.path().canonicalize().unwrap();
    fs::create_dir(path.join(".git")).unwrap();
    write(&path.join("state/db"), "x");
    let root = Root::discover(&path, None, false).unwrap();
    let rules = Arc::new(Rules::load(&root, RulesOptions::default()));
    let mut options = WatchOptions::new(Arc::new(WatchBudget::new(10)));
    options.self_exclude.push(path.join("state"));
    let (sender, batches) = bounded(10);
    let watcher = Watcher::start(&root, rules, options, sender).unwrap();
    write(&path.join("state/db"), "y");
    write(&path.join("state/new/deep"), "y");
    assert_eq!(watcher.sync(DEADLINE).unwrap(), Synced::Events);
    assert!(batches.try_recv().is_err());
}

#[test]
fn a_root_that_goes_ends_the_watch() {
    let watched = Watched::new(&["a.rs"]);
    fs::rename(&watched.path, watched.path.with_extension("moved")).unwrap();
    while watched.next() != Batch::RootGone {}
    assert!(matches!(watched.watcher.sync(DEADLINE), Err(SyncError::Ended)));
}
