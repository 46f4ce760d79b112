//! The engine and its embedder, once they are open.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aiex_index::Engine;

use crate::embedder;

/// The engine, opened.
pub(super) struct Open {
    pub(super) engine: Arc<Engine>,
    /// Held for a moment only; who opens an embedder holds `opening`.
    pub(super) embedder: Mutex<Embedding>,
    pub(super) opening: Mutex<()>,
}

/// The embedder, as it is told.
#[derive(Clone)]
pub(super) struct Embedding {
    pub(super) label: String,
    pub(super) problem: Option<String>,
    pub(super) awaits_key: bool,
}

impl Embedding {
    pub(super) fn of(opened: &embedder::Opened) -> Self {
        Self {
            label: opened.label(),
            problem: opened.problem.clone(),
            awaits_key: opened.awaits_key,
        }
    }
}

impl Open {
    pub(super) fn embedding(&self) -> MutexGuard<'_, Embedding> {
        self.embedder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
