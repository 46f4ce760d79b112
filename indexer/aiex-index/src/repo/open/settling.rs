//! Bringing the stores to one generation after a crash.

use std::path::Path;

use aiex_files::root::Root;
use aiex_lexical::LexicalIndex;

use super::stores::aside;
use crate::catalogue::{Catalogue, Change, Outcome};
use crate::engine::Shared;
use crate::error::IndexError;
use crate::generation::{FORMAT, Manifest};
use crate::repo::commit;

/// Brings catalogue and full text to one generation.
pub(super) fn settle(
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
                commit::add_file(&mut writer, &path, version, &text, &outline).map_err(fail)?
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
