//! Bringing the files of vectors into the system's cache. They are read as files: the engine maps each of them twice, to
//! look here and there and to read from end to end, so a search of all vectors would leave every page with the process
//! twice.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// How much is read at a time.
const BLOCK: usize = 256 * 1024;

/// Reads the vectors of every segment of a shard. Segments that are exchanged meanwhile are left out.
pub(super) fn read_through(shard: &Path) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    for segment in fs::read_dir(shard.join("segments"))? {
        let vectors = segment?.path().join("vector_storage/vectors");
        match folder(&vectors, &mut block) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}

fn folder(vectors: &Path, block: &mut [u8]) -> io::Result<()> {
    for file in fs::read_dir(vectors)? {
        let file = File::open(file?.path())?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            continue;
        }
        let mut written = file.take(written(&metadata));
        loop {
            match written.read(block) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// The files are made long and filled from their beginning; the rest is a hole.
#[cfg(unix)]
fn written(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    /// Of what `st_blocks` counts, whatever the file system's blocks are.
    const UNIT: u64 = 512;
    metadata.len().min(metadata.blocks() * UNIT)
}

#[cfg(not(unix))]
fn written(metadata: &Metadata) -> u64 {
    metadata.len()
}
