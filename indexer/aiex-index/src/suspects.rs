//! Texts that may bring the process down while they are parsed.
//!
//! Grammars come with scanners written in C. One that crashes on a text takes the process with it, and without a
//! note the next process would read the same text and crash as well. So every worker writes down which text it is
//! about to parse, and the next process finds the notes of one that died. A text that was being parsed at
//! three deaths without being parsed in between is a suspect: it is parsed by another process first ([`Trial`]), and if
//! that one dies, the text is cut by lines from then on. Without the trial a machine that is switched off often enough would
//! convict the file that is read first.
//!
//! The notes are not synced: what a process wrote survives its own death, and a power cut is not a crash of a
//! scanner.

mod trial;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aiex_chunk::Language;

pub use trial::Trial;

use crate::content::ContentKey;
use crate::error::IndexError;

/// Deaths before a text is suspected to be the cause. A process may be killed at any moment, so one death says little, and
/// that the same text of thousands is there twice may be chance.
const STRIKES: u8 = 3;
/// As many as say that a trial ended in death.
const CONVICTED: u8 = u8::MAX;
/// Texts that can be parsed at once; a worker that finds no place parses without a note.
const SLOTS: usize = 64;
const KEY_BYTES: usize = 32;

/// The notes, and who was found in them how often.
#[derive(Debug)]
pub struct Suspects {
    /// What is being parsed, one key a slot; zeros are a free one.
    notes: File,
    strikes_path: PathBuf,
    /// Without one every suspect is guilty.
    trial: Option<Trial>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    strikes: HashMap<[u8; KEY_BYTES], u8>,
    taken: u64,
}

impl Suspects {
    /// Reads the notes in `dir`, which must exist, and counts what a dead process left in them.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn open(dir: &Path, trial: Option<Trial>) -> Result<Self, IndexError> {
        let (path, strikes_path) = (dir.join("parsing"), dir.join("suspects"));
        let fail = |e| IndexError::io("content", &path, e);
        let notes = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fail)?;
        let mut left = Vec::new();
        io::Read::read_to_end(&mut &notes, &mut left).map_err(fail)?;
        let mut strikes = read_strikes(&strikes_path);
        let mut is_news = false;
        for key in left.as_chunks::<KEY_BYTES>().0 {
            if *key != [0; KEY_BYTES] {
                let count = strikes.entry(*key).or_default();
                *count += u8::from(*count < CONVICTED - 1);
                is_news = true;
            }
        }
        let suspects = Self {
            notes,
            strikes_path,
            trial,
            state: Mutex::new(State { strikes, taken: 0 }),
        };
        if is_news {
            // First the strikes, then the notes: a crash in between counts a death twice, never not at all.
            suspects
                .write_strikes(&suspects.state())
                .map_err(|e| IndexError::io("content", &suspects.strikes_path, e))?;
        }
        suspects.notes.set_len(0).map_err(fail)?;
        Ok(suspects)
    }

    /// Whether a text may be parsed here. A suspect is tried first, which takes as long as parsing it does.
    pub fn may_parse(&self, key: &ContentKey, language: Language, text: &str) -> bool {
        let strikes = self.state().strikes.get(&key.0).copied().unwrap_or_default();
        match (&self.trial, strikes) {
            (_, ..STRIKES) => true,
            (None, _) | (_, CONVICTED) => false,
            (Some(trial), _) => match trial.survives(language, text) {
                Ok(true) => true,
                Ok(false) => {
                    self.convict(key);
                    false
                }
                Err(error) => {
                    tracing::warn!(%error, "a text that may crash the process cannot be tried in another");
                    false
                }
            },
        }
    }

    fn convict(&self, key: &ContentKey) {
        let mut state = self.state();
        state.strikes.insert(key.0, CONVICTED);
        self.write_down(&state);
    }

    /// Notes that a text is being parsed, until the note is dropped.
    pub fn note(&self, key: &ContentKey) -> Note<'_> {
        let mut state = self.state();
        let free = state.taken.trailing_ones() as usize;
        if free >= SLOTS {
            return Note {
                of: self,
                key: *key,
                slot: None,
            };
        }
        state.taken |= 1 << free;
        drop(state);
        // A note that cannot be written protects nobody, and is no reason not to index.
        let _ = self.notes.write_all_at(&key.0, (free * KEY_BYTES) as u64);
        Note {
            of: self,
            key: *key,
            slot: Some(free),
        }
    }

    fn finished(&self, key: &ContentKey, slot: Option<usize>) {
        if let Some(slot) = slot {
            let _ = self
                .notes
                .write_all_at(&[0; KEY_BYTES], (slot * KEY_BYTES) as u64);
        }
        let mut state = self.state();
        if let Some(slot) = slot {
            state.taken &= !(1 << slot);
        }
        if state.strikes.remove(&key.0).is_some() {
            self.write_down(&state);
        }
    }

    fn write_down(&self, state: &State) {
        if let Err(error) = self.write_strikes(state) {
            tracing::warn!(%error, "what is known of crashes cannot be written");
        }
    }

    fn write_strikes(&self, state: &State) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(state.strikes.len() * (KEY_BYTES + 1));
        for (key, strikes) in &state.strikes {
            bytes.extend_from_slice(key);
            bytes.push(*strikes);
        }
        let folder = self.strikes_path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".suspects").tempfile_in(folder)?;
        io::Write::write_all(&mut file, &bytes)?;
        file.persist(&self.strikes_path).map_err(|e| e.error)?;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that is missing or cut short accuses nobody.
fn read_strikes(path: &Path) -> HashMap<[u8; KEY_BYTES], u8> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let (entries, _) = bytes.as_chunks::<{ KEY_BYTES + 1 }>();
    entries
        .iter()
        .filter_map(|entry| {
            let (key, strikes) = entry.split_first_chunk::<KEY_BYTES>()?;
            Some((*key, strikes[0]))
        })
        .collect()
}

/// A text is being parsed.
#[derive(Debug)]
#[must_use]
pub struct Note<'a> {
    of: &'a Suspects,
    key: ContentKey,
    slot: Option<usize>,
}

impl Drop for Note<'_> {
    fn drop(&mut self) {
        self.of.finished(&self.key, self.slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> ContentKey {
        ContentKey([byte; KEY_BYTES])
    }

    const TEXT: &str = "fn f() {}";

    /// The notes in `dir`, where suspects are tried by a shell that does this.
    fn open(dir: &Path, trial: &str) -> Suspects {
        let trial = Trial {
            program: "/bin/sh".into(),
            arguments: ["-c", trial].map(Into::into).to_vec(),
        };
        Suspects::open(dir, Some(trial)).unwrap()
    }

    fn may_parse(suspects: &Suspects, key: &ContentKey) -> bool {
        suspects.may_parse(key, Language::Rust, TEXT)
    }

    /// A process that dies while it parses these texts.
    fn die_parsing(dir: &Path, keys: &[ContentKey]) {
        let suspects = Suspects::open(dir, None).unwrap();
        for key in keys {
            std::mem::forget(suspects.note(key));
        }
    }

    fn suspected(keys: &[ContentKey]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        (0..STRIKES).for_each(|_| die_parsing(dir.path(), keys));
        dir
    }

    #[test]
    fn a_text_is_suspected_after_three_deaths_and_convicted_by_a_trial_only() {
        let dir = tempfile::tempdir().unwrap();
        for strike in 1..=STRIKES {
            assert!(
                may_parse(&open(dir.path(), "kill -s SEGV $$"), &key(1)),
                "{strike}"
            );
            die_parsing(dir.path(), &[key(1), key(100 + strike)]);
        }
        assert!(may_parse(&open(dir.path(), "exit 0"), &key(1)), "it came through");
        let suspects = open(dir.path(), "kill -s SEGV $$");
        assert!(!may_parse(&suspects, &key(1)));
        assert!(may_parse(&suspects, &key(101)), "it was there once");
        drop(suspects);
        assert!(!may_parse(&open(dir.path(), "exit 0"), &key(1)), "still");
        assert!(!may_parse(&Suspects::open(dir.path(), None).unwrap(), &key(1)));
    }

    #[test]
    fn a_trial_reads_the_text_and_is_told_the_language() {
        let dir = suspected(&[key(1)]);
        let reads = r#"test "$0 $(cat)" = "rust fn f() {}""#;
        assert!(may_parse(&open(dir.path(), reads), &key(1)));
    }

    #[test]
    fn a_trial_that_did_not_take_place_convicts_nobody_and_frees_nobody() {
        let dir = suspected(&[key(1)]);
        assert!(!may_parse(&open(dir.path(), "kill -9 $$"), &key(1)));
        let missing = Trial {
            program: dir.path().join("missing"),
            arguments: Vec::new(),
        };
        let suspects = Suspects::open(dir.path(), Some(missing)).unwrap();
        assert!(!may_parse(&suspects, &key(1)));
        drop(suspects);
        assert!(!may_parse(&Suspects::open(dir.path(), None).unwrap(), &key(1)));
        assert!(may_parse(&open(dir.path(), "exit 0"), &key(1)));
    }

    #[test]
    fn a_text_that_could_be_parsed_is_no_suspect() {
        let dir = tempfile::tempdir().unwrap();
        die_parsing(dir.path(), &[key(1)]);
        die_parsing(dir.path(), &[key(1)]);
        drop(Suspects::open(dir.path(), None).unwrap().note(&key(1)));
        die_parsing(dir.path(), &[key(1)]);
        assert!(may_parse(&open(dir.path(), "exit 1"), &key(1)));
    }

    #[test]
    fn notes_that_are_not_ours_do_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("parsing"), [7; 1000]).unwrap();
        std::fs::write(dir.path().join("suspects"), "short").unwrap();
        let suspects = Suspects::open(dir.path(), None).unwrap();
        let notes: Vec<_> = (0..SLOTS as u8 + 3).map(|n| suspects.note(&key(n))).collect();
        drop(notes);
        assert_eq!(suspects.state().taken, 0);
    }
}
