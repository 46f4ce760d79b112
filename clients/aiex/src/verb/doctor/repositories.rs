//! The repositories: there, fresh, watched.

use std::path::Path;

use aiex_protocol::repos::{Phase, RepoStatus, WatchMode};
use aiex_protocol::status::DaemonStatus;

use super::Finding;
use crate::quantity::counted;

const REPOSITORY: &str = "repository";

pub(super) fn check(status: &DaemonStatus) -> Vec<Finding> {
    if status.repos.is_empty() {
        return vec![Finding::ok(
            REPOSITORY,
            "none yet; the first `aiex ask` or `aiex search` adds one",
        )];
    }
    status.repos.iter().map(check_one).collect()
}

fn check_one(repo: &RepoStatus) -> Finding {
    let root = &repo.root;
    if !Path::new(root).is_dir() {
        return Finding::warn(
            REPOSITORY,
            format!("{root} is gone"),
            format!("bring it back, or forget it with `aiex repos remove {root}`"),
        );
    }
    if let Some(problem) = repo.problem.as_ref().filter(|_| repo.phase != Phase::Failed) {
        return Finding::warn(
            REPOSITORY,
            format!("{root}: {problem}"),
            "files are followed all the same, and the rest is tried again by itself",
        );
    }
    if let Some(problem) = &repo.problem {
        return Finding::fail(
            REPOSITORY,
            format!("{root}: {problem}"),
            format!("when it is mended, run `aiex repos reindex {root}`"),
        );
    }
    if repo.phase == Phase::Failed {
        return Finding::fail(
            REPOSITORY,
            format!("{root} could not be indexed"),
            "look at `aiex daemon logs`",
        );
    }
    match &repo.watch {
        WatchMode::Polling { interval_s, reason } => Finding::warn(
            REPOSITORY,
            format!("{root} is scanned every {interval_s} s instead of watched: {reason}"),
            "raise fs.inotify.max_user_watches, or index.watch_budget in the settings",
        ),
        WatchMode::Off { reason } if repo.phase == Phase::Opening => {
            Finding::ok(REPOSITORY, format!("{root}: {reason}"))
        }
        WatchMode::Off { reason } => Finding::warn(
            REPOSITORY,
            format!("{root} is not watched: {reason}"),
            "run `aiex daemon restart`",
        ),
        WatchMode::Events { .. } if repo.files_failed > 0 => Finding::warn(
            REPOSITORY,
            format!("{root}: {} could not be read", counted(repo.files_failed, "file")),
            "`aiex status --skipped` lists them",
        ),
        WatchMode::Events { .. } if repo.is_complete => Finding::ok(REPOSITORY, root.clone()),
        WatchMode::Events { .. } => Finding::ok(REPOSITORY, format!("{root} (being indexed)")),
    }
}
