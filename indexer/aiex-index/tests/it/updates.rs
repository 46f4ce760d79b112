//! The index follows the disk.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use aiex_files::RelPath;
use aiex_files::rules::{Rules, RulesOptions};
use aiex_index::{Engine, IndexError, IndexSettings, Observer, Phase, Progress, Scope, Silent};

use crate::fixture::{Fixture, LIB_RS, git, observe, observe_fresh, root_of};

fn update_paths(fixture: &Fixture, paths: &[&str]) {
    let rules = Rules::load(fixture.repo.root(), RulesOptions::default());
    let paths: BTreeSet<RelPath> = paths.iter().map(|p| RelPath::from_bytes(p).unwrap()).collect();
    fixture
        .repo
        .update(Scope::Paths(&paths), &rules, &Silent)
        .unwrap();
    fixture.repo.embed(&Silent).unwrap();
}

#[test]
fn an_edit_replaces_what_was_there() {
    let fixture = Fixture::new();
    fixture.write("src/lib.rs", "pub fn backoff_for_attempt() -> u64 { 7 }\n");
    update_paths(&fixture, &["src/lib.rs"]);
    assert_eq!(fixture.search("backoff_for_attempt")[0].path, "src/lib.rs");
    assert!(
        fixture
            .search("TaskQueue")
            .iter()
            .all(|hit| !hit.snippet.contains("TaskQueue"))
    );
    assert_eq!(observe(&fixture.repo), observe_fresh(&fixture.root()));
}

#[test]
fn a_deleted_file_and_a_deleted_folder_leave_nothing() {
    let fixture = Fixture::new();
    fixture.write("src/deep/a.rs", "pub fn alpha_one() {}\n");
    fixture.write("src/deep/er/b.rs", "pub fn beta_two() {}\n");
    update_paths(&fixture, &["src/deep"]);
    assert_eq!(fixture.search("beta_two")[0].path, "src/deep/er/b.rs");
    std::fs::remove_dir_all(fixture.root().join("src/deep")).unwrap();
    std::fs::remove_file(fixture.root().join("src/app.py")).unwrap();
    update_paths(&fixture, &["src/deep", "src/app.py"]);
    assert_eq!(observe(&fixture.repo), observe_fresh(&fixture.root()));
    assert_eq!(fixture.repo.facts().files_indexed, 2);
}

#[test]
fn a_file_that_becomes_ignored_goes_and_comes_back() {
    let fixture = Fixture::new();
    fixture.write(".gitignore", "app.py\n");
    fixture.sync();
    assert!(
        fixture
            .search("expire_sessions")
            .iter()
            .all(|hit| hit.path != "src/app.py")
    );
    std::fs::remove_file(fixture.root().join(".gitignore")).unwrap();
    fixture.sync();
    assert_eq!(fixture.search("expire_sessions")[0].path, "src/app.py");
}

#[test]
fn a_scan_without_changes_makes_no_generation() {
    let fixture = Fixture::new();
    fixture.sync();
    let before = fixture.repo.facts().generation;
    let report = fixture.sync();
    assert_eq!((report.changed, report.removed), (0, 0));
    assert_eq!(fixture.repo.facts().generation, before);
}

#[test]
fn same_size_and_mtime_with_other_bytes_is_noticed_by_the_racy_rule() {
    let fixture = Fixture::new();
    let path = fixture.root().join("src/r.rs");
    // Written, indexed and written again within one tick of the clock that the file system may have.
    fixture.write("src/r.rs", "pub fn aaaa_first() {}\n");
    let mtime = std::fs::metadata(&path).unwrap().modified().unwrap();
    update_paths(&fixture, &["src/r.rs"]);
    std::fs::write(&path, "pub fn bbbb_first() {}\n").unwrap();
    std::fs::File::open(&path).unwrap().set_modified(mtime).unwrap();
    fixture.sync();
    assert_eq!(
        fixture.search("bbbb_first")[0].symbol.as_deref(),
        Some("bbbb_first")
    );
}

#[test]
fn ten_thousand_files_changed_at_once_end_in_the_right_index() {
    let fixture = Fixture::new();
    for i in 0..10_000 {
        fixture.write(
            &format!("gen/d{}/f{i}.rs", i % 100),
            &format!("pub fn made_{i}() -> u32 {{ {i} }}\n"),
        );
    }
    fixture.sync();
    assert_eq!(fixture.repo.facts().files_indexed, 10_003);
    for i in 0..10_000 {
        fixture.write(
            &format!("gen/d{}/f{i}.rs", i % 100),
            &format!("pub fn remade_{i}() -> u32 {{ {i} }}\n"),
        );
    }
    let report = fixture.sync();
    assert_eq!(report.changed, 10_000);
    assert_eq!(fixture.search("remade_4711")[0].path, "gen/d11/f4711.rs");
    assert!(
        fixture
            .search("made_4711")
            .iter()
            .all(|hit| !hit.snippet.contains(" made_"))
    );
    std::fs::remove_dir_all(fixture.root().join("gen")).unwrap();
    assert_eq!(fixture.sync().removed, 10_000);
    assert_eq!(fixture.repo.facts().files_indexed, 3);
    assert_eq!(fixture.repo.facts().chunks_embedded, fixture.repo.facts().chunks);
}

#[test]
fn a_branch_switch_reads_no_file_whose_blob_is_known() {
    let fixture = Fixture::new();
    let root = fixture.root();
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "one"]);
    git(&root, &["checkout", "-qb", "other"]);
    for i in 0..40 {
        fixture.write(&format!("src/m{i}.rs"), &format!("pub fn module_{i}() {{}}\n"));
    }
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "two"]);
    fixture.sync();
    git(&root, &["checkout", "-q", "-"]);
    fixture.sync();
    assert_eq!(fixture.repo.facts().files_indexed, 3);
    git(&root, &["checkout", "-q", "other"]);
    let report = fixture.sync();
    assert_eq!(report.changed, 40);
    assert_eq!(observe(&fixture.repo), observe_fresh(&root));
}

/// Does something once, after some files were read.
struct Meanwhile<F: Fn()>(std::sync::Once, F);

impl<F: Fn() + Sync> Observer for Meanwhile<F> {
    fn progress(&self, progress: Progress) {
        if progress.phase == Phase::Indexing {
            self.0.call_once(&self.1);
        }
    }
    fn published(&self, _: u64) {}
    fn is_cancelled(&self) -> bool {
        false
    }
}

#[test]
fn a_file_that_changes_between_the_scan_and_the_reading_is_not_taken_for_its_blob() {
    let fixture = Fixture::new();
    let root = fixture.root();
    for i in 0..2_000 {
        fixture.write(&format!("gen/f{i}.rs"), &format!("pub fn made_{i}() {{}}\n"));
    }
    // Old, so that git is sure of it, and it is read last.
    let stage = |text: &str| {
        fixture.write("src/late.rs", text);
        let file = std::fs::File::options()
            .write(true)
            .open(root.join("src/late.rs"));
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        file.unwrap().set_modified(old).unwrap();
        git(&root, &["add", "."]);
    };
    stage("pub fn as_committed() {}\n");
    let other_branch = || fixture.write("src/late.rs", "pub fn of_another_branch() {}\n");
    let rules = Rules::load(fixture.repo.root(), RulesOptions::default());
    let observer = Meanwhile(std::sync::Once::new(), other_branch);
    fixture.repo.update(Scope::All, &rules, &observer).unwrap();
    assert_eq!(fixture.search("of_another_branch")[0].path, "src/late.rs");

    stage("pub fn as_committed() {}\n");
    fixture.sync();
    assert_eq!(observe(&fixture.repo), observe_fresh(&root));
}

/// Cancels after some progress.
struct Impatient(std::sync::atomic::AtomicU32);

impl Observer for Impatient {
    fn progress(&self, _: Progress) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
    fn published(&self, _: u64) {}
    fn is_cancelled(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::Relaxed) > 1
    }
}

#[test]
fn a_cancelled_update_leaves_the_last_generation_and_the_next_one_finishes() {
    let fixture = Fixture::new();
    for i in 0..2_000 {
        fixture.write(&format!("gen/f{i}.rs"), &format!("pub fn made_{i}() {{}}\n"));
    }
    let rules = Rules::load(fixture.repo.root(), RulesOptions::default());
    let result = fixture.repo.update(Scope::All, &rules, &Impatient(0.into()));
    assert!(matches!(result, Err(IndexError::Cancelled)), "{result:?}");
    assert_eq!(fixture.search("retry_delay")[0].path, "src/lib.rs");
    fixture.sync();
    assert_eq!(fixture.repo.facts().files_indexed, 2_003);
    assert_eq!(fixture.search("made_1234")[0].path, "gen/f1234.rs");
}

/// What a commit has brought to the disk stays there, whatever fails behind it. To commit the same files once more would leave
/// the first chunks in the full text, where nobody knows them and they take the places of others.
#[test]
fn a_generation_that_failed_halfway_leaves_no_chunks_behind() {
    let fixture = Fixture::new();
    let manifest = {
        let mut repos = std::fs::read_dir(fixture.index_dir().join("repos")).unwrap();
        repos.next().unwrap().unwrap().path().join("generation.json")
    };
    let rules = Rules::load(fixture.repo.root(), RulesOptions::default());
    fixture.write("src/app.py", "def grown():\n    return 'quokka'\n");
    fixture.write("src/new.py", "def brought():\n    return 'quokka'\n");
    // The manifest is written behind the full text, and cannot take the place of a folder.
    std::fs::remove_file(&manifest).unwrap();
    std::fs::create_dir_all(manifest.join("in the way")).unwrap();
    for _ in 0..3 {
        let failed = fixture.repo.update(Scope::All, &rules, &Silent);
        assert!(matches!(failed, Err(IndexError::Storage { .. })), "{failed:?}");
        assert_eq!(fixture.search("retry_delay")[0].path, "src/lib.rs");
    }
    std::fs::remove_dir_all(&manifest).unwrap();
    fixture.sync();
    assert_eq!(observe(&fixture.repo), observe_fresh(&fixture.root()));
    let chunks = fixture.repo.facts().chunks;
    let lexical = manifest.with_file_name("lexical");
    drop(fixture.repo);
    drop(fixture.engine);
    let full_text = aiex_lexical::LexicalIndex::open(&lexical).unwrap();
    assert_eq!(full_text.num_docs(), chunks);
}

#[test]
fn a_repository_that_is_gone_is_an_error_and_the_index_still_answers() {
    let fixture = Fixture::new();
    std::fs::rename(fixture.root(), fixture.dir.path().join("moved")).unwrap();
    let rules = Rules::load(fixture.repo.root(), RulesOptions::default());
    let error = fixture.repo.update(Scope::All, &rules, &Silent).unwrap_err();
    assert!(matches!(error, IndexError::RootGone { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("aiex repos remove"));
    assert_eq!(fixture.search("retry_delay")[0].path, "src/lib.rs");
}

#[test]
fn an_empty_folder_in_the_place_of_the_repository_is_no_repository_without_files() {
    let fixture = Fixture::new();
    let root = fixture.root().to_owned();
    let aside = fixture.dir.path().join("unmounted");
    std::fs::rename(&root, &aside).unwrap();
    // What is left where a disk was mounted.
    std::fs::create_dir(&root).unwrap();
    let fixture = fixture.reopened_after(|_| {});
    let rules = Rules::load(fixture.repo.root(), RulesOptions::default());
    let error = fixture.repo.update(Scope::All, &rules, &Silent).unwrap_err();
    assert!(matches!(error, IndexError::RootReplaced { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("mount"));
    assert_eq!(fixture.search("retry_delay")[0].path, "src/lib.rs");

    // Mounted again, it is what it was; emptied, it is empty.
    std::fs::remove_dir(&root).unwrap();
    std::fs::rename(&aside, &root).unwrap();
    fixture.sync();
    assert_eq!(fixture.repo.facts().files_indexed, 3);
    for entry in std::fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path));
    }
    fixture.sync();
    assert_eq!(fixture.repo.facts().files_indexed, 0);
}

#[test]
fn another_clone_in_the_place_of_the_repository_is_indexed() {
    let fixture = Fixture::new();
    let root = fixture.root().to_owned();
    std::fs::rename(&root, fixture.dir.path().join("old")).unwrap();
    std::fs::create_dir(&root).unwrap();
    fixture.write("src/other.rs", "pub fn of_another_clone() {}\n");
    fixture.sync();
    assert_eq!(fixture.repo.facts().files_indexed, 1);
    assert_eq!(fixture.search("of_another_clone")[0].path, "src/other.rs");
}

#[test]
fn what_was_left_out_and_is_gone_is_forgotten_also_by_the_next_process() {
    let fixture = Fixture::new();
    fixture.write("node_modules/left/pad.js", "module.exports = 1\n");
    fixture.sync();
    assert_eq!(fixture.repo.facts().files_skipped, 1);
    std::fs::remove_dir_all(fixture.root().join("node_modules")).unwrap();
    let fixture = fixture.reopened_after(|_| {});
    fixture.sync();
    assert_eq!(fixture.repo.facts().files_skipped, 0);
    assert!(fixture.repo.skipped(None, 10).unwrap().1.is_empty());
}

#[test]
fn files_left_out_are_counted_with_their_reason() {
    let fixture = Fixture::new();
    fixture.write("blob.bin", "\u{0}\u{1}\u{2}\u{0}\u{0}");
    fixture.write(".env", "API_KEY=abcdef0123456789abcdef0123456789\n");
    std::os::unix::fs::symlink("src", fixture.root().join("loop")).unwrap();
    fixture.sync();
    let (counts, files) = fixture.repo.skipped(None, 100).unwrap();
    let count = |reason: &str| {
        counts
            .iter()
            .find(|(name, _)| name == reason)
            .map_or(0, |(_, n)| *n)
    };
    assert_eq!(
        (count("binary"), count("secret"), count("symlink")),
        (1, 1, 1),
        "{counts:?}"
    );
    assert!(
        files
            .iter()
            .any(|file| file.path == ".env" && file.reason == "secret")
    );
    let facts = fixture.repo.facts();
    assert_eq!(
        facts.files_seen,
        facts.files_indexed + facts.files_skipped + facts.files_failed
    );
}

#[test]
fn a_name_that_is_not_utf8_is_indexed_and_shown_escaped() {
    use std::os::unix::ffi::OsStrExt as _;
    let fixture = Fixture::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.rs");
    std::fs::write(fixture.root().join(name), "pub fn served_cold() {}\n").unwrap();
    fixture.sync();
    assert_eq!(fixture.search("served_cold")[0].path, "caf\\xE9.rs");
}

#[test]
fn other_rules_reach_files_that_did_not_change() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("repo");
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("lib.rs"), LIB_RS).unwrap();
    // A file as young as the scan would be looked at again whatever the rules.
    let written = Instant::now();
    while written.elapsed() < Duration::from_millis(100) {
        std::thread::park_timeout(Duration::from_millis(20));
    }
    let files_with = |max_file_bytes: u64| {
        let settings = IndexSettings {
            max_file_bytes,
            ..IndexSettings::default()
        };
        let engine = Engine::open(&dir.path().join("index"), None, settings).unwrap();
        let repo = engine.open_repo(root_of(&root), false).unwrap();
        let rules = Rules::load(repo.root(), RulesOptions::default());
        let first = repo.update(Scope::All, &rules, &Silent).unwrap();
        // By the same rules nothing is looked at twice.
        let again = repo.update(Scope::All, &rules, &Silent).unwrap();
        assert_eq!((again.changed, again.skipped), (0, 0));
        (repo.facts().files_indexed, first.unchanged)
    };
    assert_eq!(files_with(100).0, 0);
    assert_eq!(files_with(100_000).0, 1);
    assert_eq!(files_with(100_000), (1, 1));
    assert_eq!(files_with(100).0, 0);
}

#[test]
fn a_file_is_taken_in_once_it_is_forced_in() {
    let fixture = Fixture::new();
    fixture.write(
        "src/bundle.js",
        &"function a(b){return b.c(d,e)}var f=a(1);".repeat(200),
    );
    fixture.sync();
    assert_eq!(fixture.repo.facts().files_skipped, 1);
    fixture.write(".aiexignore", "!src/bundle.js\n");
    fixture.sync();
    assert_eq!(fixture.repo.facts().files_skipped, 0);
}

/// Notes which threads were about to read.
#[derive(Default)]
struct Readers(Mutex<Vec<ThreadId>>);

impl Observer for Readers {
    fn progress(&self, _: Progress) {}
    fn published(&self, _: u64) {}
    fn is_cancelled(&self) -> bool {
        false
    }
    fn reading(&self) {
        self.0.lock().unwrap().push(std::thread::current().id());
    }
}

#[test]
fn only_threads_of_the_update_are_told_that_they_may_give_way() {
    let seen = |count: usize| {
        let fixture = Fixture::new();
        let rules = Rules::load(fixture.repo.root(), RulesOptions::default());
        for number in 0..count {
            fixture.write(&format!("src/{number}.rs"), &format!("fn f{number}() {{}}\n"));
        }
        let readers = Readers::default();
        fixture.repo.update(Scope::All, &rules, &readers).unwrap();
        readers.0.into_inner().unwrap()
    };
    // A few files are read on the caller's thread, which lives on.
    assert_eq!(seen(3), []);
    let threads = seen(20);
    assert_eq!(threads.len(), 20);
    assert!(!threads.contains(&std::thread::current().id()));
}
