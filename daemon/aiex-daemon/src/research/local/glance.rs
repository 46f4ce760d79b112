//! Whether dependencies lie on this machine as they did, as far as a glance at their folders tells.
//!
//! Walking every package whole takes seconds, and a question that was answered before is to be answered at once. So a bounded
//! number of files is looked at, the likeliest first: of a few packages all of them, of hundreds what lies at the top.

use std::collections::VecDeque;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aiex_deps::{Dependencies, Origin, Package};
use aiex_files::stat::Stat;

use super::packages::LEFT_OUT;
use super::stop::Stop;

/// Files and folders that are looked at, over all packages: most of what answering a question again takes.
const MAX_LOOKS: usize = 1_500;
/// …and in one folder.
const MAX_IN_FOLDER: usize = 64;

/// A digest of names, versions and places, and of what the packages' folders hold: first those of direct dependencies, then
/// those of others, then the folders inside of them. None when it is time to stop. Blocks.
pub(super) fn glance(all: &[Arc<Dependencies>], stop: &Stop) -> Option<String> {
    let mut digest = blake3::Hasher::new();
    let packages = || all.iter().flat_map(|dependencies| &dependencies.packages);
    for package in packages() {
        digest.update(format!("{package:?}\n").as_bytes());
    }
    // What is the repository's own, its index knows; the system's manual has pages by the thousand.
    let looked_at = packages().filter(|package| matches!(package.origin, Origin::Registry | Origin::Git));
    let (direct, others): (Vec<&Package>, Vec<&Package>) = looked_at.partition(|package| package.direct);
    let sources = direct.into_iter().chain(others).filter_map(Package::sources);
    let mut ahead: VecDeque<PathBuf> = sources.map(Path::to_owned).collect();
    let mut left = MAX_LOOKS;
    while left > 0
        && let Some(place) = ahead.pop_front()
    {
        if stop.is_due() {
            return None;
        }
        let own = place.symlink_metadata().ok().map(|metadata| Stat::of(&metadata));
        digest.update(format!("{} {own:?}\n", place.display()).as_bytes());
        let entries = entries(&place);
        for entry in entries.iter().take(MAX_IN_FOLDER) {
            let Ok(metadata) = entry.metadata() else { continue };
            let name = entry.file_name();
            let stat = Stat::of(&metadata);
            digest.update(format!("{} {stat:?}\n", name.display()).as_bytes());
            if metadata.is_dir() {
                ahead.push_back(entry.path());
            }
        }
        left = left.saturating_sub(1 + entries.len());
    }
    // What was cut short may be a part.
    (!stop.is_due()).then(|| digest.finalize().to_hex().to_string())
}

/// What a folder holds of what is indexed, by name. A file, and what cannot be read, holds nothing.
fn entries(folder: &Path) -> Vec<DirEntry> {
    let is_indexed = |entry: &DirEntry| {
        let name = entry.file_name();
        let mut left_out = LEFT_OUT.iter().filter_map(|folder| folder.strip_suffix('/'));
        !left_out.any(|folder| name == folder)
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<DirEntry> = entries.filter(is_indexed).collect();
    entries.sort_by_cached_key(DirEntry::file_name);
    entries
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aiex_deps::Ecosystem;
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn package(folder: &Path, version: &str) -> Package {
        Package {
            ecosystem: Ecosystem::Npm,
            name: "retry-kit".to_owned(),
            version: version.to_owned(),
            origin: Origin::Registry,
            folder: Some(folder.to_owned()),
            module: None,
            direct: true,
            locked_by: PathBuf::from("/r/package-lock.json"),
        }
    }

    fn seen(package: Package, patience: Duration) -> Option<String> {
        let dependencies = Dependencies {
            packages: vec![package],
            notices: Vec::new(),
        };
        let stop = Stop::new(patience, &CancellationToken::new());
        glance(&[Arc::new(dependencies)], &stop)
    }

    #[test]
    fn it_changes_with_the_version_and_with_the_files() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("retry-kit");
        fs::create_dir_all(folder.join("lib/inner")).unwrap();
        fs::write(folder.join("README.md"), "Three attempts.").unwrap();
        fs::write(folder.join("lib/inner/limit.js"), "exports.limit = 3").unwrap();
        let look = |version| seen(package(&folder, version), Duration::from_secs(60)).unwrap();
        let first = look("1.0.0");
        assert_eq!(look("1.0.0"), first);
        let mut all = vec![first, look("1.0.1")];
        fs::write(folder.join("README.md"), "Seven attempts at most.").unwrap();
        all.push(look("1.0.0"));
        fs::write(folder.join("lib/inner/limit.js"), "exports.limit = 7000").unwrap();
        all.push(look("1.0.0"));
        fs::write(folder.join("GUIDE.md"), "How to wait.").unwrap();
        all.push(look("1.0.0"));
        fs::remove_dir_all(&folder).unwrap();
        all.push(look("1.0.0"));
        let number = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), number);
    }

    #[test]
    fn without_time_nothing_is_told() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(seen(package(dir.path(), "1.0.0"), Duration::ZERO), None);
    }
}
