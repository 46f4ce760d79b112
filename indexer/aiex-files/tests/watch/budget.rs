//! What happens when there are more folders than watches.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aiex_files::watch::{Batch, Mode, RescanReason, Synced, WatchBudget, WatchOptions};

use crate::mirror::Mirror;
use crate::{DEADLINE, Watched};

const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

fn limited(watches: usize, poll_interval: Duration) -> impl FnOnce(&mut WatchOptions) {
    move |options| {
        options.budget = Arc::new(WatchBudget::new(watches));
        options.poll_interval = poll_interval;
    }
}

/// Files in so many folders below `top`.
fn files(top: &str, folders: usize) -> Vec<String> {
    (0..folders)
        .map(|number| format!("{top}/d{number}/x.rs"))
        .collect()
}

fn names(files: &[String]) -> Vec<&str> {
    files.iter().map(String::as_str).collect()
}

impl Watched {
    /// The watches held, and the folders that are polled.
    fn parts(&self) -> (usize, usize) {
        match self.watcher.mode() {
            Mode::Events { watches } => (watches, 0),
            Mode::Polling { watches, folders, .. } => (watches, folders),
        }
    }

    fn wait_for(&self, what: &str, is_so: impl Fn(&Watched) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !is_so(self) {
            assert!(Instant::now() < deadline, "{what}: {:?}", self.watcher.mode());
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Waits until one of these paths has been told of, and says which.
    fn first_of(&self, paths: &[&str]) -> String {
        loop {
            if let Batch::Changed(changed) = self.next()
                && let Some(path) = changed
                    .iter()
                    .map(ToString::to_string)
                    .find(|path| paths.contains(&path.as_str()))
            {
                return path;
            }
        }
    }
}

#[test]
fn folders_near_the_root_are_watched_and_the_rest_is_polled() {
    // The root, git's directory and its `info`, `a` and `b`.
    let watched = Watched::with(&["a/deep/x.rs", "b/x.rs"], limited(5, NEVER));
    match watched.watcher.mode() {
        Mode::Polling {
            watches,
            folders,
            reason,
            ..
        } => {
            assert_eq!((watches, folders), (5, 1));
            assert!(reason.contains("budget"), "{reason}");
        }
        Mode::Events { .. } => panic!("the budget was exceeded"),
    }
    assert_eq!(watched.budget.used(), 5);
    // Nothing is polled for a day: these come by event.
    watched.write("b/x.rs", "two");
    watched.expect(&["b/x.rs"]);
    watched.write("a/y.rs", "two");
    watched.expect(&["a/y.rs"]);
    assert_eq!(watched.watcher.sync(DEADLINE).unwrap(), Synced::Rescan);
    watched.expect_rescan(RescanReason::Poll);
}

#[test]
fn what_changes_in_a_polled_folder_is_told_of() {
    let watched = Watched::with(
        &["a/deep/x.rs", "a/deep/y.rs"],
        limited(4, Duration::from_millis(50)),
    );
    assert_eq!(watched.parts(), (4, 1));
    watched.write("a/deep/x.rs", "two");
    watched.expect(&["a/deep"]);
    fs::remove_file(watched.path.join("a/deep/y.rs")).unwrap();
    watched.expect(&["a/deep"]);
    let mut mirror = Mirror::new(&watched);
    for text in ["two", "three"] {
        watched.write("a/deep/new/z.rs", text);
        mirror.expect_true();
    }
    watched.write("a/deep/.gitignore", "new/\n");
    watched.expect_rescan(RescanReason::RulesChanged);
    let mut mirror = Mirror::new(&watched);
    fs::remove_dir_all(watched.path.join("a/deep")).unwrap();
    mirror.expect_true();
}

#[test]
fn what_rests_is_looked_at_more_and_more_seldom() {
    let base = Duration::from_millis(20);
    let watched = Watched::with(&["a/deep/x.rs"], limited(4, base));
    let interval = |watched: &Watched| match watched.watcher.mode() {
        Mode::Polling { interval, .. } => interval,
        Mode::Events { .. } => panic!("everything is watched"),
    };
    watched.wait_for("it eases", |watched| interval(watched) == base * 12);
    watched.write("a/deep/x.rs", "two");
    watched.expect(&["a/deep"]);
    watched.wait_for("it hurries", |watched| interval(watched) < base * 12);
}

#[test]
fn a_tree_that_outgrows_the_budget_keeps_its_watches() {
    let watched = Watched::with(&["a/x.rs"], limited(6, Duration::from_millis(50)));
    assert_eq!(watched.parts(), (4, 0));
    let mut mirror = Mirror::new(&watched);
    let made = files("n", 5);
    made.iter().for_each(|file| watched.write(file, "one"));
    mirror.expect_true();
    watched.wait_for("new folders are polled", |watched| watched.parts() == (6, 4));
    for file in &made {
        watched.write(file, "two");
        mirror.expect_true();
    }
    assert_eq!(watched.budget.used(), 6);
}

#[test]
fn polled_folders_take_the_watches_of_folders_that_go() {
    let all = [files("a", 4), files("b", 4)].concat();
    let watched = Watched::with(&names(&all), limited(9, Duration::from_millis(50)));
    // Besides the root and git's two: `a` and `b`, and four of the eight below them.
    assert_eq!(watched.parts(), (9, 4));
    fs::remove_dir_all(watched.path.join("a")).unwrap();
    watched.wait_for("everything is watched", |watched| {
        matches!(watched.watcher.mode(), Mode::Events { watches: 8 })
    });
    watched.watcher.sync(DEADLINE).unwrap();
    watched.batches.try_iter().for_each(drop);
    watched.write("b/d3/x.rs", "two");
    assert_eq!(watched.told().into_iter().collect::<Vec<_>>(), ["b/d3/x.rs"]);
}

#[test]
fn a_folder_that_changes_is_watched_instead_of_one_that_rests() {
    let all = files("a", 4);
    let watched = Watched::with(&names(&all), limited(6, Duration::from_millis(50)));
    assert_eq!(watched.parts(), (6, 2));
    let mut ways = Vec::new();
    // Events name the file, a look names the folder.
    while ways.last().is_none_or(|way| way != "a/d3/x.rs") {
        assert!(ways.len() < 50, "{ways:?}");
        watched.write("a/d3/x.rs", &ways.len().to_string());
        ways.push(watched.first_of(&["a/d3", "a/d3/x.rs"]));
    }
    assert_eq!(ways.first().map(String::as_str), Some("a/d3"));
    assert_eq!(watched.parts(), (6, 2));
}

#[test]
fn a_small_root_is_not_starved_by_a_large_one() {
    let budget = Arc::new(WatchBudget::new(30));
    let shared = |options: &mut WatchOptions| {
        options.budget = Arc::clone(&budget);
        options.poll_interval = Duration::from_millis(50);
    };
    let large = Watched::with(&names(&files("a", 100)), shared);
    assert_eq!(large.parts(), (30, 74));
    let small = Watched::with(&["s/x.rs", "t/x.rs"], shared);
    small.wait_for("the small root is watched", |small| small.parts() == (5, 0));
    large.wait_for("the large root has the rest", |large| large.parts() == (25, 79));
    assert_eq!(budget.used(), 30);
    let other = Watched::with(&names(&files("b", 100)), shared);
    other.wait_for("two large roots share", |other| other.parts().0 >= 12);
    large.wait_for("two large roots share", |large| large.parts().0 <= 13);
    assert_eq!(small.parts(), (5, 0));
    drop(other);
    drop(small);
    large.wait_for("the large root has everything again", |large| {
        large.parts() == (30, 74)
    });
}

#[test]
fn without_any_watch_everything_is_polled() {
    let watched = Watched::with(&["x.rs", "a/x.rs"], limited(0, Duration::from_millis(50)));
    assert_eq!(watched.parts(), (0, 2));
    let mut mirror = Mirror::new(&watched);
    watched.write("a/x.rs", "two");
    watched.write("x.rs", "two");
    watched.write("b/c/x.rs", "two");
    mirror.expect_true();
    watched.write(".git/HEAD", "ref: refs/heads/topic\n");
    watched.expect_rescan(RescanReason::GitChanged);
    watched.write(".gitignore", "a/\n");
    watched.expect_rescan(RescanReason::RulesChanged);
    assert_eq!(watched.parts(), (0, 3));
    fs::remove_dir_all(&watched.path).unwrap();
    while watched.next() != Batch::RootGone {}
}

#[test]
fn nothing_is_missed_however_the_tree_changes() {
    let all = [files("a", 10), files("b/c", 10), files("e/f/g", 10)].concat();
    let watched = Watched::with(&names(&all), limited(15, Duration::from_millis(20)));
    let mut mirror = Mirror::new(&watched);
    let tops = ["a", "b", "b/c", "e", "e/f", "e/f/g", "n", "n/m"];
    let mut seed = 7_u64;
    let mut draw = move |sides: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % sides
    };
    for round in 0..60 {
        for _ in 0..=draw(6) {
            let folder = format!("{}/d{}", tops[draw(tops.len())], draw(10));
            let path = watched.path.join(&folder);
            match draw(8) {
                0 => drop(fs::remove_dir_all(&path)),
                1 => {
                    let to = watched
                        .path
                        .join(tops[draw(tops.len())])
                        .join(format!("d{}", draw(10)));
                    drop(fs::rename(&path, &to));
                }
                2 => {
                    // A whole part of the tree goes, and another comes under its name.
                    let aside = watched.path.join(format!("aside{round}"));
                    drop(fs::rename(path.parent().unwrap(), &aside));
                    watched.write(&format!("{folder}/x.rs"), "other");
                }
                3 => drop(fs::remove_file(path.join("x.rs"))),
                _ => watched.write(&format!("{folder}/x.rs"), &format!("{round}")),
            }
        }
        if draw(2) == 0 {
            mirror.expect_true();
        }
        assert!(watched.budget.used() <= 15);
    }
    mirror.expect_true();
}

#[test]
fn a_root_that_goes_ends_the_watch_of_a_part_too() {
    let watched = Watched::with(&names(&files("a", 10)), limited(5, NEVER));
    assert_eq!(watched.parts(), (5, 9));
    fs::rename(&watched.path, watched.path.with_extension("moved")).unwrap();
    while watched.next() != Batch::RootGone {}
}
