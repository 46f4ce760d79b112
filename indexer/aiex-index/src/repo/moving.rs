//! Vectors on a server: seeing that they are all there, moving them there and back, deleting what was left behind.
//!
//! All of it is part of filling in vectors ([`RepoIndex::embed`]): it is taken up by the next pass wherever it was cut
//! short, by a kill or by a server that went away. Vectors are taken from the content store: as they are kept, or made from the
//! text where that costs no more, so no model or service that costs is asked again. The place that is served keeps serving until the copy is whole.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use aiex_files::RelPath;
use aiex_vector::{EdgeStore, ServerStore, Trouble, VectorError, VectorStore};

use super::embed::vectors_at_hand;
use super::{RepoIndex, Served, Writer};
use crate::catalogue::{Catalogue, EmbeddedFile};
use crate::engine::Shared;
use crate::error::IndexError;
use crate::observer::{Observer, Phase, Progress};
use crate::seating::{Seat, Seating, VectorPlace};
use crate::snapshot::{Snapshot, chunk_id};

/// Files that are copied at a time.
const ROUND_FILES: usize = 512;

/// How long the searches that still use the old place are waited for before its folder is deleted.
const LAST_SEARCHES: Duration = Duration::from_secs(10);

/// Which chunks a store has and which it should have.
struct Comparison {
    lacking: Vec<EmbeddedFile>,
    orphans: Vec<u64>,
}

impl Comparison {
    fn of(store: &dyn VectorStore, files: Vec<EmbeddedFile>) -> Result<Self, VectorError> {
        Ok(Self::between(&ids(store)?, files))
    }

    fn between(known: &[u64], files: Vec<EmbeddedFile>) -> Self {
        let has = |id: u64| known.binary_search(&id).is_ok();
        let chunks: HashMap<u32, u32> = files.iter().map(|file| (file.version, file.num_chunks)).collect();
        let is_orphan = |id: &u64| {
            let (version, ordinal) = crate::snapshot::split_id(*id);
            chunks
                .get(&version)
                .is_none_or(|number| ordinal >= *number as usize)
        };
        let orphans = known.iter().copied().filter(is_orphan).collect();
        let is_whole =
            |file: &EmbeddedFile| (0..file.num_chunks as usize).all(|at| has(chunk_id(file.version, at)));
        let lacking = files.into_iter().filter(|file| !is_whole(file)).collect();
        Self { lacking, orphans }
    }
}

/// Every id that a store has, ascending. Of a million they take seconds to list.
pub(super) fn ids(store: &dyn VectorStore) -> Result<Vec<u64>, VectorError> {
    let mut ids = Vec::new();
    store.ids(&mut |page| {
        ids.extend_from_slice(page);
        true
    })?;
    Ok(ids)
}

impl Shared {
    /// A new place for the vectors of the repository in `dir`.
    pub(crate) fn new_seat(&self, dir: &Path) -> impl Fn(VectorPlace) -> Seat {
        let (prefix, embedder) = (self.settings.collection_prefix.clone(), self.embedder_id());
        let dir = dir.to_owned();
        move |place| Seat::new(place, &dir, &prefix, &embedder)
    }

    /// The store in a collection.
    pub(crate) fn collection(&self, collection: &str, dimensions: usize) -> ServerStore {
        ServerStore::new(self.settings.vector_server.clone(), collection, dimensions)
    }

    /// Deletes a collection that the repository in `dir` has left.
    pub(crate) fn delete_collection(&self, dir: &Path, collection: &str) -> Result<(), IndexError> {
        match self.collection(collection, 1).remove() {
            Err(VectorError::Server {
                trouble: Trouble::Unset,
                ..
            }) => {
                tracing::warn!(%collection, "vector.url is not set: a collection is left on the server for good");
                Ok(())
            }
            other => other.map_err(|e| IndexError::vector(dir, e)),
        }
    }

    /// Deletes all collections of a repository that is being forgotten.
    pub(crate) fn delete_collections(&self, dir: &Path, seating: &Seating) -> Result<(), IndexError> {
        for seat in &seating.leaving {
            if let Seat::Server { collection } = seat {
                self.delete_collection(dir, collection)?;
            }
        }
        Ok(())
    }
}

/// Drops ids that no file has (a crash left them), and has files embedded again whose ids are missing: their vectors are
/// in the content store, so that is a matter of copying. `known` is what the store has, or had: what was deleted since may
/// be deleted again, and nothing may have been added.
pub(super) fn sweep(
    dir: &Path,
    catalogue: &mut Catalogue,
    store: &dyn VectorStore,
    known: &[u64],
    snapshot: &Snapshot,
) -> Result<(), IndexError> {
    let fail = |e| IndexError::vector(&dir.join("vectors"), e);
    let Comparison { lacking, orphans } = Comparison::between(known, catalogue.embedded_files()?);
    // A file that is being embedded when the crash comes has ids and no mark.
    let orphans: Vec<u64> = orphans
        .into_iter()
        .filter(|id| snapshot.resolve(*id).is_none())
        .collect();
    if !orphans.is_empty() {
        store.delete(&orphans).map_err(fail)?;
        store.flush().map_err(fail)?;
    }
    if !lacking.is_empty() {
        tracing::info!(
            files = lacking.len(),
            "vectors are missing; they are copied again"
        );
        catalogue.unmark_embedded(&versions(&lacking))?;
    }
    Ok(())
}

fn versions(files: &[EmbeddedFile]) -> Vec<(RelPath, u32)> {
    files
        .iter()
        .map(|file| (file.path.clone(), file.version))
        .collect()
}

impl RepoIndex {
    /// Has the vectors moved to `place` by the next passes of [`RepoIndex::embed`]. Whether there is anything to move.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn move_vectors(&self, place: VectorPlace) -> Result<bool, IndexError> {
        let writer = self.writer_if_open()?;
        let mut seating = self.seating()?;
        let changes = seating.wish(place, self.shared.new_seat(&self.dir));
        if changes {
            self.write_seating(&seating)?;
            self.refresh_facts(&writer)?;
        }
        Ok(changes)
    }

    /// The record of where vectors are; before the first of them, of where they will be.
    pub(super) fn seating(&self) -> Result<Seating, IndexError> {
        let recorded = Seating::read(&self.dir).map_err(|e| IndexError::io("vector", &self.dir, e))?;
        Ok(recorded.unwrap_or_else(|| {
            Seating::at(self.shared.new_seat(&self.dir)(
                self.shared.settings.vector_place(),
            ))
        }))
    }

    fn write_seating(&self, seating: &Seating) -> Result<(), IndexError> {
        seating
            .write(&self.dir)
            .map_err(|e| IndexError::io("vector", &self.dir, e))
    }

    /// Sees that a server, or a large store that was just opened, has every vector that the catalogue counts on. It is asked
    /// before the writer is taken: a saved file waits neither for a server that is away nor for a million ids.
    pub(super) fn look_over_vectors(&self) -> Result<(), IndexError> {
        let served = self.served();
        let Some(store) = served.vectors.as_deref() else {
            return Ok(());
        };
        if !store.is_remote() && !self.is_unswept.load(Ordering::Acquire) {
            return Ok(());
        }
        let fail = |e| self.vector_error(e);
        store.prepare().map_err(fail)?;
        let expected = self.writer_if_open()?.catalogue.embedded_chunks()?;
        let counted = store.len().map_err(fail)? as u64;
        if !self.is_unswept.swap(false, Ordering::AcqRel) && counted >= expected {
            return Ok(());
        }
        // Only who fills in vectors adds any, and that is done by whoever asks for this.
        let known = ids(store).map_err(fail);
        let swept = known.and_then(|known| {
            let mut writer = self.writer_if_open()?;
            sweep(
                &self.dir,
                &mut writer.catalogue,
                store,
                &known,
                &self.served().snapshot,
            )?;
            Ok(writer)
        });
        let writer = swept.inspect_err(|_| self.is_unswept.store(true, Ordering::Release))?;
        let embedded = writer.catalogue.embedded_chunks()?;
        if embedded != expected {
            self.show_embedded(embedded);
        }
        self.refresh_facts(&writer)
    }

    /// Makes the move that is wished for, if one is. Whether it came to its end.
    pub(super) fn move_on(&self, observer: &dyn Observer) -> Result<bool, IndexError> {
        let Some(seat) = self.seating()?.moving_to else {
            return Ok(true);
        };
        let Some(embedder) = self.shared.embedder() else {
            return Ok(true);
        };
        let dimensions = embedder.dimensions();
        let target: Arc<dyn VectorStore> = match &seat {
            Seat::Local => Arc::new(self.open_folder(dimensions)?),
            Seat::Server { collection } => Arc::new(self.shared.collection(collection, dimensions)),
        };
        let fail = |e| self.vector_error(e);
        target.prepare().map_err(fail)?;
        let began = Instant::now();
        let mut copied = 0;
        // All but the last few are copied while files are saved and indexed; only the last round holds the writer.
        loop {
            let files = self.writer_if_open()?.catalogue.embedded_files()?;
            let total: u64 = files.iter().map(|file| u64::from(file.num_chunks)).sum();
            let comparison = Comparison::of(target.as_ref(), files).map_err(fail)?;
            if comparison.lacking.len() <= ROUND_FILES {
                break;
            }
            for round in comparison.lacking.chunks(ROUND_FILES) {
                if observer.is_cancelled() {
                    return Ok(false);
                }
                copied += self.copy(round, target.as_ref(), dimensions)?;
                observer.progress(Progress {
                    phase: Phase::Embedding,
                    done: copied.min(total),
                    total,
                    rate: copied as f32 / began.elapsed().as_secs_f32().max(1e-3),
                });
            }
        }
        let mut writer = self.writer_if_open()?;
        let comparison = Comparison::of(target.as_ref(), writer.catalogue.embedded_files()?).map_err(fail)?;
        copied += self.copy(&comparison.lacking, target.as_ref(), dimensions)?;
        target.delete(&comparison.orphans).map_err(fail)?;
        target.flush().map_err(fail)?;
        self.arrive(&mut writer, &seat, target)?;
        tracing::info!(root = %self.root.path.display(), copied, "the vectors were moved");
        Ok(true)
    }

    /// Counts, and from here on serves the copy.
    fn arrive(
        &self,
        writer: &mut Writer,
        seat: &Seat,
        target: Arc<dyn VectorStore>,
    ) -> Result<(), IndexError> {
        let there = target.len().map_err(|e| self.vector_error(e))? as u64;
        let comparison = Comparison::of(target.as_ref(), writer.catalogue.embedded_files()?)
            .map_err(|e| self.vector_error(e))?;
        // What the content store has lost is embedded anew, wherever vectors are.
        writer.catalogue.unmark_embedded(&versions(&comparison.lacking))?;
        let expected = writer.catalogue.embedded_chunks()?;
        if there < expected || !comparison.orphans.is_empty() {
            let what = format!("{there} of {expected} vectors arrived");
            return Err(IndexError::io(
                "vector",
                &self.vector_dir(),
                std::io::Error::other(what),
            ));
        }
        let mut seating = self.seating()?;
        // Another wish came in between.
        if seating.moving_to.as_ref() != Some(seat) {
            return Ok(());
        }
        seating.arrive();
        self.write_seating(&seating)?;
        self.is_unswept.store(false, Ordering::Release);
        self.serve(|served| Served {
            snapshot: Arc::new(Snapshot::embedded(&served.snapshot, expected)),
            lexical: served.lexical.clone(),
            vectors: Some(target),
        });
        self.refresh_facts(writer)
    }

    /// Puts the vectors of files into a store. How many.
    fn copy(
        &self,
        files: &[EmbeddedFile],
        target: &dyn VectorStore,
        dimensions: usize,
    ) -> Result<u64, IndexError> {
        let Some(embedder) = self.shared.embedder() else {
            return Ok(0);
        };
        let (mut ids, mut data) = (Vec::new(), Vec::new());
        for file in files {
            let Some(vectors) = vectors_at_hand(&self.shared.content, embedder.as_ref(), &file.key)? else {
                continue;
            };
            let number = (vectors.len() / dimensions).min(file.num_chunks as usize);
            ids.extend((0..number).map(|ordinal| chunk_id(file.version, ordinal)));
            data.extend_from_slice(&vectors[..number * dimensions]);
        }
        target.upsert(&ids, &data).map_err(|e| self.vector_error(e))?;
        Ok(ids.len() as u64)
    }

    /// Deletes what moves left behind.
    pub(super) fn leave(&self) -> Result<(), IndexError> {
        loop {
            let Some(seat) = self.seating()?.leaving.pop() else {
                return Ok(());
            };
            match &seat {
                // The writer is not held meanwhile: a saved file does not wait for the server.
                Seat::Server { collection } => self.shared.delete_collection(&self.dir, collection)?,
                Seat::Local if self.seating()?.now == Some(Seat::Local) => {}
                // The next pass tries again.
                Seat::Local if !self.folder_is_unused() => return Ok(()),
                Seat::Local => super::open::remove(&self.vector_dir())?,
            }
            let _writer = self.writer_if_open()?;
            let mut seating = self.seating()?;
            seating.leaving.retain(|left| *left != seat);
            self.write_seating(&seating)?;
        }
    }

    /// Waits for the searches that use the store in the folder. One process at a time may have it open, which its lock
    /// tells.
    fn folder_is_unused(&self) -> bool {
        let deadline = Instant::now() + LAST_SEARCHES;
        let Ok(lock) = std::fs::File::open(self.vector_dir().join("lock")) else {
            return true;
        };
        while lock.try_lock().is_err() {
            if Instant::now() > deadline {
                // The next pass tries again.
                return false;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        true
    }

    fn open_folder(&self, dimensions: usize) -> Result<EdgeStore, IndexError> {
        let path = self.vector_dir();
        let open = || EdgeStore::open(&path, dimensions, self.shared.settings.edge());
        match open() {
            Err(error) if error.calls_for_rebuild() => {
                super::open::remove(&path)?;
                open()
            }
            other => other,
        }
        .map_err(|e| IndexError::vector(&path, e))
    }

    /// The chunks that have a vector are other ones, or more, or fewer.
    pub(super) fn show_embedded(&self, embedded: u64) {
        self.serve(|served| Served {
            snapshot: Arc::new(Snapshot::embedded(&served.snapshot, embedded)),
            lexical: served.lexical.clone(),
            vectors: served.vectors.clone(),
        });
    }

    /// Sorts an error of a vector store, and notes that a server is not as it should be: whoever fills in vectors looks.
    pub(crate) fn vector_error(&self, error: VectorError) -> IndexError {
        if matches!(error, VectorError::Server { .. }) {
            self.is_server_suspect.store(true, Ordering::Release);
        }
        if error.is_missing_collection() {
            self.is_unswept.store(true, Ordering::Release);
        }
        IndexError::vector(&self.vector_dir(), error)
    }

    /// Whether a call has met a server that did not do its part since this was last asked.
    pub fn takes_note_of_server(&self) -> bool {
        self.is_server_suspect.swap(false, Ordering::AcqRel)
    }
}
