//! The outlines of one repository, packed, in a file that is only added to, so that a repository is opened without reading
//! them and an outline is read with one call.
//!
//! ```text
//! block   = header directory record…      one for each generation
//! header  = "aiexol01" · length of the directory (u32) · of the records (u32) · digest of all that and the directory
//! record  = digest of the outline · outline
//! ```
//!
//! The content store has every outline too: what is missing or damaged here is taken from there. So nothing here waits for
//! the disk, and a file that a crash has torn ends before the first block that is not whole.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use aiex_chunk::Language;
use serde::{Deserialize, Serialize};

use super::Outline;

const MAGIC: [u8; 8] = *b"aiexol01";
const HEADER: usize = MAGIC.len() + 4 + 4 + DIGEST;
const DIGEST: usize = 8;

/// A directory larger than this is not one of ours: it has some twenty bytes a file.
const MAX_DIRECTORY: usize = 64 << 20;

/// What is no longer used is left in the file until it is as much as this and as what is.
const TIDY_FROM: u64 = 1 << 20;

/// Bytes of records that are copied at a time.
const COPIED: usize = 4 << 20;

/// What is known of a file's outline without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    /// Of the content that it is of.
    pub(crate) stamp: u64,
    pub(crate) num_spans: u32,
    pub(crate) language: Option<Language>,
}

/// An outline to add.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) version: u32,
    pub(crate) known: Known,
    pub(crate) packed: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    known: Known,
    at: u64,
    len: u32,
}

#[derive(Serialize, Deserialize)]
struct Directory {
    languages: Vec<String>,
    records: Vec<Listed>,
}

#[derive(Serialize, Deserialize)]
struct Listed {
    version: u32,
    stamp: u64,
    num_spans: u32,
    /// From 1 in the list of languages; 0 for none.
    language: u16,
    /// Bytes of the record.
    len: u32,
}

/// The file of a repository's outlines.
#[derive(Debug)]
pub(crate) struct OutlineLog {
    path: PathBuf,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    file: Arc<File>,
    end: u64,
    places: HashMap<u32, Place>,
    /// Bytes of the records in use.
    live: u64,
}

impl OutlineLog {
    /// Opens the file, or begins one.
    ///
    /// # Errors
    /// When it cannot be read or made.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let _ = std::fs::remove_file(fresh(path));
        let file = open(path, false)?;
        let mut state = State::new(file);
        let length = state.file.metadata()?.len();
        while let Some((places, end)) = block(&state.file, state.end, length)? {
            for (version, place) in places {
                state.put(version, place);
            }
            state.end = end;
        }
        if state.end < length {
            tracing::info!(path = %path.display(), "what a crash has left of the last outlines is cut off");
            state.file.set_len(state.end)?;
        }
        Ok(Self {
            path: path.to_owned(),
            state: RwLock::new(state),
        })
    }

    /// What is known of each version.
    pub(crate) fn known(&self) -> HashMap<u32, Known> {
        let state = self.read_state();
        state.places.iter().map(|(v, p)| (*v, p.known)).collect()
    }

    /// An outline; none when it is not here or damaged.
    pub(crate) fn read(&self, version: u32) -> Option<Outline> {
        let (file, place) = {
            let state = self.read_state();
            (state.file.clone(), *state.places.get(&version)?)
        };
        let mut record = vec![0; place.len as usize];
        file.read_exact_at(&mut record, place.at).ok()?;
        let (digest, packed) = record.split_at_checked(DIGEST)?;
        if digest != digest_of(&[packed]) {
            tracing::warn!(path = %self.path.display(), version, "a stored outline is damaged; it is taken from its content");
            return None;
        }
        Outline::decode(packed).ok()
    }

    /// Adds outlines. One that is there under the same version is no longer used.
    ///
    /// # Errors
    /// When the file cannot be written; it is then as before.
    pub(crate) fn append(&self, entries: &[Entry]) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut state = self.write_state();
        let records = entries.iter().map(|entry| {
            let mut record = digest_of(&[&entry.packed]).to_vec();
            record.extend_from_slice(&entry.packed);
            (entry.version, entry.known, record)
        });
        state.write(records.collect())
    }

    /// Forgets versions.
    pub(crate) fn forget(&self, versions: impl Iterator<Item = u32>) {
        let mut state = self.write_state();
        for version in versions {
            if let Some(place) = state.places.remove(&version) {
                state.live -= u64::from(place.len);
            }
        }
    }

    /// Forgets versions that `is_live` does not know.
    pub(crate) fn retain(&self, is_live: impl Fn(u32) -> bool) {
        let mut state = self.write_state();
        state.places.retain(|version, _| is_live(*version));
        state.live = state.places.values().map(|place| u64::from(place.len)).sum();
    }

    /// Writes the file anew if more of it is out of use than in use.
    ///
    /// # Errors
    /// When there is no room; the file is then as before.
    pub(crate) fn tidy(&self) -> io::Result<()> {
        let mut state = self.write_state();
        if state.end.saturating_sub(state.live) < state.live.max(TIDY_FROM) {
            return Ok(());
        }
        let path = fresh(&self.path);
        let copy = || -> io::Result<State> {
            let mut copy = State::new(open(&path, true)?);
            let mut waiting = Vec::new();
            let mut bytes = 0;
            let mut places: Vec<(u32, Place)> = state.places.iter().map(|(v, p)| (*v, *p)).collect();
            places.sort_unstable_by_key(|(_, place)| place.at);
            for (version, place) in places {
                let mut record = vec![0; place.len as usize];
                state.file.read_exact_at(&mut record, place.at)?;
                bytes += record.len();
                waiting.push((version, place.known, record));
                if COPIED <= bytes {
                    copy.write(std::mem::take(&mut waiting))?;
                    bytes = 0;
                }
            }
            copy.write(waiting)?;
            copy.file.sync_data()?;
            std::fs::rename(&path, &self.path)?;
            Ok(copy)
        };
        *state = copy().inspect_err(|_| drop(std::fs::remove_file(&path)))?;
        Ok(())
    }

    /// Copies the file, for a repository that begins with the files of this one.
    ///
    /// # Errors
    /// When there is no room.
    pub(crate) fn copy_to(&self, path: &Path) -> io::Result<()> {
        let _state = self.read_state();
        std::fs::copy(&self.path, path).map(drop)
    }

    /// Bytes on disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.read_state().end
    }

    fn read_state(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_state(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(file: File) -> Self {
        Self {
            file: Arc::new(file),
            end: 0,
            places: HashMap::new(),
            live: 0,
        }
    }

    fn put(&mut self, version: u32, place: Place) {
        self.live += u64::from(place.len);
        if let Some(old) = self.places.insert(version, place) {
            self.live -= u64::from(old.len);
        }
    }

    /// Adds a block of records.
    fn write(&mut self, records: Vec<(u32, Known, Vec<u8>)>) -> io::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        let mut languages: Vec<String> = Vec::new();
        let listed = records.iter().map(|(version, known, record)| {
            let language = known.language.map_or(0, |language| {
                let at = languages.iter().position(|name| name == language.name());
                at.unwrap_or_else(|| {
                    languages.push(language.name().to_owned());
                    languages.len() - 1
                }) as u16
                    + 1
            });
            Listed {
                version: *version,
                stamp: known.stamp,
                num_spans: known.num_spans,
                language,
                len: record.len() as u32,
            }
        });
        let records_listed = listed.collect();
        let directory = postcard::to_stdvec(&Directory {
            languages,
            records: records_listed,
        })
        .map_err(io::Error::other)?;
        let bytes: usize = records.iter().map(|(_, _, record)| record.len()).sum();
        let too_long = |_| io::Error::other("more outlines than a block holds");
        let lengths = [
            u32::try_from(directory.len()).map_err(too_long)?.to_le_bytes(),
            u32::try_from(bytes).map_err(too_long)?.to_le_bytes(),
        ]
        .concat();
        let mut block = Vec::with_capacity(HEADER + directory.len() + bytes);
        block.extend_from_slice(&MAGIC);
        block.extend_from_slice(&lengths);
        block.extend_from_slice(&digest_of(&[&lengths, &directory]));
        block.extend_from_slice(&directory);
        let mut at = self.end + block.len() as u64;
        for (_, _, record) in &records {
            block.extend_from_slice(record);
        }
        self.file.write_all_at(&block, self.end).inspect_err(|_| {
            // Half a block is no block; the next one is written over it in any case.
            let _ = self.file.set_len(self.end);
        })?;
        self.end += block.len() as u64;
        for (version, known, record) in records {
            let len = record.len() as u32;
            self.put(version, Place { known, at, len });
            at += u64::from(len);
        }
        Ok(())
    }
}

/// The block at a place: its records and where it ends; none when there is none that is whole.
#[expect(clippy::type_complexity, reason = "a list and its end")]
fn block(file: &File, at: u64, length: u64) -> io::Result<Option<(Vec<(u32, Place)>, u64)>> {
    if length < at + HEADER as u64 {
        return Ok(None);
    }
    let mut header = [0; HEADER];
    file.read_exact_at(&mut header, at)?;
    let (magic, rest) = header.split_at(MAGIC.len());
    let (lengths, digest) = rest.split_at(8);
    let number = |from: usize| {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&lengths[from..from + 4]);
        u32::from_le_bytes(bytes)
    };
    let (directory_len, records_len) = (number(0), number(4));
    let records_at = at + HEADER as u64 + u64::from(directory_len);
    let end = records_at + u64::from(records_len);
    if magic != MAGIC || length < end || MAX_DIRECTORY < directory_len as usize {
        return Ok(None);
    }
    let mut directory = vec![0; directory_len as usize];
    file.read_exact_at(&mut directory, at + HEADER as u64)?;
    if digest != digest_of(&[lengths, &directory]) {
        return Ok(None);
    }
    let Ok(directory) = postcard::from_bytes::<Directory>(&directory) else {
        return Ok(None);
    };
    let languages: Vec<Option<Language>> = directory
        .languages
        .iter()
        .map(|name| Language::from_name(name))
        .collect();
    let mut at = records_at;
    let places = directory.records.iter().map(|listed| {
        let before = usize::from(listed.language).checked_sub(1);
        let known = Known {
            stamp: listed.stamp,
            num_spans: listed.num_spans,
            language: before.and_then(|before| languages.get(before).copied().flatten()),
        };
        let place = Place {
            known,
            at,
            len: listed.len,
        };
        at += u64::from(listed.len);
        (listed.version, place)
    });
    let places: Vec<_> = places.collect();
    Ok((at == end).then_some((places, end)))
}

/// Where the file is written anew.
fn fresh(path: &Path) -> PathBuf {
    path.with_extension("new")
}

fn open(path: &Path, is_fresh: bool) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(is_fresh)
        .open(path)
}

fn digest_of(parts: &[&[u8]]) -> [u8; DIGEST] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let mut digest = [0; DIGEST];
    digest.copy_from_slice(&hasher.finalize().as_bytes()[..DIGEST]);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(version: u32, text: &str) -> Entry {
        let chunked = aiex_chunk::chunk(text, Some(Language::Rust), &aiex_chunk::Limits::default());
        let outline = Outline::new(text, &chunked);
        Entry {
            version,
            known: Known {
                stamp: u64::from(version) + 100,
                num_spans: outline.spans.len() as u32,
                language: outline.language(),
            },
            packed: outline.encode().unwrap(),
        }
    }

    fn names(log: &OutlineLog, version: u32) -> Vec<String> {
        let Some(outline) = log.read(version) else {
            return Vec::new();
        };
        let definitions = outline.all_definitions().iter();
        definitions
            .map(|definition| outline.name(definition).to_owned())
            .collect()
    }

    #[test]
    fn what_was_added_is_there_when_the_file_is_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("outlines");
        let log = OutlineLog::open(&path).unwrap();
        log.append(&[entry(1, "fn one() {}\n"), entry(2, "fn two() {}\n")])
            .unwrap();
        log.append(&[entry(3, "fn three() {}\n")]).unwrap();
        drop(log);
        let log = OutlineLog::open(&path).unwrap();
        assert_eq!(names(&log, 1), ["one"]);
        assert_eq!(names(&log, 3), ["three"]);
        assert_eq!(names(&log, 4), [""; 0]);
        let known = log.known();
        assert_eq!(known[&2].stamp, 102);
        assert_eq!(known[&2].language, Some(Language::Rust));
    }

    #[test]
    fn a_file_cut_anywhere_keeps_the_blocks_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("outlines");
        let log = OutlineLog::open(&path).unwrap();
        log.append(&[entry(1, "fn one() {}\n")]).unwrap();
        let first = log.disk_bytes();
        log.append(&[entry(2, "fn two() {}\n")]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        drop(log);
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let log = OutlineLog::open(&path).unwrap();
            let has_first = first <= length as u64;
            assert_eq!(log.known().len(), usize::from(has_first), "cut at {length}");
            assert_eq!(names(&log, 1).len(), usize::from(has_first));
            // And goes on from there.
            log.append(&[entry(3, "fn three() {}\n")]).unwrap();
            drop(log);
            assert_eq!(names(&OutlineLog::open(&path).unwrap(), 3), ["three"]);
        }
    }

    #[test]
    fn a_flipped_byte_never_gives_a_wrong_outline() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("outlines");
        let log = OutlineLog::open(&path).unwrap();
        log.append(&[entry(1, "fn one() {}\n"), entry(2, "fn two() {}\n")])
            .unwrap();
        drop(log);
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x5a;
            std::fs::write(&path, bytes).unwrap();
            let log = OutlineLog::open(&path).unwrap();
            for (version, name) in [(1, "one"), (2, "two")] {
                let names = names(&log, version);
                assert!(
                    names.is_empty() || names == [name],
                    "{names:?} with byte {at} flipped"
                );
            }
        }
    }

    #[test]
    fn what_is_out_of_use_is_given_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("outlines");
        let log = OutlineLog::open(&path).unwrap();
        let large: String = (0..20_000)
            .map(|at| format!("fn f{:x}() {{}}\n", at * 7919))
            .collect();
        for _ in 0..20 {
            log.append(&[entry(1, &large), entry(2, "fn two() {}\n")])
                .unwrap();
        }
        log.append(&[entry(3, "fn three() {}\n")]).unwrap();
        log.forget([2].into_iter());
        let before = log.disk_bytes();
        log.tidy().unwrap();
        assert!(log.disk_bytes() < before / 10);
        assert_eq!(names(&log, 3), ["three"]);
        drop(log);
        let log = OutlineLog::open(&path).unwrap();
        assert_eq!(names(&log, 1).len(), 20_000);
        assert_eq!(names(&log, 2), [""; 0]);
        assert_eq!(names(&log, 3), ["three"]);
    }
}
