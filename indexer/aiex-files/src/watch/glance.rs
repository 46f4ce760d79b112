//! What a folder without a watch looks like from outside: enough to notice a change, in a few bytes however many files
//! it holds. Nothing is opened but the folder.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::relpath::{RelPath, name_bytes};
use crate::root::Root;
use crate::rules::Rules;
use crate::stat::Stat;

/// What was last seen of a folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Last {
    /// When, in nanoseconds since 1970. What changed before need not be told.
    at_ns: i64,
    /// What; none if nobody has looked yet.
    sums: Option<Sums>,
}

impl Last {
    /// Nobody has looked at it since then.
    pub(super) fn never(at_ns: i64) -> Last {
        Last { at_ns, sums: None }
    }
}

/// Sums over the entries of a folder, in no order.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Sums {
    folders: u64,
    files: u64,
    rules: u64,
}

/// What a look at a folder has found.
#[derive(Debug)]
pub(super) struct Glance {
    /// To be compared with the next time.
    pub(super) last: Last,
    /// Whether a wanted file, or a folder, was changed, made or removed.
    pub(super) is_changed: bool,
    /// Whether a file that holds rules was.
    pub(super) is_ruled: bool,
    /// The folders in it, wanted or not.
    pub(super) folders: Vec<RelPath>,
}

/// Looks at the folder `dir`, or at the root, and compares it with the last time.
///
/// A file whose times are not older than the last look is taken for changed, since it may have been written twice
/// within the same tick of the file system's clock.
pub(super) fn glance(root: &Root, rules: &Rules, dir: Option<&RelPath>, last: Last) -> io::Result<Glance> {
    let now = now_ns();
    let path = dir.map_or_else(|| root.path.clone(), |dir| dir.to_path(root));
    let is_fresh = |stat: &Stat| {
        stat.is_touched_since(last.at_ns) && !stat.is_touched_since(now.saturating_add(CLOCK_NS))
    };
    let (mut sums, mut folders) = (Sums::default(), Vec::new());
    // Whoever is removed leaves a trace on the folder only. It counts once, since what is of no interest leaves one too.
    let mut is_touched = last.sums.is_none() && is_fresh(&Stat::of(&path.symlink_metadata()?));
    let mut is_rule_touched = false;
    for entry in fs::read_dir(&path)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name_bytes(&name) else { continue };
        let Some(path) = below(dir, name) else { continue };
        let Ok(kind) = entry.file_type() else { continue };
        let is_rule = rules.is_rule_file(&path);
        if kind.is_dir() {
            let sum = if is_rule {
                &mut sums.rules
            } else {
                &mut sums.folders
            };
            *sum = sum.wrapping_add(digest(name, inode(&entry)));
            if !is_rule {
                folders.push(path);
            }
        } else if is_rule || (kind.is_file() && rules.is_ignored(&path, false).is_none()) {
            let Ok(stat) = entry.metadata().map(|metadata| Stat::of(&metadata)) else {
                continue;
            };
            let (sum, touched) = match is_rule {
                true => (&mut sums.rules, &mut is_rule_touched),
                false => (&mut sums.files, &mut is_touched),
            };
            *sum = sum.wrapping_add(digest(name, stat));
            *touched |= is_fresh(&stat);
        }
    }
    let before = last.sums.unwrap_or(sums);
    Ok(Glance {
        last: Last {
            at_ns: now,
            sums: Some(sums),
        },
        is_changed: is_touched || (before.folders, before.files) != (sums.folders, sums.files),
        is_ruled: is_rule_touched || before.rules != sums.rules,
        folders,
    })
}

/// Times further ahead than this are somebody's invention, and would make a file look changed for ever.
const CLOCK_NS: i64 = 3_000_000_000;

/// Now, in nanoseconds since 1970.
pub(super) fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

fn below(dir: Option<&RelPath>, name: &[u8]) -> Option<RelPath> {
    match dir {
        None => RelPath::from_bytes(name),
        Some(dir) => RelPath::from_bytes([dir.as_bytes(), b"/", name].concat()),
    }
}

fn digest(name: &[u8], what: impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, what).hash(&mut hasher);
    hasher.finish()
}

#[cfg(unix)]
fn inode(entry: &fs::DirEntry) -> u64 {
    use std::os::unix::fs::DirEntryExt as _;
    entry.ino()
}

#[cfg(not(unix))]
fn inode(_: &fs::DirEntry) -> u64 {
    0
}
