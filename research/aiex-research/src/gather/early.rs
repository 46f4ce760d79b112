//! What searches have found while some of their engines still owe an answer.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Query;
use crate::SourceKind;
use crate::ports::Found;

/// The newest that was heard of each search that is under way.
#[derive(Debug, Default)]
pub(crate) struct Early {
    heard: Mutex<HashMap<(SourceKind, String), Vec<Found>>>,
    came: Notify,
}

impl Early {
    /// A search has found this so far.
    pub(super) fn hear(&self, query: &Query, found: Vec<Found>) {
        if found.is_empty() {
            return;
        }
        self.heard().insert(name(query), found);
        self.came.notify_waiters();
    }

    /// Waits until something was heard of one of these searches.
    pub(super) async fn wait(&self, queries: &[Query]) {
        loop {
            // Registered before looking, so that nothing comes between.
            let came = self.came.notified();
            tokio::pin!(came);
            came.as_mut().enable();
            let is_heard = {
                let heard = self.heard();
                queries.iter().any(|query| heard.contains_key(&name(query)))
            };
            if is_heard {
                return;
            }
            came.await;
        }
    }

    /// What was heard of a search, best first.
    pub(super) fn of(&self, query: &Query) -> Vec<Found> {
        self.heard().get(&name(query)).cloned().unwrap_or_default()
    }

    fn heard(&self) -> MutexGuard<'_, HashMap<(SourceKind, String), Vec<Found>>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(query: &Query) -> (SourceKind, String) {
    (query.source, query.text.clone())
}
