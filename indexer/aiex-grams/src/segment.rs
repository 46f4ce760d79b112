//! A file with the postings of some documents, which never changes.

use std::borrow::Cow;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::codec::{cut, digest, retain_listed, take, take_list, take_u32};
use crate::document::Document;
use crate::error::GramsError;
use crate::gram::Gram;
use crate::query::Query;
use crate::writer::{BLOCK_DIGEST, DIGEST, INLINE, LIST_DIGEST, MAGIC, TRAILER};

/// Of the grams of one literal no more than these are looked up: the rest would take no document away.
const MAX_LOOKUPS: usize = 32;

/// Postings on the disk. In memory lie its documents (12 bytes each) and where the blocks of its dictionary begin.
#[derive(Debug)]
pub struct Segment {
    path: PathBuf,
    file: File,
    documents: Vec<Document>,
    blocks: Vec<Block>,
    bytes: u64,
}

/// Where a block of the dictionary and the lists of its grams lie.
#[derive(Debug)]
struct Block {
    first: u32,
    at: u64,
    length: usize,
    lists_at: u64,
    lists_length: u64,
    digest: [u8; BLOCK_DIGEST],
}

/// What the dictionary says of a gram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) gram: Gram,
    count: usize,
    list: List,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum List {
    Here(Vec<u8>),
    There {
        at: u64,
        length: usize,
        digest: [u8; LIST_DIGEST],
    },
}

impl List {
    /// Whether these are its bytes. Those in the dictionary were checked with it.
    fn is_sound(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Here(_) => true,
            Self::There { digest: expected, .. } => digest::<LIST_DIGEST>(&[bytes]) == *expected,
        }
    }
}

/// The documents of a segment in which a query may match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidates {
    /// All of them.
    All,
    /// Those at these places of [`Segment::documents`], ascending.
    At(Vec<u32>),
}

impl Segment {
    /// Opens a segment, and checks what of it stays in memory. The rest is checked whenever it is read.
    ///
    /// # Errors
    /// When the file cannot be read, or is not what was written.
    pub fn open(path: &Path) -> Result<Self, GramsError> {
        let file = File::open(path).map_err(|e| GramsError::io(path, e))?;
        let bytes = file.metadata().map_err(|e| GramsError::io(path, e))?.len();
        let mut segment = Self {
            path: path.to_owned(),
            file,
            documents: Vec::new(),
            blocks: Vec::new(),
            bytes,
        };
        let damaged = |what| GramsError::damaged(path, what);
        let trailer_at = bytes
            .checked_sub(TRAILER as u64)
            .filter(|at| *at >= MAGIC.len() as u64);
        let trailer_at = trailer_at.ok_or_else(|| damaged("it is cut off"))?;
        let trailer = segment.read(trailer_at, TRAILER)?;
        if segment.read(0, MAGIC.len())? != MAGIC || !trailer.ends_with(MAGIC) {
            return Err(damaged("it is of another format, or none"));
        }
        let number = |at: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&trailer[at..at + 8]);
            u64::from_le_bytes(number)
        };
        let (at, length) = (number(0), number(8));
        if at < MAGIC.len() as u64 || at.checked_add(length) != Some(trailer_at) {
            return Err(damaged("its parts do not fit"));
        }
        let footer = segment.read(at, usize::try_from(length).unwrap_or(usize::MAX))?;
        if trailer[16..16 + DIGEST] != digest::<DIGEST>(&[&trailer[..16], &footer]) {
            return Err(damaged("its footer has changed"));
        }
        let parts = documents(&footer).and_then(|(documents, rest)| Some((documents, blocks(rest, at)?)));
        (segment.documents, segment.blocks) = parts.ok_or_else(|| damaged("its footer cannot be read"))?;
        Ok(segment)
    }

    /// Its documents, in the order of their ids.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// Where its file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes on disk.
    pub fn disk_bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes its file away. Who has the segment open can go on reading it.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn remove(&self) -> Result<(), GramsError> {
        match std::fs::remove_file(&self.path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(GramsError::io(&self.path, e)),
            _ => Ok(()),
        }
    }

    /// The documents in which a query may match; no other does.
    ///
    /// # Errors
    /// When the file cannot be read, or is not what was written.
    pub fn candidates(&self, query: &Query) -> Result<Candidates, GramsError> {
        match query {
            Query::All => Ok(Candidates::All),
            Query::Gram(_) => self.all_of(std::slice::from_ref(query)),
            Query::And(parts) => self.all_of(parts),
            Query::Or(parts) => self.one_of(parts),
        }
    }

    fn one_of(&self, parts: &[Query]) -> Result<Candidates, GramsError> {
        let mut all = Vec::new();
        for part in parts {
            match self.candidates(part)? {
                Candidates::All => return Ok(Candidates::All),
                Candidates::At(places) => all.extend(places),
            }
        }
        all.sort_unstable();
        all.dedup();
        Ok(Candidates::At(all))
    }

    /// The rarest gram first: what it leaves is little, and the others only take away from that.
    fn all_of(&self, parts: &[Query]) -> Result<Candidates, GramsError> {
        let mut grams: Vec<Gram> = Vec::new();
        let mut others = Vec::new();
        for part in parts {
            match part {
                Query::Gram(gram) => grams.push(*gram),
                other => others.push(other),
            }
        }
        let step = grams.len().div_ceil(MAX_LOOKUPS).max(1);
        grams = grams.into_iter().step_by(step).collect();
        grams.sort_unstable();
        let Some(mut entries) = self.entries(&grams)? else {
            return Ok(Candidates::At(Vec::new()));
        };
        entries.sort_by_key(|entry| entry.count);
        let mut left = Candidates::All;
        if let Some((rarest, others)) = entries.split_first() {
            let mut places = self.list(rarest)?;
            for entry in others {
                if places.is_empty() {
                    break;
                }
                self.retain(entry, &mut places)?;
            }
            left = Candidates::At(places);
        }
        for part in others {
            if left == Candidates::At(Vec::new()) {
                break;
            }
            left = both(left, self.candidates(part)?);
        }
        Ok(left)
    }

    /// What the dictionary says of these grams, which are ascending; nothing when it lacks one.
    fn entries(&self, grams: &[Gram]) -> Result<Option<Vec<Entry>>, GramsError> {
        let mut found = Vec::with_capacity(grams.len());
        let mut block: Option<(usize, Vec<Entry>)> = None;
        for gram in grams {
            let behind = self.blocks.partition_point(|block| block.first <= gram.number());
            let Some(number) = behind.checked_sub(1) else {
                return Ok(None);
            };
            let entries = match block.take() {
                Some((at, entries)) if at == number => entries,
                _ => self.block(number)?,
            };
            match entries.binary_search_by_key(gram, |entry| entry.gram) {
                Ok(at) => found.push(entries[at].clone()),
                Err(_) => return Ok(None),
            }
            block = Some((number, entries));
        }
        Ok(Some(found))
    }

    /// The entries of a block of the dictionary.
    fn block(&self, number: usize) -> Result<Vec<Entry>, GramsError> {
        let block = &self.blocks[number];
        let bytes = self.read(block.at, block.length)?;
        let damaged = |what| GramsError::damaged(&self.path, what);
        if digest::<BLOCK_DIGEST>(&[&bytes]) != block.digest {
            return Err(damaged("its dictionary has changed"));
        }
        entries_of(block, &bytes).ok_or_else(|| damaged("its dictionary cannot be read"))
    }

    /// The places of a gram's documents, ascending.
    fn list(&self, entry: &Entry) -> Result<Vec<u32>, GramsError> {
        self.decoded(entry, &self.list_bytes(entry)?)
    }

    /// Leaves only those places that are of a gram's documents.
    fn retain(&self, entry: &Entry, places: &mut Vec<u32>) -> Result<(), GramsError> {
        let bytes = self.list_bytes(entry)?;
        let is_sound = entry.list.is_sound(&bytes);
        let retained =
            is_sound.then(|| retain_listed(&bytes, entry.count, self.documents.len() as u32, places));
        retained.flatten().ok_or_else(|| self.changed_list())
    }

    fn list_bytes<'a>(&self, entry: &'a Entry) -> Result<Cow<'a, [u8]>, GramsError> {
        Ok(match &entry.list {
            List::Here(bytes) => Cow::Borrowed(bytes.as_slice()),
            List::There { at, length, .. } => Cow::Owned(self.read(*at, *length)?),
        })
    }

    fn decoded(&self, entry: &Entry, bytes: &[u8]) -> Result<Vec<u32>, GramsError> {
        let is_sound = entry.list.is_sound(bytes);
        let list = is_sound.then(|| take_list(bytes, entry.count, self.documents.len() as u32));
        list.flatten().ok_or_else(|| self.changed_list())
    }

    fn changed_list(&self) -> GramsError {
        GramsError::damaged(&self.path, "a list has changed")
    }

    pub(crate) fn num_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// The grams of a block with their lists, read in one go.
    pub(crate) fn lists(&self, number: usize) -> Result<Vec<(Gram, Vec<u32>)>, GramsError> {
        let entries = self.block(number)?;
        let block = &self.blocks[number];
        let bytes = self.read(
            block.lists_at,
            usize::try_from(block.lists_length).unwrap_or(usize::MAX),
        )?;
        let mut lists = Vec::with_capacity(entries.len());
        for entry in entries {
            let list = match &entry.list {
                List::Here(bytes) => self.decoded(&entry, bytes)?,
                List::There { at, length, .. } => {
                    // Inside the block's own lists: their lengths add up to its length.
                    let start = (at - block.lists_at) as usize;
                    self.decoded(&entry, bytes.get(start..start + length).unwrap_or_default())?
                }
            };
            lists.push((entry.gram, list));
        }
        Ok(lists)
    }

    fn read(&self, at: u64, length: usize) -> Result<Vec<u8>, GramsError> {
        if at.checked_add(length as u64).is_none_or(|end| end > self.bytes) {
            return Err(GramsError::damaged(&self.path, "its parts do not fit"));
        }
        let mut bytes = vec![0; length];
        match self.file.read_exact_at(&mut bytes, at) {
            Ok(()) => Ok(bytes),
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(GramsError::damaged(&self.path, "it is cut off"))
            }
            Err(e) => Err(GramsError::io(&self.path, e)),
        }
    }
}

/// The documents of a footer, and what stands behind them.
fn documents(mut footer: &[u8]) -> Option<(Vec<Document>, &[u8])> {
    let count = take_u32(&mut footer)?;
    let mut documents = Vec::new();
    let mut id = 0_u32;
    for _ in 0..count {
        id = id.checked_add(take_u32(&mut footer)?)?;
        let stamp = u64::from_le_bytes(cut(&mut footer, 8)?.try_into().ok()?);
        documents.push(Document { id, stamp });
    }
    Some((documents, footer))
}

/// The blocks of a footer that begins at `footer_at`.
fn blocks(mut footer: &[u8], footer_at: u64) -> Option<Vec<Block>> {
    let count = take(&mut footer)?;
    let mut blocks = Vec::new();
    let (mut lists, mut dictionary) = (0_u64, 0_u64);
    for _ in 0..count {
        let first = take_u32(&mut footer)?;
        let length = take(&mut footer)?;
        let lists_length = take(&mut footer)?;
        blocks.push(Block {
            first,
            at: dictionary,
            length: usize::try_from(length).ok()?,
            lists_at: (MAGIC.len() as u64).checked_add(lists)?,
            lists_length,
            digest: cut(&mut footer, BLOCK_DIGEST)?.try_into().ok()?,
        });
        dictionary = dictionary.checked_add(length)?;
        lists = lists.checked_add(lists_length)?;
    }
    let begins = (MAGIC.len() as u64).checked_add(lists)?;
    if !footer.is_empty() || begins.checked_add(dictionary)? != footer_at {
        return None;
    }
    for block in &mut blocks {
        block.at += begins;
    }
    Some(blocks)
}

fn entries_of(block: &Block, mut bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    let (mut number, mut at) = (0_u32, block.lists_at);
    while !bytes.is_empty() {
        number = number.checked_add(take_u32(&mut bytes)?)?;
        let count = take_u32(&mut bytes)? as usize;
        let length = take_u32(&mut bytes)? as usize;
        let list = if length <= INLINE {
            List::Here(cut(&mut bytes, length)?.to_vec())
        } else {
            let digest = cut(&mut bytes, LIST_DIGEST)?.try_into().ok()?;
            let list = List::There { at, length, digest };
            at += length as u64;
            list
        };
        entries.push(Entry {
            gram: Gram::from_number(number)?,
            count,
            list,
        });
    }
    (at == block.lists_at + block.lists_length).then_some(entries)
}

/// What is in both.
fn both(one: Candidates, other: Candidates) -> Candidates {
    let (mut one, other) = match (one, other) {
        (Candidates::All, other) | (other, Candidates::All) => return other,
        (Candidates::At(one), Candidates::At(other)) => (one, other),
    };
    let mut rest = other.into_iter().peekable();
    one.retain(|place| {
        while rest.next_if(|other| other < place).is_some() {}
        rest.peek() == Some(place)
    });
    Candidates::At(one)
}
