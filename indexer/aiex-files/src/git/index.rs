//! Object ids of clean files, from git's index. The only place that knows its format's reader.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use gix_index::entry::{Flags, Mode, Stage};

use crate::relpath::RelPath;
use crate::root::Root;
use crate::stat::Stat;

/// The shortest index: a header of 12 bytes and a SHA-1 checksum. The reader takes the checksum for granted.
const SHORTEST_INDEX: u64 = 32;

const SECOND_NS: i64 = 1_000_000_000;

/// What git remembers of a file. Numbers are cut to 32 bits, as in the index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IndexEntry {
    /// Bytes in the work tree.
    pub size: u32,
    /// Seconds of the last change of the contents.
    pub mtime_s: u32,
    /// The fraction, in nanoseconds; 0 when the writer does not keep it.
    pub mtime_frac_ns: u32,
    /// Seconds of the last change of the inode; 0 when the writer does not keep it.
    pub ctime_s: u32,
    /// The fraction, in nanoseconds.
    pub ctime_frac_ns: u32,
    /// The inode; 0 when the writer does not keep it.
    pub inode: u32,
    /// The blob. It names the file's contents up to git's conversions at checkout (line ends, filters such as LFS):
    /// as a key for the bytes in the work tree, use it together with `size`, which every such conversion changes.
    pub oid: [u8; 20],
}

/// The regular files in an index.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CleanBlobs {
    /// What git remembers, by path.
    pub entries: HashMap<RelPath, IndexEntry>,
    /// When the index was written, nanoseconds since 1970.
    pub index_mtime_ns: i64,
}

impl CleanBlobs {
    /// The blob of the file, when `stat` proves that its contents are still those that git saw.
    pub fn clean(&self, path: &RelPath, stat: &Stat) -> Option<[u8; 20]> {
        let entry = self.entries.get(path)?;
        matches(entry, stat, self.index_mtime_ns).then_some(entry.oid)
    }
}

/// Why there are no ids. Callers read the files instead.
#[derive(thiserror::Error, Debug)]
pub enum GitError {
    /// The root is not git's, or nothing was ever added.
    #[error("{} has no git index", path.display())]
    NoIndex {
        /// The root, or the index that is missing.
        path: PathBuf,
    },
    /// The index cannot be read: damaged, or of a form that is not known here (SHA-256 repositories).
    #[error("cannot read the git index {}", path.display())]
    Unreadable {
        /// The index.
        path: PathBuf,
        /// What the reader said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The index is damaged so badly that its reader gave up.
    #[error("the git index {} is damaged", path.display())]
    Damaged {
        /// The index.
        path: PathBuf,
    },
}

/// Reads the index of `root`; a worktree has its own. Left out: conflicts, links, submodules, collapsed directories
/// of a sparse index, and files that are not checked out or only announced.
pub fn clean_blobs(root: &Root) -> Result<CleanBlobs, GitError> {
    let Some(git_dir) = &root.git_dir else {
        return Err(GitError::NoIndex {
            path: root.path.clone(),
        });
    };
    let path = git_dir.join("index");
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(GitError::NoIndex { path }),
        Err(error) => {
            return Err(GitError::Unreadable {
                path,
                source: error.into(),
            });
        }
    };
    if !metadata.is_file() || metadata.len() < SHORTEST_INDEX {
        return Err(GitError::Damaged { path });
    }
    // The reader checks the index's checksum, so that wrong bytes rarely get far; it is not written to survive all
    // of them, and a bad index must not end the scan.
    let read = catch_unwind(AssertUnwindSafe(|| {
        let options = gix_index::decode::Options {
            thread_limit: Some(1),
            ..Default::default()
        };
        gix_index::File::at(&path, gix_index::hash::Kind::Sha1, false, options)
    }));
    let file = match read {
        Ok(Ok(file)) => file,
        Ok(Err(error)) => {
            return Err(GitError::Unreadable {
                path,
                source: error.into(),
            });
        }
        Err(_) => return Err(GitError::Damaged { path }),
    };
    let written = file.timestamp();
    let index_mtime_ns = written
        .unix_seconds()
        .saturating_mul(SECOND_NS)
        .saturating_add(i64::from(written.nanoseconds()));
    let absent = Flags::SKIP_WORKTREE | Flags::INTENT_TO_ADD | Flags::REMOVE;
    let backing = file.path_backing();
    let mut entries = HashMap::with_capacity(file.entries().len());
    for entry in file.entries() {
        let regular = entry.mode == Mode::FILE || entry.mode == Mode::FILE_EXECUTABLE;
        if !regular || entry.stage() != Stage::Unconflicted || entry.flags.intersects(absent) {
            continue;
        }
        let bytes: &[u8] = entry.path_in(backing);
        let (Some(path), Ok(oid)) = (RelPath::from_bytes(bytes), entry.id.as_slice().try_into()) else {
            continue;
        };
        let kept = IndexEntry {
            size: entry.stat.size,
            mtime_s: entry.stat.mtime.secs,
            mtime_frac_ns: entry.stat.mtime.nsecs,
            ctime_s: entry.stat.ctime.secs,
            ctime_frac_ns: entry.stat.ctime.nsecs,
            inode: entry.stat.ino,
            oid,
        };
        entries.insert(path, kept);
    }
    Ok(CleanBlobs {
        entries,
        index_mtime_ns,
    })
}

/// Whether `stat` proves that the file still has the contents that git saw.
///
/// Everything that the index keeps must agree, and the entry must not be racily clean: a file that was changed in
/// the instant in which the index was written may have been changed after git looked at it. Where the writer keeps
/// no fractions of seconds (older libraries), whole seconds are compared, and the same second is racy.
pub fn matches(entry: &IndexEntry, stat: &Stat, index_mtime_ns: i64) -> bool {
    let (mtime_s, mtime_frac) = split(stat.mtime_ns);
    let (ctime_s, ctime_frac) = split(stat.ctime_ns);
    let fractions = entry.mtime_frac_ns != 0 || mtime_frac == 0;
    let same_mtime = entry.mtime_s == mtime_s && (!fractions || entry.mtime_frac_ns == mtime_frac);
    let same_ctime = entry.ctime_s == 0
        || entry.ctime_s == ctime_s && (entry.ctime_frac_ns == 0 || entry.ctime_frac_ns == ctime_frac);
    // The inode is cut to 32 bits in the index.
    let same_inode = entry.inode == 0 || stat.inode == 0 || entry.inode == cut(stat.inode);
    let settled = if fractions && mtime_frac != 0 {
        stat.mtime_ns < index_mtime_ns
    } else {
        stat.mtime_ns.div_euclid(SECOND_NS) < index_mtime_ns.div_euclid(SECOND_NS)
    };
    u64::from(entry.size) == stat.size && same_mtime && same_ctime && same_inode && settled
}

/// Seconds, cut to 32 bits as in the index, and the fraction.
fn split(time_ns: i64) -> (u32, u32) {
    let seconds = time_ns.div_euclid(SECOND_NS) & i64::from(u32::MAX);
    let fraction = time_ns.rem_euclid(SECOND_NS);
    (
        u32::try_from(seconds).unwrap_or_default(),
        u32::try_from(fraction).unwrap_or_default(),
    )
}

fn cut(inode: u64) -> u32 {
    u32::try_from(inode & u64::from(u32::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{IndexEntry, SECOND_NS, matches};
    use crate::stat::Stat;

    fn entry() -> IndexEntry {
        IndexEntry {
            size: 3,
            mtime_s: 100,
            mtime_frac_ns: 5,
            ctime_s: 101,
            ctime_frac_ns: 6,
            inode: 7,
            oid: [1; 20],
        }
    }

    fn stat() -> Stat {
        Stat {
            size: 3,
            mtime_ns: 100 * SECOND_NS + 5,
            ctime_ns: 101 * SECOND_NS + 6,
            inode: 7 + (1 << 40),
        }
    }

    #[test]
    fn every_kept_number_must_agree() {
        let later = 200 * SECOND_NS;
        assert!(matches(&entry(), &stat(), later));
        assert!(!matches(&entry(), &Stat { size: 4, ..stat() }, later));
        assert!(!matches(
            &entry(),
            &Stat {
                mtime_ns: stat().mtime_ns + 1,
                ..stat()
            },
            later
        ));
        assert!(!matches(
            &entry(),
            &Stat {
                ctime_ns: stat().ctime_ns + 1,
                ..stat()
            },
            later
        ));
        assert!(!matches(&entry(), &Stat { inode: 8, ..stat() }, later));
        assert!(
            !matches(
                &entry(),
                &Stat {
                    size: 3 + (1 << 32),
                    ..stat()
                },
                later
            ),
            "sizes are cut"
        );
    }

    #[test]
    fn an_entry_as_young_as_its_index_is_racy() {
        assert!(!matches(&entry(), &stat(), stat().mtime_ns));
        assert!(matches(&entry(), &stat(), stat().mtime_ns + 1));
    }

    #[test]
    fn writers_without_fractions_are_compared_by_seconds() {
        let coarse = IndexEntry {
            mtime_frac_ns: 0,
            ctime_s: 0,
            ctime_frac_ns: 0,
            inode: 0,
            ..entry()
        };
        assert!(matches(&coarse, &stat(), 101 * SECOND_NS));
        assert!(!matches(&coarse, &stat(), 100 * SECOND_NS + 900));
    }
}
