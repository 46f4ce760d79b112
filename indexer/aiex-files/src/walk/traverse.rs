//! The order in which a tree is read, shared by the walk and by the watcher. It stats nothing that it need not.

use std::collections::VecDeque;
use std::fs::{self, DirEntry};
use std::io;
use std::sync::Arc;

use super::WalkError;
use crate::reason::SkipReason;
use crate::relpath::{RelPath, bytes_path, name_bytes};
use crate::root::Root;
use crate::rules::{Context, DirFacts, DirVerdict, FileVerdict, Force, Marks, RuleProblem, RuleSet, Rules};

/// How often `cancel` is asked within one directory.
const CANCEL_EVERY: usize = 256;

/// A step of the traversal.
pub(crate) enum Visit<'a> {
    /// A directory is about to be listed; none is the root. It may still turn out to be left out.
    Enter(Option<&'a RelPath>),
    /// The directory was listed and is wanted.
    Listed,
    /// A wanted file.
    File {
        path: RelPath,
        entry: &'a DirEntry,
        force: Force,
    },
    /// Something left out.
    Skipped {
        path: RelPath,
        reason: SkipReason,
        detail: String,
    },
}

/// In which order directories are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Each with all below it before the next, by name: the order of paths.
    Depth,
    /// Those nearest to the start first.
    Breadth,
}

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Continue,
    Stop,
}

struct Pending {
    dir: Option<RelPath>,
    context: Option<Context>,
    ancestors: Option<Arc<Ancestor>>,
}

/// A directory on the way, to notice bind mounts that lead back to one.
struct Ancestor {
    device_inode: (u64, u64),
    above: Option<Arc<Ancestor>>,
}

/// Reads the tree at `from`, or at the root: in each directory files before directories, by name. Returns the lines of rule
/// files that could not be understood. A `from` that is left out is not entered.
pub(crate) fn traverse(
    root: &Root,
    rules: &Rules,
    from: Option<&RelPath>,
    order: Order,
    cancel: &dyn Fn() -> bool,
    visit: &mut dyn FnMut(Visit<'_>) -> Flow,
) -> Result<Vec<RuleProblem>, WalkError> {
    let set = rules.current();
    let cancelled = || WalkError::Cancelled {
        root: root.path.clone(),
    };
    let mut problems: Vec<RuleProblem> = if from.is_none() {
        set.problems().to_vec()
    } else {
        Vec::new()
    };
    let context = match from {
        None => None,
        Some(dir) => match entry_context(&set, dir) {
            Some(context) => Some(context),
            None => return Ok(problems),
        },
    };
    let mut waiting = VecDeque::from([Pending {
        dir: from.cloned(),
        context,
        ancestors: None,
    }]);
    while let Some(pending) = waiting.pop_front() {
        if cancel() {
            return Err(cancelled());
        }
        let dir = pending.dir.as_ref();
        if visit(Visit::Enter(dir)) == Flow::Stop {
            break;
        }
        let bytes = dir.map(RelPath::as_bytes).unwrap_or_default();
        let listing = match Listing::read(root, bytes, cancel) {
            Ok(Some(listing)) => listing,
            Ok(None) => return Err(cancelled()),
            Err(source) if dir.is_none() => {
                return Err(WalkError::Root {
                    root: root.path.clone(),
                    source,
                });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                skip(visit, dir, SkipReason::Unreadable, error.to_string());
                continue;
            }
        };
        let ancestors = match descend(root, bytes, pending.ancestors) {
            Ok(ancestors) => ancestors,
            Err(reason) => {
                skip(
                    visit,
                    dir,
                    reason,
                    "leads back to a directory above it".to_owned(),
                );
                continue;
            }
        };
        let facts = DirFacts::listed(root, bytes, &listing.marks, &mut problems);
        let context = match pending.context {
            None => set.fresh_top_context(facts),
            Some(context) => match set.dir_by_content(context, bytes, facts) {
                DirVerdict::Enter(context) => context,
                DirVerdict::Skip(reason, detail) => {
                    skip(visit, dir, reason, detail);
                    continue;
                }
                DirVerdict::Silent => continue,
            },
        };
        if visit(Visit::Listed) == Flow::Stop {
            break;
        }
        let mut below = Vec::new();
        for (index, (name, entry)) in listing.entries.iter().enumerate() {
            if index % CANCEL_EVERY == CANCEL_EVERY - 1 && cancel() {
                return Err(cancelled());
            }
            match judge(&set, &context, bytes, name, entry) {
                Judged::Dir(dir, context) => {
                    let (dir, context, ancestors) = (Some(dir), Some(context), ancestors.clone());
                    below.push(Pending {
                        dir,
                        context,
                        ancestors,
                    });
                }
                Judged::File(path, force) => {
                    if visit(Visit::File { path, entry, force }) == Flow::Stop {
                        return Ok(problems);
                    }
                }
                Judged::Skip(path, reason, detail) => {
                    if visit(Visit::Skipped { path, reason, detail }) == Flow::Stop {
                        return Ok(problems);
                    }
                }
                Judged::Silent => {}
            }
        }
        match order {
            Order::Depth => below
                .into_iter()
                .rev()
                .for_each(|pending| waiting.push_front(pending)),
            Order::Breadth => waiting.extend(below),
        }
    }
    Ok(problems)
}

fn skip(visit: &mut dyn FnMut(Visit<'_>) -> Flow, dir: Option<&RelPath>, reason: SkipReason, detail: String) {
    if let Some(path) = dir.cloned() {
        visit(Visit::Skipped { path, reason, detail });
    }
}

enum Judged {
    Dir(RelPath, Context),
    File(RelPath, Force),
    Skip(RelPath, SkipReason, String),
    Silent,
}

fn judge(set: &RuleSet, context: &Context, dir: &[u8], name: &[u8], entry: &DirEntry) -> Judged {
    let mut bytes = Vec::with_capacity(dir.len() + name.len() + 1);
    bytes.extend_from_slice(dir);
    if !dir.is_empty() {
        bytes.push(b'/');
    }
    bytes.extend_from_slice(name);
    let Some(path) = RelPath::from_bytes(&bytes) else {
        // Too long to be opened again: the directory that holds it is named instead.
        return match RelPath::from_bytes(dir) {
            Some(dir) => Judged::Skip(
                dir,
                SkipReason::InvalidPath,
                "holds a path that is too long".to_owned(),
            ),
            None => Judged::Silent,
        };
    };
    let kind = match entry.file_type() {
        Ok(kind) => kind,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Judged::Silent,
        Err(error) => return Judged::Skip(path, SkipReason::Unreadable, error.to_string()),
    };
    if kind.is_dir() {
        return match set.dir_by_name(context, &bytes) {
            DirVerdict::Enter(entered) => Judged::Dir(path, entered),
            DirVerdict::Skip(reason, detail) => Judged::Skip(path, reason, detail),
            DirVerdict::Silent => Judged::Silent,
        };
    }
    match set.file(context, &bytes) {
        FileVerdict::Skip(reason, detail) => Judged::Skip(path, reason, detail),
        FileVerdict::Silent => Judged::Silent,
        FileVerdict::Wanted(_) if kind.is_symlink() => {
            Judged::Skip(path, SkipReason::Symlink, "links are not followed".to_owned())
        }
        FileVerdict::Wanted(_) if !kind.is_file() => {
            Judged::Skip(path, SkipReason::Special, "a pipe, socket or device".to_owned())
        }
        FileVerdict::Wanted(force) => Judged::File(path, force),
    }
}

/// What holds on the way into `dir`, before it is listed.
fn entry_context(set: &RuleSet, dir: &RelPath) -> Option<Context> {
    let parent = dir.parent();
    let above = match set.verdict_of_dir(parent.as_ref().map(RelPath::as_bytes).unwrap_or_default()) {
        DirVerdict::Enter(context) => context,
        DirVerdict::Skip(..) | DirVerdict::Silent => return None,
    };
    match set.dir_by_name(&above, dir.as_bytes()) {
        DirVerdict::Enter(context) => Some(context),
        DirVerdict::Skip(..) | DirVerdict::Silent => None,
    }
}

struct Listing {
    entries: Vec<(Box<[u8]>, DirEntry)>,
    marks: Marks,
}

impl Listing {
    /// The entries of a directory by name; none when cancelled.
    fn read(root: &Root, dir: &[u8], cancel: &dyn Fn() -> bool) -> io::Result<Option<Listing>> {
        let mut listing = Listing {
            entries: Vec::new(),
            marks: Marks::default(),
        };
        for (index, entry) in fs::read_dir(root.path.join(bytes_path(dir)))?.enumerate() {
            if index % CANCEL_EVERY == CANCEL_EVERY - 1 && cancel() {
                return Ok(None);
            }
            let entry = entry?;
            let name = entry.file_name();
            let Some(bytes) = name_bytes(&name) else { continue };
            listing.marks.note(bytes);
            listing.entries.push((bytes.into(), entry));
        }
        listing.entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(Some(listing))
    }
}

#[cfg(unix)]
fn descend(
    root: &Root,
    dir: &[u8],
    above: Option<Arc<Ancestor>>,
) -> Result<Option<Arc<Ancestor>>, SkipReason> {
    use std::os::unix::fs::MetadataExt as _;
    // When the root is the whole file system, the kernel's trees are on the way; they have names of their own.
    if root.path.parent().is_none() && [&b"proc"[..], b"sys", b"dev", b"run"].contains(&dir) {
        return Err(SkipReason::Special);
    }
    let Ok(metadata) = fs::symlink_metadata(root.path.join(bytes_path(dir))) else {
        return Ok(above);
    };
    if metadata.is_symlink() {
        return Err(SkipReason::Symlink);
    }
    let device_inode = (metadata.dev(), metadata.ino());
    let mut ancestors = std::iter::successors(above.as_deref(), |ancestor| ancestor.above.as_deref());
    if ancestors.any(|ancestor| ancestor.device_inode == device_inode) {
        return Err(SkipReason::Symlink);
    }
    Ok(Some(Arc::new(Ancestor { device_inode, above })))
}

#[cfg(not(unix))]
fn descend(_: &Root, _: &[u8], above: Option<Arc<Ancestor>>) -> Result<Option<Arc<Ancestor>>, SkipReason> {
    Ok(above)
}
