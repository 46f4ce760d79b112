//! What can be observed of an index, held against a plain model: what is found, when it is seen, what a
//! generation is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use aiex_lexical::{Document, LexicalError, LexicalIndex, Query, Writer, chunk_version};
use tempfile::TempDir;

const MEMORY: usize = 15_000_000;

/// What the rules need of an index.
trait Subject {
    fn add(&mut self, chunk: u64, body: &str, symbols: &[&str]);
    fn delete_version(&mut self, version: u32);
    fn commit(&mut self, generation: u64);
    fn rollback(&mut self);
    fn publish(&mut self);
    fn reopen(&mut self);
    fn generation(&self) -> u64;
    fn words(&self, text: &str) -> BTreeSet<u64>;
    fn symbol(&self, name: &str) -> Vec<u64>;
}

/// The rules in their plainest form: chunks with their lower-case words and their symbols.
#[derive(Default)]
struct Model {
    pending: Chunks,
    committed: (u64, Chunks),
    published: (u64, Chunks),
}

type Chunks = BTreeMap<u64, (BTreeSet<String>, Vec<String>)>;

impl Subject for Model {
    fn add(&mut self, chunk: u64, body: &str, symbols: &[&str]) {
        let names = symbols.iter().copied();
        let words = body
            .split_whitespace()
            .chain(names)
            .map(str::to_lowercase)
            .collect();
        self.pending.insert(
            chunk,
            (words, symbols.iter().map(|name| (*name).to_owned()).collect()),
        );
    }

    fn delete_version(&mut self, version: u32) {
        self.pending
            .retain(|chunk, _| chunk_version(*chunk) != u64::from(version));
    }

    fn commit(&mut self, generation: u64) {
        self.committed = (generation, self.pending.clone());
    }

    fn rollback(&mut self) {
        self.pending = self.committed.1.clone();
    }

    fn publish(&mut self) {
        self.published = self.committed.clone();
    }

    fn reopen(&mut self) {
        self.rollback();
        self.publish();
    }

    fn generation(&self) -> u64 {
        self.published.0
    }

    fn words(&self, text: &str) -> BTreeSet<u64> {
        let wanted: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let has = |words: &BTreeSet<String>| wanted.iter().any(|word| words.contains(word));
        self.published
            .1
            .iter()
            .filter(|(_, (words, _))| has(words))
            .map(|(chunk, _)| *chunk)
            .collect()
    }

    fn symbol(&self, name: &str) -> Vec<u64> {
        let chunks = |same: &dyn Fn(&str) -> bool| -> Vec<u64> {
            let defines = |names: &[String]| names.iter().any(|other| same(other));
            self.published
                .1
                .iter()
                .filter(|(_, (_, names))| defines(names))
                .map(|(id, _)| *id)
                .collect()
        };
        let mut found = chunks(&|other| other == name);
        for chunk in chunks(&|other| other.to_lowercase() == name.to_lowercase()) {
            if !found.contains(&chunk) {
                found.push(chunk);
            }
        }
        found
    }
}

/// The index under the same rules. The writer borrows the index, so the changes wait for the commit.
struct OnDisk {
    directory: TempDir,
    index: Option<LexicalIndex>,
    changes: Vec<Change>,
}

enum Change {
    Add(u64, String, Vec<String>),
    Delete(u32),
}

impl OnDisk {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let index = Some(LexicalIndex::open(directory.path()).unwrap());
        Self {
            directory,
            index,
            changes: Vec::new(),
        }
    }

    fn index(&self) -> &LexicalIndex {
        self.index.as_ref().unwrap()
    }

    fn write(&mut self) -> (Writer<'_>, Vec<Change>) {
        let changes = std::mem::take(&mut self.changes);
        (self.index().begin(MEMORY).unwrap(), changes)
    }
}

fn apply(writer: &mut Writer<'_>, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Add(chunk, body, symbols) => {
                let symbols: Vec<&str> = symbols.iter().map(String::as_str).collect();
                let document = Document {
                    chunk: *chunk,
                    body,
                    symbols: &symbols,
                    ..Document::default()
                };
                writer.add(&document).unwrap();
            }
            Change::Delete(version) => writer.delete_version(*version).unwrap(),
        }
    }
}

impl Subject for OnDisk {
    fn add(&mut self, chunk: u64, body: &str, symbols: &[&str]) {
        let symbols = symbols.iter().map(|name| (*name).to_owned()).collect();
        self.changes.push(Change::Add(chunk, body.to_owned(), symbols));
    }

    fn delete_version(&mut self, version: u32) {
        self.changes.push(Change::Delete(version));
    }

    fn commit(&mut self, generation: u64) {
        let (mut writer, changes) = self.write();
        apply(&mut writer, &changes);
        writer.commit(generation).unwrap();
    }

    fn rollback(&mut self) {
        let (mut writer, changes) = self.write();
        apply(&mut writer, &changes);
        writer.rollback();
    }

    fn publish(&mut self) {
        self.index().publish().unwrap();
    }

    fn reopen(&mut self) {
        self.rollback();
        self.index = None;
        self.index = Some(LexicalIndex::open(self.directory.path()).unwrap());
    }

    fn generation(&self) -> u64 {
        self.index().generation()
    }

    fn words(&self, text: &str) -> BTreeSet<u64> {
        let query = Query {
            pieces: &[(text, 1.0)],
            limit: 10_000,
        };
        let found = self.index().search(&query, None).unwrap();
        found.iter().map(|scored| scored.chunk).collect()
    }

    fn symbol(&self, name: &str) -> Vec<u64> {
        self.index().symbols(name, 10_000).unwrap()
    }
}

fn chunk(version: u64, ordinal: u64) -> u64 {
    version << 16 | ordinal
}

fn an_empty_index_finds_nothing(mut index: impl Subject) {
    assert_eq!(index.generation(), 0);
    assert!(index.words("anything").is_empty());
    assert!(index.symbol("anything").is_empty());
    index.publish();
    index.reopen();
    assert_eq!(index.generation(), 0);
}

fn a_commit_is_seen_when_it_is_published(mut index: impl Subject) {
    index.add(chunk(1, 0), "alpha beta", &["Alpha"]);
    assert!(index.words("alpha").is_empty());
    index.commit(7);
    assert!(index.words("alpha").is_empty());
    assert!(index.symbol("Alpha").is_empty());
    assert_eq!(index.generation(), 0);
    index.publish();
    assert_eq!(index.generation(), 7);
    assert_eq!(index.words("beta"), [chunk(1, 0)].into());
    assert_eq!(index.symbol("Alpha"), [chunk(1, 0)]);
}

fn a_version_is_deleted_with_all_its_chunks(mut index: impl Subject) {
    for version in 1..4 {
        for ordinal in 0..3 {
            index.add(chunk(version, ordinal), "shared", &["same", "Same"]);
        }
    }
    index.commit(1);
    index.delete_version(2);
    index.delete_version(9);
    index.add(chunk(5, 0), "shared new", &["same"]);
    index.commit(2);
    index.publish();
    let left: BTreeSet<u64> = [1, 3]
        .into_iter()
        .flat_map(|v| (0..3).map(move |o| chunk(v, o)))
        .chain([chunk(5, 0)])
        .collect();
    assert_eq!(index.words("shared"), left);
    assert_eq!(index.symbol("same"), left.into_iter().collect::<Vec<_>>());
}

fn an_update_in_one_commit_shows_only_the_new_version(mut index: impl Subject) {
    index.add(chunk(1, 0), "before", &[]);
    index.commit(1);
    index.publish();
    index.delete_version(1);
    index.add(chunk(2, 0), "after", &[]);
    index.commit(2);
    assert_eq!(index.words("before after"), [chunk(1, 0)].into());
    index.publish();
    assert_eq!(index.words("before after"), [chunk(2, 0)].into());
}

fn what_is_rolled_back_never_happened(mut index: impl Subject) {
    index.add(chunk(1, 0), "kept", &[]);
    index.commit(1);
    index.add(chunk(2, 0), "dropped", &[]);
    index.delete_version(1);
    index.rollback();
    index.add(chunk(3, 0), "later", &[]);
    index.commit(2);
    index.publish();
    assert_eq!(
        index.words("kept dropped later"),
        [chunk(1, 0), chunk(3, 0)].into()
    );
}

fn a_reopened_index_has_its_last_commit(mut index: impl Subject) {
    index.add(chunk(1, 0), "first", &["one"]);
    index.commit(41);
    index.add(chunk(2, 0), "second", &["two"]);
    index.commit(42);
    index.add(chunk(3, 0), "lost", &[]);
    index.reopen();
    assert_eq!(index.generation(), 42);
    assert_eq!(
        index.words("first second lost"),
        [chunk(1, 0), chunk(2, 0)].into()
    );
}

fn symbols_of_the_same_case_come_first(mut index: impl Subject) {
    index.add(chunk(1, 0), "x", &["parsefile"]);
    index.add(chunk(2, 0), "x", &["ParseFile", "other"]);
    index.add(chunk(3, 0), "x", &["PARSEFILE"]);
    index.add(chunk(4, 0), "x", &["ParseFile"]);
    index.add(chunk(5, 0), "x", &["ParseFiles"]);
    index.add(chunk(6, 0), "x", &["größe", "operator =="]);
    index.commit(1);
    index.publish();
    let expected = [chunk(2, 0), chunk(4, 0), chunk(1, 0), chunk(3, 0)];
    assert_eq!(index.symbol("ParseFile"), expected);
    assert!(index.symbol("GRÖSSE").is_empty());
    assert_eq!(index.symbol("GRÖẞE"), [chunk(6, 0)]);
    assert_eq!(index.symbol("operator =="), [chunk(6, 0)]);
    assert!(index.symbol("").is_empty());
}

fn generations_go_on_through_many_commits(mut index: impl Subject) {
    for generation in 1..60 {
        index.add(chunk(generation, 0), "many", &[]);
        if 3 < generation {
            index.delete_version(generation as u32 - 3);
        }
        index.commit(generation);
        index.publish();
        assert_eq!(index.generation(), generation);
    }
    index.reopen();
    assert_eq!(index.generation(), 59);
    assert_eq!(
        index.words("many"),
        [chunk(57, 0), chunk(58, 0), chunk(59, 0)].into()
    );
}

macro_rules! contract {
    ($($rule:ident)*) => {
        mod model {
            $(#[test] fn $rule() { super::$rule(super::Model::default()); })*
        }
        mod on_disk {
            $(#[test] fn $rule() { super::$rule(super::OnDisk::new()); })*
        }
    };
}

contract! {
    an_empty_index_finds_nothing
    a_commit_is_seen_when_it_is_published
    a_version_is_deleted_with_all_its_chunks
    an_update_in_one_commit_shows_only_the_new_version
    what_is_rolled_back_never_happened
    a_reopened_index_has_its_last_commit
    symbols_of_the_same_case_come_first
    generations_go_on_through_many_commits
}

#[test]
fn there_is_one_writer_at_a_time() {
    let directory = TempDir::new().unwrap();
    let index = LexicalIndex::open(directory.path()).unwrap();
    let writer = index.begin(MEMORY).unwrap();
    assert!(matches!(index.begin(MEMORY), Err(LexicalError::Busy { .. })));
    let other = LexicalIndex::open(directory.path()).unwrap();
    assert!(matches!(other.begin(MEMORY), Err(LexicalError::Busy { .. })));
    drop(writer);
    other.begin(MEMORY).unwrap().commit(3).unwrap();
    assert_eq!(index.generation(), 0);
    assert_eq!(index.committed_generation().unwrap(), 3);
}

/// A process that is being started has its parent's files, and so the lock of a writer that is gone, until it becomes another
/// program.
#[test]
fn a_lock_that_is_about_to_be_let_go_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let (index, other) = (
        LexicalIndex::open(dir.path()).unwrap(),
        LexicalIndex::open(dir.path()).unwrap(),
    );
    let writer = index.begin(MEMORY).unwrap();
    std::thread::scope(|scope| {
        let begun = scope.spawn(|| other.begin(MEMORY).map(drop));
        std::thread::park_timeout(std::time::Duration::from_millis(100));
        drop(writer);
        begun.join().unwrap().unwrap();
    });
}

#[test]
fn many_small_commits_leave_few_segments_and_few_files() {
    let directory = TempDir::new().unwrap();
    let index = LexicalIndex::open(directory.path()).unwrap();
    for round in 1..150u64 {
        let mut writer = index.begin(MEMORY).unwrap();
        writer.delete_version(round.saturating_sub(50) as u32).unwrap();
        writer
            .add(&Document {
                chunk: chunk(round, 0),
                body: "body",
                ..Document::default()
            })
            .unwrap();
        writer.commit(round).unwrap();
        // Half of the time the caller has no time to settle.
        if round % 40 < 20 {
            writer.settle(&|| false).unwrap();
        }
        drop(writer);
        index.publish().unwrap();
        assert!(index.num_segments() < 40, "round {round}");
    }
    index.begin(MEMORY).unwrap().settle(&|| false).unwrap();
    index.publish().unwrap();
    assert!(index.num_segments() < 8, "{} segments", index.num_segments());
    assert_eq!(index.generation(), 149);
    assert_eq!(index.num_docs(), 50);
    let files = std::fs::read_dir(directory.path().join("current/segments"))
        .unwrap()
        .count();
    assert!(files < 80, "{files} files");
    index.verify().unwrap();
}

#[test]
fn a_cancelled_settling_leaves_the_index_as_it_was() {
    let directory = TempDir::new().unwrap();
    let index = LexicalIndex::open(directory.path()).unwrap();
    for round in 1..10u64 {
        let mut writer = index.begin(MEMORY).unwrap();
        writer
            .add(&Document {
                chunk: chunk(round, 0),
                body: "body",
                ..Document::default()
            })
            .unwrap();
        writer.commit(round).unwrap();
    }
    let mut writer = index.begin(MEMORY).unwrap();
    assert!(!writer.settle(&|| true).unwrap());
    assert!(writer.settle(&|| false).unwrap());
    writer.optimize().unwrap();
    drop(writer);
    index.publish().unwrap();
    assert_eq!(
        (index.num_segments(), index.num_docs(), index.generation()),
        (1, 9, 9)
    );
}

#[test]
fn searches_go_on_while_an_index_is_written() {
    let directory = TempDir::new().unwrap();
    let index = LexicalIndex::open(directory.path()).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..40u64 {
                let mut writer = index.begin(MEMORY).unwrap();
                writer.delete_version(round as u32 - 1).unwrap();
                writer
                    .add(&Document {
                        chunk: chunk(round, 0),
                        body: "only",
                        ..Document::default()
                    })
                    .unwrap();
                writer.commit(round).unwrap();
                index.publish().unwrap();
                writer.settle(&|| false).unwrap();
            }
            done.store(true, std::sync::atomic::Ordering::Release);
        });
        while !done.load(std::sync::atomic::Ordering::Acquire) {
            let query = Query {
                pieces: &[("only", 1.0)],
                limit: 50,
            };
            assert!(index.search(&query, None).unwrap().len() <= 1);
        }
    });
    assert_eq!(index.generation(), 39);
}
