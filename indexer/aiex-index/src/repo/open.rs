//! Opening a repository's stores, and bringing them to one generation after a crash.

mod loading;
mod settling;
mod stores;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aiex_files::root::Root;
use aiex_lexical::LexicalIndex;
use arc_swap::ArcSwap;

use super::moving::{ids, sweep};
use super::{Facts, RepoIndex, Served, Writer};
use crate::catalogue::Catalogue;
use crate::engine::Shared;
use crate::error::IndexError;
use crate::grams::Grams;
use crate::outline::source::Lost;
use crate::search::meaning::own_words;
use crate::snapshot::Snapshot;
use loading::{Loaded, load_snapshot};
use settling::settle;
pub(super) use stores::remove;
use stores::{open_catalogue, open_lexical, open_outlines, open_vectors};

/// The file of the outlines, in a repository's folder.
pub(super) const OUTLINES: &str = "outlines";

impl RepoIndex {
    /// Opens the stores in `dir`. A damaged one is set aside and built from the others; a crash
    /// between stores costs the files that were being written.
    pub(crate) fn open(root: Root, dir: &Path, shared: Arc<Shared>) -> Result<Self, IndexError> {
        Self::open_with(root, dir, shared, Lost::default())
    }

    fn open_with(root: Root, dir: &Path, shared: Arc<Shared>, lost: Lost) -> Result<Self, IndexError> {
        let (path, source) = match Self::open_stores(root.clone(), dir, shared.clone(), lost.clone()) {
            Err(IndexError::Damaged {
                store: "content",
                path,
                source,
            }) => (path, source),
            other => return other,
        };
        // No single row was bad, which would cost its file only, but what leads to the rows.
        tracing::warn!(path = %path.display(), "the content store is set aside and filled anew: {source}");
        shared.content.begin_anew()?;
        let repo = Self::open_stores(root, dir, shared, lost)?;
        let mut writer = repo.writer();
        writer.quarantined.push(format!("content ({source})"));
        repo.refresh_facts(&writer)?;
        drop(writer);
        Ok(repo)
    }

    fn open_stores(root: Root, dir: &Path, shared: Arc<Shared>, lost: Lost) -> Result<Self, IndexError> {
        std::fs::create_dir_all(dir).map_err(|e| IndexError::io("index", dir, e))?;
        let mut quarantined: Vec<String> = shared.quarantined.iter().cloned().collect();
        let mut catalogue = open_catalogue(dir, &mut quarantined)?;
        let lexical = open_lexical(dir, &mut quarantined)?;
        let lexical = settle(dir, &root, &mut catalogue, lexical, &shared, &mut quarantined)?;
        let (vectors, without_vectors) = match open_vectors(dir, &mut catalogue, &shared, &mut quarantined) {
            Err(error) if error.leaves_full_text() => (None, Some(told(&error))),
            opened => (opened?, None),
        };
        let outlines = Arc::new(open_outlines(dir, &shared, &lost, &mut quarantined)?);
        let Loaded {
            mut snapshot,
            is_small,
        } = load_snapshot(&mut catalogue, &shared, &outlines, &mut quarantined)?;
        // A server, or what is large, is looked over when vectors are filled in: nobody waits for it here.
        let at_once = vectors.as_deref().filter(|store| !store.is_remote() && is_small);
        let mut is_unswept = at_once.is_none();
        if let Some(store) = at_once {
            let known = ids(store).map_err(|e| IndexError::vector(&dir.join("vectors"), e));
            match known.and_then(|known| sweep(dir, &mut catalogue, store, &known, &snapshot)) {
                Err(error) if error.leaves_full_text() => is_unswept = true,
                swept => swept?,
            }
        }
        snapshot.num_embedded = if vectors.is_some() {
            catalogue.embedded_chunks()?
        } else {
            0
        };
        lexical
            .publish()
            .map_err(|e| IndexError::lexical(&dir.join("lexical"), e))?;
        let repo = Self {
            own_words: own_words(&root.names()),
            root,
            dir: dir.to_owned(),
            shared,
            served: ArcSwap::from_pointee(Served {
                snapshot: Arc::new(snapshot),
                lexical: Arc::new(lexical),
                vectors,
            }),
            grams: Grams::open(&dir.join("grams")),
            facts: ArcSwap::from_pointee(Facts::default()),
            writer: Mutex::new(Writer {
                catalogue,
                outlines,
                left_out: None,
                quarantined,
                is_half_made: false,
            }),
            damage: Mutex::new(None),
            lost,
            is_unverified: AtomicBool::new(!is_small),
            is_unswept: AtomicBool::new(is_unswept),
            without_vectors: Mutex::new(without_vectors),
            is_server_suspect: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        };
        repo.refresh_facts(&repo.writer())?;
        Ok(repo)
    }

    /// Drops every store of the repository; the next update begins from nothing.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn rebuild(&self) -> Result<(), IndexError> {
        let mut writer = self.writer_if_open()?;
        self.start_over(&mut writer)?;
        self.refresh_facts(&writer)
    }

    /// Opens everything anew in place, from whatever is on disk.
    pub(super) fn reopen(&self, writer: &mut Writer) -> Result<(), IndexError> {
        self.release(writer)?;
        self.take_over(writer)
    }

    /// Removes all stores and opens empty ones.
    pub(super) fn start_over(&self, writer: &mut Writer) -> Result<(), IndexError> {
        self.release(writer)?;
        for name in ["lexical", "vectors", "grams"] {
            remove(&self.dir.join(name))?;
        }
        for name in [
            "catalogue.db",
            "catalogue.db-wal",
            "catalogue.db-shm",
            "generation.json",
            OUTLINES,
        ] {
            remove(&self.dir.join(name))?;
        }
        self.take_over(writer)
    }

    /// Why there is no store of vectors, though there is an embedder.
    pub(crate) fn without_vectors(&self) -> MutexGuard<'_, Option<String>> {
        self.without_vectors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the vectors of an embedder that came later than the repository was opened, or those that could not be opened
    /// then.
    pub(super) fn open_late_vectors(&self) -> Result<(), IndexError> {
        if self.served().vectors.is_some() {
            return Ok(());
        }
        let mut writer = self.writer_if_open()?;
        let served = self.served();
        // Before the first generation, or after the stores were let go of, there is nothing to make vectors of.
        if served.vectors.is_some() || served.snapshot.generation == 0 {
            return Ok(());
        }
        let Writer {
            catalogue,
            quarantined,
            ..
        } = &mut *writer;
        let opened = open_vectors(&self.dir, catalogue, &self.shared, quarantined);
        *self.without_vectors() = opened.as_ref().err().map(told);
        let Some(store) = opened? else {
            return Ok(());
        };
        if !store.is_remote() {
            let known = ids(store.as_ref()).map_err(|e| IndexError::vector(&self.vector_dir(), e))?;
            sweep(&self.dir, catalogue, store.as_ref(), &known, &served.snapshot)?;
        }
        let embedded = catalogue.embedded_chunks()?;
        self.serve(|served| Served {
            snapshot: Arc::new(Snapshot::embedded(&served.snapshot, embedded)),
            lexical: served.lexical.clone(),
            vectors: Some(store),
        });
        self.refresh_facts(&writer)
    }

    /// Lets go of the files: an engine allows one owner of a folder. Searches meanwhile find nothing.
    pub(super) fn release(&self, writer: &mut Writer) -> Result<(), IndexError> {
        let scratch = self.dir.join("opening");
        remove(&scratch)?;
        std::fs::create_dir_all(&scratch).map_err(|e| IndexError::io("index", &scratch, e))?;
        let lexical =
            LexicalIndex::open(&scratch.join("lexical")).map_err(|e| IndexError::lexical(&scratch, e))?;
        self.served.store(Arc::new(Served {
            snapshot: Arc::new(Snapshot::default()),
            lexical: Arc::new(lexical),
            vectors: None,
        }));
        self.grams.release();
        // Until something is taken over.
        writer.is_half_made = true;
        writer.catalogue = Catalogue::open(&scratch.join("catalogue.db"))?;
        Ok(())
    }

    /// Opens what is on disk and goes on with that.
    fn take_over(&self, writer: &mut Writer) -> Result<(), IndexError> {
        let (root, shared) = (self.root.clone(), self.shared.clone());
        let fresh = Self::open_with(root, &self.dir, shared, self.lost.clone())?;
        *self.without_vectors() = fresh.without_vectors().take();
        let mut fresh_writer = fresh
            .writer
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        fresh_writer
            .quarantined
            .splice(0..0, writer.quarantined.drain(..));
        *writer = fresh_writer;
        self.grams.take_over(&fresh.grams);
        for (ours, theirs) in [
            (&self.is_unswept, fresh.is_unswept.into_inner()),
            (&self.is_unverified, fresh.is_unverified.into_inner()),
        ] {
            ours.store(theirs, Ordering::Release);
        }
        self.served.store(fresh.served.into_inner());
        let _ = std::fs::remove_dir_all(self.dir.join("opening"));
        Ok(())
    }
}

/// Why vectors are out of reach, with its cause and what to do about it.
pub(crate) fn told(error: &IndexError) -> String {
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        told.push_str(&format!(": {error}"));
        cause = error.source();
    }
    match error.hint() {
        Some(hint) => format!("{told}; {hint}"),
        None => told,
    }
}
