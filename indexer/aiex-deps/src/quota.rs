//! How much of the dependencies may be indexed on demand.

use std::path::Path;

use crate::package::Package;

/// How many entries of one package are measured; a larger one is no library.
const MAX_ENTRIES: u64 = 100_000;

/// What may be spent on the dependencies of one repository.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// The most packages.
    pub packages: usize,
    /// The most bytes of files, over all of them.
    pub bytes: u64,
}

impl Default for Quota {
    /// 24 packages of together 48 MiB: what a machine with two cores indexes in the background within a minute or two.
    fn default() -> Self {
        Self {
            packages: 24,
            bytes: 48 << 20,
        }
    }
}

/// A package that fits into the quota.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chosen<'a> {
    /// The package; it has a folder or a module.
    pub package: &'a Package,
    /// Bytes of the files in it, without those of nested `node_modules`.
    pub bytes: u64,
}

/// Takes from `ranked` what fits.
pub(crate) fn choose<'a>(ranked: impl Iterator<Item = &'a Package>, quota: &Quota) -> Vec<Chosen<'a>> {
    /// Packages that were too large before the search for smaller ones ends.
    const MAX_MISSES: usize = 32;
    let (mut chosen, mut left, mut misses) = (Vec::new(), quota.bytes, 0);
    for package in ranked {
        if chosen.len() >= quota.packages || misses >= MAX_MISSES {
            break;
        }
        let Some(sources) = package.sources() else {
            continue;
        };
        match measure(sources, left) {
            Some(bytes) => {
                left -= bytes;
                chosen.push(Chosen { package, bytes });
            }
            None => misses += 1,
        }
    }
    chosen
}

/// The bytes of the files in `sources`, or none when they are more than `limit`.
fn measure(sources: &Path, limit: u64) -> Option<u64> {
    let mut total = 0;
    let mut entries = 0;
    let mut queue = vec![sources.to_path_buf()];
    while let Some(path) = queue.pop() {
        let Ok(metadata) = path.symlink_metadata() else {
            continue;
        };
        if metadata.is_file() {
            total += metadata.len();
        } else if metadata.is_dir() {
            for entry in std::fs::read_dir(&path).into_iter().flatten().flatten() {
                entries += 1;
                if entry.file_name() != "node_modules" {
                    queue.push(entry.path());
                }
            }
        }
        if total > limit || entries > MAX_ENTRIES {
            return None;
        }
    }
    Some(total)
}
