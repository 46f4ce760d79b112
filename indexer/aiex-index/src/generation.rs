//! The manifest: which generation the stores of a repository hold together.
//!
//! Order of writes: content, full text (durable, not yet visible) → manifest by atomic rename →
//! catalogue → visible. A manifest ahead of the catalogue therefore tells a crash in between.

use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// The manifest's format.
pub const FORMAT: u32 = 1;

/// What `generation.json` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this file and the folder's layout.
    pub format: u32,
    /// The generation that full text and content hold.
    pub generation: u64,
    /// Of the vectors.
    pub embedder: String,
    /// For people who look into the folder.
    pub root: String,
}

impl Manifest {
    /// Reads the manifest of a folder; nothing if there is none or it cannot be read.
    pub fn read(dir: &Path) -> Option<Self> {
        let bytes = std::fs::read(dir.join("generation.json")).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// When the manifest of a folder was written last; `None` if there is none.
    pub fn last_written(dir: &Path) -> Option<SystemTime> {
        std::fs::metadata(dir.join("generation.json"))
            .and_then(|data| data.modified())
            .ok()
    }

    /// Writes the manifest: temporary name, fsync, rename, fsync of the folder.
    ///
    /// # Errors
    /// When the folder cannot be written; the manifest that was there stays.
    pub fn write(&self, dir: &Path) -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".generation").tempfile_in(dir)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(dir.join("generation.json")).map_err(|e| e.error)?;
        std::fs::File::open(dir)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_reads_back_and_a_broken_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = Manifest {
            format: FORMAT,
            generation: 7,
            embedder: "static".to_owned(),
            root: "/r".to_owned(),
        };
        manifest.write(dir.path()).unwrap();
        assert_eq!(Manifest::read(dir.path()), Some(manifest));
        std::fs::write(dir.path().join("generation.json"), b"{\"format\": 1,").unwrap();
        assert_eq!(Manifest::read(dir.path()), None);
    }
}
