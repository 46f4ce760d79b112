//! An index on disk and its life: opening, publishing, checking. How it is searched and written is next door.
//!
//! What searches see is a snapshot that only [`LexicalIndex::publish`] exchanges. A quiet index has no thread,
//! no writer and no lock.

mod copy;
mod lookup;
mod search;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tantivy::directory::MmapDirectory;
use tantivy::store::Compressor;
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{Index, IndexReader, IndexSettings, ReloadPolicy};

use crate::analyser::CodeTokenizer;
use crate::error::{LexicalError, guarded};
use crate::fields::{CODE_ANALYSER, Fields};
use crate::format;
use crate::writer::Writer;

/// Tells whether a chunk may be found.
pub type Admit<'a> = dyn Fn(u64) -> bool + Sync + 'a;

/// A full-text index of chunks.
pub struct LexicalIndex {
    path: PathBuf,
    index: Index,
    /// The engine's way to its files.
    files: MmapDirectory,
    reader: IndexReader,
    fields: Fields,
    /// The generation that searches see.
    published: AtomicU64,
    /// Held while a commit is made or published, so that a snapshot and its generation go together.
    commits: Mutex<()>,
    writing: AtomicBool,
    /// The engine panicked or found its files wrong.
    failed: AtomicBool,
}

impl std::fmt::Debug for LexicalIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LexicalIndex")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl LexicalIndex {
    /// Opens the index in `directory`, or makes an empty one.
    pub fn open(directory: &Path) -> Result<Self, LexicalError> {
        const DOING: &str = "open the index";
        if !format::check(directory)? {
            format::create(directory, |segments| {
                guarded(directory, "create the index", || -> tantivy::Result<()> {
                    let settings = IndexSettings {
                        docstore_compression: Compressor::None,
                        // Nothing is stored, so a thread for it would only come and go.
                        docstore_compress_dedicated_thread: false,
                        ..IndexSettings::default()
                    };
                    let store = MmapDirectory::open(segments)?;
                    Index::create(store, Fields::schema().0, settings).map(drop)
                })
            })?;
        }
        let segments = format::segments_path(directory);
        let (schema, fields) = Fields::schema();
        let (index, files, reader, payload) = guarded(directory, DOING, || -> tantivy::Result<_> {
            let files = MmapDirectory::open(&segments)?;
            let index = Index::open(files.clone())?;
            let analyser = TextAnalyzer::builder(CodeTokenizer::default()).build();
            index.tokenizers().register(CODE_ANALYSER, analyser);
            let reader = index
                .reader_builder()
                .reload_policy(ReloadPolicy::Manual)
                .doc_store_cache_num_blocks(1)
                .try_into()?;
            let payload = index.load_metas()?.payload;
            Ok((index, files, reader, payload))
        })?;
        if index.schema() != schema {
            return Err(LexicalError::damaged(
                directory,
                DOING,
                "the fields are not those of this format",
            ));
        }
        let published = AtomicU64::new(generation(directory, payload.as_deref())?);
        Ok(Self {
            path: directory.to_owned(),
            index,
            files,
            reader,
            fields,
            published,
            commits: Mutex::default(),
            writing: AtomicBool::default(),
            failed: AtomicBool::default(),
        })
    }

    /// The generation of the snapshot that searches see; 0 before the first commit.
    pub fn generation(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// The generation of the last commit, seen by searches or not.
    pub fn committed_generation(&self) -> Result<u64, LexicalError> {
        let metas = self.call("read the last commit", || self.index.load_metas())?;
        generation(&self.path, metas.payload.as_deref())
    }

    /// Starts to write. There is one writer at a time; `memory_bytes` bounds what it keeps before it writes to
    /// disk, with about 15 MB as the least.
    pub fn begin(&self, memory_bytes: usize) -> Result<Writer<'_>, LexicalError> {
        Writer::begin(self, memory_bytes)
    }

    /// Lets searches see the last commit, and answers its generation.
    pub fn publish(&self) -> Result<u64, LexicalError> {
        let _commits = self.hold_commits();
        self.call("publish", || {
            self.reader.reload()?;
            // The engine remembers every file that it ever mapped, for good; only who asks what is mapped has it forget
            // the files that are gone, about a kilobyte a commit.
            self.files.get_cache_info();
            Ok(())
        })?;
        let committed = self.committed_generation()?;
        self.published.store(committed, Ordering::Release);
        Ok(committed)
    }

    /// How many chunks searches see.
    pub fn num_docs(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Of how many pieces the snapshot is made; a search visits each.
    pub fn num_segments(&self) -> usize {
        self.reader.searcher().segment_readers().len()
    }

    /// Bytes taken on disk.
    pub fn disk_bytes(&self) -> Result<u64, LexicalError> {
        format::disk_bytes(&self.path)
            .map_err(|error| LexicalError::io(&self.path, "measure the index", error))
    }

    /// Reads every byte of the last commit and compares checksums. Opening does not do this; it is for doctors,
    /// and for the start after an end that was not clean.
    pub fn verify(&self) -> Result<(), LexicalError> {
        const DOING: &str = "verify the checksums";
        let _commits = self.hold_commits();
        let damaged = self.call(DOING, || self.index.validate_checksum())?;
        if damaged.is_empty() {
            return Ok(());
        }
        self.failed.store(true, Ordering::Release);
        let mut names: Vec<_> = damaged.iter().map(|path| path.display().to_string()).collect();
        names.sort_unstable();
        Err(LexicalError::damaged(
            &self.path,
            DOING,
            format!("wrong content in {}", names.join(", ")),
        ))
    }

    /// Runs one call of the engine; after one that shows damage all others are refused.
    pub(crate) fn call<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce() -> tantivy::Result<T>,
    ) -> Result<T, LexicalError> {
        if self.failed.load(Ordering::Acquire) {
            return Err(LexicalError::damaged(
                &self.path,
                doing,
                "an earlier call found damage",
            ));
        }
        guarded(&self.path, doing, work).inspect_err(|error| {
            if error.calls_for_rebuild() {
                self.failed.store(true, Ordering::Release);
            }
        })
    }

    pub(crate) fn hold_commits(&self) -> MutexGuard<'_, ()> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the right to write; `false` when somebody has it.
    pub(crate) fn start_writing(&self) -> bool {
        !self.writing.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn stop_writing(&self) {
        self.writing.store(false, Ordering::Release);
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn engine(&self) -> &Index {
        &self.index
    }

    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }
}

fn generation(path: &Path, payload: Option<&str>) -> Result<u64, LexicalError> {
    payload.map_or(Ok(0), |text| {
        text.parse()
            .map_err(|_| LexicalError::damaged(path, "read the last commit", "no generation in it"))
    })
}
