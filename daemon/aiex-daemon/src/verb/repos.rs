//! `add_repo`, `remove_repo`, `reindex_repo`, `move_vectors`, `list_repos`.

use std::sync::Arc;

use aiex_protocol::repos::{AddRepo, MoveVectors, Phase, ReindexRepo, RemoveRepo, RepoStatus};
use aiex_protocol::{ErrorCode, Event, WireError};

use super::follow::{follow, is_settled};
use super::search::{absolute, open};
use super::{RESUME_PATIENCE, Running};
use crate::repository::Repository;

pub(super) async fn add(running: &Arc<Running>, args: AddRepo) -> Result<(), WireError> {
    let repository = open(running, &args.path, args.yes).await?;
    if args.wait {
        wait(running, &repository).await?;
    }
    running.stream.tell(Event::Repos {
        repos: vec![repository.status()],
    });
    Ok(())
}

pub(super) async fn remove(running: &Arc<Running>, args: RemoveRepo) -> Result<(), WireError> {
    running.enter("removing the repository");
    let place = absolute(&args.path)?;
    let repositories = running.handle.repositories.clone();
    let root = running.blocking(move |_| repositories.remove(&place)).await??;
    running.stream.tell(Event::Notice {
        message: format!("{} is forgotten", root.display()),
    });
    list(running).await
}

pub(super) async fn reindex(running: &Arc<Running>, args: ReindexRepo) -> Result<(), WireError> {
    running.enter("dropping the index");
    let place = absolute(&args.path)?;
    let repositories = running.handle.repositories.clone();
    let repository = running
        .blocking(move |_| {
            let repository = repositories.find(&place)?;
            repository.reindex();
            Ok::<_, WireError>(repository)
        })
        .await??;
    if args.wait {
        wait(running, &repository).await?;
    }
    running.stream.tell(Event::Repos {
        repos: vec![repository.status()],
    });
    Ok(())
}

/// The move is the worker's; who waits is told when it is over, or that it is put off and why.
pub(super) async fn move_vectors(running: &Arc<Running>, args: MoveVectors) -> Result<(), WireError> {
    running.enter("moving vectors");
    let place = absolute(&args.path)?;
    let repositories = running.handle.repositories.clone();
    let repository = running
        .blocking(move |_| {
            let repository = repositories.find(&place)?;
            repository.move_vectors(args.to)?;
            Ok::<_, WireError>(repository)
        })
        .await??;
    let mut status = repository.status();
    if args.wait {
        let is_over = |status: &RepoStatus| {
            let is_put_off = status.phase == Phase::Idle && status.problem.is_some();
            status.phase == Phase::Failed || is_put_off || is_moved(status)
        };
        status = follow(running, &repository, is_over, None).await;
        if !is_moved(&status) {
            let problem = status
                .problem
                .unwrap_or_else(|| "the vectors were not moved".to_owned());
            return Err(WireError::new(ErrorCode::Provider, problem)
                .with_hint("the move is taken up again by itself; `aiex status` shows how far it is"));
        }
    }
    running.stream.tell(Event::Repos { repos: vec![status] });
    Ok(())
}

fn is_moved(status: &RepoStatus) -> bool {
    status.vectors_moving_to.is_none() && status.phase == Phase::Idle
}

pub(super) async fn list(running: &Arc<Running>) -> Result<(), WireError> {
    running.enter("listing repositories");
    let repositories = running.handle.repositories.clone();
    let list = move |_: &dyn Fn() -> bool| {
        repositories.wait_resumed(RESUME_PATIENCE);
        repositories.list()
    };
    let repos = running.blocking(list).await?;
    running.stream.tell(Event::Repos { repos });
    Ok(())
}

async fn wait(running: &Running, repository: &Arc<dyn Repository>) -> Result<(), WireError> {
    running.enter("waiting for the index");
    let status = follow(running, repository, is_settled, None).await;
    if status.phase != Phase::Failed {
        return Ok(());
    }
    let problem = status.problem.unwrap_or_else(|| "indexing failed".to_owned());
    Err(WireError::new(ErrorCode::Storage, problem).with_hint("`aiex status` shows the state"))
}
