//! What requests need of repositories, and nothing of how they are indexed: the seam between sessions
//! and the index.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aiex_index::{
    Hit, IndexError, OutlineOutcome, OutlineRequest, PackOutcome, PackRequest, RefsOutcome, RefsRequest,
    SearchError, SearchOutcome, SearchRequest, SimilarRequest, SkippedFile, SymbolsOutcome, SymbolsRequest,
};
use aiex_protocol::repos::{RepoStatus, VectorPlace};
use aiex_protocol::{ErrorCode, WireError};
use tokio::sync::watch;

use crate::error::chain;

/// What all repositories share, as `status` shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineFacts {
    /// Cache hits, misses and entries.
    pub cache: (u64, u64, u64),
    /// Bytes of the shared stores on disk.
    pub disk_bytes: u64,
    /// The embedder in use.
    pub embedder: String,
    /// Why the configured embedder is not in use.
    pub embedder_problem: Option<String>,
    /// The server for vectors, if there is one.
    pub vector_server: Option<String>,
    /// Why it cannot be used now.
    pub vector_server_problem: Option<String>,
    /// Watches in use and allowed.
    pub watches: (u64, u64),
}

/// The repositories. Calls may block: they are made on worker threads.
pub trait Repositories: Send + Sync + 'static {
    /// The repository that holds `place`, registered and opened if it is not yet. `insist` takes a
    /// folder that is refused otherwise.
    ///
    /// # Errors
    /// When the place is refused or the stores cannot be opened.
    fn open(&self, place: &Path, insist: bool) -> Result<Arc<dyn Repository>, WireError>;

    /// The repository that was found to hold `place` a moment ago. Never waits.
    fn known(&self, place: &Path) -> Option<Arc<dyn Repository>> {
        let _ = place;
        None
    }

    /// The registered repository that holds `place`, opened if it is not yet.
    ///
    /// # Errors
    /// When no registered repository holds it, or its stores cannot be opened.
    fn find(&self, place: &Path) -> Result<Arc<dyn Repository>, WireError>;

    /// Forgets the registered repository that holds `place` and deletes its index. Its root.
    ///
    /// # Errors
    /// When no registered repository holds it, or its stores cannot be deleted.
    fn remove(&self, place: &Path) -> Result<PathBuf, WireError>;

    /// Waits, at most so long, until the repositories registered with an earlier daemon are taken up.
    fn wait_resumed(&self, patience: Duration);

    /// Every registered repository, in the order of registration. Never waits for an update.
    fn list(&self) -> Vec<RepoStatus>;

    /// What the repositories share. Never waits.
    fn facts(&self) -> EngineFacts;

    /// A key was kept, or the file of keys was opened: an embedder that lacked its key is tried at once. Blocks.
    fn keys_changed(&self) {}

    /// Drops what is kept in memory for speed alone. Blocks.
    fn drop_caches(&self) {}

    /// Closes the open repository that was not asked for in the longest time, at least this long, until it is asked for.
    /// Its root, if there is one. Blocks.
    fn rest_one(&self, unused_for: Duration) -> Option<PathBuf> {
        let _ = unused_for;
        None
    }

    /// Asks the server for vectors, if there is one, how it is. Blocks for a second at most.
    fn look_at_server(&self) {}

    /// Whether a repository is being indexed for the first time.
    fn is_building(&self) -> bool;

    /// Long, optional work, such as deleting what no repository uses.
    fn tidy(&self, is_cancelled: &dyn Fn() -> bool);
}

/// One repository. Calls may block: they are made on worker threads.
pub trait Repository: Send + Sync + 'static {
    /// Its root.
    fn root(&self) -> &Path;

    /// How it is. Never waits for an update.
    fn status(&self) -> RepoStatus;

    /// Changes whenever [`Self::status`] may have.
    fn changes(&self) -> watch::Receiver<u64>;

    /// The answer to a request, if it was given before and nothing has changed since. Never waits.
    fn remembered(&self, request: &SearchRequest) -> Option<SearchOutcome> {
        let _ = request;
        None
    }

    /// Asks the served generation.
    ///
    /// # Errors
    /// As [`aiex_index::RepoIndex::search`].
    fn search(
        &self,
        request: &SearchRequest,
        early: &mut dyn FnMut(Vec<Hit>),
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<SearchOutcome, SearchError>;

    /// The definitions of files.
    ///
    /// # Errors
    /// As [`aiex_index::RepoIndex::outline`].
    fn outline(&self, request: &OutlineRequest) -> Result<OutlineOutcome, SearchError>;

    /// Definitions by name.
    ///
    /// # Errors
    /// As [`aiex_index::RepoIndex::symbols`].
    fn symbols(&self, request: &SymbolsRequest) -> Result<SymbolsOutcome, SearchError>;

    /// Every use of a name.
    ///
    /// # Errors
    /// As [`aiex_index::RepoIndex::refs`].
    fn refs(
        &self,
        request: &RefsRequest,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<RefsOutcome, SearchError>;

    /// The best context for a token budget.
    ///
    /// # Errors
    /// As [`aiex_index::RepoIndex::pack`].
    fn pack(
        &self,
        request: &PackRequest,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<PackOutcome, SearchError>;

    /// The code that is most like that at a place.
    ///
    /// # Errors
    /// As [`aiex_index::RepoIndex::similar`].
    fn similar(
        &self,
        request: &SimilarRequest,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<SearchOutcome, SearchError>;

    /// Counts of files left out by reason, some of them, and the number of secrets blotted out.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    fn skipped(&self, reason: Option<&str>, limit: usize) -> Result<Skipped, IndexError>;

    /// Waits until the served generation reflects everything that is on disk now.
    ///
    /// # Errors
    /// When that did not happen in time, or cannot.
    fn wait_fresh(&self, deadline: Instant, is_cancelled: &dyn Fn() -> bool) -> Result<(), NotFresh>;

    /// Drops the index and builds it anew, in the background.
    fn reindex(&self);

    /// Has the vectors moved, in the background.
    ///
    /// # Errors
    /// When there is no such place, or the wish cannot be written down.
    fn move_vectors(&self, to: VectorPlace) -> Result<(), WireError> {
        let _ = to;
        Err(WireError::new(
            ErrorCode::InvalidRequest,
            "its vectors cannot be moved",
        ))
    }
}

/// Files left out: counts by reason, some files, secrets blotted out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Counts by reason.
    pub reasons: Vec<(String, u64)>,
    /// Some of the files.
    pub files: Vec<SkippedFile>,
    /// Secrets blotted out of files that are indexed.
    pub redactions: u64,
}

/// Why an index could not be brought up to date in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFresh {
    /// Time ran out.
    #[error("the index did not catch up with the disk in time ({pending} files pending)")]
    Deadline {
        /// Files known to be pending.
        pending: u64,
    },
    /// The index cannot be updated now.
    #[error("the index cannot be updated now: {problem}")]
    Broken {
        /// Why.
        problem: String,
    },
    /// The caller asked to stop.
    #[error("the wait was cancelled")]
    Cancelled,
}

/// An index error as it travels.
pub(crate) fn index_error(error: &IndexError) -> WireError {
    let code = match error {
        IndexError::Storage { .. } | IndexError::Damaged { .. } => ErrorCode::Storage,
        IndexError::RootGone { .. } | IndexError::RootReplaced { .. } => ErrorCode::NotFound,
        IndexError::Cancelled => ErrorCode::Cancelled,
        IndexError::Embed(_) | IndexError::VectorServer(_) => ErrorCode::Provider,
    };
    WireError {
        code,
        message: chain(error),
        hint: error.hint(),
    }
}

/// A search error as it travels.
pub(crate) fn search_error(error: &SearchError) -> WireError {
    match error {
        SearchError::InvalidQuery { .. } | SearchError::InvalidSubject { .. } => WireError {
            code: ErrorCode::InvalidRequest,
            message: error.to_string(),
            hint: error.hint(),
        },
        SearchError::NotFound { .. } => WireError {
            code: ErrorCode::NotFound,
            message: error.to_string(),
            hint: error.hint(),
        },
        SearchError::Index(inner) => {
            let mut wire = index_error(inner);
            wire.message = chain(error);
            wire
        }
        SearchError::Cancelled => WireError::new(ErrorCode::Cancelled, error.to_string()),
    }
}
