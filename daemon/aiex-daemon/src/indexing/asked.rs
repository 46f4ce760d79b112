//! What requests want of the repositories: one of them, all of them, how they are, that one goes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use aiex_index::{IndexError, Registered};
use aiex_protocol::repos::{Phase, RepoStatus, WatchMode};
use aiex_protocol::{ErrorCode, WireError};

use super::EngineRepositories;
use super::due::Command;
use super::opened::Embedding;
use crate::embedder;
use crate::error::chain;
use crate::repository::{EngineFacts, Repositories, Repository, index_error};

/// Stored contents that no repository uses any more and that are kept all the same, in bytes: a branch that is switched
/// back to, a change that is undone.
const SPARE_BYTES: u64 = 64 << 20;

impl Repositories for EngineRepositories {
    fn open(&self, place: &Path, insist: bool) -> Result<Arc<dyn Repository>, WireError> {
        let repository = self.open_root(place, insist)?;
        self.recent.note(place, repository.root());
        Ok(repository)
    }

    fn known(&self, place: &Path) -> Option<Arc<dyn Repository>> {
        let repository = self.asked(&self.recent.root_of(place)?)?;
        Some(repository)
    }

    fn find(&self, place: &Path) -> Result<Arc<dyn Repository>, WireError> {
        let registered = self.holding(place).ok_or_else(|| not_registered(place))?;
        Ok(match self.asked(&registered.root) {
            Some(repository) => repository,
            None => self.open_registered(&registered)?,
        })
    }

    fn remove(&self, place: &Path) -> Result<PathBuf, WireError> {
        let registered = self.holding(place).ok_or_else(|| not_registered(place))?;
        let engine = self.engine().map_err(|error| index_error(&error))?;
        self.forget(&engine, &registered.root)
            .map_err(|error| index_error(&error))?;
        Ok(registered.root)
    }

    fn wait_resumed(&self, patience: Duration) {
        let resumed = self.resumed.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whether in time or not, what there is is shown.
        let _ = self
            .resumed
            .1
            .wait_timeout_while(resumed, patience, |resumed| !*resumed);
    }

    fn list(&self) -> Vec<RepoStatus> {
        let Some(open) = self.engine.get() else {
            return Vec::new();
        };
        let problems = self
            .problems
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let resting = self
            .resting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        open.engine
            .registered()
            .into_iter()
            .map(|registered| match self.get(&registered.root) {
                Some(repository) => repository.status(),
                None => dormant(
                    &registered,
                    problems.get(&registered.root),
                    resting.get(&registered.root),
                ),
            })
            .collect()
    }

    fn facts(&self) -> EngineFacts {
        let Some(open) = self.engine.get() else {
            return EngineFacts::default();
        };
        let embedding = open.embedding().clone();
        let server = &self.vector_server;
        EngineFacts {
            cache: open.engine.cache_stats(),
            disk_bytes: open.engine.disk_bytes(),
            embedder: embedding.label,
            embedder_problem: embedding.problem,
            vector_server: server.is_set().then(|| server.url().to_owned()),
            vector_server_problem: server.trouble().map(|error| match error.hint() {
                Some(hint) => format!("{error} ({hint})"),
                None => error.to_string(),
            }),
            watches: (
                self.workshop.budget.used() as u64,
                self.workshop.budget.limit() as u64,
            ),
        }
    }

    fn keys_changed(&self) {
        let Some(open) = self.engine.get() else { return };
        let _opening = open.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if open.embedding().awaits_key {
            let opened = embedder::open(&self.settings.embedder, &self.home, &self.keys);
            let embedding = Embedding::of(&opened);
            // Only a key was waited for: another failure leaves it waiting for the next one.
            match opened.embedder.filter(|_| opened.problem.is_none()) {
                Some(embedder) => drop(open.engine.adopt(embedder)),
                None => {
                    open.embedding().problem = embedding.problem;
                    return;
                }
            }
            *open.embedding() = embedding;
        }
        for repository in self.repositories().values() {
            repository.command(Command::Embed);
        }
    }

    fn drop_caches(&self) {
        if let Some(open) = self.engine.get() {
            open.engine.drop_caches();
        }
    }

    fn rest_one(&self, unused_for: Duration) -> Option<PathBuf> {
        let _changing = self.lock_changes();
        self.rest_least_used(unused_for)
    }

    fn look_at_server(&self) {
        let server = &self.vector_server;
        if !server.is_set() {
            return;
        }
        let was_away = server.trouble().is_some();
        // Whether it is there is what `facts` tells.
        if server.look().is_ok() && was_away {
            for repository in self.repositories().values() {
                repository.command(Command::Embed);
            }
        }
    }

    fn is_building(&self) -> bool {
        self.repositories().values().any(|repository| {
            let status = repository.status();
            !status.is_complete && status.phase != Phase::Failed
        })
    }

    fn tidy(&self, is_cancelled: &dyn Fn() -> bool) {
        let Some(open) = self.engine.get() else { return };
        self.forget_given_up(&open.engine);
        match open.engine.collect_garbage(SPARE_BYTES, is_cancelled) {
            Ok(0) | Err(IndexError::Cancelled) => {}
            Ok(deleted) => tracing::info!(deleted, "contents that no repository uses were deleted"),
            Err(error) => tracing::warn!(error = %chain(&error), "unused contents cannot be deleted"),
        }
        match self.keep_within_room(&open.engine, is_cancelled) {
            Ok(()) | Err(IndexError::Cancelled) => {}
            Err(error) => tracing::warn!(error = %chain(&error), "no room can be made on the disk"),
        }
    }
}

/// A registered repository that is not open. Of one that was put to rest all is known but what has changed since.
fn dormant(registered: &Registered, problem: Option<&String>, known: Option<&RepoStatus>) -> RepoStatus {
    let reason = if problem.is_some() {
        "it cannot be opened"
    } else if registered.is_put_away {
        "put away for room on the disk; indexed anew when it is asked for"
    } else {
        "at rest until it is asked for"
    };
    if let (None, Some(known)) = (problem, known)
        && !registered.is_put_away
    {
        return RepoStatus {
            watch: WatchMode::Off {
                reason: reason.to_owned(),
            },
            is_at_rest: true,
            ..known.clone()
        };
    }
    RepoStatus {
        root: registered.root.display().to_string(),
        branch: None,
        phase: if problem.is_some() {
            Phase::Failed
        } else {
            Phase::Idle
        },
        done: 0,
        total: 0,
        rate: 0.0,
        generation: 0,
        is_complete: false,
        files_seen: 0,
        files_indexed: 0,
        files_skipped: 0,
        files_failed: 0,
        stale_files: 0,
        chunks: 0,
        chunks_embedded: 0,
        symbols: 0,
        source_bytes: 0,
        disk_bytes: 0,
        watch: WatchMode::Off {
            reason: reason.to_owned(),
        },
        fresh_at_ms: 0,
        problem: problem.cloned(),
        quarantined: Vec::new(),
        vector_collection: None,
        vectors_moving_to: None,
        is_at_rest: problem.is_none(),
    }
}

fn not_registered(place: &Path) -> WireError {
    WireError::new(
        ErrorCode::NotFound,
        format!("{} is in no registered repository", place.display()),
    )
    .with_hint("`aiex repos list` shows them; a first search or `aiex repos add` registers one")
}
