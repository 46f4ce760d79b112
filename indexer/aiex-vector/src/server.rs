//! The store on a Qdrant server: one collection, with one unsigned byte per component, as the store on disk has it.
//!
//! Distances are Euclidean between whole numbers, so the score that comes back is the root of a whole number below 2¹⁷
//! and the similarity made of it is exact: nothing has to be sent along to compute it again. The server compares every
//! vector and builds no graph, so nothing is missed either (decision 13).
//!
//! Calls block, each for a bounded time, and fail as [`VectorError::Server`] when the server does not do its part. A
//! server that is away damages nothing: ids are given out once, so what it kept is as good when it is back.

mod key;
mod link;
mod trouble;
mod words;

use std::sync::Arc;

use crate::error::VectorError;
use crate::memory::{check_shape, rank};
use crate::similarity::{cosine, quantise, unsigned};
use crate::store::{Filter, Near, VectorStore};
use link::Patience;

pub use key::{KeyTrouble, ServerKey, ServerKeySource};
pub use link::{Server, ServerSettings};
pub use trouble::Trouble;

/// Points of one request: a quarter of a megabyte at the built-in model's 256 components.
const BATCH: usize = 256;

/// Ids of one request.
const PAGE: usize = 4096;

/// Ids that one search may be narrowed to; a longer list goes in several searches, whose answers are merged.
const ALLOWED_AT_ONCE: usize = 16_384;

/// A vector store that is a collection on a server. Making one asks nobody.
#[derive(Debug)]
pub struct ServerStore {
    server: Arc<Server>,
    collection: String,
    dimensions: usize,
}

impl ServerStore {
    /// The store in `collection`, which may not be there yet: [`VectorStore::prepare`] makes it.
    pub fn new(server: Arc<Server>, collection: impl Into<String>, dimensions: usize) -> Self {
        Self {
            server,
            collection: collection.into(),
            dimensions,
        }
    }

    /// Deletes the collection; one that is not there is fine.
    ///
    /// # Errors
    /// When the server does not do it.
    pub fn remove(&self) -> Result<(), VectorError> {
        let collection = self.collection.clone();
        let request = move |client: qdrant_client::Qdrant| {
            let collection = collection.clone();
            async move { client.delete_collection(collection).await.map(drop) }
        };
        match self.server.call("delete the vectors", Patience::PATIENT, request) {
            Err(error) if error.is_missing_collection() => Ok(()),
            other => other,
        }
    }

    /// The nearest of at most [`ALLOWED_AT_ONCE`] ids, or of all.
    fn nearest(
        &self,
        query: &[f32],
        limit: usize,
        allowed: Option<&[u64]>,
    ) -> Result<Vec<Near>, VectorError> {
        let request = words::search(&self.collection, query, limit, allowed);
        let found = self.server.call("search", Patience::BRIEF, move |client| {
            let request = request.clone();
            async move { client.search_points(request).await }
        })?;
        let near = found.result.iter().filter_map(|point| {
            Some(Near {
                id: words::number(point.id.as_ref())?,
                similarity: cosine((point.score * point.score).round()),
            })
        });
        Ok(near.collect())
    }

    fn is_there(&self) -> Result<bool, VectorError> {
        const DOING: &str = "look at the collection";
        let collection = self.collection.clone();
        let info = self.server.call(DOING, Patience::BRIEF, move |client| {
            let collection = collection.clone();
            async move { client.collection_info(collection).await }
        });
        let found = match info {
            Ok(info) => words::shape(info),
            Err(error) if error.is_missing_collection() => return Ok(false),
            Err(error) => return Err(error),
        };
        if found == words::expected_shape(self.dimensions) {
            return Ok(true);
        }
        Err(self.server.error(
            DOING,
            Trouble::Foreign {
                collection: self.collection.clone(),
                found,
            },
        ))
    }
}

impl VectorStore for ServerStore {
    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn prepare(&self) -> Result<(), VectorError> {
        if self.is_there()? {
            return Ok(());
        }
        let request = words::create(&self.collection, self.dimensions);
        let created = self
            .server
            .call("make the collection", Patience::PATIENT, move |client| {
                let request = request.clone();
                async move { client.create_collection(request).await.map(drop) }
            });
        match created {
            Ok(()) => Ok(()),
            // An attempt whose answer was lost may have made it.
            Err(error) => match self.is_there() {
                Ok(true) => Ok(()),
                _ => Err(error),
            },
        }
    }

    fn upsert(&self, ids: &[u64], vectors: &[i8]) -> Result<(), VectorError> {
        check_shape(vectors.len(), ids.len(), self.dimensions)?;
        let batches = ids
            .chunks(BATCH)
            .zip(vectors.chunks(BATCH * self.dimensions.max(1)));
        for (ids, vectors) in batches {
            let points = ids
                .iter()
                .zip(vectors.chunks_exact(self.dimensions))
                .map(|(&id, vector)| (id, unsigned(vector)));
            let request = words::upsert(&self.collection, points);
            self.server
                .call("store vectors", Patience::PATIENT, move |client| {
                    let request = request.clone();
                    async move { client.upsert_points(request).await.map(drop) }
                })?;
        }
        Ok(())
    }

    fn delete(&self, ids: &[u64]) -> Result<(), VectorError> {
        for ids in ids.chunks(PAGE) {
            let request = words::delete(&self.collection, ids);
            // Made while a saved file waits to be seen, so it is not waited for long.
            self.server
                .call("delete vectors", Patience::BRIEF, move |client| {
                    let request = request.clone();
                    async move { client.delete_points(request).await.map(drop) }
                })?;
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
        if limit == 0 {
            return Ok(Vec::new());
        }
        let query = unsigned(&quantise(query));
        let mut found = match filter {
            None => self.nearest(&query, limit, None)?,
            Some(Filter::Allow(allowed)) => {
                let mut allowed = allowed.to_vec();
                allowed.sort_unstable();
                allowed.dedup();
                let mut found = Vec::new();
                for part in allowed.chunks(ALLOWED_AT_ONCE) {
                    found.extend(self.nearest(&query, limit, Some(part))?);
                }
                found
            }
        };
        rank(&mut found, limit);
        Ok(found)
    }

    fn len(&self) -> Result<usize, VectorError> {
        let request = words::count(&self.collection);
        let counted = self
            .server
            .call("count vectors", Patience::PATIENT, move |client| {
                let request = request.clone();
                async move { client.count(request).await }
            })?;
        Ok(counted
            .result
            .map_or(0, |result| usize::try_from(result.count).unwrap_or(usize::MAX)))
    }

    fn ids(&self, visit: &mut dyn FnMut(&[u64]) -> bool) -> Result<(), VectorError> {
        let mut from = None;
        loop {
            let request = words::page(&self.collection, from, PAGE);
            let page = self
                .server
                .call("list vectors", Patience::PATIENT, move |client| {
                    let request = request.clone();
                    async move { client.scroll(request).await }
                })?;
            let ids: Vec<u64> = page
                .result
                .iter()
                .filter_map(|point| words::number(point.id.as_ref()))
                .collect();
            // A page in which an id goes while the server reads it names no next one. Behind the last there is nothing.
            from = ids.last().and_then(|last| last.checked_add(1));
            if ids.is_empty() || !visit(&ids) || from.is_none() {
                return Ok(());
            }
        }
    }

    /// Every change was answered only after it was in the server's log, which is all that a client can ask for. What a
    /// server loses all the same, its owner finds missing by counting, and copies again.
    fn flush(&self) -> Result<(), VectorError> {
        Ok(())
    }

    fn warm(&self, _cancel: &dyn Fn() -> bool) -> Result<(), VectorError> {
        Ok(())
    }

    /// The server puts its files in order by itself.
    fn optimize(&self, _cancel: &dyn Fn() -> bool) -> Result<bool, VectorError> {
        Ok(false)
    }

    /// None of this machine's.
    fn disk_bytes(&self) -> Result<u64, VectorError> {
        Ok(0)
    }
}
