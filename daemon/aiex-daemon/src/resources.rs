//! What this process uses, and what it may use. Read from the kernel, never estimated.

use std::fs;
use std::path::Path;

/// Where cgroups are mounted.
const CGROUPS: &str = "/sys/fs/cgroup";
/// The part of a container's memory that the daemon takes at most: a quarter, because others run there too.
const SHARE: u64 = 4;

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
    }
}
