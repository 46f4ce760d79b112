//! Opening a repository's stores, and bringing them to one generation after a crash.

use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use aiex_files::RelPath;
use aiex_files::root::Root;
use aiex_lexical::LexicalIndex;
use aiex_vector::{EdgeSettings, EdgeStore, VectorStore};
use arc_swap::ArcSwap;

use super::moving::{ids, sweep};
use super::{Facts, RepoIndex, Served, Writer};
use crate::catalogue::{Catalogue, Change, Outcome, Row};
use crate::content::set_aside;
use crate::engine::Shared;
use crate::error::IndexError;
use crate::generation::{FORMAT, Manifest};
use crate::grams::Grams;
use crate::outline::source::{Lost, Outlines, stamp};
use crate::search::meaning::own_words;
use crate::seating::{Seat, Seating, VectorPlace};
use crate::snapshot::{FileEntry, Shape, Snapshot};

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
        let vectors = open_vectors(dir, &mut catalogue, &shared, &mut quarantined)?;
        let outlines = Arc::new(open_outlines(dir, &shared, &lost, &mut quarantined)?);
        let Loaded {
            mut snapshot,
            is_small,
        } = load_snapshot(&mut catalogue, &shared, &outlines, &mut quarantined)?;
        // A server, or what is large, is looked over when vectors are filled in: nobody waits for it here.
        let at_once = vectors.as_deref().filter(|store| !store.is_remote() && is_small);
        let is_unswept = at_once.is_none();
        if let Some(store) = at_once {
            let known = ids(store).map_err(|e| IndexError::vector(&dir.join("vectors"), e))?;
            sweep(dir, &mut catalogue, store, &known, &snapshot)?;
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
            }),
            damage: Mutex::new(None),
            lost,
            is_unverified: AtomicBool::new(!is_small),
            is_unswept: AtomicBool::new(is_unswept),
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

    /// Opens the vectors of an embedder that came later than the repository was opened.
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
        let Some(store) = open_vectors(&self.dir, catalogue, &self.shared, quarantined)? else {
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
        writer.catalogue = Catalogue::open(&scratch.join("catalogue.db"))?;
        Ok(())
    }

    /// Opens what is on disk and goes on with that.
    fn take_over(&self, writer: &mut Writer) -> Result<(), IndexError> {
        let (root, shared) = (self.root.clone(), self.shared.clone());
        let fresh = Self::open_with(root, &self.dir, shared, self.lost.clone())?;
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

pub(super) fn remove(path: &Path) -> Result<(), IndexError> {
    let removed = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else {
        std::fs::remove_file(path)
    };
    match removed {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(IndexError::io("index", path, e)),
        _ => Ok(()),
    }
}

fn aside(
    store: &'static str,
    path: &Path,
    why: &dyn std::fmt::Display,
    quarantined: &mut Vec<String>,
) -> Result<(), IndexError> {
    tracing::warn!(store, path = %path.display(), %why, "a store is set aside and built anew");
    quarantined.push(format!("{store} ({why})"));
    set_aside(path).map_err(|e| IndexError::io(store, path, e))
}

fn open_catalogue(dir: &Path, quarantined: &mut Vec<String>) -> Result<Catalogue, IndexError> {
    let path = dir.join("catalogue.db");
    match Catalogue::open_checked(&path) {
        Err(IndexError::Damaged { source, .. }) => {
            aside("catalogue", &path, &source, quarantined)?;
            // Without the catalogue nobody knows what the others hold.
            remove(&dir.join("lexical"))?;
            remove(&dir.join("vectors"))?;
            remove(&dir.join("grams"))?;
            remove(&dir.join(OUTLINES))?;
            Catalogue::open(&path)
        }
        other => other,
    }
}

fn open_lexical(dir: &Path, quarantined: &mut Vec<String>) -> Result<LexicalIndex, IndexError> {
    let path = dir.join("lexical");
    let opened = LexicalIndex::open(&path).and_then(|index| index.verify().map(|()| index));
    match opened {
        Err(error) if error.calls_for_rebuild() => {
            aside("full-text", &path, &error, quarantined)?;
            LexicalIndex::open(&path).map_err(|e| IndexError::lexical(&path, e))
        }
        other => other.map_err(|e| IndexError::lexical(&path, e)),
    }
}

/// Whatever is in the place of the outlines keeps no repository closed: the content store has them all.
fn open_outlines(
    dir: &Path,
    shared: &Arc<Shared>,
    lost: &Lost,
    quarantined: &mut Vec<String>,
) -> Result<Outlines, IndexError> {
    let path = dir.join(OUTLINES);
    let open = || Outlines::open(&path, shared.clone(), lost.clone());
    match open() {
        Err(IndexError::Storage { source, .. }) if path.exists() => {
            aside("outline", &path, &source, quarantined)?;
            open()
        }
        other => other,
    }
}

/// Brings catalogue and full text to one generation.
fn settle(
    dir: &Path,
    root: &Root,
    catalogue: &mut Catalogue,
    lexical: LexicalIndex,
    shared: &Shared,
    quarantined: &mut Vec<String>,
) -> Result<LexicalIndex, IndexError> {
    let made = catalogue.generation()?;
    let reached = lexical.generation();
    if reached == made {
        // The crash, if any, was before the full text was committed: nothing reached it.
        catalogue.clear_intent()?;
        return Ok(lexical);
    }
    if reached == made + 1 && catalogue.has_intent()? {
        // The full text was committed, the catalogue was not. The files of the intent are read
        // again; their chunks in the full text have versions that nobody knows, and are dropped.
        let files = catalogue.give_up_intent(reached)?;
        tracing::info!(root = %root.path.display(), files, "a generation was cut short; its files are read again");
        return Ok(lexical);
    }
    let path = dir.join("lexical");
    let why = format!("it holds generation {reached}, the catalogue {made}");
    let lexical = if reached == 0 {
        lexical
    } else {
        drop(lexical);
        aside("full-text", &path, &why, quarantined)?;
        LexicalIndex::open(&path).map_err(|e| IndexError::lexical(&path, e))?
    };
    restore_lexical(dir, root, catalogue, &lexical, shared)?;
    Ok(lexical)
}

/// Fills an empty full-text store from the catalogue and the content store; files whose content is
/// gone are forgotten, so that the next update reads them.
fn restore_lexical(
    dir: &Path,
    root: &Root,
    catalogue: &mut Catalogue,
    lexical: &LexicalIndex,
    shared: &Shared,
) -> Result<(), IndexError> {
    let fail = |e| IndexError::lexical(&dir.join("lexical"), e);
    let generation = catalogue.generation()? + 1;
    let mut change = Change::default();
    let mut writer = lexical.begin(shared.settings.writer_memory).map_err(fail)?;
    for (path, row) in catalogue.rows()? {
        let Outcome::Indexed { key, version, .. } = row.outcome else {
            continue;
        };
        match shared.content.load(&key)? {
            Some((text, outline)) => {
                super::commit::add_file(&mut writer, &path, version, &text, &outline).map_err(fail)?
            }
            None => change.removed.push(path),
        }
    }
    writer.commit(generation).map_err(fail)?;
    Manifest {
        format: FORMAT,
        generation,
        embedder: shared.embedder_id(),
        root: root.path.display().to_string(),
    }
    .write(dir)
    .map_err(|e| IndexError::io("manifest", dir, e))?;
    if !change.removed.is_empty() {
        catalogue.set_complete(false)?;
    }
    catalogue.apply(generation, &change)
}

/// The record of where vectors are, made if there is none. Those of another embedder, or of a catalogue that is gone, are
/// begun anew before anything else says so: a collection that is named is then one of this catalogue.
fn seat(
    dir: &Path,
    belongs_to: Option<&str>,
    embedder: &str,
    shared: &Shared,
    quarantined: &mut Vec<String>,
) -> Result<Seating, IndexError> {
    let fail = |e| IndexError::io("vector", dir, e);
    let new = shared.new_seat(dir);
    let recorded = match Seating::read(dir) {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) => {
            tracing::warn!(dir = %dir.display(), %error, "where the vectors are cannot be read; they are begun anew");
            quarantined.push(format!("place of vectors ({error})"));
            None
        }
        other => other.map_err(fail)?,
    };
    let known = recorded.as_ref().filter(|seating| seating.now.is_some());
    if let Some(seating) = known
        && belongs_to == Some(embedder)
    {
        return Ok(seating.clone());
    }
    let known = known.is_some();
    // An index of before there was a record has its vectors here.
    let place = match belongs_to {
        Some(_) if recorded.is_none() => VectorPlace::Local,
        _ => shared.settings.vector_place(),
    };
    let mut seating = recorded.unwrap_or_else(|| Seating::at(new(place)));
    if seating.now.is_none() {
        seating.now = Some(new(place));
    } else if known {
        seating.begin_anew(new);
    }
    seating.write(dir).map_err(fail)?;
    Ok(seating)
}

fn open_vectors(
    dir: &Path,
    catalogue: &mut Catalogue,
    shared: &Shared,
    quarantined: &mut Vec<String>,
) -> Result<Option<Arc<dyn VectorStore>>, IndexError> {
    let Some(embedder) = shared.embedder() else {
        return Ok(None);
    };
    let path = dir.join("vectors");
    let belongs_to = catalogue.text("embedder")?;
    let seating = seat(dir, belongs_to.as_deref(), embedder.id(), shared, quarantined)?;
    if belongs_to.as_deref() != Some(embedder.id()) {
        remove(&path)?;
        catalogue.forget_vectors(embedder.id())?;
    }
    if let Some(Seat::Server { collection }) = &seating.now {
        let store = shared.collection(collection, embedder.dimensions());
        return Ok(Some(Arc::new(store)));
    }
    let open = || {
        let store = EdgeStore::open(&path, embedder.dimensions(), EdgeSettings::default())?;
        store.verify().map(|()| store)
    };
    let store = match open() {
        Err(error) if error.calls_for_rebuild() => {
            aside("vector", &path, &error, quarantined)?;
            catalogue.forget_vectors(embedder.id())?;
            open().map_err(|e| IndexError::vector(&path, e))?
        }
        other => other.map_err(|e| IndexError::vector(&path, e))?,
    };
    Ok(Some(Arc::new(store)))
}

/// What opening finds in the stores.
struct Loaded {
    snapshot: Snapshot,
    /// Whether it is small enough to be looked over at once, as its contents were.
    is_small: bool,
}

/// Reads the files of the last generation into memory. Files whose content is gone are forgotten. Of a small repository
/// every content is compared with its digest; of a large one that would take as long as to read it from the disk, and what
/// is damaged is found when it is used or when there is time.
fn load_snapshot(
    catalogue: &mut Catalogue,
    shared: &Shared,
    outlines: &Arc<Outlines>,
    quarantined: &mut Vec<String>,
) -> Result<Loaded, IndexError> {
    let rows: HashMap<RelPath, Row> = catalogue.rows()?;
    let keys = || rows.values().filter_map(|row| row.key());
    let source_bytes: u64 = rows
        .values()
        .filter(|row| row.key().is_some())
        .map(|row| row.stat.size)
        .sum();
    let is_small = source_bytes <= shared.settings.looked_over_bytes;
    let present = if is_small {
        HashSet::new()
    } else {
        shared.content.present(keys())?
    };
    let known = outlines.log.known();
    let mut files = Vec::with_capacity(rows.len());
    let mut unwritten = Vec::new();
    let mut lost = Vec::new();
    for (path, row) in rows {
        let Outcome::Indexed {
            key,
            version,
            num_chunks,
            ..
        } = row.outcome
        else {
            continue;
        };
        let num_chunks = num_chunks as usize;
        let file = |shape| {
            Arc::new(FileEntry::new(
                &path,
                version,
                key,
                row.stat.size,
                shape,
                outlines.clone(),
            ))
        };
        let written = known
            .get(&version)
            .filter(|known| known.stamp == stamp(&key) && known.num_spans as usize == num_chunks);
        if !is_small && !present.contains(&key) {
            lost.push(path);
        } else if let Some(known) = written
            && (!is_small || shared.content.is_sound(&key)?)
        {
            files.push(file(Shape {
                language: known.language,
                num_chunks,
            }));
        } else if let Some(outline) = shared.content.outline(&key)? {
            let file = file(Shape::of(&outline));
            file.keep(Arc::new(outline));
            unwritten.push(file.clone());
            files.push(file);
        } else {
            lost.push(path);
        }
    }
    outlines.write_down(unwritten.iter());
    let generation = catalogue.generation()?;
    if !lost.is_empty() {
        tracing::warn!(
            files = lost.len(),
            "contents are missing; their files are read again"
        );
        quarantined.push(format!("content ({} files missing or damaged)", lost.len()));
        catalogue.forget(&lost)?;
    }
    let is_complete = catalogue.number("is_complete")? == 1 && lost.is_empty();
    let snapshot = Snapshot::new(generation, files, is_complete, 0);
    outlines.log.retain(|version| snapshot.file(version).is_some());
    Ok(Loaded { snapshot, is_small })
}
