//! `cache.*`: what was kept so as not to get it twice.

use std::sync::Arc;

use aiex_protocol::cache::{CacheCleared, ClearCache};
use aiex_protocol::{Event, WireError};

use super::Running;
use crate::wire;

/// What the caches hold.
pub(super) async fn stats(running: &Arc<Running>) -> Result<(), WireError> {
    running.enter("looking at the caches");
    let open = running.handle.research.outside().await;
    let stats = open.cache.stats().await;
    let report = wire::cache::report(&stats, &open.cache_settings);
    running.stream.tell(Event::Cache(report));
    Ok(())
}

/// Empties the caches of some kinds, or all.
pub(super) async fn clear(running: &Arc<Running>, args: ClearCache) -> Result<(), WireError> {
    running.enter("emptying the caches");
    let kinds = wire::cache::kinds(&args.kinds)?;
    let open = running.handle.research.outside().await;
    let before = wire::cache::report(&open.cache.stats().await, &open.cache_settings);
    for kind in kinds {
        open.cache.clear(Some(kind)).await;
    }
    let after = wire::cache::report(&open.cache.stats().await, &open.cache_settings);
    let entries = |report: &aiex_protocol::cache::CacheReport| -> u64 {
        report.kinds.iter().map(|kind| kind.entries).sum()
    };
    running.stream.tell(Event::CacheCleared(CacheCleared {
        entries: entries(&before).saturating_sub(entries(&after)),
        disk_bytes: before.disk_bytes.saturating_sub(after.disk_bytes),
    }));
    Ok(())
}
