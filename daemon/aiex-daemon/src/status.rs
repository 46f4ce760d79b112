//! The daemon's state, put together for whoever asks.

use std::path::Path;

use aiex_protocol::status::{Budgets, CacheStatus, DaemonStatus};
use aiex_protocol::{ErrorCode, WireError};

use crate::handle::Handle;
use crate::{resources, wire};

/// The daemon, and all repositories or the one that holds `place`.
pub(crate) fn of(handle: &Handle, place: Option<&str>) -> Result<DaemonStatus, WireError> {
    let mut repos = handle.repositories.list();
    let facts = handle.repositories.facts();
    let disk_used = facts.disk_bytes + repos.iter().map(|repo| repo.disk_bytes).sum::<u64>();
    if let Some(place) = place {
        let canonical = Path::new(place).canonicalize().unwrap_or_else(|_| place.into());
        let root = repos
            .iter()
            .map(|repo| repo.root.clone())
            .filter(|root| canonical.starts_with(root))
            .max_by_key(String::len);
        let Some(root) = root else {
            return Err(WireError::new(
                ErrorCode::NotFound,
                format!("{place} is in no registered repository"),
            )
            .with_hint("`aiex repos list` shows them; a first search or `aiex repos add` registers one"));
        };
        repos.retain(|repo| repo.root == root);
    }
    let (hits, misses, entries) = facts.cache;
    let (watches_used, watches_budget) = facts.watches;
    let memory = resources::Resident::now();
    Ok(DaemonStatus {
        pid: std::process::id(),
        build: handle.build.clone(),
        socket: handle.info.socket.clone(),
        tcp: handle.info.tcp.clone(),
        home: handle
            .home
            .root
            .as_ref()
            .unwrap_or(&handle.home.state)
            .display()
            .to_string(),
        started_at_ms: handle.info.started_at_ms,
        idle_exit_s: handle.settings.daemon.idle_exit.as_secs(),
        clients: u32::try_from(handle.num_clients()).unwrap_or(u32::MAX),
        running_requests: u32::try_from(handle.streams.num_running()).unwrap_or(u32::MAX),
        budgets: Budgets {
            memory_used: memory.own,
            memory_of_files: Some(memory.of_files),
            memory_budget: resources::memory_budget(handle.settings.index.memory_budget),
            watches_used,
            watches_budget,
            disk_used,
            disk_budget: Some(handle.settings.index.disk_budget).filter(|budget| 0 < *budget),
            handles: resources::handles(),
        },
        cache: CacheStatus {
            hits,
            misses,
            entries,
        },
        cache_problem: handle
            .research
            .cache_if_open()
            .and_then(|cache| wire::cache::problem(&cache.disk())),
        embedder: facts.embedder,
        embedder_problem: facts.embedder_problem,
        vector_server: facts.vector_server,
        vector_server_problem: facts.vector_server_problem,
        services: handle.research.services(),
        components: handle.supervisor.statuses(),
        repos,
    })
}
