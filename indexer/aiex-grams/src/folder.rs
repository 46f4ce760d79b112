//! The folder in which segments lie: their names, and what is there after a crash.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::GramsError;
use crate::segment::Segment;

const SEGMENT: &str = "grams";
const TEMPORARY: &str = "tmp";

/// A folder of segments. Which of them count is what lies there: there is no list that could say something else.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    next: AtomicU64,
}

/// A folder, and what was found in it.
#[derive(Debug)]
pub struct Opened {
    /// The folder.
    pub folder: Folder,
    /// The sound segments, the oldest first.
    pub segments: Vec<Segment>,
    /// What was damaged, and is gone now.
    pub damaged: Vec<GramsError>,
}

impl Folder {
    /// Opens a folder, which is made if there is none. What a crash left half written is removed, and what is damaged.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn open(path: &Path) -> Result<Opened, GramsError> {
        let failed = |e| GramsError::io(path, e);
        std::fs::create_dir_all(path).map_err(failed)?;
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            let kind = file.extension().and_then(|kind| kind.to_str());
            let number = file
                .file_stem()
                .and_then(|stem| stem.to_str()?.parse::<u64>().ok());
            match (number, kind) {
                (Some(number), Some(SEGMENT)) => numbers.push(number),
                (_, Some(TEMPORARY)) => std::fs::remove_file(&file).map_err(|e| GramsError::io(&file, e))?,
                _ => {}
            }
        }
        numbers.sort_unstable();
        let folder = Self {
            path: path.to_owned(),
            next: AtomicU64::new(numbers.last().map_or(1, |last| last.saturating_add(1))),
        };
        let (mut segments, mut damaged) = (Vec::new(), Vec::new());
        for number in numbers {
            let file = folder.file(number, SEGMENT);
            match Segment::open(&file) {
                Ok(segment) => segments.push(segment),
                Err(error @ GramsError::Damaged { .. }) => {
                    std::fs::remove_file(&file).map_err(|e| GramsError::io(&file, e))?;
                    damaged.push(error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Opened {
            folder,
            segments,
            damaged,
        })
    }

    fn file(&self, number: u64, kind: &str) -> PathBuf {
        self.path.join(format!("{number:08}.{kind}"))
    }

    /// The name under which the next segment is written, and the one that it gets.
    pub(crate) fn next_names(&self) -> (PathBuf, PathBuf) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (self.file(number, TEMPORARY), self.file(number, SEGMENT))
    }

    /// Puts the names of the files on the disk.
    pub(crate) fn sync(&self) -> Result<(), GramsError> {
        let synced = std::fs::File::open(&self.path).and_then(|folder| folder.sync_all());
        synced.map_err(|e| GramsError::io(&self.path, e))
    }
}
