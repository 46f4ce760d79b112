//! Covering files with trigram postings behind the full text and the vectors, and keeping the postings few.

use std::collections::HashSet;
use std::sync::Arc;

use aiex_grams::{Builder, GramsError, Segment, merge};

use super::RepoIndex;
use crate::error::IndexError;
use crate::grams::{Coverage, document};
use crate::observer::Observer;
use crate::snapshot::{FileEntry, Snapshot};

/// What covering files did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CoverReport {
    /// Files that postings cover now and did not before.
    pub covered: u64,
    /// Whether nothing is left to be done. A few files may be uncovered then: reading them costs a search nothing.
    pub is_complete: bool,
}

/// Fewer uncovered files than this, of less text than that, are left to be read by each search.
const FEW_FILES: usize = 32;
const FEW_BYTES: u64 = 2 << 20;
/// Text of one segment as it is built, and memory that building takes, in bytes.
const SEGMENT_BYTES: u64 = 16 << 20;
const MAX_MEMORY: u64 = 32 << 20;
/// A segment that is interrupted is written all the same when it has this much text, in bytes.
const WORTH_WRITING: u64 = 4 << 20;
/// Segments when everything is done, and while much is being covered.
const MAX_SEGMENTS: usize = 8;
const MAX_SEGMENTS_MEANWHILE: usize = 32;
/// Segments that become one at a time.
const MIN_MERGED: usize = 4;
const MAX_MERGED: usize = 24;

impl RepoIndex {
    /// Covers files with postings, so that exhaustive searches need not read them, and merges what has become
    /// many. Returns early, with what was done, when the observer cancels.
    ///
    /// # Errors
    /// When a store fails. Searches stay complete all the same.
    pub fn cover(&self, observer: &dyn Observer) -> Result<CoverReport, IndexError> {
        let mut report = CoverReport::default();
        // Texts that are damaged: their files are read again by the next update.
        let mut lost = HashSet::new();
        loop {
            // Let go after each segment: an update that waits comes first.
            let writer = self.writer_if_open()?;
            let snapshot = self.served().snapshot.clone();
            let coverage = self.grams.covers(&snapshot);
            let todo: Vec<&Arc<FileEntry>> = coverage
                .uncovered
                .iter()
                .map(|place| &snapshot.files()[*place as usize])
                .filter(|file| !lost.contains(&file.version))
                .collect();
            let bytes: u64 = todo.iter().map(|file| file.size).sum();
            if coverage.folder().is_none() || (todo.len() < FEW_FILES && bytes < FEW_BYTES) {
                report.is_complete = self.merge_segments(&snapshot, MAX_SEGMENTS, observer)?;
                self.refresh_facts(&writer)?;
                return Ok(report);
            }
            let covered = self.cover_some(&coverage, &todo, &mut lost, observer)?;
            report.covered += covered;
            if observer.is_cancelled() || !self.merge_segments(&snapshot, MAX_SEGMENTS_MEANWHILE, observer)? {
                self.refresh_facts(&writer)?;
                return Ok(report);
            }
        }
    }

    /// Writes a segment over the first of these files; how many they are.
    fn cover_some(
        &self,
        coverage: &Coverage,
        files: &[&Arc<FileEntry>],
        lost: &mut HashSet<u32>,
        observer: &dyn Observer,
    ) -> Result<u64, IndexError> {
        let Some(folder) = coverage.folder() else {
            return Ok(0);
        };
        let mut builder = Builder::default();
        for file in files {
            let is_cancelled = observer.is_cancelled();
            if is_cancelled && builder.text_bytes() < WORTH_WRITING {
                return Ok(0);
            }
            if is_cancelled || builder.text_bytes() >= SEGMENT_BYTES || builder.memory() >= MAX_MEMORY {
                break;
            }
            match self.shared.content.text(&file.key)? {
                Some(text) => builder.add(document(file), &text),
                None => {
                    self.text_is_lost(file.version);
                    lost.insert(file.version);
                }
            }
        }
        if builder.is_empty() {
            return Ok(0);
        }
        let covered = builder.len() as u64;
        let segment = builder.write(folder).map_err(|e| self.grams.error(e))?;
        self.grams.replace(&[], Some(segment));
        Ok(covered)
    }

    /// Merges segments until there are no more than `max`, and most of what each holds is of use. False when the
    /// observer cancelled.
    fn merge_segments(
        &self,
        snapshot: &Arc<Snapshot>,
        max: usize,
        observer: &dyn Observer,
    ) -> Result<bool, IndexError> {
        loop {
            let coverage = self.grams.covers(snapshot);
            let old = due(&coverage, max);
            let Some(folder) = coverage.folder().filter(|_| !old.is_empty()) else {
                return Ok(true);
            };
            let in_use = coverage.documents_in_use(&old);
            let segments: Vec<&Segment> = old.iter().map(Arc::as_ref).collect();
            let is_cancelled = || observer.is_cancelled();
            match merge(
                folder,
                &segments,
                &|document| in_use.contains(document),
                &is_cancelled,
            ) {
                Ok(merged) => self.grams.replace(&old, merged),
                Err(GramsError::Cancelled) => return Ok(false),
                Err(error) if self.give_up_damaged(&old, &error) => {}
                Err(error) => return Err(self.grams.error(error)),
            }
        }
    }

    /// Takes the segment out that is damaged; false when none of these is.
    fn give_up_damaged(&self, segments: &[Arc<Segment>], error: &GramsError) -> bool {
        let GramsError::Damaged { path, .. } = error else {
            return false;
        };
        let damaged = segments.iter().find(|segment| segment.path() == path);
        damaged.is_some_and(|segment| {
            self.grams.give_up(segment, error);
            true
        })
    }
}

/// The segments that should become one: those of which most is gone, or else the smallest if there are too many.
fn due(coverage: &Coverage, max: usize) -> Vec<Arc<Segment>> {
    let is_wasteful = |(segment, in_use): &(&Arc<Segment>, usize)| 2 * in_use < segment.documents().len();
    let wasteful: Vec<_> = coverage.segments().filter(is_wasteful).collect();
    if !wasteful.is_empty() {
        return wasteful.into_iter().map(|(segment, _)| segment.clone()).collect();
    }
    let mut segments: Vec<_> = coverage.segments().map(|(segment, _)| segment.clone()).collect();
    if segments.len() <= max {
        return Vec::new();
    }
    segments.sort_by_key(|segment| segment.disk_bytes());
    let surplus = segments.len() - max + 1;
    segments.truncate(surplus.clamp(MIN_MERGED, MAX_MERGED));
    segments
}
