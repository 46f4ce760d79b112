//! The contract of a vector store. It does not say how vectors are kept, and an implementation adds no rules.

use std::path::Path;

use crate::error::VectorError;

/// A stored vector near to a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// The chunk.
    pub id: u64,
    /// Cosine similarity, from −1 to 1.
    pub similarity: f32,
}

/// Which ids a search may return.
#[derive(Clone, Copy, Debug)]
pub enum Filter<'a> {
    /// These and no others, in any order; quickest when they ascend.
    Allow(&'a [u64]),
}

/// One 8-bit vector per id, and the nearest ids to a query.
///
/// Every change is seen by the searches that begin after it returned. A change survives the end of the process
/// once [`flush`](Self::flush) returned; without it, each id has its vector of before or of after the change.
pub trait VectorStore: Send + Sync {
    /// Components of every vector.
    fn dimensions(&self) -> usize;

    /// Whether calls wait for another machine, which may be away.
    fn is_remote(&self) -> bool {
        false
    }

    /// Sees that the store can take changes, and makes what it lacks for that. A store that was opened lacks nothing.
    fn prepare(&self) -> Result<(), VectorError> {
        Ok(())
    }

    /// Puts one vector for each id, in place of the one it had. `vectors` holds `ids.len()` vectors one after
    /// the other, made of unit vectors by [`quantise`](crate::quantise). Of an id given twice the last counts.
    fn upsert(&self, ids: &[u64], vectors: &[i8]) -> Result<(), VectorError>;

    /// Takes ids away. Unknown ids are fine.
    fn delete(&self, ids: &[u64]) -> Result<(), VectorError>;

    /// The ids nearest to a unit vector, most similar first, equals by id; at most `limit`. Similarities are exact. A
    /// store of many vectors may miss a few of the nearest, the more so the further they are: it keeps at least nine in
    /// ten of 100 and nearly all of ten.
    fn search(
        &self,
        query: &[f32],
        limit: usize,
        filter: Option<Filter<'_>>,
    ) -> Result<Vec<Near>, VectorError>;

    /// How many ids have a vector.
    fn len(&self) -> Result<usize, VectorError>;

    /// Whether no id has a vector.
    fn is_empty(&self) -> Result<bool, VectorError> {
        Ok(self.len()? == 0)
    }

    /// Shows every id once, ascending, in pages; ends early when `visit` answers `false`. Changes made
    /// meanwhile may or may not be seen.
    fn ids(&self, visit: &mut dyn FnMut(&[u64]) -> bool) -> Result<(), VectorError>;

    /// Makes every change so far survive the end of the process and of the machine.
    fn flush(&self) -> Result<(), VectorError>;

    /// Gives back the room of what is kept only while much changes. Called when nothing more is to come for a while.
    fn settle(&self) -> Result<(), VectorError> {
        Ok(())
    }

    /// Makes a store in `directory`, where there is none, that holds what this one does and knows nothing of it from then
    /// on. Answers `false`, and makes nothing, when that cannot be done now, or at all.
    fn copy_to(&self, _directory: &Path) -> Result<bool, VectorError> {
        Ok(false)
    }

    /// Brings into memory what makes searches quick. Searches before that, or without it, are right but slower.
    /// `cancel` is asked between steps.
    fn warm(&self, cancel: &dyn Fn() -> bool) -> Result<(), VectorError>;

    /// Gives back the room of deleted vectors and builds an index where one pays. Long; `cancel` is asked
    /// between the steps that can be told apart. Answers whether anything changed.
    fn optimize(&self, cancel: &dyn Fn() -> bool) -> Result<bool, VectorError>;

    /// Bytes taken on disk.
    fn disk_bytes(&self) -> Result<u64, VectorError>;
}
