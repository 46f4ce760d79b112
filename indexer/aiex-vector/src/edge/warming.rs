//! Making searches among the vectors quick, behind the first of them, without holding more of them than one copy.

use std::sync::atomic::Ordering;

use qdrant_edge::PointId;

use super::{EdgeStore, PAGE, Page, cached, room, seal, shard};
use crate::error::VectorError;
use crate::format;
use crate::similarity::signed;
use crate::store::VectorStore as _;

/// New vectors from which on [`warm`](crate::VectorStore::warm) reads all of them through: a megabyte of the built-in model's.
const UNREAD_LIMIT: usize = 4096;

/// Vectors up to which a shard is opened anew to let go of what searches without sketches mapped: a search that comes
/// just then waits, for a tenth of a second at the most.
const ANEW_BELOW: usize = 300_000;

impl EdgeStore {
    /// Makes sketches of all vectors, or sees that they are in the cache.
    pub(super) fn fill_sketches(&self, cancel: &dyn Fn() -> bool) -> Result<(), VectorError> {
        if !self.sketched.begin() {
            return self.read_through();
        }
        self.read_files().inspect_err(|_| self.sketched.abandon())?;
        let mut from = None;
        loop {
            if cancel() {
                self.sketched.abandon();
                return Ok(());
            }
            let (records, next) = self
                .page_of_vectors(from)
                .inspect_err(|_| self.sketched.abandon())?;
            let (mut ids, mut vectors) = (Vec::new(), Vec::new());
            for record in &records {
                if let Some((id, vector)) = shard::number(record.id).zip(shard::vector(record)) {
                    ids.push(id);
                    vectors.extend(signed(vector));
                }
            }
            self.sketched.fill(&ids, &vectors);
            if next.is_none() {
                self.sketched.finish();
                self.unread.store(0, Ordering::Relaxed);
                return self.let_go();
            }
            from = next;
        }
    }

    /// Reads one page of ids as [`EdgeStore::page`] does, and their vectors, in no order.
    fn page_of_vectors(&self, from: Option<PointId>) -> Result<Page, VectorError> {
        const DOING: &str = "read vectors";
        let (listed, next) = self.page(DOING, shard::page(from, PAGE))?;
        let points: Vec<PointId> = listed.iter().map(|record| record.id).collect();
        let records = self.call(DOING, |shard| shard::vectors(shard, &points))?;
        Ok((records, next))
    }

    /// Reads every vector once if many are new. The engine leaves what it wrote out of the page cache, and a search that
    /// compares a few hundred vectors here and there would wait for the disk at each.
    fn read_through(&self) -> Result<(), VectorError> {
        if self.unread.load(Ordering::Relaxed) < UNREAD_LIMIT {
            return Ok(());
        }
        self.unread.store(0, Ordering::Relaxed);
        self.read_files()
    }

    fn read_files(&self) -> Result<(), VectorError> {
        cached::read_through(&format::shard_path(&self.path))
            .map_err(|error| VectorError::io(&self.path, "read vectors", error))
    }

    /// Lets go of the pages that searches left with the process while there were no sketches.
    fn let_go(&self) -> Result<(), VectorError> {
        if !self.scanned.load(Ordering::Relaxed) || self.len()? > ANEW_BELOW {
            return Ok(());
        }
        let _change = self.change();
        if self.optimizing.load(Ordering::Acquire) {
            return Ok(());
        }
        self.scanned.store(false, Ordering::Relaxed);
        // What is mapped twice costs memory; it is not worth an error.
        if room::require(&self.path, self.settings.reserve_bytes).is_err() {
            return Ok(());
        }
        const DOING: &str = "open the store anew";
        let files = format::shard_path(&self.path);
        let sealing = |error| VectorError::io(&self.path, DOING, error);
        // A store that rests is sealed, and is so again: the engine only tidies up while it opens.
        let is_changed = self.changed.swap(true, Ordering::AcqRel);
        let seal = if is_changed {
            None
        } else {
            seal::take_off(&files).map_err(sealing)?
        };
        self.shorten_log()?;
        if seal.is_some() {
            self.call(DOING, |shard| {
                shard.flush();
                Ok(())
            })?;
            seal::put(&files, seal.as_ref()).map_err(sealing)?;
            self.changed.store(false, Ordering::Release);
        }
        Ok(())
    }
}
