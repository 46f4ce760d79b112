//! Watching an index until it is far enough, telling progress.

use std::sync::Arc;
use std::time::Duration;

use aiex_protocol::Event;
use aiex_protocol::repos::{IndexProgress, Phase, RepoStatus};

use super::Running;
use crate::repository::Repository;

/// Tells progress until `is_enough`, or until `limit` has passed. How the repository is then.
pub(super) async fn follow(
    running: &Running,
    repository: &Arc<dyn Repository>,
    is_enough: impl Fn(&RepoStatus) -> bool,
    limit: Option<Duration>,
) -> RepoStatus {
    let mut changes = repository.changes();
    let mut told = None;
    let due = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(due);
    loop {
        changes.borrow_and_update();
        let status = repository.status();
        if is_enough(&status) {
            return status;
        }
        let progress = progress(&status);
        if status.phase != Phase::Idle && told.as_ref() != Some(&progress) {
            running.stream.tell(Event::Progress(progress.clone()));
            told = Some(progress);
        }
        tokio::select! {
            () = &mut due => return status,
            changed = changes.changed() => if changed.is_err() {
                // The repository was forgotten meanwhile.
                return status;
            }
        }
    }
}

/// Whether the index holds everything, vectors included, or cannot get there now.
pub(super) fn is_settled(status: &RepoStatus) -> bool {
    status.phase == Phase::Failed || (status.is_complete && status.phase == Phase::Idle)
}

fn progress(status: &RepoStatus) -> IndexProgress {
    IndexProgress {
        repo: status.root.clone(),
        phase: status.phase,
        done: status.done,
        total: status.total,
        rate: status.rate,
    }
}
