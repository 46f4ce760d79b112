//! Writing a segment, list after list in the order of grams.
//!
//! ```text
//! magic · lists · blocks of the dictionary · footer (documents, blocks) · trailer (where the footer is, digest, magic)
//! ```
//!
//! A list of a few bytes stands in the dictionary, behind its gram. The file gets its name when everything is on the
//! disk, so a crash leaves a segment whole or not at all.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use crate::codec::{digest, put, put_list};
use crate::document::Document;
use crate::error::GramsError;
use crate::folder::Folder;
use crate::gram::Gram;
use crate::segment::Segment;

/// What a segment begins and ends with: a name and the number of the format.
pub(crate) const MAGIC: &[u8; 8] = b"aiexgr\x00\x01";
/// Bytes of the trailer: where the footer begins, its length, a digest, the magic.
pub(crate) const TRAILER: usize = 8 + 8 + DIGEST + MAGIC.len();
/// Bytes of the digest of footer and trailer.
pub(crate) const DIGEST: usize = 16;
/// Bytes of the digest of a block of the dictionary.
pub(crate) const BLOCK_DIGEST: usize = 8;
/// Bytes of the digest of a list.
pub(crate) const LIST_DIGEST: usize = 4;
/// Lists up to this many bytes stand in the dictionary.
pub(crate) const INLINE: usize = 8;
/// Grams of a block of the dictionary.
const BLOCK_GRAMS: usize = 128;

/// A segment in the making.
pub(crate) struct Writer {
    temporary: PathBuf,
    path: PathBuf,
    file: BufWriter<File>,
    documents: Vec<Document>,
    /// Bytes written so far.
    written: u64,
    dictionary: Vec<u8>,
    /// Where the block at hand begins in the dictionary, and how many grams it has.
    block: (usize, usize),
    /// Bytes of lists of the block at hand.
    block_lists: u64,
    last: Option<Gram>,
    /// What the footer says of each block.
    blocks: Vec<u8>,
    num_blocks: u64,
    scratch: Vec<u8>,
}

impl Writer {
    /// Begins a segment over these documents, which are in the order of their ids.
    pub(crate) fn create(folder: &Folder, documents: Vec<Document>) -> Result<Self, GramsError> {
        let (temporary, path) = folder.next_names();
        let file = File::create(&temporary).map_err(|e| GramsError::io(&temporary, e))?;
        let mut writer = Self {
            temporary,
            path,
            file: BufWriter::with_capacity(1 << 18, file),
            documents,
            written: 0,
            dictionary: Vec::new(),
            block: (0, 0),
            block_lists: 0,
            last: None,
            blocks: Vec::new(),
            num_blocks: 0,
            scratch: Vec::new(),
        };
        writer.write(MAGIC)?;
        Ok(writer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), GramsError> {
        self.written += bytes.len() as u64;
        self.file
            .write_all(bytes)
            .map_err(|e| GramsError::io(&self.temporary, e))
    }

    /// Adds the next gram: the places of its documents, ascending. Grams come in their order, each once.
    pub(crate) fn add(&mut self, gram: Gram, places: &[u32]) -> Result<(), GramsError> {
        if self.block.1 == BLOCK_GRAMS {
            self.end_block();
        }
        let mut list = std::mem::take(&mut self.scratch);
        list.clear();
        put_list(&mut list, places, self.documents.len() as u32);
        let before = match self.last {
            Some(last) if self.block.1 > 0 => last.number(),
            _ => 0,
        };
        if self.block.1 == 0 {
            put(&mut self.blocks, u64::from(gram.number()));
        }
        put(&mut self.dictionary, u64::from(gram.number() - before));
        put(&mut self.dictionary, places.len() as u64);
        put(&mut self.dictionary, list.len() as u64);
        if list.len() <= INLINE {
            self.dictionary.extend_from_slice(&list);
        } else {
            self.dictionary
                .extend_from_slice(&digest::<LIST_DIGEST>(&[&list]));
            self.block_lists += list.len() as u64;
            self.write(&list)?;
        }
        self.scratch = list;
        self.block.1 += 1;
        self.last = Some(gram);
        Ok(())
    }

    fn end_block(&mut self) {
        let (start, grams) = self.block;
        if grams == 0 {
            return;
        }
        let bytes = &self.dictionary[start..];
        put(&mut self.blocks, bytes.len() as u64);
        put(&mut self.blocks, self.block_lists);
        self.blocks.extend_from_slice(&digest::<BLOCK_DIGEST>(&[bytes]));
        self.num_blocks += 1;
        self.block = (self.dictionary.len(), 0);
        self.block_lists = 0;
    }

    /// Puts the segment on the disk under its name, and opens it.
    pub(crate) fn finish(mut self, folder: &Folder) -> Result<Segment, GramsError> {
        self.end_block();
        let dictionary = std::mem::take(&mut self.dictionary);
        self.write(&dictionary)?;
        drop(dictionary);
        let at = self.written;
        let mut footer = Vec::new();
        put(&mut footer, self.documents.len() as u64);
        let mut before = 0;
        for document in &self.documents {
            put(&mut footer, u64::from(document.id - before));
            footer.extend_from_slice(&document.stamp.to_le_bytes());
            before = document.id;
        }
        put(&mut footer, self.num_blocks);
        footer.extend_from_slice(&self.blocks);
        self.write(&footer)?;
        let (at, length) = (at.to_le_bytes(), (footer.len() as u64).to_le_bytes());
        self.write(&at)?;
        self.write(&length)?;
        self.write(&digest::<DIGEST>(&[&at, &length, &footer]))?;
        self.write(MAGIC)?;
        let failed = |e| GramsError::io(&self.temporary, e);
        self.file.flush().map_err(failed)?;
        self.file.get_ref().sync_all().map_err(failed)?;
        std::fs::rename(&self.temporary, &self.path).map_err(failed)?;
        folder.sync()?;
        Segment::open(&self.path)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Gone already when the segment was finished.
        let _ = std::fs::remove_file(&self.temporary);
    }
}
