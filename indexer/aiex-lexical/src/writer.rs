//! The one writer of an index. Its threads live as long as it does. What it does is seen by nobody before a
//! commit, and by searches before a publication.
//!
//! Segments are not merged behind the caller's back: [`Writer::settle`] merges when the caller has time for it,
//! and a commit that leaves very many segments does it first.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, MergeCandidate, MergePolicy, NoMergePolicy};
use tantivy::{IndexWriter, TantivyError, Term};

use crate::document::Document;
use crate::error::LexicalError;
use crate::index::LexicalIndex;

/// The least memory the engine takes, with a margin of its own.
const LEAST_MEMORY: usize = 15_000_000;
/// More than this for the one indexing thread gains nothing.
const MOST_MEMORY: usize = 512_000_000;
/// Segments of like size that are merged into one.
const MERGE_FROM: usize = 6;
/// Segments below this many chunks are all of like size: merging them costs milliseconds.
const SMALL: u32 = 4_000;
/// Part of deleted chunks from which a segment is written anew.
const DELETED: f32 = 0.3;
/// Segments that a commit may leave behind for a caller that never settles.
const TOO_MANY: usize = 32;

/// How long the lock of a writer that is gone is waited for, and between two looks: a process that is being started has its
/// files for a moment, until it becomes another program.
const LOCK_LINGERS: Duration = Duration::from_secs(2);
const LOCK_LOOK: Duration = Duration::from_millis(5);

/// Tries again while the lock is held.
fn patiently<T>(mut start: impl FnMut() -> Result<T, LexicalError>) -> Result<T, LexicalError> {
    let deadline = Instant::now() + LOCK_LINGERS;
    loop {
        match start() {
            Err(LexicalError::Busy { .. }) if Instant::now() < deadline => {
                std::thread::park_timeout(LOCK_LOOK)
            }
            started => return started,
        }
    }
}

/// Changes an index. Dropped without a commit, nothing happened.
pub struct Writer<'a> {
    index: &'a LexicalIndex,
    /// Always there but during the drop.
    writer: Option<IndexWriter>,
}

impl std::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer")
            .field("index", self.index)
            .finish_non_exhaustive()
    }
}

impl<'a> Writer<'a> {
    pub(crate) fn begin(index: &'a LexicalIndex, memory_bytes: usize) -> Result<Self, LexicalError> {
        if !index.start_writing() {
            return Err(LexicalError::Busy {
                path: index.path().to_owned(),
            });
        }
        // From here on the drop gives the right to write back.
        let mut this = Self { index, writer: None };
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(memory_bytes.clamp(LEAST_MEMORY, MOST_MEMORY))
            .build();
        let start = || {
            index.call("start writing", || {
                index.engine().writer_with_options(options.clone())
            })
        };
        let writer = patiently(start)?;
        writer.set_merge_policy(Box::new(NoMergePolicy));
        // The engine names lists of deletions by the number of the operation, and the numbers of a commit that was cut
        // short are given again: a list that it left behind would be in the way of the next.
        index.call("clear what was left behind", || {
            writer.garbage_collect_files().wait().map(drop)
        })?;
        this.writer = Some(writer);
        Ok(this)
    }

    fn engine<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&mut IndexWriter) -> tantivy::Result<T>,
    ) -> Result<T, LexicalError> {
        match self.writer.as_mut() {
            Some(writer) => self.index.call(doing, || work(writer)),
            None => Err(LexicalError::Busy {
                path: self.index.path().to_owned(),
            }),
        }
    }

    /// Adds a chunk. Waits while the indexing thread is behind.
    pub fn add(&mut self, document: &Document<'_>) -> Result<(), LexicalError> {
        let document = self.index.fields().document(document);
        self.engine("add a chunk", |writer| match writer.add_document(document) {
            Ok(_) => Ok(()),
            // That the indexing thread has ended says nothing of why: a full disk is no damage. The commit knows.
            Err(error @ TantivyError::ErrorInThread(_)) => match writer.prepare_commit() {
                Err(cause) => Err(cause),
                Ok(_) => Err(error),
            },
            Err(error) => Err(error),
        })
    }

    /// Deletes every chunk of this version of a file, but for those added later.
    pub fn delete_version(&mut self, version: u32) -> Result<(), LexicalError> {
        let term = Term::from_field_u64(self.index.fields().version, u64::from(version));
        self.engine("delete chunks", |writer| {
            writer.delete_term(term);
            Ok(())
        })
    }

    /// Makes everything so far durable, as this generation. Searches see it when it is published.
    pub fn commit(&mut self, generation: u64) -> Result<(), LexicalError> {
        {
            let _commits = self.index.hold_commits();
            self.engine("commit", |writer| {
                let mut prepared = writer.prepare_commit()?;
                prepared.set_payload(&generation.to_string());
                prepared.commit().map(drop)
            })?;
        }
        let segments = self
            .index
            .call("count segments", || self.index.engine().searchable_segment_ids())?;
        if TOO_MANY <= segments.len() {
            self.settle(&|| false)?;
        }
        Ok(())
    }

    /// Merges what has become many small segments, and writes anew what is mostly deleted. To be called after a
    /// commit; `cancel` is asked between merges. Answers whether anything changed: publish again then.
    pub fn settle(&mut self, cancel: &dyn Fn() -> bool) -> Result<bool, LexicalError> {
        let mut changed = false;
        loop {
            let candidates = self.index.call("plan merges", || {
                Ok(merges().compute_merge_candidates(&self.index.engine().searchable_segment_metas()?))
            })?;
            let Some(MergeCandidate(segments)) = candidates.into_iter().next() else {
                return Ok(changed);
            };
            if cancel() {
                return Ok(changed);
            }
            // The merge ends with a commit of its own, which keeps the generation.
            let _commits = self.index.hold_commits();
            self.engine("merge segments", |writer| {
                writer.merge(&segments).wait().map(drop)
            })?;
            changed = true;
        }
    }

    /// Merges everything into one segment.
    pub fn optimize(&mut self) -> Result<(), LexicalError> {
        let _commits = self.index.hold_commits();
        let segments = self
            .index
            .call("count segments", || self.index.engine().searchable_segment_ids())?;
        if segments.len() < 2 {
            return Ok(());
        }
        self.engine("merge segments", |writer| {
            writer.merge(&segments).wait().map(drop)
        })
    }

    /// Forgets everything since the last commit.
    pub fn rollback(self) {
        drop(self);
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        let writer = self.writer.take();
        if catch_unwind(AssertUnwindSafe(|| drop(writer))).is_err() {
            tracing::warn!(path = %self.index.path().display(), "a lexical writer ended uncleanly");
        }
        self.index.stop_writing();
    }
}

fn merges() -> LogMergePolicy {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(MERGE_FROM);
    policy.set_min_layer_size(SMALL);
    policy.set_del_docs_ratio_before_merge(DELETED);
    policy
}
