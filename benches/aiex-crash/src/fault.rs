//! Faults below every store: an operation on the daemon's files fails, ends it or takes long, and its clock jumps.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;

use crate::control::{
    self, DELAY, END_BEFORE, END_MIDWAY, FAIL, FOLDER, OPEN, PATH_AT, PATH_MOST, READ, REMOVE, RENAME, SIZE,
    SYNC, TRUNCATE, WRITE, Word,
};
use crate::failure::Failure;

/// Kinds of operation in the order of their bits.
const KINDS: [&str; 8] = [
    "write",
    "sync",
    "rename",
    "truncate",
    "open",
    "remove",
    "make folder",
    "read",
];

/// What goes wrong, with which operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) effect: Effect,
    pub(crate) kinds: Kinds,
    /// Operations that pass first.
    pub(crate) skip: u64,
    pub(crate) lasts: bool,
}

/// What becomes of an operation that is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It fails.
    Fails(Errno),
    /// The daemon ends before it, or in its midst.
    EndsBefore,
    EndsMidway,
    /// It takes longer.
    Slow(Duration),
}

/// Kinds of operation that may be hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kinds {
    /// All that changes what lies on disk.
    Changes,
    Writes,
    Syncs,
    Renames,
    Truncations,
    Reads,
}

impl Kinds {
    fn bits(self) -> u64 {
        match self {
            Self::Changes => WRITE | SYNC | RENAME | TRUNCATE | OPEN | REMOVE | FOLDER,
            Self::Writes => WRITE,
            Self::Syncs => SYNC,
            Self::Renames => RENAME,
            Self::Truncations => TRUNCATE,
            Self::Reads => READ,
        }
    }
}

impl Effect {
    /// Its name in the tally.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fails(Errno::NOSPC) => "operations failed for want of room",
            Self::Fails(Errno::ACCESS) => "operations forbidden",
            Self::Fails(_) => "operations failed",
            Self::EndsBefore => "killed before an operation",
            Self::EndsMidway => "killed in the midst of an operation",
            Self::Slow(_) => "slow disk",
        }
    }

    /// Whether the daemon does not live through it.
    pub(crate) fn is_end(self) -> bool {
        matches!(self, Self::EndsBefore | Self::EndsMidway)
    }
}

/// The hand on a daemon that has the injector loaded.
pub(crate) struct Faults {
    library: PathBuf,
    path: PathBuf,
    under: PathBuf,
    file: File,
}

impl Faults {
    /// Faults of what lies under a folder, through a file of this name. The library lies where it was built, beside `exe`.
    pub(crate) fn new(exe: &Path, path: PathBuf, under: PathBuf) -> Result<Self, Failure> {
        let library = exe.with_file_name("deps").join("libaiex_faults.so");
        if !library.exists() {
            return Err(Failure::NoInjector { place: library });
        }
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path);
        let file = opened.map_err(Failure::at(&path))?;
        file.set_len(SIZE as u64).map_err(Failure::at(&path))?;
        Ok(Self {
            library,
            path,
            under,
            file,
        })
    }

    /// What a daemon must be started with.
    pub(crate) fn variables(&self) -> [(&'static str, &Path); 3] {
        [
            ("LD_PRELOAD", &self.library),
            (control::FILE, &self.path),
            (control::UNDER, &self.under),
        ]
    }

    /// From now on the fault is there.
    pub(crate) fn arm(&self, fault: &Fault) -> Result<(), Failure> {
        self.disarm()?;
        let (effect, value) = match fault.effect {
            Effect::Fails(error) => (FAIL, error.raw_os_error() as u64),
            Effect::EndsBefore => (END_BEFORE, 0),
            Effect::EndsMidway => (END_MIDWAY, 0),
            Effect::Slow(time) => (DELAY, time.as_micros() as u64),
        };
        self.set(Word::Effect, effect)?;
        self.set(Word::Value, value)?;
        self.set(Word::Skip, fault.skip)?;
        self.set(Word::Times, if fault.lasts { u64::MAX } else { 1 })?;
        self.set(Word::Seen, 0)?;
        self.set(Word::Hit, 0)?;
        self.set(Word::Kinds, fault.kinds.bits())
    }

    /// From now on nothing goes wrong, but for the clock.
    pub(crate) fn disarm(&self) -> Result<(), Failure> {
        self.set(Word::Kinds, 0)
    }

    /// The daemon's clock is wrong by so many seconds.
    pub(crate) fn put_clock_off(&self, seconds: i64) -> Result<(), Failure> {
        self.set(Word::ClockOffset, seconds as u64)
    }

    /// The first operation that was hit since a fault was armed: its kind, and the file below the folder.
    pub(crate) fn hit(&self) -> Result<Option<String>, Failure> {
        if self.get(Word::Hit)? == 0 {
            return Ok(None);
        }
        let mut path = vec![0; PATH_MOST];
        self.file
            .read_exact_at(&mut path, PATH_AT as u64)
            .map_err(Failure::at(&self.path))?;
        let path: Vec<u8> = path.into_iter().take_while(|byte| *byte != 0).collect();
        let path = String::from_utf8_lossy(&path).into_owned();
        let kind = self.get(Word::HitKind)?.trailing_zeros() as usize;
        let below = Path::new(&path);
        let below = below.strip_prefix(&self.under).unwrap_or(below);
        Ok(Some(format!(
            "{} {}",
            KINDS.get(kind).unwrap_or(&"?"),
            below.display()
        )))
    }

    fn set(&self, word: Word, value: u64) -> Result<(), Failure> {
        self.file
            .write_all_at(&value.to_ne_bytes(), word as u64 * 8)
            .map_err(Failure::at(&self.path))
    }

    fn get(&self, word: Word) -> Result<u64, Failure> {
        let mut value = [0; 8];
        self.file
            .read_exact_at(&mut value, word as u64 * 8)
            .map_err(Failure::at(&self.path))?;
        Ok(u64::from_ne_bytes(value))
    }
}
