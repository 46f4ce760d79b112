//! What can be asked of a repository. A store that is found damaged is mended once, and asked again.

use std::sync::{MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::{RepoIndex, Writer};
use crate::error::{IndexError, SearchError};
use crate::look::outlines::{self, OutlineOutcome, OutlineRequest};
use crate::look::refs::{self, RefsOutcome, RefsRequest};
use crate::look::symbols::{self, SymbolsOutcome, SymbolsRequest};
use crate::search::pack::{self, PackOutcome, PackRequest};
use crate::search::request::{Hit, SearchOutcome, SearchRequest};
use crate::search::similar::{self, SimilarRequest};

/// A search that found damage waits this long for whoever writes, who may have found it too.
const REPAIR_PATIENCE: Duration = Duration::from_secs(1);
const REPAIR_POLL: Duration = Duration::from_millis(2);

impl RepoIndex {
    /// Asks the served generation. `early` gets a first list when the final one takes long.
    ///
    /// # Errors
    /// When the query cannot be read, the caller cancels, or a store fails; a damaged store is
    /// repaired by the next update.
    pub fn search(
        &self,
        request: &SearchRequest,
        early: &mut dyn FnMut(Vec<Hit>),
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<SearchOutcome, SearchError> {
        self.mending(&mut || crate::search::run(self, request, early, is_cancelled))
    }

    /// The answer to a request, if it was given before and nothing has changed since. Never waits.
    pub fn remembered(&self, request: &SearchRequest) -> Option<SearchOutcome> {
        crate::search::remembered(self, request)
    }

    /// The chunks nearest in meaning to the one at a place.
    ///
    /// # Errors
    /// As [`Self::search`]; also when the place is not in the index or has no vector yet.
    pub fn similar(
        &self,
        request: &SimilarRequest,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<SearchOutcome, SearchError> {
        self.mending(&mut || similar::run(self, request, is_cancelled))
    }

    /// The best context for a token budget.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn pack(
        &self,
        request: &PackRequest,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<PackOutcome, SearchError> {
        self.mending(&mut || pack::run(self, request, is_cancelled))
    }

    /// The definitions of files.
    ///
    /// # Errors
    /// When a path is not in the index.
    pub fn outline(&self, request: &OutlineRequest) -> Result<OutlineOutcome, SearchError> {
        self.mending(&mut || outlines::run(self, request))
    }

    /// Definitions by name.
    ///
    /// # Errors
    /// When a filter cannot be read.
    pub fn symbols(&self, request: &SymbolsRequest) -> Result<SymbolsOutcome, SearchError> {
        self.mending(&mut || symbols::run(self, request))
    }

    /// Every use of a name.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn refs(
        &self,
        request: &RefsRequest,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<RefsOutcome, SearchError> {
        self.mending(&mut || refs::run(self, request, is_cancelled))
    }

    /// The writer, if nobody else has it for longer than that. A mutex cannot be waited for with a deadline.
    fn writer_within(&self, patience: Duration) -> Option<MutexGuard<'_, Writer>> {
        let deadline = Instant::now() + patience;
        loop {
            match self.writer.try_lock() {
                Ok(writer) => return Some(writer),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::park_timeout(REPAIR_POLL)
                }
                Err(TryLockError::WouldBlock) => return None,
            }
        }
    }

    /// Asks, and once more when a damaged store could be repaired at once; otherwise the next update repairs it.
    fn mending<T>(&self, ask: &mut dyn FnMut() -> Result<T, SearchError>) -> Result<T, SearchError> {
        let damage = match ask() {
            Err(SearchError::Index(error @ IndexError::Damaged { .. })) => error,
            other => return other,
        };
        tracing::warn!(root = %self.root.path.display(), %damage, "a search found a damaged store");
        let Some(mut writer) = self.writer_within(REPAIR_PATIENCE) else {
            let error = SearchError::Index(IndexError::Damaged {
                store: "index",
                path: self.dir.clone(),
                source: damage.to_string().into(),
            });
            *self.damage.lock().unwrap_or_else(PoisonError::into_inner) = Some(damage);
            return Err(error);
        };
        // Whoever had the writer may have repaired it.
        let damage = match ask() {
            Err(SearchError::Index(error @ IndexError::Damaged { .. })) => error,
            other => return other,
        };
        self.repair(&mut writer, &damage)?;
        self.refresh_facts(&writer)?;
        drop(writer);
        ask()
    }
}
