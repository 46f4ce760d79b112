//! What this process uses, and what it may use. Read from the kernel, never estimated.

use std::fs;
use std::path::Path;

use aiex_protocol::status::Handles;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Where cgroups are mounted.
const CGROUPS: &str = "/sys/fs/cgroup";
/// The part of a container's memory that the daemon takes at most: a quarter, because others run there too.
const SHARE: u64 = 4;
/// More open files than this nothing of ours needs.
const MOST_FILES: u64 = 1 << 16;
/// Open files that are kept for what a repository opens while it is indexed, for clients, and for pages that are fetched.
const FILES_KEPT: u64 = 48;

/// Resident memory of this process, in bytes; 0 where the system does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Resident {
    /// Its own: nobody else can use it, and only the process can give it back. This is what the budget is for.
    pub(crate) own: u64,
    /// Pages of files that it has mapped, its program among them. The kernel takes them back, as any cache, when memory is
    /// asked for.
    pub(crate) of_files: u64,
}

impl Resident {
    pub(crate) fn now() -> Self {
        Self::read(&fs::read_to_string("/proc/self/status").unwrap_or_default())
    }

    fn read(status: &str) -> Self {
        let bytes = |name: &str| {
            let mut lines = status.lines();
            let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            let kilobytes =
                value.and_then(|value| value.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
            kilobytes.unwrap_or(0) * 1024
        };
        Self {
            own: bytes("RssAnon") + bytes("RssShmem"),
            of_files: bytes("RssFile"),
        }
    }
}

/// Open files and threads of this process; nothing where the system does not tell.
pub(crate) fn handles() -> Option<Handles> {
    let files = fs::read_dir("/proc/self/fd").ok()?.count();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let threads = status.lines().find_map(|line| line.strip_prefix("Threads:"));
    Some(Handles {
        files_open: files as u64,
        files_budget: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX),
        threads: threads.and_then(|count| count.trim().parse().ok()).unwrap_or(0),
    })
}

/// Lets this process open as many files as it may at all: what a shell allows is meant for programs that open a handful, and a
/// repository takes a dozen.
pub(crate) fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.map_or(MOST_FILES, |most| most.min(MOST_FILES));
    if limit.current.is_some_and(|now| now < most) {
        let raised = Rlimit {
            current: Some(most),
            ..limit
        };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!(%error, "no more files may be open than before");
        }
    }
}

/// Whether one more repository might not find the files that it needs.
pub(crate) fn is_short_of_files() -> bool {
    handles().is_some_and(|handles| handles.files_budget < handles.files_open.saturating_add(FILES_KEPT))
}

/// The memory budget: the setting, or a share of the container's limit where that is less.
pub(crate) fn memory_budget(configured: u64) -> u64 {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let path = own
        .lines()
        .find_map(|line| line.strip_prefix("0::/"))
        .unwrap_or("");
    // A limit anywhere above holds for everything below it.
    let limit = Path::new(CGROUPS)
        .join(path)
        .ancestors()
        .take_while(|folder| folder.starts_with(CGROUPS))
        .filter_map(|folder| {
            fs::read_to_string(folder.join("memory.max"))
                .ok()?
                .trim()
                .parse::<u64>()
                .ok()
        })
        .min();
    limit.map_or(configured, |limit| configured.min(limit / SHARE))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn pages_of_files_are_told_apart_from_memory_of_ones_own() {
        let status =
            "Name:\taiex\nVmRSS:\t  700 kB\nRssAnon:\t  300 kB\nRssFile:\t  390 kB\nRssShmem:\t   10 kB\n";
        let resident = Resident::read(status);
        assert_eq!((resident.own >> 10, resident.of_files >> 10), (310, 390));
        assert_eq!(Resident::read("VmRSS: many kB"), Resident::default());
    }

    #[test]
    fn a_running_process_has_memory_and_a_budget() {
        let resident = Resident::now();
        assert!(
            resident.own > 1 << 20 && resident.of_files > 1 << 20,
            "{resident:?}"
        );
        assert!(memory_budget(1 << 20) <= 1 << 20);
        let handles = handles().unwrap();
        assert!(handles.files_open > 2 && handles.threads > 0, "{handles:?}");
        assert!(handles.files_open < handles.files_budget, "{handles:?}");
    }
}
