//! The directory of an index: which version wrote it, and that it appears whole or not at all. It does not know
//! what the engine keeps inside.
//!
//! ```text
//! <index>/current/format.json   version
//! <index>/current/segments/     the engine's files
//! <index>/making/               an index that is being made; left over by a crash, it is removed
//! ```

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::LexicalError;

/// Version of the layout above, the fields, the analyser and the engine's files together.
pub(crate) const VERSION: u32 = 2;

const CURRENT: &str = "current";
const MAKING: &str = "making";
const FORMAT_FILE: &str = "format.json";
const SEGMENTS: &str = "segments";

#[derive(Serialize, Deserialize)]
struct Format {
    version: u32,
}

/// The engine's directory of an index that is there.
pub(crate) fn segments_path(index: &Path) -> PathBuf {
    index.join(CURRENT).join(SEGMENTS)
}

/// Reads and compares the format; `false` when there is no index yet.
pub(crate) fn check(index: &Path) -> Result<bool, LexicalError> {
    const DOING: &str = "read the format";
    let current = index.join(CURRENT);
    match fs::metadata(&current) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(LexicalError::io(index, DOING, error)),
    }
    let text = fs::read(current.join(FORMAT_FILE)).map_err(|error| LexicalError::io(index, DOING, error))?;
    let Format { version } = serde_json::from_slice(&text)
        .map_err(|error| LexicalError::damaged(index, DOING, error.to_string()))?;
    if version == VERSION {
        Ok(true)
    } else {
        Err(LexicalError::Incompatible {
            path: index.to_owned(),
            found: version,
            expected: VERSION,
        })
    }
}

/// Makes an index beside its place with `fill`, which gets the engine's directory, and moves it there.
pub(crate) fn create(
    index: &Path,
    fill: impl FnOnce(&Path) -> Result<(), LexicalError>,
) -> Result<(), LexicalError> {
    let making = index.join(MAKING);
    let storage = |doing| {
        move |source| LexicalError::Storage {
            path: index.to_owned(),
            doing,
            source,
        }
    };
    match fs::remove_dir_all(&making) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(storage("remove a half-made index")(error));
        }
        _ => {}
    }
    let segments = making.join(SEGMENTS);
    fs::create_dir_all(&segments).map_err(storage("create the index"))?;
    write_format(&making).map_err(storage("write the format"))?;
    fill(&segments)?;
    fs::rename(&making, index.join(CURRENT)).map_err(storage("put the index in place"))?;
    sync_directory(index).map_err(storage("put the index in place"))
}

fn write_format(directory: &Path) -> io::Result<()> {
    let mut file = File::create_new(directory.join(FORMAT_FILE))?;
    file.write_all(&serde_json::to_vec(&Format { version: VERSION })?)?;
    file.sync_all()
}

/// A rename is only durable with its directory; Windows has no such call and needs none.
fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(directory)?.sync_all()
    } else {
        Ok(())
    }
}

/// Bytes of the files under a directory. Files that vanish meanwhile count nothing.
pub(crate) fn disk_bytes(directory: &Path) -> io::Result<u64> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut bytes = 0;
    for entry in entries {
        let entry = entry?;
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes += disk_bytes(&entry.path())?,
            Ok(metadata) => bytes += metadata.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}
