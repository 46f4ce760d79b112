//! What queries see: the files of one generation, in memory, shared and never changed.
//!
//! A chunk's id is `file version << 16 | ordinal`. A version is given out once and never again, so
//! an id that a store still or already holds, but that this generation does not know, resolves to
//! nothing and is ignored.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use aiex_chunk::Language;
use aiex_files::RelPath;

use crate::content::ContentKey;
use crate::layout::Layout;
use crate::outline::held::Slot;
use crate::outline::source::Outlines;
pub use crate::outline::{Definition, Outline, OutlineDamaged, Span};
use crate::role::Roles;

/// Bits of a chunk id that hold the ordinal within the file.
const ORDINAL_BITS: u32 = 16;

/// Chunks of one file at most; a file that has more keeps its first ones.
pub const MAX_CHUNKS_PER_FILE: usize = 1 << ORDINAL_BITS;

/// Files from which on a look at all of them is worth a second thread: their outlines are then read from the disk.
const FILES_OF_TWO_THREADS: usize = 8_000;

/// The id of a chunk.
pub fn chunk_id(version: u32, ordinal: usize) -> u64 {
    (u64::from(version) << ORDINAL_BITS) | (ordinal as u64 & (MAX_CHUNKS_PER_FILE as u64 - 1))
}

/// The file version and the ordinal of a chunk id.
pub fn split_id(id: u64) -> (u32, usize) {
    (
        (id >> ORDINAL_BITS) as u32,
        (id & (MAX_CHUNKS_PER_FILE as u64 - 1)) as usize,
    )
}

/// What is known of a file's outline while it is not in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) language: Option<Language>,
    pub(crate) num_chunks: usize,
}

impl Shape {
    pub(crate) fn of(outline: &Outline) -> Self {
        Self {
            language: outline.language(),
            num_chunks: outline.spans.len(),
        }
    }
}

/// One file of a generation.
#[derive(Debug)]
pub struct FileEntry {
    /// Inside the repository, with `/`.
    pub path: Box<str>,
    /// Of this content of this file; never reused.
    pub version: u32,
    /// The key of its content.
    pub key: ContentKey,
    /// If known.
    pub language: Option<Language>,
    /// How many chunks it has.
    pub num_chunks: usize,
    /// Bytes on disk.
    pub size: u64,
    roles: OnceLock<Roles>,
    pub(crate) slot: Arc<Slot>,
    outlines: Arc<Outlines>,
}

impl FileEntry {
    /// A file of a generation.
    pub(crate) fn new(
        path: &RelPath,
        version: u32,
        key: ContentKey,
        size: u64,
        shape: Shape,
        outlines: Arc<Outlines>,
    ) -> Self {
        Self {
            path: path.as_str_lossy().into(),
            version,
            key,
            language: shape.language,
            num_chunks: shape.num_chunks,
            size,
            roles: OnceLock::new(),
            slot: Arc::default(),
            outlines,
        }
    }

    /// Its chunks and symbols: as many chunks as it has. None when they were found damaged; the file is then read again.
    pub fn outline(&self) -> Option<Arc<Outline>> {
        self.slot.get().or_else(|| self.outlines.of(self))
    }

    /// As [`outline`](Self::outline), for those who look at every file once: memory is left to those who come back.
    pub fn outline_in_passing(&self) -> Option<Arc<Outline>> {
        self.slot.get().or_else(|| self.outlines.in_passing(self))
    }

    /// Takes in its outline, which was just made.
    pub(crate) fn keep(&self, outline: Arc<Outline>) {
        self.outlines.keep(self, outline);
    }

    /// What the file is for.
    pub(crate) fn roles(&self) -> Roles {
        *self.roles.get_or_init(|| Roles::of(&self.path, self.language))
    }

    /// The file's name without its extension.
    pub(crate) fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        match name.find('.') {
            Some(0) | None => name,
            Some(at) => &name[..at],
        }
    }
}

/// The next snapshot's. The number of an empty default is 0.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// The files of one generation.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Tells it from every other of this process, of whatever repository, but for those that only know more of the same files.
    pub(crate) number: u64,
    /// From 1; 0 before the first.
    pub generation: u64,
    /// Rises whenever vectors were added to the generation, so that answers cached without them are not served.
    pub vector_epoch: u64,
    /// Whether the first index of the repository was once completed.
    pub is_complete: bool,
    /// By version, ascending.
    files: Vec<Arc<FileEntry>>,
    /// The versions of the files, side by side: a search looks for hundreds, and would else follow a pointer for each
    /// step of each.
    versions: Arc<[u32]>,
    /// Chunks in all.
    pub num_chunks: u64,
    /// Chunks that have a vector.
    pub num_embedded: u64,
    layout: OnceLock<Layout>,
}

impl Snapshot {
    /// A snapshot of these files.
    pub fn new(
        generation: u64,
        mut files: Vec<Arc<FileEntry>>,
        is_complete: bool,
        num_embedded: u64,
    ) -> Self {
        files.sort_by_key(|file| file.version);
        let num_chunks = files.iter().map(|file| file.num_chunks as u64).sum();
        Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            generation,
            vector_epoch: 0,
            is_complete,
            versions: files.iter().map(|file| file.version).collect(),
            files,
            num_chunks,
            num_embedded,
            layout: OnceLock::new(),
        }
    }

    /// The file that has this version.
    pub fn file(&self, version: u32) -> Option<&Arc<FileEntry>> {
        let at = self.versions.binary_search(&version).ok()?;
        self.files.get(at)
    }

    /// The file and the span that a chunk id names, if this generation has them.
    pub fn resolve(&self, id: u64) -> Option<(&Arc<FileEntry>, usize)> {
        let (version, ordinal) = split_id(id);
        let file = self.file(version)?;
        (ordinal < file.num_chunks).then_some((file, ordinal))
    }

    /// All files, by version.
    pub fn files(&self) -> &[Arc<FileEntry>] {
        &self.files
    }

    /// Where the files lie, and what that says.
    pub(crate) fn layout(&self) -> &Layout {
        self.layout.get_or_init(|| Layout::of(&self.files))
    }

    /// Whether somebody asked for the layout, as every search does.
    pub(crate) fn is_laid_out(&self) -> bool {
        self.layout.get().is_some()
    }

    /// The same files, now known to be the whole tree.
    pub fn completed(before: &Self) -> Self {
        Self {
            number: before.number,
            generation: before.generation,
            vector_epoch: before.vector_epoch,
            is_complete: true,
            files: before.files.clone(),
            versions: before.versions.clone(),
            num_chunks: before.num_chunks,
            num_embedded: before.num_embedded,
            layout: before.layout.clone(),
        }
    }

    /// The same files, of whose chunks `num_embedded` have a vector.
    pub fn embedded(before: &Self, num_embedded: u64) -> Self {
        Self {
            number: before.number,
            generation: before.generation,
            vector_epoch: before.vector_epoch + 1,
            is_complete: before.is_complete,
            files: before.files.clone(),
            versions: before.versions.clone(),
            num_chunks: before.num_chunks,
            num_embedded,
            layout: before.layout.clone(),
        }
    }

    /// What `look` makes of the files, in parts, each a run of files by version: of many files by two threads.
    pub(crate) fn in_parts<T: Send>(&self, look: impl Fn(&[Arc<FileEntry>]) -> T + Sync) -> Vec<T> {
        if self.files.len() < FILES_OF_TWO_THREADS {
            return vec![look(&self.files)];
        }
        let (left, right) = self.files.split_at(self.files.len() / 2);
        std::thread::scope(|scope| {
            let left = scope.spawn(|| look(left));
            let right = look(right);
            match left.join() {
                Ok(left) => vec![left, right],
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// This snapshot with some versions out and some files in.
    pub fn with_changes(&self, generation: u64, removed: &HashSet<u32>, added: Vec<Arc<FileEntry>>) -> Self {
        let mut files = Vec::with_capacity(self.files.len() + added.len());
        files.extend(
            self.files
                .iter()
                .filter(|file| !removed.contains(&file.version))
                .cloned(),
        );
        let layout = self.layout.get().and_then(|layout| {
            let gone: Vec<_> = removed.iter().filter_map(|version| self.file(*version)).collect();
            layout.after(&gone, &added)
        });
        files.extend(added);
        Self {
            layout: layout.map(OnceLock::from).unwrap_or_default(),
            ..Self::new(generation, files, self.is_complete, 0)
        }
    }
}
