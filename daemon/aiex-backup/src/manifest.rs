//! What a backup says of itself.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::BackupError;

/// The format that this version writes.
pub const FORMAT: u32 = 1;
/// The name of the file.
pub(crate) const FILE: &str = "manifest.json";
/// A manifest names a handful of files.
const MAX_BYTES: u64 = 1 << 20;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of the folder.
    pub format: u32,
    /// The version of aiex that wrote it.
    pub aiex: String,
    /// When it was written, in milliseconds since 1970.
    pub made_at_ms: u64,
    /// What its user said of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Its files.
    pub files: Vec<Copied>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Its name in the folder, with `/`.
    pub name: String,
    /// What it is to the user.
    pub what: String,
    /// Its length.
    pub bytes: u64,
    /// BLAKE3 of its bytes, in hexadecimal digits.
    pub digest: String,
}

impl Manifest {
    /// All bytes of the files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Reads the manifest of a backup.
    ///
    /// # Errors
    /// When the folder is no backup, is damaged, or of a newer format.
    pub fn read(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(FILE);
        let length = match fs::metadata(&path) {
            Ok(facts) => facts.len(),
            Err(e)
                if matches!(
                    e.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                return Err(BackupError::NoBackup {
                    path: folder.to_owned(),
                });
            }
            Err(e) => return Err(BackupError::io(&path, e)),
        };
        if length > MAX_BYTES {
            return Err(BackupError::damaged(&path, "it is far too large"));
        }
        let bytes = fs::read(&path).map_err(|e| BackupError::io(&path, e))?;
        // Whatever else has changed, the number of the format is where it was.
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let damaged = |e: serde_json::Error| BackupError::damaged(&path, e.to_string());
        let version: Version = serde_json::from_slice(&bytes).map_err(damaged)?;
        if version.format > FORMAT {
            return Err(BackupError::Newer {
                path: folder.to_owned(),
                found: version.format,
                known: FORMAT,
            });
        }
        serde_json::from_slice(&bytes).map_err(damaged)
    }
}
