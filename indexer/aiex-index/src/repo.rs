//! One repository: its stores, the generation that is served, and the writer that makes the next.
//!
//! Readers never wait for the writer: a search takes the served state (an immutable snapshot and
//! handles of the stores) and works on that. One writer at a time makes generations.

mod ask;
mod commit;
mod cover;
mod embed;
mod identity;
mod moving;
mod open;
mod repair;
mod scan;
mod sibling;
mod update;

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use aiex_files::RelPath;
use aiex_files::root::Root;
use aiex_lexical::LexicalIndex;
use aiex_vector::VectorStore;
use arc_swap::ArcSwap;

use crate::catalogue::Catalogue;
use crate::engine::Shared;
use crate::error::IndexError;
use crate::grams::Grams;
use crate::outline::source::{Lost, Outlines};
use crate::seating::{Seat, Seating, VectorPlace};
use crate::snapshot::Snapshot;

pub use cover::CoverReport;
pub use embed::EmbedReport;
pub(crate) use embed::{are_kept, vectors_at_hand};
pub(crate) use open::told;
pub(crate) use sibling::NewTree;

/// Which files an update looks at.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// The whole tree: the truth, whatever events said.
    All,
    /// These files and folders.
    Paths(&'a BTreeSet<RelPath>),
}

/// What an update did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpdateReport {
    /// Files put into the index, new or anew.
    pub changed: u64,
    /// Files taken out of it.
    pub removed: u64,
    /// Files looked at and found as they were.
    pub unchanged: u64,
    /// Files looked at and left out.
    pub skipped: u64,
    /// Files that could not be read.
    pub failed: u64,
    /// The generation that is served now.
    pub generation: u64,
}

/// Counts over a repository's index, as of the last generation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The generation that is served.
    pub generation: u64,
    /// Whether the whole tree was taken in once, and nothing was lost since.
    pub is_complete: bool,
    /// Files that the last scan saw: indexed + skipped + failed.
    pub files_seen: u64,
    /// In the index.
    pub files_indexed: u64,
    /// Left out on purpose.
    pub files_skipped: u64,
    /// Could not be read.
    pub files_failed: u64,
    /// Chunks in the index.
    pub chunks: u64,
    /// Chunks with a vector.
    pub chunks_embedded: u64,
    /// Symbols in the index.
    pub symbols: u64,
    /// Bytes of the files in the index.
    pub source_bytes: u64,
    /// Bytes of the repository's own stores on disk.
    pub disk_bytes: u64,
    /// Secrets blotted out of indexed files.
    pub redactions: u64,
    /// Stores found damaged and set aside since the repository was opened.
    pub quarantined: Vec<String>,
    /// A store or a stored text was found damaged: the next update repairs it.
    pub needs_repair: bool,
    /// Where the vectors are.
    pub vectors: VectorFacts,
}

/// Where the vectors of a repository are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VectorFacts {
    /// The collection on the server; nothing when they are on this machine.
    pub collection: Option<String>,
    /// Where they are being moved to.
    pub moving_to: Option<VectorPlace>,
}

/// One file that is not in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedFile {
    /// Inside the repository; bytes that are not UTF-8 show as `\xNN`.
    pub path: String,
    /// The reason's name.
    pub reason: String,
    /// What was seen.
    pub detail: String,
}

/// What searches work on.
pub(crate) struct Served {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) lexical: Arc<LexicalIndex>,
    /// None when there is no embedder.
    pub(crate) vectors: Option<Arc<dyn VectorStore>>,
}

/// What the writer works on.
struct Writer {
    catalogue: Catalogue,
    outlines: Arc<Outlines>,
    /// What the catalogue says was left out; none until this process has written it.
    left_out: Option<Vec<crate::catalogue::LeftOut>>,
    quarantined: Vec<String>,
    /// A generation was begun and not seen to its end: the stores may have it, though the system said that they have not.
    is_half_made: bool,
}

/// The index of one repository.
pub struct RepoIndex {
    root: Root,
    dir: PathBuf,
    shared: Arc<Shared>,
    served: ArcSwap<Served>,
    /// Which files exhaustive searches need not read.
    grams: Grams,
    facts: ArcSwap<Facts>,
    writer: Mutex<Writer>,
    /// What a search found damaged while the writer was busy; the next update repairs it.
    damage: Mutex<Option<IndexError>>,
    /// Versions of files whose stored content was found damaged.
    lost: Lost,
    /// Not every stored content was compared with its digest since the repository was opened.
    is_unverified: std::sync::atomic::AtomicBool,
    /// The words of the repository's own names.
    own_words: Vec<String>,
    /// What a server has was not compared with the catalogue, or differed from it.
    is_unswept: std::sync::atomic::AtomicBool,
    /// Why there is no store of vectors, though there is an embedder.
    without_vectors: Mutex<Option<String>>,
    /// A call met a server that did not do its part.
    is_server_suspect: std::sync::atomic::AtomicBool,
    /// Forgotten: its folder goes, and nothing may write there any more.
    is_closed: std::sync::atomic::AtomicBool,
}

impl std::fmt::Debug for RepoIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RepoIndex")
            .field("root", &self.root.path)
            .finish_non_exhaustive()
    }
}

impl RepoIndex {
    /// The root.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Counts, as of the last generation. Never waits for a running update.
    pub fn facts(&self) -> Facts {
        let mut facts = Facts::clone(&self.facts.load());
        facts.needs_repair = self
            .damage
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
            || !self.lost().is_empty();
        facts
    }

    /// How many files were left out for each reason, and some of them.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn skipped(
        &self,
        reason: Option<&str>,
        limit: usize,
    ) -> Result<(crate::catalogue::ReasonCounts, Vec<SkippedFile>), IndexError> {
        // A connection of its own: a long update holds the writer's.
        let (counts, files) = Catalogue::open(&self.catalogue_path())?.skipped(reason, limit)?;
        let files = files
            .into_iter()
            .map(|file| SkippedFile {
                path: file.path.as_str_lossy().into_owned(),
                reason: file.reason,
                detail: file.detail,
            })
            .collect();
        Ok((counts, files))
    }

    /// How many files were left out for a reason, and which, up to so many.
    pub(crate) fn left_out_for(&self, reason: &str, limit: usize) -> Result<(u64, Vec<RelPath>), IndexError> {
        let (counts, files) = Catalogue::open(&self.catalogue_path())?.skipped(Some(reason), limit)?;
        let count = counts.into_iter().find(|(name, _)| name == reason);
        let paths = files.into_iter().map(|file| file.path).collect();
        Ok((count.map_or(0, |(_, count)| count), paths))
    }

    /// Why a path was left out, if it, or a folder that it lies in, was.
    pub(crate) fn why_left_out(
        &self,
        path: &RelPath,
    ) -> Result<Option<crate::catalogue::LeftOut>, IndexError> {
        Catalogue::open(&self.catalogue_path())?.why_left_out(path)
    }

    pub(crate) fn own_words(&self) -> &[String] {
        &self.own_words
    }

    pub(crate) fn served(&self) -> Arc<Served> {
        self.served.load_full()
    }

    pub(crate) fn grams(&self) -> &Grams {
        &self.grams
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Every content key that the repository uses.
    pub(crate) fn keys(&self) -> Result<Vec<crate::content::ContentKey>, IndexError> {
        Catalogue::open(&self.catalogue_path())?.keys()
    }

    /// The stored text of a file is not what was written.
    pub(crate) fn text_is_lost(&self, version: u32) {
        self.lost().insert(version);
    }

    fn lost(&self) -> std::sync::MutexGuard<'_, HashSet<u32>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> std::sync::MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn catalogue_path(&self) -> PathBuf {
        self.dir.join("catalogue.db")
    }

    fn lexical_dir(&self) -> PathBuf {
        self.dir.join("lexical")
    }

    pub(crate) fn vector_dir(&self) -> PathBuf {
        self.dir.join("vectors")
    }

    /// Waits for the writer to end and lets go of all stores; every later update is refused.
    pub(crate) fn close(&self) -> Result<(), IndexError> {
        let mut writer = self.writer();
        self.is_closed.store(true, std::sync::atomic::Ordering::Release);
        self.release(&mut writer)
    }

    /// The right to write, unless the repository was forgotten.
    fn writer_if_open(&self) -> Result<std::sync::MutexGuard<'_, Writer>, IndexError> {
        let writer = self.writer();
        if self.is_closed.load(std::sync::atomic::Ordering::Acquire) {
            return Err(IndexError::Cancelled);
        }
        Ok(writer)
    }

    /// Puts a new served state in place.
    fn serve(&self, change: impl FnOnce(&Served) -> Served) {
        let next = change(&self.served.load());
        self.served.store(Arc::new(next));
    }

    /// Takes the counts anew from the catalogue.
    fn refresh_facts(&self, writer: &Writer) -> Result<(), IndexError> {
        let totals = writer.catalogue.totals()?;
        let served = self.served();
        let vectors = served
            .vectors
            .as_ref()
            .and_then(|store| store.disk_bytes().ok())
            .unwrap_or(0);
        // What cannot be read is told when vectors are opened.
        let seating = Seating::read(&self.dir).ok().flatten();
        let places = seating.map_or_else(VectorFacts::default, |seating| VectorFacts {
            collection: match seating.now {
                Some(Seat::Server { collection }) => Some(collection),
                _ => None,
            },
            moving_to: seating.moving_to.map(|seat| seat.place()),
        });
        let mut quarantined = writer.quarantined.clone();
        quarantined.extend(self.grams.damaged());
        let catalogue = std::fs::metadata(self.catalogue_path()).map_or(0, |meta| meta.len());
        self.facts.store(Arc::new(Facts {
            generation: served.snapshot.generation,
            is_complete: served.snapshot.is_complete,
            files_seen: totals.indexed + totals.skipped + totals.failed,
            files_indexed: totals.indexed,
            files_skipped: totals.skipped,
            files_failed: totals.failed,
            chunks: served.snapshot.num_chunks,
            chunks_embedded: served.snapshot.num_embedded.min(served.snapshot.num_chunks),
            symbols: totals.symbols,
            source_bytes: totals.source_bytes,
            disk_bytes: served.lexical.disk_bytes().unwrap_or(0)
                + vectors
                + catalogue
                + writer.outlines.log.disk_bytes()
                + self.grams.disk_bytes(),
            redactions: totals.redactions,
            quarantined,
            needs_repair: false,
            vectors: places,
        }));
        Ok(())
    }
}
