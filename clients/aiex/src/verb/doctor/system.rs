//! What the system offers: file events, git, the search path.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use aiex_config::Environment;

use super::Finding;
use crate::quantity::count;

/// Folders of a large repository or two.
const FEW_WATCHES: u64 = 16_384;
/// One for each repository, beside those of editors and desktops.
const FEW_INSTANCES: u64 = 64;

pub(super) fn check(environment: &dyn Environment) -> Vec<Finding> {
    let mut findings = Vec::new();
    if cfg!(target_os = "linux") {
        findings.push(inotify());
    }
    let folders: Vec<PathBuf> = environment
        .var("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default();
    findings.push(match find("git", &folders) {
        Some(path) => Finding::ok("git", path.display().to_string()),
        None => Finding::warn(
            "git",
            "not found on PATH",
            "install git; aiex reads repositories without it, but you will want it",
        ),
    });
    findings.push(own_place(&folders));
    findings
}

fn inotify() -> Finding {
    let limit = |name: &str| -> Option<u64> {
        fs::read_to_string(Path::new("/proc/sys/fs/inotify").join(name))
            .ok()?
            .trim()
            .parse()
            .ok()
    };
    let (Some(watches), Some(instances)) = (limit("max_user_watches"), limit("max_user_instances")) else {
        return Finding::warn(
            "inotify",
            "the limits cannot be read",
            "mount /proc; without file events trees are scanned at an interval",
        );
    };
    let detail = format!(
        "{} watches and {} instances allowed",
        count(watches),
        count(instances)
    );
    if watches < FEW_WATCHES {
        let hint = "run `sudo sysctl fs.inotify.max_user_watches=524288`; what cannot be watched is scanned at an interval";
        return Finding::warn("inotify", detail, hint);
    }
    if instances < FEW_INSTANCES {
        let hint = "run `sudo sysctl fs.inotify.max_user_instances=512`; other programs use them up as well";
        return Finding::warn("inotify", detail, hint);
    }
    Finding::ok("inotify", detail)
}

fn own_place(folders: &[PathBuf]) -> Finding {
    let Some(own) = env::current_exe().ok().and_then(|path| path.canonicalize().ok()) else {
        return Finding::warn(
            "path",
            "this program's own place is not known",
            "start it by its full path",
        );
    };
    match find("aiex", folders) {
        None => Finding::warn(
            "path",
            format!("{} is not on PATH", own.display()),
            "add its folder to PATH, or link it into a folder that is there",
        ),
        Some(found) if found.canonicalize().is_ok_and(|found| found == own) => {
            Finding::ok("path", found.display().to_string())
        }
        Some(found) => Finding::warn(
            "path",
            format!("`aiex` means {}, but this is {}", found.display(), own.display()),
            "remove the one that you do not want: two builds replace each other's daemon",
        ),
    }
}

fn find(program: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    folders
        .iter()
        .map(|folder| folder.join(program))
        .find(|path| rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file())
}
