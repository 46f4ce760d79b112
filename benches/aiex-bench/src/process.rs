//! What the system says of a process: memory and CPU time.

use std::time::Duration;

use crate::Failure;

/// Reads a field of what the system says of a process, which it gives in kilobytes, in bytes.
fn status(pid: u32) -> Result<impl Fn(&str) -> Option<u64>, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(move |field: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse::<u64>().ok())
            .map(|kilobytes| kilobytes * 1024)
    })
}

/// Resident memory now and at its peak, in bytes.
pub(crate) fn memory(pid: u32) -> Result<(u64, u64), Failure> {
    let read = status(pid)?;
    Ok((
        read("VmRSS:").ok_or("no VmRSS")?,
        read("VmHWM:").ok_or("no VmHWM")?,
    ))
}

/// Of the resident memory, what is the process's own: not files that are mapped.
pub(crate) fn own_memory(pid: u32) -> Result<u64, Failure> {
    Ok(status(pid)?("RssAnon:").ok_or("no RssAnon")?)
}

/// CPU time used so far, all threads.
pub(crate) fn cpu(pid: u32) -> Result<Duration, Failure> {
    ticks(&format!("/proc/{pid}/stat"), [11, 12])
}

/// CPU time of all processes that this one has started and waited for.
pub(crate) fn cpu_of_children() -> Result<Duration, Failure> {
    ticks("/proc/self/stat", [13, 14])
}

/// The sum of two times of a process, by their places behind its name.
fn ticks(stat: &str, places: [usize; 2]) -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string(stat)?;
    // The name in brackets may hold anything; the numbers begin behind it.
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |place: usize| {
        fields
            .get(place)
            .and_then(|text| text.parse::<u64>().ok())
            .unwrap_or(0)
    };
    let per_second = rustix::param::clock_ticks_per_second();
    Ok(Duration::from_secs_f64(
        places.map(ticks).iter().sum::<u64>() as f64 / per_second as f64,
    ))
}

/// Files, sockets and pipes that it holds open.
pub(crate) fn open_files(pid: u32) -> Result<usize, Failure> {
    Ok(std::fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}

/// Its threads.
pub(crate) fn threads(pid: u32) -> Result<usize, Failure> {
    Ok(std::fs::read_dir(format!("/proc/{pid}/task"))?.count())
}

/// Folders that the system watches for it.
pub(crate) fn watches(pid: u32) -> Result<usize, Failure> {
    let mut watches = 0;
    for entry in std::fs::read_dir(format!("/proc/{pid}/fdinfo"))?.flatten() {
        // A file may have been closed since.
        let info = std::fs::read_to_string(entry.path()).unwrap_or_default();
        watches += info.lines().filter(|line| line.starts_with("inotify")).count();
    }
    Ok(watches)
}
