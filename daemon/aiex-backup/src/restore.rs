//! Bringing a backup back.
//!
//! Everything is checked and lies beside its place before the first file is replaced. What is replaced is set aside. After a
//! crash in between some files are the backup's and some are not, and the same restore once more ends it.

use std::fs;
use std::path::{Path, PathBuf};

use aiex_config::{DaemonLock, Home};

use crate::error::BackupError;
use crate::manifest::Manifest;
use crate::part::{self, Kind, Part};
use crate::{database, files, verify};

/// What a file is called until it takes its place.
const WAITING: &str = "restoring";
/// Where what was replaced goes, before its number.
const ASIDE: &str = "before-restore-";

/// A file that a restore would put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which part.
    pub part: Part,
    /// Its length, in bytes.
    pub bytes: u64,
    /// Whether something lies there that would be set aside.
    pub replaces: bool,
}

/// What a restore did.
#[derive(Debug)]
pub struct Restored {
    /// What was put back.
    pub steps: Vec<Step>,
    /// Where what was replaced lies now, if anything was.
    pub aside: Option<PathBuf>,
}

/// What restoring a backup would do, when every byte of it is sound.
///
/// # Errors
/// When the backup cannot be relied on.
pub fn plan(home: &Home, folder: &Path) -> Result<(Manifest, Vec<Step>), BackupError> {
    let manifest = verify::backup(folder)?;
    let mut steps = Vec::new();
    for file in &manifest.files {
        let part = part::named(home, &file.name)
            .ok_or_else(|| BackupError::damaged(folder, format!("it names `{}`", file.name)))?;
        steps.push(Step {
            replaces: part.path.exists(),
            bytes: file.bytes,
            part,
        });
    }
    Ok((manifest, steps))
}

/// Puts a backup in the place of what is there.
///
/// # Errors
/// When the backup cannot be relied on, the daemon runs, or a file cannot be written.
pub fn restore(home: &Home, folder: &Path) -> Result<Restored, BackupError> {
    let (_, steps) = plan(home, folder)?;
    files::make_folder(&home.contract_dir())?;
    // For as long as this takes no daemon starts.
    let Some(_lock) = DaemonLock::try_acquire(home)? else {
        return Err(BackupError::DaemonRuns);
    };
    for step in &steps {
        let path = &step.part.path;
        if let Some(around) = path.parent() {
            files::make_folder(around)?;
        }
        files::copy(&folder.join(&step.part.name), &waiting(path))?;
    }
    let mut aside = None;
    for step in &steps {
        let path = &step.part.path;
        if path.exists() {
            let aside = match &aside {
                Some(aside) => aside,
                None => aside.insert(new_aside(&home.state)?),
            };
            make_way(&step.part, aside)?;
        }
        fs::rename(waiting(path), path).map_err(|e| BackupError::io(path, e))?;
        if let Some(around) = path.parent() {
            files::sync(around)?;
        }
    }
    Ok(Restored { steps, aside })
}

fn waiting(path: &Path) -> PathBuf {
    files::beside(path, &format!(".{WAITING}"))
}

/// Makes the folder for what is replaced.
fn new_aside(state: &Path) -> Result<PathBuf, BackupError> {
    let named = |number: u32| state.join(format!("{ASIDE}{number}"));
    let mut number = 1;
    while named(number).exists() {
        number += 1;
    }
    let folder = named(number);
    files::make_folder(&folder)?;
    Ok(folder)
}

/// Sets what lies in a part's place aside. The log of a database goes before it: left behind, it would be taken for that of
/// the one that comes.
fn make_way(part: &Part, aside: &Path) -> Result<(), BackupError> {
    let target = aside.join(&part.name);
    if let Some(folder) = target.parent() {
        files::make_folder(folder)?;
    }
    if part.kind == Kind::Database {
        // One that is damaged goes as it is, with its log.
        let _ = database::settle(&part.path);
        for end in ["-wal", "-shm"] {
            let log = files::beside(&part.path, end);
            if log.exists() {
                files::set_aside(&log, &files::beside(&target, end))?;
            }
        }
    }
    files::set_aside(&part.path, &target)
}
