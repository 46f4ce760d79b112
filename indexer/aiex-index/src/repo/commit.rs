//! Making a generation: content and full text first, then the manifest, then the catalogue, then sight.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use aiex_files::RelPath;
use aiex_lexical::{Document, LexicalError, LexicalIndex};

use super::{RepoIndex, Served, UpdateReport, Writer};
use crate::catalogue::{Change, Outcome, Row};
use crate::error::IndexError;
use crate::generation::{FORMAT, Manifest};
use crate::pipeline::{Finding, Found, Prepared};
use crate::snapshot::{FileEntry, Outline, Shape, chunk_id};

/// Files that go to the stores together; also what one transaction of the content store holds.
const BATCH_FILES: usize = 256;

/// Text of a batch at most, in bytes.
const BATCH_BYTES: usize = 4 << 20;

/// Adds the chunks of a file to the full text.
pub(super) fn add_file(
    writer: &mut aiex_lexical::Writer<'_>,
    path: &RelPath,
    version: u32,
    text: &str,
    outline: &Outline,
) -> Result<(), LexicalError> {
    let path = path.as_str_lossy();
    let mut symbols = Vec::new();
    for (ordinal, span) in outline.spans.iter().enumerate() {
        symbols.clear();
        symbols.extend(
            outline
                .definitions(span)
                .iter()
                .map(|definition| outline.name(definition)),
        );
        writer.add(&Document {
            chunk: chunk_id(version, ordinal),
            body: text
                .get(span.start as usize..span.end as usize)
                .unwrap_or_default(),
            symbols: &symbols,
            path: &path,
            breadcrumb: outline.breadcrumb(span),
        })?;
    }
    Ok(())
}

/// A generation in the making.
pub(super) struct Making<'a> {
    repo: &'a RepoIndex,
    writer: &'a mut Writer,
    lexical: &'a LexicalIndex,
    text: Option<aiex_lexical::Writer<'a>>,
    next_version: u32,
    /// Chunks that a crash left in the full text are being dropped.
    has_orphans: bool,
    change: Change,
    added: Vec<Arc<FileEntry>>,
    /// Versions that the generation no longer has, with their number of chunks.
    dropped: Vec<(u32, usize)>,
    waiting: Vec<(Prepared, Box<Found>)>,
    waiting_bytes: usize,
    touched: Vec<(RelPath, aiex_files::stat::Stat, i64)>,
    pub(super) report: UpdateReport,
    pub(super) began: Instant,
}

impl<'a> Making<'a> {
    pub(super) fn new(
        repo: &'a RepoIndex,
        writer: &'a mut Writer,
        lexical: &'a LexicalIndex,
    ) -> Result<Self, IndexError> {
        let next_version = writer.catalogue.next_version()?;
        let orphans = writer.catalogue.orphans()?;
        let mut making = Self {
            repo,
            writer,
            lexical,
            text: None,
            change: Change::default(),
            added: Vec::new(),
            dropped: Vec::new(),
            waiting: Vec::new(),
            waiting_bytes: 0,
            touched: Vec::new(),
            report: UpdateReport::default(),
            began: Instant::now(),
            next_version,
            has_orphans: !orphans.is_empty(),
        };
        for version in orphans {
            making
                .text()?
                .delete_version(version)
                .map_err(|e| repo.lexical_error(e))?;
        }
        Ok(making)
    }

    /// Files taken in since the last generation.
    pub(super) fn num_files(&self) -> usize {
        self.change.set.len() + self.waiting.len()
    }

    /// Takes in what reading a file gave.
    pub(super) fn take(&mut self, mut prepared: Prepared) -> Result<(), IndexError> {
        match std::mem::replace(&mut prepared.finding, Finding::Unchanged) {
            Finding::Unchanged => {
                self.report.unchanged += 1;
                self.touched
                    .push((prepared.path, prepared.stat, prepared.read_at_ns));
                Ok(())
            }
            Finding::Vanished => self.remove(prepared.path, prepared.old_version),
            Finding::Skipped { reason, detail, hash } => {
                self.report.skipped += 1;
                self.set_without_content(
                    prepared,
                    hash,
                    Outcome::Skipped {
                        reason: reason.to_owned(),
                        detail,
                    },
                )
            }
            Finding::Failed { detail } => {
                self.report.failed += 1;
                self.set_without_content(prepared, None, Outcome::Failed { detail })
            }
            Finding::Content(found) => {
                self.report.changed += 1;
                self.waiting_bytes += found.text.len();
                self.waiting.push((prepared, found));
                if self.waiting.len() >= BATCH_FILES || self.waiting_bytes >= BATCH_BYTES {
                    self.write_waiting()?;
                }
                Ok(())
            }
        }
    }

    /// Takes a file out.
    pub(super) fn remove(&mut self, path: RelPath, version: Option<u32>) -> Result<(), IndexError> {
        self.report.removed += 1;
        self.drop_version(version)?;
        self.change.removed.push(path);
        Ok(())
    }

    fn set_without_content(
        &mut self,
        prepared: Prepared,
        hash: Option<[u8; 32]>,
        outcome: Outcome,
    ) -> Result<(), IndexError> {
        self.drop_version(prepared.old_version)?;
        let row = Row {
            stat: prepared.stat,
            read_at_ns: prepared.read_at_ns,
            hash,
            outcome,
            redactions: 0,
        };
        self.change.set.push((prepared.path, row));
        Ok(())
    }

    fn drop_version(&mut self, version: Option<u32>) -> Result<(), IndexError> {
        let Some(version) = version else { return Ok(()) };
        let served = self.repo.served();
        let chunks = served.snapshot.file(version).map_or(0, |file| file.num_chunks);
        self.dropped.push((version, chunks));
        self.text()?
            .delete_version(version)
            .map_err(|e| self.repo.lexical_error(e))
    }

    fn text(&mut self) -> Result<&mut aiex_lexical::Writer<'a>, IndexError> {
        if self.text.is_none() {
            let memory = self.repo.shared.settings.writer_memory;
            self.text = Some(
                self.lexical
                    .begin(memory)
                    .map_err(|e| self.repo.lexical_error(e))?,
            );
        }
        #[expect(clippy::expect_used, reason = "it was set in the line above")]
        Ok(self.text.as_mut().expect("a writer was begun"))
    }

    /// Writes the waiting contents to content store and full text, under new versions.
    fn write_waiting(&mut self) -> Result<(), IndexError> {
        let mut waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        if waiting.is_empty() {
            return Ok(());
        }
        let content = &self.repo.shared.content;
        let packed: Vec<_> = waiting
            .iter_mut()
            .filter_map(|(_, found)| found.packed.take())
            .collect();
        content.insert(&packed)?;
        let blobs: Vec<_> = waiting.iter().filter_map(|(_, found)| found.blob).collect();
        content.insert_blobs(&blobs)?;
        for (prepared, found) in waiting {
            self.drop_version(prepared.old_version)?;
            let version = self.next_version;
            self.next_version += 1;
            let writer = self.text()?;
            let added = add_file(writer, &prepared.path, version, &found.text, &found.outline);
            added.map_err(|e| self.repo.lexical_error(e))?;
            let entry = FileEntry::new(
                &prepared.path,
                version,
                found.key,
                prepared.stat.size,
                Shape::of(&found.outline),
                self.writer.outlines.clone(),
            );
            entry.keep(found.outline.clone());
            let row = Row {
                stat: prepared.stat,
                read_at_ns: prepared.read_at_ns,
                hash: Some(found.hash),
                outcome: Outcome::Indexed {
                    key: found.key,
                    version,
                    num_chunks: found.outline.spans.len() as u32,
                    num_symbols: found.outline.num_definitions() as u32,
                    is_embedded: false,
                },
                redactions: found.redactions,
            };
            self.added.push(Arc::new(entry));
            self.change.set.push((prepared.path, row));
        }
        Ok(())
    }

    /// Makes what was taken in so far a generation and serves it. Without a change, none is made.
    pub(super) fn publish(&mut self) -> Result<Option<u64>, IndexError> {
        self.write_waiting()?;
        self.began = Instant::now();
        let touched = std::mem::take(&mut self.touched);
        self.writer.catalogue.touch(&touched)?;
        if self.change.set.is_empty() && self.change.removed.is_empty() && !self.has_orphans {
            return Ok(None);
        }
        let change = std::mem::take(&mut self.change);
        self.has_orphans = false;
        let Some(mut text) = self.text.take() else {
            // Only files without content changed: full text and vectors stay as they are.
            let generation = self.writer.catalogue.generation()?;
            self.writer.catalogue.apply(generation, &change)?;
            return Ok(None);
        };
        let repo = self.repo;
        let generation = self.writer.catalogue.generation()? + 1;
        let paths = change.set.iter().map(|(path, _)| path);
        self.writer.is_half_made = true;
        self.writer
            .catalogue
            .intend(self.next_version, &mut paths.chain(&change.removed))?;
        text.commit(generation).map_err(|e| repo.lexical_error(e))?;
        Manifest {
            format: FORMAT,
            generation,
            embedder: repo.shared.embedder_id(),
            root: repo.root.path.display().to_string(),
        }
        .write(&repo.dir)
        .map_err(|e| IndexError::io("manifest", &repo.dir, e))?;
        self.writer.catalogue.apply(generation, &change)?;
        self.lexical.publish().map_err(|e| repo.lexical_error(e))?;
        self.writer.is_half_made = false;

        let dropped = std::mem::take(&mut self.dropped);
        let gone: HashSet<u32> = dropped.iter().map(|(version, _)| *version).collect();
        let added = std::mem::take(&mut self.added);
        self.writer.outlines.write_down(added.iter());
        self.writer.outlines.log.forget(gone.iter().copied());
        let embedded = self.writer.catalogue.embedded_chunks()?;
        let was_laid_out = repo.served().snapshot.is_laid_out();
        repo.serve(|served| {
            let mut snapshot = served.snapshot.with_changes(generation, &gone, added);
            snapshot.num_embedded = embedded;
            Served {
                snapshot: Arc::new(snapshot),
                lexical: served.lexical.clone(),
                vectors: served.vectors.clone(),
            }
        });
        // Before the next search has to wait for it.
        if was_laid_out {
            repo.served().snapshot.layout();
        }
        // Vectors of versions that nobody can see any more.
        if let Some(store) = &repo.served().vectors {
            let ids: Vec<u64> = dropped
                .iter()
                .flat_map(|(version, chunks)| (0..*chunks).map(|ordinal| chunk_id(*version, ordinal)))
                .collect();
            if !ids.is_empty() {
                match store.delete(&ids).map_err(|e| repo.vector_error(e)) {
                    // Nobody sees them; they are deleted when the store is looked over.
                    Err(error) if error.leaves_full_text() => repo.is_unswept.store(true, Ordering::Release),
                    other => other?,
                }
            }
        }
        repo.refresh_facts(self.writer)?;
        Ok(Some(generation))
    }
}

impl RepoIndex {
    pub(crate) fn lexical_error(&self, error: LexicalError) -> IndexError {
        IndexError::lexical(&self.lexical_dir(), error)
    }
}
