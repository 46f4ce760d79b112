//! Which paths of a root are wanted: ignore files, settings and a few directories that nobody wants.
//! It looks at names and rule files; what is inside an ordinary file is the business of [`crate::filter`].
//!
//! Precedence, highest first: `.aiexignore`, then the directories that are always left out, then `.ignore`, then
//! `.gitignore`, then `.git/info/exclude`, then the global excludes. Within one kind the deeper file wins, within one
//! file the later line.
//!
//! `!pattern` in `.aiexignore` forces files in, whatever else says no:
//! - a pattern with a slash (`!build/keep.rs`, `!vendor/ours/`) reaches into directories that are left out;
//! - a pattern without one (`!*.pb.go`) works in directories that are not left out, as in git;
//! - a directory that is named (`!vendor/`) is taken in whole, filters switched off; if other ignore files left it
//!   out, only those inside it still count below it;
//! - secrets stay out unless the file itself is named without a wildcard;
//! - nested repositories stay out: they are roots of their own.

mod directory;
mod judge;
pub(crate) mod names;
mod patterns;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::reason::SkipReason;
use crate::relpath::RelPath;
use crate::root::Root;

pub(crate) use directory::{DirFacts, Marks};
pub(crate) use judge::{Context, DirVerdict, FileVerdict};
pub use patterns::RuleProblem;
use patterns::{Patterns, RuleFile};

/// The name of the ignore file that belongs to this program.
pub const AIEX_IGNORE: &str = ".aiexignore";

/// Files whose change changes what is wanted around them.
const RULE_FILES: &[&str] = &[AIEX_IGNORE, ".ignore", ".gitignore", "CACHEDIR.TAG", "pyvenv.cfg"];

/// Verdicts on directories that are remembered between events. Events come from few directories at a time;
/// beyond this the memory starts afresh.
const REMEMBERED_DIRS: usize = 16_384;

/// What the rules need to be told, since they read no environment and no configuration.
#[derive(Clone, Default, Debug)]
pub struct RulesOptions {
    /// The user's global excludes (git's `core.excludesFile`, by default `$XDG_CONFIG_HOME/git/ignore`).
    pub global_excludes: Option<PathBuf>,
    /// More patterns of the same form, with the rank of the global excludes.
    pub patterns: Vec<String>,
    /// Absolute paths that are never looked at, such as the place where the index is kept.
    pub exclude: Vec<PathBuf>,
}

/// Whether `.aiexignore` insists on a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Force {
    /// It does not.
    #[default]
    No,
    /// A pattern takes it in: no filter but that for secrets leaves it out.
    Pattern,
    /// A pattern without a wildcard names it: not even the filter for secrets leaves it out.
    Exact,
}

/// The rules of one root. Shared between the walk, the watcher and the reader; [`Rules::reload`] reads them again.
#[derive(Debug)]
pub struct Rules {
    root: Root,
    options: RulesOptions,
    current: RwLock<Arc<RuleSet>>,
}

/// The rules as they were read at one time.
#[derive(Debug)]
pub(crate) struct RuleSet {
    root: Root,
    excluded: Vec<RelPath>,
    info_exclude: Patterns,
    global: Patterns,
    top: DirFacts,
    problems: Vec<RuleProblem>,
    verdicts: Mutex<HashMap<Vec<u8>, DirVerdict>>,
}

impl Rules {
    /// Reads the rules that hold for the whole of `root`; those of its directories are read when they are needed.
    pub fn load(root: &Root, options: RulesOptions) -> Rules {
        let current = RwLock::new(Arc::new(RuleSet::read(root, &options)));
        Rules {
            root: root.clone(),
            options,
            current,
        }
    }

    /// Reads every rule file again from now on.
    pub fn reload(&self) {
        let fresh = Arc::new(RuleSet::read(&self.root, &self.options));
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// Why the path is not wanted; none if it is. Directories left out on the way to it count. Verdicts on
    /// directories are remembered until [`Rules::reload`], so this is cheap enough for every event of a watcher.
    /// It does not look at the file itself.
    pub fn is_ignored(&self, path: &RelPath, is_dir: bool) -> Option<SkipReason> {
        let set = self.current();
        if is_dir {
            set.verdict_of_dir(path.as_bytes()).skip()
        } else {
            set.verdict_of_file(path).skip()
        }
    }

    /// Whether a walk reads the directory; it reads one that is left out when something below it is forced in.
    pub fn enters(&self, dir: &RelPath) -> bool {
        matches!(
            self.current().verdict_of_dir(dir.as_bytes()),
            DirVerdict::Enter(_)
        )
    }

    /// Whether `.aiexignore` insists on the file.
    pub fn force(&self, path: &RelPath) -> Force {
        match self.current().verdict_of_file(path) {
            FileVerdict::Wanted(force) => force,
            FileVerdict::Skip(..) | FileVerdict::Silent => Force::No,
        }
    }

    /// Whether a change of this path changes the rules.
    pub fn is_rule_file(&self, path: &RelPath) -> bool {
        let name = path.name();
        RULE_FILES.iter().any(|rule| rule.as_bytes() == name)
            || name == b".git"
            || path.as_bytes() == b".git/info/exclude"
    }

    /// The lines of the root's own rule files that could not be understood. Those of other directories are in the
    /// summary of a walk.
    pub fn problems(&self) -> Vec<RuleProblem> {
        self.current().problems.clone()
    }

    pub(crate) fn current(&self) -> Arc<RuleSet> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl RuleSet {
    fn read(root: &Root, options: &RulesOptions) -> RuleSet {
        let mut problems = Vec::new();
        let info_exclude = root.common_git_dir().map(|dir| dir.join("info/exclude"));
        let info_exclude = Patterns::linked(info_exclude.as_deref(), &mut problems);
        let global = Patterns::compile(
            options.patterns.iter().map(|line| (None, line.clone())).chain(
                options
                    .global_excludes
                    .iter()
                    .flat_map(|path| RuleFile::linked(path)),
            ),
            "global excludes",
            &mut problems,
        );
        let top = DirFacts::on_disk(root, b"", &mut problems);
        let excluded = options.exclude.iter().filter_map(|path| {
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            if real.is_absolute() {
                RelPath::from_path(root, &real)
            } else {
                None
            }
        });
        RuleSet {
            root: root.clone(),
            excluded: excluded.collect(),
            info_exclude,
            global,
            top,
            problems,
            verdicts: Mutex::new(HashMap::new()),
        }
    }

    pub(crate) fn problems(&self) -> &[RuleProblem] {
        &self.problems
    }

    /// The verdict on a directory, from the disk or from memory.
    pub(crate) fn verdict_of_dir(&self, dir: &[u8]) -> DirVerdict {
        if dir.is_empty() {
            return DirVerdict::Enter(self.top_context());
        }
        let lock = || self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(dir) {
            return known.clone();
        }
        let parent = dir
            .iter()
            .rposition(|b| *b == b'/')
            .and_then(|cut| dir.get(..cut))
            .unwrap_or_default();
        let verdict = match self.verdict_of_dir(parent) {
            DirVerdict::Enter(context) => match self.dir_by_name(&context, dir) {
                DirVerdict::Enter(entered) => {
                    let facts = DirFacts::on_disk(&self.root, dir, &mut Vec::new());
                    self.dir_by_content(entered, dir, facts)
                }
                left_out => left_out,
            },
            left_out => left_out,
        };
        let mut known = lock();
        if REMEMBERED_DIRS <= known.len() {
            known.clear();
        }
        known.insert(dir.to_vec(), verdict.clone());
        verdict
    }

    fn verdict_of_file(&self, path: &RelPath) -> FileVerdict {
        let parent = path.parent();
        match self.verdict_of_dir(parent.as_ref().map(RelPath::as_bytes).unwrap_or_default()) {
            DirVerdict::Enter(context) => self.file(&context, path.as_bytes()),
            DirVerdict::Skip(reason, detail) => FileVerdict::Skip(reason, detail),
            DirVerdict::Silent => FileVerdict::Silent,
        }
    }
}
