//! What the machine itself allows, measured in the same run as what is compared with it.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use aiex_chunk::{Language, Limits as ChunkLimits, chunk};

use crate::Failure;
use crate::quantile::Times;

/// Bytes that are read from end to end to see how fast memory is: more than any cache holds.
const READ_THROUGH: usize = 256 << 20;

/// What a disk, the memory, the scheduler and the parsers of this machine do.
pub(crate) struct Limits {
    /// From a small write to its being on the disk.
    pub(crate) fsync: Duration,
    /// Bytes of memory that one thread reads in a second.
    pub(crate) memory: f64,
    /// A message to another thread and one back.
    pub(crate) handover: Duration,
    /// The program, started to say its version.
    pub(crate) start: Duration,
}

impl Limits {
    pub(crate) fn measured(program: &Path, scratch: &Path) -> Result<Self, Failure> {
        Ok(Self {
            fsync: fsync(scratch)?,
            memory: memory(),
            handover: handover()?,
            start: start(program)?,
        })
    }
}

fn median(times: Vec<Duration>) -> Duration {
    Times::new(times).at(0.5)
}

fn fsync(scratch: &Path) -> Result<Duration, Failure> {
    let mut file = File::create(scratch.join("fsync"))?;
    let mut times = Vec::new();
    for _ in 0..50 {
        let began = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    Ok(median(times))
}

fn memory() -> f64 {
    let words = vec![1_u64; READ_THROUGH / 8];
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        // Eight sums at once, so that adding does not wait for adding.
        let mut sums = [0_u64; 8];
        for eight in words.chunks_exact(8) {
            for (sum, word) in sums.iter_mut().zip(eight) {
                *sum = sum.wrapping_add(*word);
            }
        }
        std::hint::black_box(sums);
        best = best.min(began.elapsed());
    }
    READ_THROUGH as f64 / best.as_secs_f64()
}

fn handover() -> Result<Duration, Failure> {
    let (to, from_here) = mpsc::sync_channel::<()>(0);
    let (back, from_there) = mpsc::sync_channel::<()>(0);
    let other = std::thread::spawn(move || {
        while from_here.recv().is_ok() {
            if back.send(()).is_err() {
                return;
            }
        }
    });
    let mut times = Vec::new();
    for _ in 0..2_000 {
        let began = Instant::now();
        to.send(())?;
        from_there.recv()?;
        times.push(began.elapsed());
    }
    drop(to);
    other.join().map_err(|_| "the other thread panicked")?;
    Ok(median(times))
}

fn start(program: &Path) -> Result<Duration, Failure> {
    let mut times = Vec::new();
    for _ in 0..30 {
        let began = Instant::now();
        let status = Command::new(program)
            .arg("--version")
            .stdout(Stdio::null())
            .status()?;
        times.push(began.elapsed());
        if !status.success() {
            return Err("`aiex --version` failed".into());
        }
    }
    Ok(median(times))
}

/// Listing a tree and asking for the size and time of each file, and the same with reading every file.
pub(crate) fn looking(root: &Path) -> Result<(Duration, Duration), Failure> {
    let began = Instant::now();
    let files = files(root)?;
    let listed = began.elapsed();
    for path in &files {
        std::hint::black_box(fs::read(path)?);
    }
    Ok((listed, began.elapsed()))
}

/// Parsing and cutting every file of a tree, on one thread.
pub(crate) fn parsing(root: &Path) -> Result<Duration, Failure> {
    let mut busy = Duration::ZERO;
    for path in files(root)? {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let began = Instant::now();
        let language = Language::detect(&path.to_string_lossy(), &text);
        std::hint::black_box(chunk(&text, language, &ChunkLimits::default()));
        busy += began.elapsed();
    }
    Ok(busy)
}

/// Writing so many bytes to one file and waiting until they are on the disk.
pub(crate) fn writing(scratch: &Path, bytes: u64) -> Result<Duration, Failure> {
    let piece = vec![7_u8; 1 << 20];
    let began = Instant::now();
    let mut file = File::create(scratch.join("written"))?;
    let mut left = usize::try_from(bytes)?;
    while 0 < left {
        let now = left.min(piece.len());
        file.write_all(&piece[..now])?;
        left -= now;
    }
    file.sync_data()?;
    Ok(began.elapsed())
}

fn files(root: &Path) -> Result<Vec<std::path::PathBuf>, Failure> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let metadata = fs::symlink_metadata(entry.path())?;
            if entry.file_name() == ".git" {
                continue;
            }
            if metadata.is_dir() {
                folders.push(entry.path());
            } else if metadata.is_file() {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}
