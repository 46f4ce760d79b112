//! Stores with wrong bytes, cut files, missing files and foreign formats: every call works or says that the
//! store is damaged, and nothing panics, hangs or ends the process.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use aiex_vector::{EdgeSettings, EdgeStore, VectorError, VectorStore, quantise};
use tempfile::TempDir;

const DIMENSIONS: usize = 16;
const SEAL: &str = "current/shard/seal.json";

fn vector(id: u64) -> Vec<f32> {
    let mut vector = vec![0.1; DIMENSIONS];
    vector[id as usize % DIMENSIONS] = 0.9;
    vector
}

fn open(directory: &Path) -> Result<EdgeStore, VectorError> {
    let settings = EdgeSettings {
        reserve_bytes: 1024 * 1024,
        ..EdgeSettings::default()
    };
    EdgeStore::open(directory, DIMENSIONS, settings)
}

/// A store with an optimised segment, one that takes changes, and deletions in both.
fn build(directory: &Path) {
    let store = open(directory).unwrap();
    let put = |ids: &[u64]| {
        let vectors: Vec<i8> = ids.iter().flat_map(|&id| quantise(&vector(id))).collect();
        store.upsert(ids, &vectors).unwrap();
    };
    put(&(0..1500).collect::<Vec<_>>());
    store.delete(&(0..700).collect::<Vec<_>>()).unwrap();
    store.optimize(&|| false).unwrap();
    put(&(2000..2100).collect::<Vec<_>>());
    store.delete(&[800, 2001]).unwrap();
    store.flush().unwrap();
}

fn use_everything(directory: &Path) -> Result<(), VectorError> {
    let store = open(directory)?;
    store.search(&vector(3), 10, None)?;
    store.len()?;
    store.ids(&mut |_| true)?;
    store.upsert(
        &[5000, 5001],
        &[quantise(&vector(1)), quantise(&vector(2))].concat(),
    )?;
    store.delete(&[900, 2002])?;
    store.flush()?;
    store.optimize(&|| false)?;
    store.search(&vector(3), 10, None)?;
    drop(store);
    open(directory)?.search(&vector(3), 10, None).map(drop)
}

#[track_caller]
fn check(directory: &Path, case: &str) {
    if let Err(error) = use_everything(directory) {
        assert!(error.calls_for_rebuild(), "{case}: {error:?}");
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

/// Copies a tree and keeps the holes of its files, which are most of them.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
            continue;
        }
        let (mut source, mut sink) = (File::open(&path).unwrap(), File::create(&target).unwrap());
        sink.set_len(source.metadata().unwrap().len()).unwrap();
        let mut block = vec![0; 1 << 16];
        loop {
            let length = source.read(&mut block).unwrap();
            if length == 0 {
                break;
            }
            if block[..length].iter().any(|byte| *byte != 0) {
                sink.write_all(&block[..length]).unwrap();
            } else {
                sink.seek(SeekFrom::Current(length as i64)).unwrap();
            }
        }
    }
}

/// Runs `harm` on each file of a fresh copy of a store.
fn each_file(harm: impl Fn(&Path, &dyn Fn(&str))) {
    let original = TempDir::new().unwrap();
    build(original.path());
    assert!(original.path().join(SEAL).exists());
    let mut all = Vec::new();
    files(original.path(), &mut all);
    assert!(10 < all.len(), "{all:?}");
    for file in all {
        let name = file.strip_prefix(original.path()).unwrap();
        let scratch = TempDir::new().unwrap();
        let place = scratch.path().join("store");
        let again = |case: &str| {
            check(&place, &format!("{} {case}", name.display()));
            fs::remove_dir_all(&place).unwrap();
            copy(original.path(), &place);
        };
        copy(original.path(), &place);
        harm(&place.join(name), &again);
    }
}

fn flip(file: &Path, offset: u64) {
    let mut file = File::options().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(&[!byte[0]]).unwrap();
}

#[test]
fn a_wrong_byte_anywhere_is_borne_or_called_damage() {
    each_file(|file, again| {
        let length = fs::metadata(file).unwrap().len();
        let mut offsets: Vec<u64> = vec![
            0,
            1,
            3,
            4,
            7,
            8,
            12,
            16,
            40,
            100,
            1000,
            length / 2,
            length.wrapping_sub(1),
        ];
        offsets.retain(|offset| *offset < length);
        offsets.sort_unstable();
        offsets.dedup();
        for offset in offsets {
            flip(file, offset);
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
fn every_wrong_byte_of_a_closed_store_is_found() {
    let directory = TempDir::new().unwrap();
    build(directory.path());
    open(directory.path()).unwrap().verify().unwrap();
    let mut all = Vec::new();
    files(&directory.path().join("current/shard/segments"), &mut all);
    for file in all {
        let Some(middle) = fs::metadata(&file)
            .unwrap()
            .len()
            .checked_sub(1)
            .map(|last| last / 2)
        else {
            continue;
        };
        flip(&file, middle);
        let found = open(directory.path()).and_then(|store| store.verify());
        assert!(
            found.is_err_and(|error| error.calls_for_rebuild()),
            "{}",
            file.display()
        );
        flip(&file, middle);
    }
    open(directory.path()).unwrap().verify().unwrap();
}

#[test]
fn a_store_that_was_only_read_keeps_its_seal_through_a_kill() {
    let directory = TempDir::new().unwrap();
    build(directory.path());
    let store = open(directory.path()).unwrap();
    store.search(&vector(3), 10, None).unwrap();
    // What is on disk now is what a kill would leave.
    let killed = directory.path().join("killed");
    copy(&directory.path().join("current"), &killed.join("current"));
    assert!(killed.join(SEAL).exists());
    open(&killed).unwrap().verify().unwrap();
    store.delete(&[900]).unwrap();
    assert!(!directory.path().join(SEAL).exists());
}

#[test]
fn missing_segments_are_damage() {
    let directory = TempDir::new().unwrap();
    build(directory.path());
    fs::remove_dir_all(directory.path().join("current/shard/segments")).unwrap();
    assert!(open(directory.path()).unwrap_err().calls_for_rebuild());
}

#[test]
fn another_format_is_incompatible_and_left_alone() {
    let directory = TempDir::new().unwrap();
    build(directory.path());
    let other = EdgeStore::open(directory.path(), DIMENSIONS * 2, EdgeSettings::default());
    assert!(
        matches!(other, Err(VectorError::Incompatible { .. })),
        "{other:?}"
    );
    let format = directory.path().join("current/format.json");
    let text = fs::read_to_string(&format).unwrap();
    fs::write(&format, text.replace("\"version\":1", "\"version\":999")).unwrap();
    let future = open(directory.path());
    assert!(matches!(future, Err(VectorError::Incompatible { found, .. }) if found.version == 999));
    fs::write(&format, text).unwrap();
    assert_eq!(open(directory.path()).unwrap().len().unwrap(), 800 + 100 - 2);
}

#[test]
fn a_half_made_store_is_made_again() {
    let directory = TempDir::new().unwrap();
    fs::create_dir_all(directory.path().join("making/shard/segments")).unwrap();
    fs::write(directory.path().join("making/format.json"), "").unwrap();
    assert!(open(directory.path()).unwrap().is_empty().unwrap());
    assert!(!directory.path().join("making").exists());
}

#[test]
fn a_store_that_is_open_is_not_damaged() {
    let directory = TempDir::new().unwrap();
    let first = open(directory.path()).unwrap();
    let second = open(directory.path());
    assert!(matches!(second, Err(VectorError::Storage { .. })), "{second:?}");
    assert!(first.is_empty().unwrap());
}

#[test]
fn a_disk_without_room_is_not_damage_and_searches_go_on() {
    let directory = TempDir::new().unwrap();
    build(directory.path());
    let settings = EdgeSettings {
        reserve_bytes: u64::MAX,
        ..EdgeSettings::default()
    };
    let store = EdgeStore::open(directory.path(), DIMENSIONS, settings).unwrap();
    let full = store.upsert(&[1], &quantise(&vector(1)));
    assert!(matches!(full, Err(VectorError::Storage { .. })), "{full:?}");
    store.flush().unwrap();
    assert_eq!(store.search(&vector(3), 10, None).unwrap().len(), 10);
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
    match open(&place) {
        Ok(_) => assert!(superuser),
        Err(error) => assert!(matches!(error, VectorError::Storage { .. }), "{error:?}"),
    }
    // Nobody, not even the superuser, makes a directory under a file.
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = open(&file.join("store")).unwrap_err();
    assert!(!matches!(error, VectorError::Incompatible { .. }), "{error:?}");
}
