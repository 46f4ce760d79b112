//! The directory of a store on disk: which version wrote it, and that it appears whole or not at all. It does
//! not know what the engine keeps inside.
//!
//! ```text
//! <store>/current/format.json   version and dimensions
//! <store>/current/shard/        the engine's files
//! <store>/making/               a store that is being made; left over by a crash, it is removed
//! ```

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::{Format, VectorError};

/// Version of the layout above together with the engine's own, which is pinned.
pub(crate) const VERSION: u32 = 1;

const CURRENT: &str = "current";
const MAKING: &str = "making";
const FORMAT_FILE: &str = "format.json";
const SHARD: &str = "shard";

/// The engine's directory of a store that is there.
pub(crate) fn shard_path(store: &Path) -> PathBuf {
    store.join(CURRENT).join(SHARD)
}

/// Reads and compares the format; `false` when there is no store yet.
pub(crate) fn check(store: &Path, expected: Format) -> Result<bool, VectorError> {
    let current = store.join(CURRENT);
    match fs::metadata(&current) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(VectorError::io(store, "look for the store", error)),
    }
    let text = fs::read(current.join(FORMAT_FILE))
        .map_err(|error| VectorError::io(store, "read the format", error))?;
    let found: Format = serde_json::from_slice(&text).map_err(|error| VectorError::Damaged {
        path: store.to_owned(),
        doing: "read the format",
        detail: error.to_string(),
    })?;
    if found == expected {
        Ok(true)
    } else {
        Err(VectorError::Incompatible {
            path: store.to_owned(),
            found,
            expected,
        })
    }
}

/// Makes a store beside its place with `fill`, which gets the engine's directory, and moves it there.
pub(crate) fn create(
    store: &Path,
    format: Format,
    fill: impl FnOnce(&Path) -> Result<(), VectorError>,
) -> Result<(), VectorError> {
    let making = store.join(MAKING);
    let storage = |doing| {
        move |source| VectorError::Storage {
            path: store.to_owned(),
            doing,
            source,
        }
    };
    match fs::remove_dir_all(&making) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(storage("remove a half-made store")(error));
        }
        _ => {}
    }
    let shard = making.join(SHARD);
    fs::create_dir_all(&shard).map_err(storage("create the store"))?;
    write_format(&making, format).map_err(storage("write the format"))?;
    fill(&shard)?;
    fs::rename(&making, store.join(CURRENT)).map_err(storage("put the store in place"))?;
    sync_directory(store).map_err(storage("put the store in place"))
}

fn write_format(directory: &Path, format: Format) -> io::Result<()> {
    let mut file = File::create_new(directory.join(FORMAT_FILE))?;
    file.write_all(&serde_json::to_vec(&format)?)?;
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

/// Bytes that the files under a directory take. Files that vanish meanwhile count nothing.
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
            Ok(metadata) => bytes += allocated(&metadata),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

/// The engine's files have holes, so their length says little.
#[cfg(unix)]
fn allocated(metadata: &fs::Metadata) -> u64 {
    // The unit of `st_blocks` is 512 bytes on every Unix that Rust supports.
    std::os::unix::fs::MetadataExt::blocks(metadata) * 512
}

#[cfg(not(unix))]
fn allocated(metadata: &fs::Metadata) -> u64 {
    metadata.len()
}
