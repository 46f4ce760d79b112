//! Exhaustive searches find what ripgrep finds, whatever is covered by postings.

use std::collections::BTreeMap;
use std::path::Path;

use aiex_index::{Mode, Observer, Progress, RefsRequest, RepoIndex, SearchOutcome, SearchRequest, Silent};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::fixture::{Fixture, grep};
use crate::ripgrep::Ripgrep;

/// Enough files to be worth covering.
const MANY: usize = 40;

/// A text of words over few letters, in lines.
fn text() -> impl Strategy<Value = String> {
    let line = prop::collection::vec("[abkKsS_é]{1,5}", 0..6).prop_map(|words| words.join(" "));
    let end = prop_oneof![4 => Just("\n"), 1 => Just(""), 1 => Just("\n\n")];
    (prop::collection::vec(line, 1..12), end).prop_map(|(lines, end)| lines.join("\n") + end)
}

/// Expressions, and whether a match may go over the end of a line.
fn pattern() -> impl Strategy<Value = (String, bool)> {
    let word = "[abkKsS_é]{1,4}";
    let within = prop_oneof![
        3 => word,
        2 => prop::collection::vec(word, 1..4).prop_map(|words| format!("({})", words.join("|"))),
        1 => (word, word).prop_map(|(a, b)| format!("{a}.*{b}")),
        1 => (word, word).prop_map(|(a, b)| format!(r"{a} +[a-k]{b}")),
        1 => word.prop_map(|word| format!("(?i){word}")),
        1 => word.prop_map(|word| format!(r"^{word}\b")),
        1 => word.prop_map(|word| format!("(?:{word}){{2,3}}$")),
        // Nothing is a match as well.
        1 => word.prop_map(|word| format!("(?:{word})*")),
        1 => Just("^$".to_owned()),
        1 => Just("$".to_owned()),
        1 => Just(".".to_owned()),
    ];
    let over = prop_oneof![
        (word, word).prop_map(|(a, b)| format!(r"{a}\s+{b}")),
        (word, word).prop_map(|(a, b)| format!(r"{a}[^ab]*{b}")),
        (word, word).prop_map(|(a, b)| format!(r"{a}$\n^{b}")),
        (word, word).prop_map(|(a, b)| format!("(?s){a}.{{0,9}}?{b}")),
    ];
    prop_oneof![
        3 => within.prop_map(|pattern| (pattern, false)),
        1 => over.prop_map(|pattern| (pattern, true)),
    ]
}

type Tree = BTreeMap<String, String>;

fn tree(files: std::ops::Range<usize>) -> impl Strategy<Value = Tree> {
    prop::collection::btree_map("[a-c]/[a-z]{1,4}\\.(rs|py|txt)", text(), files)
}

/// The lines on which a match begins, of the files that are not blank, as they lie on the disk and ripgrep sees them.
fn expected(root: &Path, pattern: &str, goes_over_lines: bool) -> Vec<(String, u32)> {
    let mut ripgrep = Ripgrep::new(pattern, goes_over_lines);
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with(".git") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if std::fs::read_to_string(&path).unwrap().trim().is_empty() {
                // Left out of every index, as `aiex status --skipped` tells.
                continue;
            }
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            let lines = ripgrep.lines(&path).into_iter();
            found.extend(lines.map(|line| (name.to_owned(), line)));
        }
    }
    found.sort();
    found
}

fn places(outcome: &SearchOutcome) -> Vec<(String, u32)> {
    let hits = outcome.hits.iter();
    hits.map(|hit| (hit.path.clone(), hit.start_line)).collect()
}

fn agrees(
    fixture: &Fixture,
    (pattern, goes_over_lines): &(String, bool),
    when: &str,
) -> Result<(), TestCaseError> {
    let expected = expected(&fixture.root(), pattern, *goes_over_lines);
    let outcome = grep(&fixture.repo, pattern, 10_000);
    prop_assert_eq!(places(&outcome), expected.clone(), "{} {}", pattern, when);
    prop_assert!(outcome.is_exhaustive);
    let matches = outcome.matches.unwrap();
    let mut files: Vec<_> = expected.iter().map(|(path, _)| path).collect();
    files.dedup();
    prop_assert_eq!(
        (matches.lines, matches.files, matches.next),
        (expected.len() as u64, files.len() as u64, None)
    );
    Ok(())
}

fn write_all(fixture: &Fixture, tree: &Tree) {
    for (path, text) in tree {
        fixture.write(path, text);
    }
}

/// The postings of the one repository.
fn postings(index: &Path) -> Vec<std::path::PathBuf> {
    let repo = std::fs::read_dir(index.join("repos")).unwrap().next().unwrap();
    let Ok(folder) = std::fs::read_dir(repo.unwrap().path().join("grams")) else {
        return Vec::new();
    };
    let mut files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn cover(repo: &RepoIndex) -> u64 {
    let report = repo.cover(&Silent).unwrap();
    assert!(report.is_complete);
    report.covered
}

#[test]
fn a_pattern_finds_the_lines_that_ripgrep_finds_through_edits_covering_merging_and_damage() {
    let config = Config {
        cases: 12,
        failure_persistence: None,
        ..Config::default()
    };
    let rounds = (
        tree(MANY..80),
        tree(0..8),
        tree(MANY..60),
        prop::collection::vec(pattern(), 6),
        0.0..1.0,
    );
    TestRunner::new(config)
        .run(&rounds, |(first, few, many, patterns, place)| {
            let fixture = Fixture::new();
            let all_agree = |fixture: &Fixture, when: &str| {
                patterns
                    .iter()
                    .try_for_each(|pattern| agrees(fixture, pattern, when))
            };
            write_all(&fixture, &first);
            fixture.sync();
            all_agree(&fixture, "uncovered")?;
            prop_assert!(cover(&fixture.repo) >= MANY as u64);
            all_agree(&fixture, "covered")?;
            write_all(&fixture, &few);
            if let Some(gone) = first.keys().find(|path| !few.contains_key(*path)) {
                std::fs::remove_file(fixture.root().join(gone)).unwrap();
            }
            fixture.sync();
            all_agree(&fixture, "with a few files changed since")?;
            cover(&fixture.repo);
            write_all(&fixture, &many);
            fixture.sync();
            all_agree(&fixture, "with many files changed since")?;
            cover(&fixture.repo);
            all_agree(&fixture, "covered anew")?;
            // Damaged under the eyes of who has it open.
            for path in postings(&fixture.index_dir()) {
                let mut bytes = std::fs::read(&path).unwrap();
                let at = (bytes.len() as f64 * place) as usize;
                bytes[at] ^= 0x5a;
                std::fs::write(&path, bytes).unwrap();
            }
            let fixture = fixture.reopened();
            all_agree(&fixture, "with damaged postings")?;
            cover(&fixture.repo);
            all_agree(&fixture, "repaired")
        })
        .unwrap();
}

/// A repository of numbered files, each with a word of its own.
fn numbered(count: usize) -> Fixture {
    let fixture = Fixture::new();
    for number in 0..count {
        let text = format!("fn own_{number:03}() {{\n    shared();\n    shared(); shared();\n}}\n");
        fixture.write(&format!("src/f{number:03}.rs"), &text);
    }
    fixture.sync();
    fixture
}

#[test]
fn covering_leaves_few_files_alone_and_takes_no_room_for_them() {
    let fixture = numbered(8);
    assert_eq!(cover(&fixture.repo), 0);
    assert!(postings(&fixture.index_dir()).is_empty());
}

#[test]
fn postings_count_as_bytes_on_disk_outlive_the_process_and_go_with_a_rebuild() {
    let fixture = numbered(MANY);
    let before = fixture.repo.facts().disk_bytes;
    assert!(cover(&fixture.repo) >= MANY as u64);
    assert!(fixture.repo.facts().disk_bytes > before);
    let fixture = fixture.reopened();
    assert_eq!(cover(&fixture.repo), 0, "what was covered still is");
    fixture.repo.rebuild().unwrap();
    assert!(postings(&fixture.index_dir()).is_empty());
    fixture.sync();
    assert_eq!(grep(&fixture.repo, "own_007", 10).hits.len(), 1);
}

#[test]
fn postings_of_another_catalogue_are_not_believed() {
    let fixture = numbered(MANY);
    cover(&fixture.repo);
    let postings = postings(&fixture.index_dir()).remove(0);
    let stale = std::fs::read(&postings).unwrap();
    // Versions begin at 1 once more, and mean other texts.
    fixture.repo.rebuild().unwrap();
    for number in 0..MANY {
        fixture.write(
            &format!("src/f{number:03}.rs"),
            &format!("fn other_{number:03}() {{}}\n"),
        );
    }
    fixture.sync();
    let fixture = fixture.reopened_after(|_| std::fs::write(&postings, stale).unwrap());
    assert_eq!(grep(&fixture.repo, "other_007", 10).hits.len(), 1);
    cover(&fixture.repo);
    assert_eq!(grep(&fixture.repo, "other_007", 10).hits.len(), 1);
}

#[test]
fn segments_stay_few_however_often_files_change() {
    let fixture = numbered(MANY);
    for round in 0..14 {
        for number in 0..MANY {
            fixture.write(
                &format!("src/r{}_{number:03}.rs", round % 12),
                &format!("fn round_{round}_{number:03}() {{}}\n"),
            );
        }
        fixture.sync();
        assert!(cover(&fixture.repo) >= MANY as u64);
    }
    assert!(
        postings(&fixture.index_dir()).len() <= 8,
        "{:?}",
        postings(&fixture.index_dir())
    );
    for round in 2..14 {
        let found = grep(&fixture.repo, &format!("round_{round}_0[12]"), 1_000).hits;
        assert_eq!(found.len(), 20, "round {round}");
    }
    assert!(
        grep(&fixture.repo, "round_0_", 10).hits.is_empty(),
        "written over in round 12"
    );
}

/// Stops after a number of questions.
struct Impatient(std::sync::atomic::AtomicI32);

impl Observer for Impatient {
    fn progress(&self, _: Progress) {}
    fn published(&self, _: u64) {}
    fn is_cancelled(&self) -> bool {
        self.0.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) <= 0
    }
}

#[test]
fn covering_can_be_interrupted_anywhere() {
    let fixture = numbered(MANY);
    for questions in [0, 1, 7, 41] {
        let report = fixture.repo.cover(&Impatient(questions.into())).unwrap();
        assert!(!report.is_complete, "after {questions}");
        assert_eq!(
            grep(&fixture.repo, "shared", 1_000).matches.unwrap().lines,
            2 * MANY as u64
        );
    }
    assert!(cover(&fixture.repo) >= MANY as u64);
}

#[test]
fn uses_of_a_name_are_the_same_covered_or_not() {
    let fixture = numbered(MANY);
    let request = RefsRequest {
        name: "own_007".to_owned(),
        limit: 10,
        ..RefsRequest::default()
    };
    let uncovered = fixture.repo.refs(&request, &|| false).unwrap();
    cover(&fixture.repo);
    assert_eq!(fixture.repo.refs(&request, &|| false).unwrap(), uncovered);
    assert_eq!(uncovered.num_definitions, 1);
}

fn page(fixture: &Fixture, limit: usize, after: Option<String>) -> SearchOutcome {
    let request = SearchRequest {
        query: "shared()".to_owned(),
        limit,
        mode: Mode::Literal,
        after,
        ..SearchRequest::default()
    };
    fixture.repo.search(&request, &mut |_| {}, &|| false).unwrap()
}

#[test]
fn pages_put_together_are_the_whole_and_each_counts_all_of_it() {
    let fixture = numbered(MANY);
    cover(&fixture.repo);
    let whole = page(&fixture, 1_000, None);
    assert!(whole.is_exhaustive);
    for limit in [1, 7, 79, 80] {
        let (mut together, mut after) = (Vec::new(), None);
        loop {
            let page = page(&fixture, limit, after);
            let matches = page.matches.clone().unwrap();
            assert_eq!((matches.lines, matches.files), (80, 40));
            assert_eq!(page.is_exhaustive, matches.next.is_none());
            together.extend(page.hits);
            after = matches.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(together, whole.hits, "{limit} at a time");
    }
}

#[test]
fn a_page_after_a_change_goes_on_behind_the_same_line() {
    let fixture = numbered(MANY);
    let first = page(&fixture, 5, None);
    fixture.write("src/f000.rs", "// nothing is shared here now\n");
    fixture.write("src/f009.rs", "fn new() {\n    shared();\n}\n");
    fixture.sync();
    let second = page(&fixture, 5, first.matches.unwrap().next);
    let found: Vec<_> = places(&second);
    let expected = [("f002", 3), ("f003", 2), ("f003", 3), ("f004", 2), ("f004", 3)];
    let expected = expected.map(|(name, line)| (format!("src/{name}.rs"), line));
    assert_eq!(found, expected);
    assert!(second.notices[0].contains("changed"), "{:?}", second.notices);
}

#[test]
fn a_word_that_is_no_cursor_is_refused() {
    let fixture = numbered(1);
    let request = SearchRequest {
        query: "shared".to_owned(),
        limit: 5,
        mode: Mode::Literal,
        after: Some("tomorrow".to_owned()),
        ..SearchRequest::default()
    };
    let refused = fixture.repo.search(&request, &mut |_| {}, &|| false);
    assert!(refused.unwrap_err().to_string().contains("tomorrow"));
}
