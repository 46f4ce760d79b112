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
        WatchMode::Off { reason } if repo.is_at_rest || repo.phase == Phase::Opening => {
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

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_repository_at_rest_is_as_it_should_be() {
        let fixture = include_str!("../../../../../schemas/fixtures/v1/server-event-status-at-rest.json");
        let frame: serde_json::Value = serde_json::from_str(fixture).unwrap();
        let status: DaemonStatus = serde_json::from_value(frame["data"].clone()).unwrap();
        let here = tempfile::tempdir().unwrap();
        let mut repo = status.repos[0].clone();
        repo.root = here.path().display().to_string();
        repo.problem = None;
        assert_eq!(check_one(&repo).verdict, Verdict::Ok);
        repo.is_at_rest = false;
        assert_eq!(check_one(&repo).verdict, Verdict::Warn);
    }
}
