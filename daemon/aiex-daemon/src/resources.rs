//! What this process uses, and what it may use. Read from the kernel, never estimated.

use std::fs;
use std::path::Path;

/// Where cgroups are mounted.
const CGROUPS: &str = "/sys/fs/cgroup";
/// The part of a container's memory that the daemon takes at most: a quarter, because others run there too.
const SHARE: u64 = 4;

/// Resident memory in bytes; 0 where the system does not tell.
pub(crate) fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|value| value.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
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
    fn a_running_process_has_memory_and_a_budget() {
        assert!(resident_bytes() > 1 << 20);
        assert!(memory_budget(1 << 20) <= 1 << 20);
    }
}
