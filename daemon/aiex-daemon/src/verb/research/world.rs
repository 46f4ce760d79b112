//! Whether anything has changed that a report rests on.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aiex_files::git::head;
use aiex_files::root::Root;
use aiex_protocol::WireError;
use aiex_protocol::repos::{Phase, RepoStatus};
use aiex_protocol::research::ResearchArgs;
use aiex_protocol::source::SourceKind;

use crate::repository::Repository;
use crate::research::{Open, wire_error};
use crate::verb::Running;
use crate::verb::follow::{follow, is_settled};

/// How long repositories that are behind the disk are waited for, before a question that was asked before is asked anew.
const CATCHING_UP: Duration = Duration::from_secs(3);

/// What a report would rest on besides its question: this program, its settings, the template, what the repositories hold, and
/// what they depend on if that is asked. None while one of them is not indexed whole, or is behind the disk and does not catch
/// up in a moment.
///
/// # Errors
/// When there is no template of the name that is asked for, or the daemon is exiting.
pub(super) async fn digest(
    running: &Arc<Running>,
    machine: &Open,
    args: &ResearchArgs,
    roots: &[String],
) -> Result<Option<String>, WireError> {
    let handle = &running.handle;
    let mut digest = blake3::Hasher::new();
    digest.update(handle.build.digest.as_bytes());
    digest.update(format!("{:?}", handle.settings).as_bytes());
    let wording = machine.research.wording(args.template.as_deref()).await;
    digest.update(wording.map_err(|error| wire_error(&error))?.as_bytes());
    let until = Instant::now() + CATCHING_UP;
    for root in roots {
        let Some(repository) = handle.repositories.known(Path::new(root)) else {
            return Ok(None);
        };
        let Some(status) = up_to_date(running, &repository, until).await? else {
            return Ok(None);
        };
        let place = repository.root().to_owned();
        let commit = running
            .blocking(move |_| {
                Root::discover(&place, None, true)
                    .ok()
                    .and_then(|root| head(&root))
            })
            .await?
            .and_then(|head| head.commit);
        digest.update(format!("{root}\0{}\0{commit:?}\0", status.generation).as_bytes());
    }
    let asks_packages = args.sources.is_empty() || args.sources.contains(&SourceKind::Docs);
    // Without a repository nothing is depended on.
    if asks_packages && !roots.is_empty() {
        let Some(state) = machine.world.local.state_of_dependencies(roots).await else {
            return Ok(None);
        };
        digest.update(state.as_bytes());
    }
    Ok(Some(digest.finalize().to_hex().to_string()))
}

/// How a repository is once its index holds everything that is on disk now: what was saved a moment ago is no event yet, and a
/// daemon that was just started has not looked. None when that takes too long.
async fn up_to_date(
    running: &Running,
    repository: &Arc<dyn Repository>,
    until: Instant,
) -> Result<Option<RepoStatus>, WireError> {
    // A first index takes longer than anybody should wait here.
    if !repository.status().is_complete {
        return Ok(None);
    }
    let waited = repository.clone();
    let fresh = running.blocking(move |is_cancelled| waited.wait_fresh(until, is_cancelled));
    if fresh.await?.is_err() {
        return Ok(None);
    }
    let left = until.saturating_duration_since(Instant::now());
    let status = follow(running, repository, is_settled, Some(left)).await;
    let is_whole = status.phase == Phase::Idle && status.is_complete && status.stale_files == 0;
    Ok(is_whole.then_some(status))
}
