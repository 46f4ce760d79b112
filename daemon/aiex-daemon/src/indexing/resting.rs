//! Putting repositories to rest that nobody asks for: their stores are closed, and asking wakes them.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::EngineRepositories;
use crate::repository::Repository as _;
use crate::resources;

/// How long those who ask a repository that is put to rest are waited for, and between two looks.
const PARTING: Duration = Duration::from_secs(1);
const PARTING_LOOK: Duration = Duration::from_millis(5);

/// As many are put to rest at once where files are short; a repository holds about a dozen.
const AT_ONCE: usize = 4;

impl EngineRepositories {
    /// Before another repository is opened: sees that there are files for it. Those who open hold changes back.
    pub(super) fn make_room(&self) {
        for _ in 0..AT_ONCE {
            if !resources::is_short_of_files() {
                return;
            }
            let Some(root) = self.rest_least_used(Duration::ZERO) else {
                return;
            };
            tracing::info!(root = %root.display(), "put to rest: open files are short");
        }
    }

    /// Puts to rest the repository that was asked for longest ago, if that is as long as this. Only for those who hold changes
    /// back.
    pub(super) fn rest_least_used(&self, unused_for: Duration) -> Option<PathBuf> {
        let open = self.engine.get()?;
        let (_, repository) = self
            .repositories()
            .values()
            .filter_map(|repository| Some((repository.unused_for()?, repository.clone())))
            .filter(|(unused, _)| unused_for <= *unused)
            .max_by_key(|(unused, _)| *unused)?;
        let root = repository.path().to_owned();
        self.resting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(root.clone(), repository.status());
        self.repositories().remove(&root);
        self.runtime
            .block_on(self.supervisor.remove(&repository.component_name()));
        // Who came upon it before it was taken away may still be asking.
        let deadline = Instant::now() + PARTING;
        while 1 < Arc::strong_count(&repository) {
            if deadline <= Instant::now() {
                self.start(&repository);
                return None;
            }
            std::thread::park_timeout(PARTING_LOOK);
        }
        drop(repository);
        open.engine.close_repo(&root);
        Some(root)
    }
}
