//! A segment that is not what was written says so, or answers as before; what a crash leaves is cleared away.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use aiex_grams::{Builder, Candidates, Document, Folder, GramsError, Query, Segment, merge};

fn document(id: u32) -> Document {
    Document { id, stamp: 7 }
}

/// Forty texts, so that there are short lists and long ones.
fn segment(folder: &Folder) -> Segment {
    let mut builder = Builder::default();
    for id in 0..40 {
        let text = format!("fn common_{id}() {{ rare_{} }} ünï\n", id * id);
        builder.add(document(id * 3), &text);
    }
    builder.write(folder).unwrap()
}

fn file(dir: &Path) -> PathBuf {
    std::fs::read_dir(dir).unwrap().next().unwrap().unwrap().path()
}

/// Every list, and the answers to some queries.
fn everything(path: &Path) -> Result<Vec<Candidates>, GramsError> {
    let segment = Segment::open(path)?;
    let patterns = [
        "common",
        "rare_9",
        "fn|ünï",
        "rare_144. \\}",
        "nowhere",
        "(?i)COMMON_1[0-9]",
    ];
    let mut answers = Vec::new();
    for pattern in patterns {
        answers.push(segment.candidates(&Query::of_pattern(pattern).unwrap())?);
    }
    let scratch = tempfile::tempdir().unwrap();
    let folder = Folder::open(scratch.path())?.folder;
    // Reads every list.
    merge(&folder, &[&segment], &|_| true, &|| false)?;
    Ok(answers)
}

#[test]
fn no_changed_byte_changes_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    segment(&Folder::open(dir.path()).unwrap().folder);
    let path = file(dir.path());
    let sound = std::fs::read(&path).unwrap();
    let expected = everything(&path).unwrap();
    assert_eq!(expected[4], Candidates::At(Vec::new()));
    let mut noticed = 0;
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x5a;
        std::fs::write(&path, &bytes).unwrap();
        match everything(&path) {
            Ok(answers) => assert_eq!(answers, expected, "byte {at}"),
            Err(GramsError::Damaged { .. }) => noticed += 1,
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
    assert_eq!(noticed, sound.len(), "every byte is looked after");
    for length in 0..sound.len() {
        std::fs::write(&path, &sound[..length]).unwrap();
        assert!(everything(&path).is_err(), "cut off at {length}");
    }
}

#[test]
fn a_damaged_segment_is_gone_after_opening_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::open(dir.path()).unwrap().folder;
    segment(&folder);
    let damaged = file(dir.path());
    segment(&folder);
    let length = std::fs::metadata(&damaged).unwrap().len();
    std::fs::write(&damaged, vec![0; length as usize]).unwrap();
    let opened = Folder::open(dir.path()).unwrap();
    assert_eq!((opened.segments.len(), opened.damaged.len()), (1, 1));
    assert!(!damaged.exists());
}

#[test]
fn what_a_crash_left_half_written_is_cleared_away_and_no_name_is_given_twice() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::open(dir.path()).unwrap().folder;
    segment(&folder);
    std::fs::write(dir.path().join("00000002.tmp"), b"half").unwrap();
    let opened = Folder::open(dir.path()).unwrap();
    assert_eq!(opened.segments.len(), 1);
    assert!(!dir.path().join("00000002.tmp").exists());
    segment(&opened.folder);
    assert_eq!(Folder::open(dir.path()).unwrap().segments.len(), 2);
}

#[test]
fn a_merge_that_is_cancelled_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::open(dir.path()).unwrap().folder;
    let one = segment(&folder);
    assert!(matches!(
        merge(&folder, &[&one], &|_| true, &|| true),
        Err(GramsError::Cancelled)
    ));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    assert!(merge(&folder, &[&one], &|_| false, &|| false).unwrap().is_none());
}
