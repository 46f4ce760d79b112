//! A second store that begins as the first is. It knows no file's meaning.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::{room, seal};
use crate::error::{Format, VectorError};
use crate::format;

/// The engine's files are made long and filled later: what was never written is a hole, and stays one.
const BLOCK: usize = 64 * 1024;

/// Copies the files of a store that rests into a directory without one.
pub(super) fn store(from: &Path, to: &Path, expected: Format, reserve: u64) -> Result<(), VectorError> {
    const DOING: &str = "copy a store";
    let failed = |error| VectorError::io(to, DOING, error);
    fs::create_dir_all(to).map_err(failed)?;
    let bytes = format::disk_bytes(from).map_err(failed)?;
    room::require(to, reserve.saturating_add(bytes)).map_err(failed)?;
    format::create(to, expected, |shard| {
        folder(&format::shard_path(from), shard)
            // A seal would be that of other files by the first change of either store.
            .and_then(|()| seal::take_off(shard).map(drop))
            .map_err(failed)
    })
}

fn folder(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        // The log's next file, which the engine makes on a thread of its own.
        if entry.file_name().to_string_lossy().starts_with("tmp-") {
            continue;
        }
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&copy)?;
            folder(&path, &copy)?;
        } else {
            file(&path, &copy)?;
        }
    }
    File::open(to)?.sync_all()
}

fn file(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    let mut to = File::create_new(to)?;
    let mut block = vec![0; BLOCK];
    let mut length = 0;
    loop {
        let read = match from.read(&mut block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        length += read as u64;
        if block[..read].iter().all(|byte| *byte == 0) {
            to.seek(SeekFrom::Current(read as i64))?;
        } else {
            to.write_all(&block[..read])?;
        }
    }
    to.set_len(length)?;
    to.sync_data()
}
