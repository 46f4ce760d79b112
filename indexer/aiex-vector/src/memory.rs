//! The contract in its plainest form: a map in memory, searched from end to end. It knows no disk and forgets
//! everything when dropped; tests hold every other store against it.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::error::VectorError;
use crate::similarity::{cosine, quantise, squared_distance};
use crate::store::{Filter, Near, VectorStore};

/// How many ids [`VectorStore::ids`] shows at a time.
const PAGE: usize = 4096;

type Vectors = BTreeMap<u64, Box<[i8]>>;

/// An exact store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    dimensions: usize,
    vectors: RwLock<Vectors>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            vectors: RwLock::default(),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Vectors> {
        self.vectors.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vectors> {
        self.vectors.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sorts by falling similarity, then by id, and keeps `limit`.
pub(crate) fn rank(found: &mut Vec<Near>, limit: usize) {
    found.sort_unstable_by(|a, b| b.similarity.total_cmp(&a.similarity).then(a.id.cmp(&b.id)));
    found.truncate(limit);
}

/// Refuses slices that are not `count` vectors long.
pub(crate) fn check_shape(found: usize, count: usize, dimensions: usize) -> Result<(), VectorError> {
    let expected = count * dimensions;
    if found == expected {
        Ok(())
    } else {
        Err(VectorError::Shape { found, expected })
    }
}

impl VectorStore for MemoryStore {
    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn upsert(&self, ids: &[u64], vectors: &[i8]) -> Result<(), VectorError> {
        check_shape(vectors.len(), ids.len(), self.dimensions)?;
        let mut kept = self.write();
        for (&id, vector) in ids.iter().zip(vectors.chunks_exact(self.dimensions.max(1))) {
            kept.insert(id, vector.into());
        }
        Ok(())
    }

    fn delete(&self, ids: &[u64]) -> Result<(), VectorError> {
        let mut kept = self.write();
        for id in ids {
            kept.remove(id);
        }
        Ok(())
    }

    fn search(
        &self,
        query: &[f32],
        limit: usize,
        filter: Option<Filter<'_>>,
    ) -> Result<Vec<Near>, VectorError> {
        check_shape(query.len(), 1, self.dimensions)?;
        let query = quantise(query);
        let near = |id: u64, vector: &[i8]| Near {
            id,
            similarity: cosine(squared_distance(&query, vector) as f32),
        };
        let kept = self.read();
        let mut found: Vec<Near> = match filter {
            None => kept.iter().map(|(&id, vector)| near(id, vector)).collect(),
            Some(Filter::Allow(allowed)) => allowed
                .iter()
                .filter_map(|id| kept.get(id).map(|vector| near(*id, vector)))
                .collect(),
        };
        drop(kept);
        rank(&mut found, usize::MAX);
        // An id allowed twice is still one id.
        found.dedup_by_key(|near| near.id);
        found.truncate(limit);
        Ok(found)
    }

    fn len(&self) -> Result<usize, VectorError> {
        Ok(self.read().len())
    }

    fn ids(&self, visit: &mut dyn FnMut(&[u64]) -> bool) -> Result<(), VectorError> {
        let all: Vec<u64> = self.read().keys().copied().collect();
        all.chunks(PAGE).all(visit);
        Ok(())
    }

    fn flush(&self) -> Result<(), VectorError> {
        Ok(())
    }

    fn warm(&self, _cancel: &dyn Fn() -> bool) -> Result<(), VectorError> {
        Ok(())
    }

    fn optimize(&self, _cancel: &dyn Fn() -> bool) -> Result<bool, VectorError> {
        Ok(false)
    }

    fn disk_bytes(&self) -> Result<u64, VectorError> {
        Ok(0)
    }
}
