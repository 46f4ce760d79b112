//! Indexes with wrong bytes, cut files, missing files and foreign formats: every call works or says that the
//! index is damaged, and nothing panics, hangs or ends the process.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use aiex_lexical::{Document, LexicalError, LexicalIndex, Query};
use tempfile::TempDir;

const MEMORY: usize = 15_000_000;

/// An index of two segments with deletions.
fn build(directory: &Path) {
    let index = LexicalIndex::open(directory).unwrap();
    for round in 1..3u64 {
        let mut writer = index.begin(MEMORY).unwrap();
        for version in round * 100..round * 100 + 60 {
            for ordinal in 0..5u64 {
                let body = format!("fn word{} shared text number {}", version % 37, ordinal * version);
                let symbol = format!("symbol_{}", version % 41);
                let document = Document {
                    chunk: version << 16 | ordinal,
                    body: &body,
                    symbols: &[&symbol],
                    path: "src/some/file.rs",
                    breadcrumb: "module > item",
                };
                writer.add(&document).unwrap();
            }
        }
        if round == 2 {
            writer.delete_version(110).unwrap();
        }
        writer.commit(round).unwrap();
    }
}

fn search_everything(index: &LexicalIndex) -> Result<(), LexicalError> {
    let query = Query {
        pieces: &[("shared word5 symbol_7 file module", 1.0)],
        limit: 50,
    };
    for hit in index.search(&query, None)?.iter().take(3) {
        index.explain(hit.chunk, &query)?;
    }
    index.symbols("symbol_7", 10)?;
    index.symbol_prefix("symbol", 1000)?;
    index.path_search(&query).map(drop)
}

fn write_something(index: &LexicalIndex) -> Result<(), LexicalError> {
    let mut writer = index.begin(MEMORY)?;
    writer.delete_version(210)?;
    writer.add(&Document {
        chunk: 900 << 16,
        body: "shared",
        ..Document::default()
    })?;
    writer.commit(9)?;
    writer.optimize()?;
    drop(writer);
    index.publish().map(drop)
}

#[track_caller]
fn check<T>(result: Result<T, LexicalError>, case: &str) -> bool {
    if let Err(error) = &result {
        assert!(error.calls_for_rebuild(), "{case}: {error:?}");
    }
    result.is_ok()
}

/// Every call on its own, as each may meet the damage first.
fn use_everything(directory: &Path, case: &str) {
    let opened = LexicalIndex::open(directory);
    if let Ok(index) = &opened {
        check(search_everything(index), case);
    }
    if !check(opened, case) {
        return;
    }
    if let Ok(index) = LexicalIndex::open(directory) {
        check(index.verify(), case);
    }
    if let Ok(index) = LexicalIndex::open(directory) {
        check(
            write_something(&index).and_then(|()| search_everything(&index)),
            case,
        );
    }
}

fn files(directory: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out)
        } else {
            out.push(path)
        }
    }
    out.sort();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Runs `harm` on each file of a fresh copy of an index.
fn each_file(harm: impl Fn(&Path, &dyn Fn(&str))) {
    let original = TempDir::new().unwrap();
    build(original.path());
    let mut all = Vec::new();
    files(original.path(), &mut all);
    assert!(10 < all.len(), "{all:?}");
    for file in all {
        let name = file.strip_prefix(original.path()).unwrap();
        let scratch = TempDir::new().unwrap();
        let place = scratch.path().join("index");
        let again = |case: &str| {
            use_everything(&place, &format!("{} {case}", name.display()));
            fs::remove_dir_all(&place).unwrap();
            copy(original.path(), &place);
        };
        copy(original.path(), &place);
        harm(&place.join(name), &again);
    }
}

#[test]
fn a_wrong_byte_anywhere_is_borne_or_called_damage() {
    each_file(|file, again| {
        let content = fs::read(file).unwrap();
        let length = content.len();
        let mut offsets: Vec<usize> = vec![0, 1, 2, 4, 7, 8, 12, 16, 40];
        offsets.extend((1..8).map(|eighth| length * eighth / 8));
        offsets.extend((1..12).map(|back| length.wrapping_sub(back * back)));
        offsets.retain(|offset| *offset < length);
        offsets.sort_unstable();
        offsets.dedup();
        for offset in offsets {
            let mut wrong = content.clone();
            wrong[offset] = !wrong[offset];
            fs::write(file, wrong).unwrap();
            again(&format!("with byte {offset} of {length} flipped"));
        }
    });
}

#[test]
fn a_cut_file_is_borne_or_called_damage() {
    each_file(|file, again| {
        let length = fs::metadata(file).unwrap().len();
        for left in [0, 1, length / 2, length.saturating_sub(1)] {
            File::options()
                .write(true)
                .open(file)
                .unwrap()
                .set_len(left)
                .unwrap();
            again(&format!("cut to {left} of {length}"));
        }
    });
}

#[test]
fn a_missing_file_is_borne_or_called_damage() {
    each_file(|file, again| {
        fs::remove_file(file).unwrap();
        again("missing");
    });
}

#[test]
fn verifying_finds_a_wrong_byte_in_every_segment_file() {
    let original = TempDir::new().unwrap();
    build(original.path());
    LexicalIndex::open(original.path()).unwrap().verify().unwrap();
    let mut all = Vec::new();
    files(original.path(), &mut all);
    let segment_files = all.iter().filter(|path| {
        path.extension()
            .is_some_and(|extension| extension != "json" && extension != "lock")
    });
    for file in segment_files {
        let content = fs::read(file).unwrap();
        let mut wrong = content.clone();
        wrong[content.len() / 3] ^= 1;
        fs::write(file, wrong).unwrap();
        let found = LexicalIndex::open(original.path()).and_then(|index| index.verify());
        assert!(
            found.is_err_and(|error| error.calls_for_rebuild()),
            "{}",
            file.display()
        );
        fs::write(file, content).unwrap();
    }
}

#[test]
fn another_format_is_incompatible_and_left_alone() {
    let directory = TempDir::new().unwrap();
    build(directory.path());
    let format = directory.path().join("current/format.json");
    let text = fs::read_to_string(&format).unwrap();
    fs::write(&format, "{\"version\":999}").unwrap();
    let future = LexicalIndex::open(directory.path());
    assert!(
        matches!(future, Err(LexicalError::Incompatible { found: 999, .. })),
        "{future:?}"
    );
    fs::write(&format, text).unwrap();
    assert_eq!(LexicalIndex::open(directory.path()).unwrap().generation(), 2);
}

#[test]
fn a_commit_that_was_cut_short_is_made_anew() {
    let directory = TempDir::new().unwrap();
    build(directory.path());
    let mut all = Vec::new();
    files(directory.path(), &mut all);
    let meta = all.into_iter().find(|path| path.ends_with("meta.json")).unwrap();
    let before = fs::read(&meta).unwrap();
    let delete = |generation: u64| -> Result<(), LexicalError> {
        let index = LexicalIndex::open(directory.path())?;
        assert_eq!(index.generation(), 2);
        let mut writer = index.begin(MEMORY)?;
        writer.delete_version(210)?;
        writer.commit(generation)
    };
    delete(3).unwrap();
    // As if the process had been killed when the list of deletions was written and the commit was not.
    fs::write(&meta, before).unwrap();
    delete(4).unwrap();
    let index = LexicalIndex::open(directory.path()).unwrap();
    assert_eq!((index.generation(), index.num_docs()), (4, 2 * 60 * 5 - 2 * 5));
    index.verify().unwrap();
}

#[test]
fn a_half_made_index_is_made_again() {
    let directory = TempDir::new().unwrap();
    fs::create_dir_all(directory.path().join("making/segments")).unwrap();
    assert_eq!(LexicalIndex::open(directory.path()).unwrap().num_docs(), 0);
    assert!(!directory.path().join("making").exists());
}

#[cfg(unix)]
#[test]
fn a_directory_that_may_not_be_written_is_not_damage() {
    use std::os::unix::fs::PermissionsExt;
    let directory = TempDir::new().unwrap();
    let place = directory.path().join("closed");
    fs::create_dir(&place).unwrap();
    fs::set_permissions(&place, fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser writes where nobody may.
    let superuser = File::create(place.join("probe")).is_ok();
    match LexicalIndex::open(&place) {
        Ok(_) => assert!(superuser),
        Err(error) => assert!(matches!(error, LexicalError::Storage { .. }), "{error:?}"),
    }
}

/// The variable that holds the index to write, in the process that may write no large files.
#[cfg(unix)]
const LIMITED: &str = "AIEX_TEST_LIMITED_INDEX";

#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_while_chunks_are_added_is_not_damage() {
    if let Some(directory) = std::env::var_os(LIMITED) {
        let index = LexicalIndex::open(Path::new(&directory)).unwrap();
        let mut writer = index.begin(MEMORY).unwrap();
        let error = (0..200_000_u64).find_map(|chunk| {
            let body = format!(
                "fn word{} differs from all others {}",
                chunk * 7_919,
                chunk * 104_729
            );
            let document = Document {
                chunk: chunk << 16,
                body: &body,
                path: "src/some/file.rs",
                ..Document::default()
            };
            writer.add(&document).err()
        });
        let error = error.expect("the limit was never reached");
        assert!(matches!(error, LexicalError::Storage { .. }), "{error:?}");
        return;
    }
    let directory = TempDir::new().unwrap();
    // A limit holds for a whole process, so this one runs once more under it; a write beyond it fails.
    let output = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 32; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_disk_that_fills_up_while_chunks_are_added_is_not_damage",
        ])
        .env(LIMITED, directory.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
