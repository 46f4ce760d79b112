//! Forgetting repositories: because somebody asks for it, or because git has given their working tree up.

use std::path::Path;
use std::sync::PoisonError;

use aiex_index::{Engine, IndexError};

use super::EngineRepositories;
use crate::error::chain;
use crate::event::Event;

impl EngineRepositories {
    /// Ends what works on a repository, takes it off the list and deletes its stores.
    pub(super) fn forget(&self, engine: &Engine, root: &Path) -> Result<(), IndexError> {
        let _changing = self.lock_changes();
        let repository = self.repositories().remove(root);
        if let Some(repository) = repository {
            repository.retire();
            self.runtime
                .block_on(self.supervisor.remove(&repository.component_name()));
        }
        engine.forget(root)?;
        self.problems
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(root);
        self.workshop.bus.tell(Event::RepoRemoved {
            root: root.to_owned(),
        });
        Ok(())
    }

    /// Forgets the working trees that git has given up (`git worktree remove`). Whoever lets agents work in trees of their
    /// own makes many, and each has stores.
    pub(super) fn forget_given_up(&self, engine: &Engine) {
        for registered in engine.registered() {
            if !registered.is_given_up() {
                continue;
            }
            match self.forget(engine, &registered.root) {
                Ok(()) => {
                    tracing::info!(root = %registered.root.display(), "forgotten: git has given this tree up")
                }
                Err(error) => {
                    tracing::warn!(root = %registered.root.display(), error = %chain(&error), "cannot be forgotten");
                }
            }
        }
    }
}
