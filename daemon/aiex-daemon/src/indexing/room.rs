//! Keeping all stores within their room on the disk: those of closed repositories are deleted, what was indexed longest ago
//! first, then of those that nobody has asked for in a while. They are made anew when somebody asks again.

use std::path::PathBuf;
use std::time::SystemTime;

use aiex_index::{Engine, IndexError};

use super::EngineRepositories;

impl EngineRepositories {
    /// Puts repositories away until all stores are within the budget. Those that are open and in use stay.
    pub(super) fn keep_within_room(
        &self,
        engine: &Engine,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<(), IndexError> {
        let budget = self.settings.index.disk_budget;
        while 0 < budget && budget < engine.disk_used() && !is_cancelled() {
            let Some(root) = self.put_away_one(engine)? else {
                tracing::warn!(
                    budget,
                    "the stores take more than their room on the disk, and every repository is in use"
                );
                return Ok(());
            };
            tracing::info!(root = %root.display(), "put away: the stores took more than their room on the disk");
            // What others have as well stays, and so does nothing else.
            engine.collect_garbage(0, is_cancelled)?;
        }
        Ok(())
    }

    fn put_away_one(&self, engine: &Engine) -> Result<Option<PathBuf>, IndexError> {
        let _changing = self.lock_changes();
        let closed = engine
            .registered()
            .into_iter()
            .filter(|registered| self.get(&registered.root).is_none())
            // What was put away has none, unless that was cut short.
            .filter_map(|registered| Some((engine.last_indexed(&registered.root)?, registered.root)))
            .min();
        let root = match closed.map(|(_, root): (SystemTime, PathBuf)| root) {
            Some(root) => Some(root),
            None => self.rest_least_used(self.settings.index.rest_after),
        };
        match root {
            Some(root) if engine.put_away(&root)? => Ok(Some(root)),
            _ => Ok(None),
        }
    }
}
