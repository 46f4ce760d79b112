//! Lists the wanted files of a root and says of every other path why it is left out. It opens rule files only.
//!
//! Links are not followed, nothing but directories is opened, and directories are read in order of their names, so
//! that two walks over the same tree see the same sequence.

mod below;
mod traverse;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use crate::root::Root;
use crate::stat::Stat;

pub use below::walk_below;

pub use crate::reason::SkipReason;
pub use crate::relpath::RelPath;
pub use crate::rules::{Force, RuleProblem, Rules, RulesOptions};
pub(crate) use traverse::{Flow, Order, Visit, traverse};

/// Something that the walk came upon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// A regular file that the rules want.
    File(SeenFile),
    /// A file or a whole directory that is left out.
    Skipped(Skipped),
}

/// A file that the rules want.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenFile {
    /// Where it is.
    pub path: RelPath,
    /// Its fingerprint when it was seen.
    pub stat: Stat,
    /// Whether `.aiexignore` insists on it; to be handed to the reader.
    pub force: Force,
}

/// A path that is left out. When it is a directory, nothing below it is reported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Skipped {
    /// Where it is.
    pub path: RelPath,
    /// Why.
    pub reason: SkipReason,
    /// The rule or the system's words, for people.
    pub detail: String,
}

/// What a finished walk has counted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WalkSummary {
    /// Files that the rules want.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Directories that were read, the root among them.
    pub directories: u64,
    /// Paths left out, by reason; a directory counts once.
    pub skipped: BTreeMap<SkipReason, u64>,
    /// Lines of rule files that could not be understood.
    pub problems: Vec<RuleProblem>,
}

/// Why a walk did not finish.
#[derive(thiserror::Error, Debug)]
pub enum WalkError {
    /// The caller asked for it.
    #[error("the walk over {} was cancelled", root.display())]
    Cancelled {
        /// The root.
        root: PathBuf,
    },
    /// The root itself cannot be read; it may be gone.
    #[error("cannot read the directory {}", root.display())]
    Root {
        /// The root.
        root: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Walks `root`. `cancel` is asked at every directory and every few hundred entries.
///
/// The rule files of directories are read afresh; those of the root as a whole are as of the last
/// [`Rules::reload`].
pub fn walk(
    root: &Root,
    rules: &Rules,
    cancel: &dyn Fn() -> bool,
    visit: &mut dyn FnMut(Seen),
) -> Result<WalkSummary, WalkError> {
    walk_from(root, rules, None, cancel, visit)
}

fn walk_from(
    root: &Root,
    rules: &Rules,
    from: Option<&RelPath>,
    cancel: &dyn Fn() -> bool,
    visit: &mut dyn FnMut(Seen),
) -> Result<WalkSummary, WalkError> {
    let mut summary = WalkSummary::default();
    let problems = traverse(root, rules, from, Order::Depth, cancel, &mut |seen| {
        match seen {
            Visit::Enter(_) => {}
            Visit::Listed => summary.directories += 1,
            Visit::File { path, entry, force } => match entry.metadata() {
                // A link or a directory may have taken its place since it was listed.
                Ok(metadata) if metadata.is_file() => {
                    let stat = Stat::of(&metadata);
                    summary.files += 1;
                    summary.bytes += stat.size;
                    visit(Seen::File(SeenFile { path, stat, force }));
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    *summary.skipped.entry(SkipReason::Unreadable).or_default() += 1;
                    let (reason, detail) = (SkipReason::Unreadable, error.to_string());
                    visit(Seen::Skipped(Skipped { path, reason, detail }));
                }
            },
            Visit::Skipped { path, reason, detail } => {
                *summary.skipped.entry(reason).or_default() += 1;
                visit(Seen::Skipped(Skipped { path, reason, detail }));
            }
        }
        Flow::Continue
    })?;
    summary.problems = problems;
    Ok(summary)
}
