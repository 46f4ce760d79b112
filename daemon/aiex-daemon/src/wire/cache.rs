//! What the caches hold, as it travels.

use aiex_cache::{DiskState, Kind, Settings, Stats};
use aiex_protocol::cache::{CacheKind, CacheProblem, CacheReport};
use aiex_protocol::{ErrorCode, WireError};

/// Every kind, in the order in which they are told, under the name that people use.
const KINDS: [(Kind, &str); 4] = [
    (Kind::Search, "searches"),
    (Kind::Page, "pages"),
    (Kind::ModelCall, "model_calls"),
    (Kind::Answer, "answers"),
];

/// The caches, kind by kind.
pub(crate) fn report(stats: &Stats, settings: &Settings) -> CacheReport {
    let mut report = CacheReport {
        problem: problem(&stats.disk),
        ..CacheReport::default()
    };
    for (kind, name) in KINDS {
        let one = stats.kinds.get(&kind).copied().unwrap_or_default();
        let limits = settings.limits(kind);
        report.disk_bytes += one.disk_bytes;
        report.max_disk_bytes += limits.disk_bytes;
        report.memory_bytes += one.memory_bytes;
        report.max_memory_bytes += limits.memory_bytes;
        report.kinds.push(CacheKind {
            name: name.to_owned(),
            entries: one.disk_entries.max(one.memory_entries),
            disk_bytes: one.disk_bytes,
            memory_hits: one.memory_hits,
            disk_hits: one.disk_hits,
            misses: one.misses,
            shared: one.shared,
            evicted: one.evictions,
            ttl_s: Some(limits.ttl.as_secs()),
        });
    }
    report
}

/// What is wrong with the part on disk.
pub(crate) fn problem(disk: &DiskState) -> Option<CacheProblem> {
    let message = match disk {
        DiskState::Working => return None,
        DiskState::BegunAnew { why } | DiskState::Off { why } => why.clone(),
    };
    Some(CacheProblem {
        is_off: matches!(disk, DiskState::Off { .. }),
        message,
        hint: disk.hint().unwrap_or_default().to_owned(),
    })
}

/// The kinds of these names; every kind when there are none.
pub(crate) fn kinds(names: &[String]) -> Result<Vec<Kind>, WireError> {
    if names.is_empty() {
        return Ok(KINDS.map(|(kind, _)| kind).into());
    }
    let kind = |name: &String| {
        let known = KINDS.iter().find(|(_, known)| known == name);
        known.map(|(kind, _)| *kind).ok_or_else(|| {
            WireError::new(
                ErrorCode::InvalidRequest,
                format!("nothing is cached as `{name}`"),
            )
            .with_hint(format!(
                "the kinds are {}",
                KINDS.map(|(_, name)| name).join(", ")
            ))
        })
    };
    names.iter().map(kind).collect()
}
