//! Whether a backup, or what lies at home, can be relied on.

use std::path::{Component, Path};

use aiex_config::Home;

use crate::error::BackupError;
use crate::manifest::{Copied, Manifest};
use crate::part::{self, Kind, Part};
use crate::{database, files};

/// Reads every byte of a backup.
///
/// # Errors
/// When it is no backup, or the first thing that is wrong with it.
pub fn backup(folder: &Path) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(folder)?;
    for file in &manifest.files {
        check(folder, file)?;
    }
    Ok(manifest)
}

fn check(folder: &Path, file: &Copied) -> Result<(), BackupError> {
    let is_inside = |component: Component<'_>| matches!(component, Component::Normal(_));
    if file.name.is_empty() || !Path::new(&file.name).components().all(is_inside) {
        return Err(BackupError::damaged(folder, format!("it names `{}`", file.name)));
    }
    let path = folder.join(&file.name);
    let (bytes, digest) = files::measure(&path)?;
    if bytes != file.bytes {
        let what = format!("it has {bytes} bytes and had {}", file.bytes);
        return Err(BackupError::damaged(&path, what));
    }
    if digest != file.digest {
        return Err(BackupError::damaged(&path, "its bytes have changed"));
    }
    if file.name.ends_with(".db") {
        database::check(&path)?;
    }
    Ok(())
}

/// A part that was read.
#[derive(Debug)]
pub struct Looked {
    /// Which.
    pub part: Part,
    /// Its length in bytes, or what is wrong with it.
    pub read: Result<u64, BackupError>,
}

/// Reads every part at home, also while the daemon works.
///
/// # Errors
/// When it cannot be seen what is there.
pub fn home(home: &Home) -> Result<Vec<Looked>, BackupError> {
    let read = |part: &Part| {
        let (bytes, _) = files::measure(&part.path)?;
        if part.kind == Kind::File {
            return Ok(bytes);
        }
        database::check(&part.path)?;
        // What was written last may still stand in the log beside it.
        let log = std::fs::metadata(database::log_of(&part.path));
        Ok(bytes + log.map_or(0, |log| log.len()))
    };
    let parts = part::present(home)?.into_iter();
    Ok(parts
        .map(|part| Looked {
            read: read(&part),
            part,
        })
        .collect())
}
