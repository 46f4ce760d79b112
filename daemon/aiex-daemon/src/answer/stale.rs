//! Drops kept answers whose files have changed.
//!
//! Such an answer is never told again, for its evidence is part of its key; it would only lie on the disk until its time
//! is over. So this need not be quick, and it need not be exact: after a new generation of an index, and a rest in which
//! further ones are one with it, the files that answers depend on are looked at, and the answers go that are older than
//! one of their files. The look is bounded by what is kept, whatever the size of the change.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aiex_cache::{Cache, Dependency, KeptFile};
use futures_util::future::BoxFuture;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::component::{Component, Failure};
use crate::event::Event;
use crate::handle::Handle;

/// Between a new generation and the look at the files; what comes meanwhile is looked at together.
const REST: Duration = Duration::from_secs(2);
/// Until the next look while the caches are not in use.
const LATER: Duration = Duration::from_secs(60);
/// Files told to the cache at once.
const TOGETHER: usize = 256;

/// The component that listens for new generations.
pub(crate) struct StaleAnswers {
    pub(crate) handle: Handle,
}

impl Component for StaleAnswers {
    fn name(&self) -> String {
        "stale answers".to_owned()
    }

    fn live(&self, stop: CancellationToken) -> BoxFuture<'static, Result<(), Failure>> {
        let handle = self.handle.clone();
        Box::pin(async move {
            let mut facts = handle.bus.listen();
            // At most one for each registered repository.
            let mut changed: BTreeSet<PathBuf> = BTreeSet::new();
            let mut due = Instant::now();
            loop {
                let was_empty = changed.is_empty();
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    fact = facts.recv() => match fact {
                        Ok(Event::GenerationPublished { root, .. }) => {
                            changed.insert(root);
                        }
                        Ok(_) => {}
                        // Whichever it was: look at all of them.
                        Err(RecvError::Lagged(_)) => {
                            changed.extend(handle.repositories.list().into_iter().map(|repo| repo.root.into()));
                        }
                        Err(RecvError::Closed) => return Ok(()),
                    },
                    () = sleep_until(due), if !was_empty => match handle.research.cache_if_open() {
                        None => due = Instant::now() + LATER,
                        Some(cache) => {
                            for root in std::mem::take(&mut changed) {
                                sweep(cache, root).await?;
                            }
                        }
                    },
                }
                if was_empty && !changed.is_empty() {
                    due = Instant::now() + REST;
                }
            }
        })
    }
}

/// Drops what depends on files below a root that have changed since.
async fn sweep(cache: &Cache, root: PathBuf) -> Result<(), Failure> {
    let name = root.display().to_string();
    let files = cache.files_below(&name).await;
    if files.is_empty() {
        return Ok(());
    }
    let looked = tokio::task::spawn_blocking(move || -> Vec<KeptFile> {
        let changed = |file: &KeptFile| has_changed(&root, file);
        files.into_iter().filter(changed).collect()
    });
    let changed = looked.await.map_err(|error| Failure::inside(error.to_string()))?;
    let changed: Vec<Dependency> = changed
        .into_iter()
        .map(|file| Dependency::File {
            root: name.clone(),
            path: file.path,
        })
        .collect();
    for some in changed.chunks(TOGETHER) {
        cache.invalidate(some).await;
    }
    Ok(())
}

/// Whether a file is gone, or other than when the oldest answer from it was kept. Its contents, its name and its rights
/// all move this time of it.
fn has_changed(root: &Path, file: &KeptFile) -> bool {
    match root.join(&file.path).symlink_metadata() {
        Ok(found) => changed_ms(found.ctime(), found.ctime_nsec()) > file.kept_ms,
        Err(_) => true,
    }
}

fn changed_ms(seconds: i64, nanoseconds: i64) -> u64 {
    let ms = seconds
        .saturating_mul(1000)
        .saturating_add(nanoseconds / 1_000_000);
    u64::try_from(ms).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::now_ms;

    #[test]
    fn a_file_has_changed_when_it_was_written_later_or_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.rs"), "a").unwrap();
        let file = |path: &str, kept_ms| KeptFile {
            path: path.to_owned(),
            kept_ms,
        };
        let later = now_ms() + 60_000;
        assert!(!has_changed(folder.path(), &file("a.rs", later)));
        assert!(has_changed(folder.path(), &file("a.rs", later - 120_000)));
        assert!(has_changed(folder.path(), &file("b.rs", later)));
    }
}
