//! How the daemon is hurt from outside, without privileges.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::failure::Failure;
use crate::program::let_pass;
use crate::workload::Aim;

/// A blow that waits for a write falls without one after this.
const LATEST: Duration = Duration::from_millis(300);

/// Waits for the instant.
pub(crate) fn take_aim(aim: Aim, daemon: Option<Pid>) {
    match (aim, daemon) {
        (Aim::After(time), _) => let_pass(time),
        (Aim::AtWrite { .. }, None) => let_pass(LATEST),
        (Aim::AtWrite { bytes, then }, Some(daemon)) => {
            let deadline = Instant::now() + LATEST;
            let before = written(daemon);
            while Instant::now() < deadline && written(daemon).saturating_sub(before) < bytes {
                std::thread::park_timeout(Duration::from_micros(200));
            }
            let_pass(then);
        }
    }
}

/// Bytes that a process has written so far, to whatever.
fn written(pid: Pid) -> u64 {
    let counts = fs::read_to_string(format!("/proc/{}/io", pid.as_raw_nonzero())).unwrap_or_default();
    let line = counts.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.and_then(|count| count.parse().ok()).unwrap_or_default()
}

/// Stops a process, or lets it go on.
pub(crate) fn freeze(pid: Pid, is_frozen: bool) {
    let signal = if is_frozen { Signal::STOP } else { Signal::CONT };
    // One that is gone needs neither.
    let _ = kill_process(pid, signal);
}

/// Writes beyond so many bytes of a file fail from now on, or end the process.
pub(crate) fn limit_writes(pid: Pid, bytes: u64) -> Result<(), Failure> {
    limit(pid, What::FileSize, bytes)
}

/// No more than `further` files can be opened from now on.
pub(crate) fn limit_files(pid: Pid, further: u64) -> Result<(), Failure> {
    let open = fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())).map_or(0, Iterator::count);
    limit(pid, What::OpenFiles, open as u64 + further)
}

enum What {
    FileSize,
    OpenFiles,
}

#[cfg(target_os = "linux")]
fn limit(pid: Pid, what: What, most: u64) -> Result<(), Failure> {
    use rustix::process::{Resource, Rlimit, getrlimit, prlimit};
    let resource = match what {
        What::FileSize => Resource::Fsize,
        What::OpenFiles => Resource::Nofile,
    };
    let limit = Rlimit {
        current: Some(most),
        maximum: getrlimit(resource).maximum,
    };
    match prlimit(Some(pid), resource, limit) {
        // It is gone.
        Ok(_) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(Failure::Daemon(format!("cannot be limited: {error}"))),
    }
}

#[cfg(not(target_os = "linux"))]
fn limit(_: Pid, _: What, _: u64) -> Result<(), Failure> {
    Err(Failure::Daemon("can be limited on Linux only".to_owned()))
}
