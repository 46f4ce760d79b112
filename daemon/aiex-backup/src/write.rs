//! Writing a backup.

use std::fs;
use std::path::{Path, PathBuf};

use aiex_config::Home;

use crate::error::BackupError;
use crate::manifest::{Copied, FILE, FORMAT, Manifest};
use crate::part::{self, Kind};
use crate::{database, files};

/// What the folders of backups are called, before their number.
const NAME: &str = "aiex-backup-";

/// A backup that was written.
#[derive(Debug)]
pub struct Written {
    /// Its folder.
    pub folder: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
    /// Older ones that were deleted to make room.
    pub deleted: Vec<PathBuf>,
}

/// Says of a backup who wrote it and when.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// The version of aiex.
    pub aiex: String,
    /// Milliseconds since 1970.
    pub made_at_ms: u64,
    /// The user's own words.
    pub note: String,
}

/// Writes a backup into a new folder in `into`, and then deletes the oldest ones there until there are no more than `keep`.
/// What others wrote there stays.
///
/// # Errors
/// When there is nothing to copy, a part is damaged, or the folder cannot be written. Nothing is left of the attempt, and
/// no older backup is deleted.
pub fn write(home: &Home, into: &Path, stamp: Stamp, keep: Option<usize>) -> Result<Written, BackupError> {
    let parts = part::present(home)?;
    if parts.is_empty() {
        return Err(BackupError::Nothing);
    }
    files::make_folder(into)?;
    let unfinished = tempfile::Builder::new()
        .prefix(".aiex-backup-")
        .tempdir_in(into)
        .map_err(|e| BackupError::io(into, e))?;
    let mut manifest = Manifest {
        format: FORMAT,
        aiex: stamp.aiex,
        made_at_ms: stamp.made_at_ms,
        note: stamp.note,
        files: Vec::new(),
    };
    for part in &parts {
        let path = unfinished.path().join(&part.name);
        if let Some(folder) = path.parent() {
            files::make_folder(folder)?;
        }
        match part.kind {
            Kind::Database => {
                // Made before, so that nobody else may read it.
                files::write(&path, b"")?;
                database::copy(&part.path, &path)?;
                files::sync(&path)?;
            }
            Kind::File => files::copy(&part.path, &path)?,
        }
        let (bytes, digest) = files::measure(&path)?;
        manifest.files.push(Copied {
            name: part.name.clone(),
            what: part.what.to_owned(),
            bytes,
            digest,
        });
    }
    let text = serde_json::to_vec_pretty(&manifest).map_err(|e| BackupError::io(into, e.into()))?;
    files::write(&unfinished.path().join(FILE), &text)?;
    for folder in folders(unfinished.path())? {
        files::sync(&folder)?;
    }
    let folder = name(into, unfinished.path())?;
    // It has its name: nothing is to be cleared away.
    drop(unfinished.keep());
    files::sync(into)?;
    let deleted = match keep {
        Some(keep) => thin_out(into, keep.max(1))?,
        None => Vec::new(),
    };
    Ok(Written {
        folder,
        manifest,
        deleted,
    })
}

/// Gives a finished backup the next number that is free. An empty folder cannot be in the way, nor another backup.
fn name(into: &Path, finished: &Path) -> Result<PathBuf, BackupError> {
    let mut number = backups(into)?.last().map_or(1, |(last, _)| last + 1);
    loop {
        let folder = into.join(format!("{NAME}{number:04}"));
        match fs::rename(finished, &folder) {
            Ok(()) => return Ok(folder),
            // Somebody else was quicker.
            Err(_) if folder.exists() => number += 1,
            Err(e) => return Err(BackupError::io(&folder, e)),
        }
    }
}

/// A folder and those in it, the innermost first.
fn folders(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let mut all = Vec::new();
    let entries = fs::read_dir(folder).map_err(|e| BackupError::io(folder, e))?;
    for entry in entries {
        let path = entry.map_err(|e| BackupError::io(folder, e))?.path();
        if path.is_dir() {
            all.extend(folders(&path)?);
        }
    }
    all.push(folder.to_owned());
    Ok(all)
}

/// The backups in a folder with their numbers, the oldest first.
pub fn backups(into: &Path) -> Result<Vec<(u64, PathBuf)>, BackupError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(into).map_err(|e| BackupError::io(into, e))? {
        let path = entry.map_err(|e| BackupError::io(into, e))?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if let Some(number) = name.strip_prefix(NAME).and_then(|number| number.parse().ok()) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

/// Deletes the oldest backups until `keep` are left. A folder that is called like one and is none stays.
fn thin_out(into: &Path, keep: usize) -> Result<Vec<PathBuf>, BackupError> {
    let mut ours = backups(into)?;
    ours.retain(|(_, folder)| Manifest::read(folder).is_ok());
    let surplus = ours.len().saturating_sub(keep);
    ours.truncate(surplus);
    for (_, folder) in &ours {
        fs::remove_dir_all(folder).map_err(|e| BackupError::io(folder, e))?;
    }
    Ok(ours.into_iter().map(|(_, folder)| folder).collect())
}
