//! Keeps the daemon within its memory and its open files: what is only kept for speed goes first, then repositories that nobody has asked for in
//! a while are put to rest, one at a time. Asking wakes them.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::component::{Component, Failure};
use crate::handle::Handle;
use crate::resources::{self, Resident, memory_budget};

/// Between two looks at the memory.
const LOOK: Duration = Duration::from_secs(10);
/// Caches are not dropped again so soon: a budget that cannot be met must not make every question slow.
const CACHES_STAY: Duration = Duration::from_secs(60);

/// The component that watches the memory.
pub(crate) struct MemoryWatch {
    pub(crate) handle: Handle,
}

impl Component for MemoryWatch {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn live(&self, stop: CancellationToken) -> BoxFuture<'static, Result<(), Failure>> {
        let handle = self.handle.clone();
        Box::pin(async move {
            let index = &handle.settings.index;
            let budget = memory_budget(index.memory_budget);
            let unused_for = index.rest_after;
            let mut dropped: Option<Instant> = None;
            loop {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(LOOK.min(unused_for)) => {}
                }
                let is_short_of_files = resources::is_short_of_files();
                if Resident::now().own <= budget && !is_short_of_files {
                    continue;
                }
                let repositories = handle.repositories.clone();
                let is_heavy = Resident::now().own > budget;
                let drops = is_heavy && dropped.is_none_or(|at| CACHES_STAY <= at.elapsed());
                if drops {
                    dropped = Some(Instant::now());
                }
                let lightened = tokio::task::spawn_blocking(move || {
                    if drops {
                        repositories.drop_caches();
                    }
                    if Resident::now().own <= budget && !is_short_of_files {
                        return None;
                    }
                    repositories.rest_one(unused_for)
                });
                let rested = lightened
                    .await
                    .map_err(|error| Failure::inside(error.to_string()))?;
                if let Some(root) = rested {
                    tracing::info!(root = %root.display(), "put to rest: memory or open files are short, and nobody asks for it");
                }
            }
        })
    }
}
