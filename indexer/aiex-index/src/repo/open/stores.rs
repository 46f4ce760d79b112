//! Opening each store of a repository; one that is damaged is set aside and begun anew.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use aiex_lexical::LexicalIndex;
use aiex_vector::{EdgeStore, VectorStore};

use super::OUTLINES;
use crate::catalogue::Catalogue;
use crate::content::set_aside;
use crate::engine::Shared;
use crate::error::IndexError;
use crate::outline::source::{Lost, Outlines};
use crate::seating::{Seat, Seating, VectorPlace};

pub(in crate::repo) fn remove(path: &Path) -> Result<(), IndexError> {
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

pub(super) fn aside(
    store: &'static str,
    path: &Path,
    why: &dyn std::fmt::Display,
    quarantined: &mut Vec<String>,
) -> Result<(), IndexError> {
    tracing::warn!(store, path = %path.display(), %why, "a store is set aside and built anew");
    quarantined.push(format!("{store} ({why})"));
    set_aside(path).map_err(|e| IndexError::io(store, path, e))
}

pub(super) fn open_catalogue(dir: &Path, quarantined: &mut Vec<String>) -> Result<Catalogue, IndexError> {
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

pub(super) fn open_lexical(dir: &Path, quarantined: &mut Vec<String>) -> Result<LexicalIndex, IndexError> {
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
pub(super) fn open_outlines(
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

pub(super) fn open_vectors(
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
        let store = EdgeStore::open(&path, embedder.dimensions(), shared.settings.edge())?;
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
