//! A second index that begins as the first is.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::LexicalIndex;
use crate::error::LexicalError;
use crate::format;

impl LexicalIndex {
    /// Makes an index in `directory`, where there is none, that holds the last commit of this one. From then on neither
    /// knows of the other. The engine never changes a file that it has written, so both use the same files where the file
    /// system allows it, and no text is copied. Answers `false`, and makes nothing, while somebody writes.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn copy_to(&self, directory: &Path) -> Result<bool, LexicalError> {
        if !self.start_writing() {
            return Ok(false);
        }
        let copied = fs::create_dir_all(directory)
            .map_err(|error| LexicalError::io(directory, "create the index", error))
            .and_then(|()| {
                format::create(directory, |segments| {
                    share_files(&format::segments_path(self.path()), segments)
                        .map_err(|error| LexicalError::io(directory, "copy an index", error))
                })
            });
        self.stop_writing();
        copied.map(|()| true)
    }
}

/// Files by which the engine says which others count are replaced as a whole; locks are of one index only.
fn share_files(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        match path.extension().and_then(|kind| kind.to_str()) {
            Some("lock") => {}
            Some("json") => {
                let copy = to.join(name);
                fs::copy(&path, &copy)?;
                fs::File::open(copy)?.sync_all()?;
            }
            _ => share(&path, &to.join(name))?,
        }
    }
    fs::File::open(to)?.sync_all()
}

fn share(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        // What the engine has thrown away meanwhile belongs to no commit.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(_) => fs::copy(from, to).map(drop),
        Ok(()) => Ok(()),
    }
}
