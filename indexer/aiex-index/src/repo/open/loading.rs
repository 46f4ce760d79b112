//! Reading the files of the last generation into memory.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use aiex_files::RelPath;

use crate::catalogue::{Catalogue, Outcome, Row};
use crate::engine::Shared;
use crate::error::IndexError;
use crate::outline::source::{Outlines, stamp};
use crate::snapshot::{FileEntry, Shape, Snapshot};

/// What opening finds in the stores.
pub(super) struct Loaded {
    pub(super) snapshot: Snapshot,
    /// Whether it is small enough to be looked over at once, as its contents were.
    pub(super) is_small: bool,
}

/// Reads the files of the last generation into memory. Files whose content is gone are forgotten. Of a small repository
/// every content is compared with its digest; of a large one that would take as long as to read it from the disk, and what
/// is damaged is found when it is used or when there is time.
pub(super) fn load_snapshot(
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
