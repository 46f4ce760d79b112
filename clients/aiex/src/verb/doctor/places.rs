//! The folders: there, ours, writable, with room.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use aiex_config::{Home, socket_dir};
use rustix::fs::Access;

use super::Finding;
use crate::quantity::bytes;

/// Less than this is not enough to write an index and its logs.
const TOO_LITTLE: u64 = 64 << 20;
/// Less than this fills up with a few large repositories.
const LITTLE: u64 = 1 << 30;

pub(super) fn check(home: &Home) -> Vec<Finding> {
    let mut findings = vec![
        folder("state", &home.state),
        folder("cache", &home.cache),
        room(&home.cache),
    ];
    if findings
        .iter()
        .all(|finding| finding.verdict == super::Verdict::Ok)
    {
        findings.push(socket(home));
    }
    findings
}

fn folder(check: &'static str, path: &Path) -> Finding {
    let shown = path.display();
    let Some(existing) = nearest_existing(path) else {
        return Finding::fail(
            check,
            format!("{shown}: no folder above it exists"),
            "set AIEX_HOME to a folder of your own",
        );
    };
    let metadata = match fs::metadata(existing) {
        Ok(metadata) => metadata,
        Err(error) => {
            return Finding::fail(
                check,
                format!("{shown}: {error}"),
                "make the folder accessible to you",
            );
        }
    };
    if !metadata.is_dir() {
        let detail = format!("{} is not a folder", existing.display());
        return Finding::fail(check, detail, "move it away, or set AIEX_HOME to another folder");
    }
    if let Err(error) = rustix::fs::access(existing, Access::WRITE_OK | Access::EXEC_OK) {
        let detail = format!(
            "{} cannot be written: {}",
            existing.display(),
            std::io::Error::from(error)
        );
        let hint = format!(
            "run `chmod u+rwx {}`, or set AIEX_HOME to a folder that can be written",
            existing.display()
        );
        return Finding::fail(check, detail, hint);
    }
    if existing != path {
        return Finding::ok(check, format!("{shown} (made on first use)"));
    }
    let me = rustix::process::getuid().as_raw();
    if metadata.uid() != me {
        let detail = format!("{shown} belongs to user {}, not to you ({me})", metadata.uid());
        return Finding::fail(check, detail, format!("run `sudo chown -R {me} {shown}`"));
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o022 != 0 {
        let detail = format!("{shown} can be written by others (mode {mode:o})");
        return Finding::warn(check, detail, format!("run `chmod 700 {shown}`"));
    }
    Finding::ok(check, shown.to_string())
}

fn room(path: &Path) -> Finding {
    let Some(existing) = nearest_existing(path) else {
        return Finding::warn(
            "disk",
            "free space is not known",
            "make sure that the disk is mounted",
        );
    };
    match rustix::fs::statvfs(existing) {
        Err(error) => {
            let detail = format!("free space is not known: {}", std::io::Error::from(error));
            Finding::warn("disk", detail, "make sure that the disk is mounted")
        }
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let detail = format!("{} free for the index", bytes(free));
            let hint = "free some space, or set AIEX_HOME to another disk";
            match free {
                0..TOO_LITTLE => Finding::fail("disk", detail, hint),
                TOO_LITTLE..LITTLE => Finding::warn("disk", detail, hint),
                _ => Finding::ok("disk", detail),
            }
        }
    }
}

fn socket(home: &Home) -> Finding {
    let path = home.socket_dir();
    match socket_dir::prepare(&path) {
        Ok(()) => Finding::ok("socket", path.display().to_string()),
        Err(error) => {
            let hint = match &error {
                socket_dir::SocketDirError::Open { .. } => format!("run `chmod 700 {}`", path.display()),
                _ => "move it away, or set AIEX_HOME to a folder of your own".to_owned(),
            };
            Finding::fail("socket", error.to_string(), hint)
        }
    }
}

fn nearest_existing(path: &Path) -> Option<&Path> {
    path.ancestors().find(|ancestor| ancestor.exists())
}
