//! What a shard's files were when it was closed. It knows no file's meaning, only which are long.
//!
//! The engine trusts its files: a wrong byte in a small one can make it ask for more memory than there is, which
//! ends the process and cannot be caught. So a store that was closed is sealed with the length and the hash of
//! every file, and opened only if the seal holds. The first change breaks the seal, and a store that was killed
//! after it is opened without one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use serde::{Deserialize, Serialize};

const SEAL_FILE: &str = "seal.json";
/// Beginnings of the names of files that grow with the vectors and hold nothing but data. Hashing them would make
/// opening as long as reading; they are compared by length, and by hash when all is verified.
const LONG: [&str; 6] = ["chunk_", "page_", "matrix", "vectors", "links", "graph"];

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Print {
    length: u64,
    hash: String,
}

/// The print of every file below the segments.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Seal(BTreeMap<String, Print>);

/// Seals a shard whose files rest. The long files of `known` are taken to be as they were then.
pub(super) fn put(shard: &Path, known: Option<&Seal>) -> io::Result<()> {
    let mut seal = Seal::default();
    each_file(&shard.join("segments"), "", &mut |name, path| {
        let length = fs::metadata(path)?.len();
        let kept = known
            .and_then(|seal| seal.0.get(name))
            .filter(|print| print.length == length && is_long(path));
        let hash = kept.map_or_else(|| hash(path), |print| Ok(print.hash.clone()))?;
        seal.0.insert(name.to_owned(), Print { length, hash });
        Ok(())
    })?;
    let fresh = shard.join("seal.new");
    fs::write(&fresh, serde_json::to_vec(&seal)?)?;
    fs::rename(fresh, shard.join(SEAL_FILE))
}

/// Takes the seal off, before anything is changed.
pub(super) fn take_off(shard: &Path) -> io::Result<Option<Seal>> {
    let seal = read(shard)?;
    if seal.is_some() {
        fs::remove_file(shard.join(SEAL_FILE))?;
    }
    Ok(seal)
}

/// A seal that cannot be read is one that nothing fits.
fn read(shard: &Path) -> io::Result<Option<Seal>> {
    match fs::read(shard.join(SEAL_FILE)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        text => Ok(Some(serde_json::from_slice(&text?).unwrap_or_default())),
    }
}

/// Compares the files with the seal, the long ones only if `all`. The answer names what does not fit; nothing does
/// not fit where there is no seal.
pub(super) fn check(shard: &Path, all: bool) -> io::Result<Option<String>> {
    let Some(seal) = read(shard)? else { return Ok(None) };
    let mut wrong = None;
    let mut seen = 0;
    each_file(&shard.join("segments"), "", &mut |name, path| {
        let fits = match seal.0.get(name) {
            None => false,
            Some(print) => {
                seen += 1;
                print.length == fs::metadata(path)?.len()
                    && ((is_long(path) && !all) || print.hash == hash(path)?)
            }
        };
        if !fits && wrong.is_none() {
            wrong = Some(name.to_owned());
        }
        Ok(())
    })?;
    if wrong.is_none() && seen < seal.0.len() {
        wrong = Some("a missing file".to_owned());
    }
    Ok(wrong)
}

fn is_long(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    LONG.iter().any(|long| name.starts_with(long))
}

fn hash(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Shows every file with its path below the first directory, written with slashes.
fn each_file(
    directory: &Path,
    prefix: &str,
    see: &mut dyn FnMut(&str, &Path) -> io::Result<()>,
) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            each_file(&entry.path(), &format!("{name}/"), see)?;
        } else {
            see(&name, &entry.path())?;
        }
    }
    Ok(())
}
