//! Puts the ignore files on the way to a path in order and decides. It reads nothing from the disk.

use std::sync::Arc;

use super::directory::{DirFacts, DirRules};
use super::patterns::{Patterns, Said};
use super::{AIEX_IGNORE, Force, RuleSet, names};
use crate::reason::SkipReason;
use crate::relpath::{file_name, within};
use crate::root::VCS_DIRS;

/// What holds in a directory that is entered.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    level: Option<Arc<Level>>,
    /// Ignore files of directories whose prefix is shorter than this do not count: a forced directory cut them off.
    base: usize,
    /// The directory is left out, and entered only for files that are forced in.
    only_forced: Option<SkipReason>,
    /// The directory, or one above it, is forced in.
    forced: bool,
    /// The directory itself was named by a rule that takes it in.
    named: bool,
}

/// A directory with ignore files, and those above it.
#[derive(Debug)]
struct Level {
    /// The bytes to take off a path to make it relative to this directory.
    prefix: usize,
    dir: Box<[u8]>,
    rules: Arc<DirRules>,
    above: Option<Arc<Level>>,
}

/// One kind of ignore file among those of a directory.
type PatternsOf = fn(&DirRules) -> &Patterns;

/// What becomes of a directory.
#[derive(Clone, Debug)]
pub(crate) enum DirVerdict {
    Enter(Context),
    Skip(SkipReason, String),
    /// Left out without a word: it is told of already, or is version control's own.
    Silent,
}

/// What becomes of a file.
#[derive(Clone, Debug)]
pub(crate) enum FileVerdict {
    Wanted(Force),
    Skip(SkipReason, String),
    Silent,
}

impl DirVerdict {
    pub(super) fn skip(&self) -> Option<SkipReason> {
        match self {
            DirVerdict::Enter(context) => context.only_forced,
            DirVerdict::Skip(reason, _) => Some(*reason),
            DirVerdict::Silent => Some(SkipReason::Ignored),
        }
    }
}

impl FileVerdict {
    pub(super) fn skip(&self) -> Option<SkipReason> {
        match self {
            FileVerdict::Wanted(_) => None,
            FileVerdict::Skip(reason, _) => Some(*reason),
            FileVerdict::Silent => Some(SkipReason::Ignored),
        }
    }
}

impl Context {
    fn levels(&self) -> impl Iterator<Item = &Level> {
        std::iter::successors(self.level.as_deref(), |level| level.above.as_deref())
    }

    fn with(mut self, dir: &[u8], rules: Option<Arc<DirRules>>) -> Context {
        if let Some(rules) = rules {
            let prefix = if dir.is_empty() { 0 } else { dir.len() + 1 };
            self.level = Some(Arc::new(Level {
                prefix,
                dir: dir.into(),
                rules,
                above: self.level.take(),
            }));
        }
        self
    }

    /// Whether a pattern with a slash points to the path; others do not work in directories that are left out.
    fn reaches_to(&self, path: &[u8]) -> bool {
        self.levels().any(|level| {
            level
                .rules
                .aiex
                .reaches_to(path.get(level.prefix..).unwrap_or_default())
        })
    }

    fn reaches_into(&self, dir: &[u8]) -> bool {
        self.levels().any(|level| {
            level
                .rules
                .aiex
                .reaches_into(dir.get(level.prefix..).unwrap_or_default())
        })
    }

    /// Left out, but entered when a rule forces something below it in.
    fn out(self, dir: &[u8], reason: SkipReason, detail: impl FnOnce() -> String) -> DirVerdict {
        let told = self.only_forced;
        if self.reaches_into(dir) {
            let only_forced = told.or(Some(reason));
            return DirVerdict::Enter(Context {
                only_forced,
                forced: false,
                named: false,
                ..self
            });
        }
        if told.is_some() {
            DirVerdict::Silent
        } else {
            DirVerdict::Skip(reason, detail())
        }
    }
}

impl RuleSet {
    /// What holds at the root itself, which no rule can leave out.
    pub(crate) fn top_context(&self) -> Context {
        let context = Context {
            level: None,
            base: 0,
            only_forced: None,
            forced: false,
            named: false,
        };
        context.with(b"", self.top.rules.clone())
    }

    /// The same with the root's own ignore files as they were just listed.
    pub(crate) fn fresh_top_context(&self, facts: DirFacts) -> Context {
        let context = Context {
            level: None,
            base: 0,
            only_forced: None,
            forced: false,
            named: false,
        };
        context.with(b"", facts.rules)
    }

    /// What the name and the rules above say of a directory.
    pub(crate) fn dir_by_name(&self, above: &Context, dir: &[u8]) -> DirVerdict {
        let name = file_name(dir);
        if VCS_DIRS.iter().any(|vcs| vcs.as_bytes() == name) {
            return DirVerdict::Silent;
        }
        if self.excluded.iter().any(|path| within(dir, path.as_bytes())) {
            return DirVerdict::Skip(SkipReason::Ignored, "excluded by the settings".to_owned());
        }
        let context = Context {
            named: false,
            ..above.clone()
        };
        match self.aiex(above, dir, true) {
            Said::LeaveOut(pattern) => {
                return context.out(dir, SkipReason::Ignored, || {
                    format!("`{pattern}` in {AIEX_IGNORE}")
                });
            }
            Said::TakeIn { .. } if above.only_forced.is_none() || above.reaches_to(dir) => {
                let was_out = above.only_forced.is_some() || self.others(above, dir, true).is_some();
                let base = if was_out { dir.len() + 1 } else { above.base };
                return DirVerdict::Enter(Context {
                    base,
                    only_forced: None,
                    forced: true,
                    named: true,
                    ..context
                });
            }
            Said::TakeIn { .. } | Said::Nothing => {}
        }
        if let Some((reason, detail)) = names::left_out(name) {
            return context.out(dir, reason, || detail.to_owned());
        }
        if let Some(reason) = above.only_forced {
            return context.out(dir, reason, String::new);
        }
        match self.others(above, dir, true) {
            Some(detail) => context.out(dir, SkipReason::Ignored, || detail),
            None => DirVerdict::Enter(context),
        }
    }

    /// What a directory that passed by its name says of itself.
    pub(crate) fn dir_by_content(&self, context: Context, dir: &[u8], facts: DirFacts) -> DirVerdict {
        if facts.boundary {
            return match context.only_forced {
                Some(_) => DirVerdict::Silent,
                None => DirVerdict::Skip(SkipReason::NestedRepository, "a repository of its own".to_owned()),
            };
        }
        let context = context.with(dir, facts.rules);
        match facts.left_out {
            Some((reason, detail)) if !context.named => context.out(dir, reason, || detail.to_owned()),
            _ => DirVerdict::Enter(context),
        }
    }

    /// What the rules say of a file.
    pub(crate) fn file(&self, above: &Context, path: &[u8]) -> FileVerdict {
        let name = file_name(path);
        if name.starts_with(names::COOKIE_PREFIX.as_bytes())
            || VCS_DIRS.iter().any(|vcs| vcs.as_bytes() == name)
        {
            return FileVerdict::Silent;
        }
        if self
            .excluded
            .iter()
            .any(|excluded| within(path, excluded.as_bytes()))
        {
            return FileVerdict::Skip(SkipReason::Ignored, "excluded by the settings".to_owned());
        }
        match self.aiex(above, path, false) {
            Said::LeaveOut(pattern) if above.only_forced.is_none() => {
                return FileVerdict::Skip(SkipReason::Ignored, format!("`{pattern}` in {AIEX_IGNORE}"));
            }
            Said::LeaveOut(_) => return FileVerdict::Silent,
            Said::TakeIn { exact } if above.only_forced.is_none() || above.reaches_to(path) => {
                return FileVerdict::Wanted(if exact { Force::Exact } else { Force::Pattern });
            }
            Said::TakeIn { .. } | Said::Nothing => {}
        }
        if above.only_forced.is_some() {
            return FileVerdict::Silent;
        }
        match self.others(above, path, false) {
            Some(detail) => FileVerdict::Skip(SkipReason::Ignored, detail),
            None => FileVerdict::Wanted(if above.forced { Force::Pattern } else { Force::No }),
        }
    }

    fn aiex(&self, context: &Context, path: &[u8], is_dir: bool) -> Said {
        for level in context.levels() {
            let said = level
                .rules
                .aiex
                .say(path.get(level.prefix..).unwrap_or_default(), is_dir);
            if !matches!(said, Said::Nothing) {
                return said;
            }
        }
        Said::Nothing
    }

    /// Which rule of the ordinary ignore files leaves the path out.
    fn others(&self, context: &Context, path: &[u8], is_dir: bool) -> Option<String> {
        let kinds: [(PatternsOf, &str); 2] = [
            (|rules| &rules.ignore, ".ignore"),
            (|rules| &rules.git, ".gitignore"),
        ];
        for (patterns, name) in kinds {
            for level in context.levels().take_while(|level| context.base <= level.prefix) {
                match patterns(&level.rules).say(path.get(level.prefix..).unwrap_or_default(), is_dir) {
                    Said::LeaveOut(pattern) => {
                        let dir = String::from_utf8_lossy(&level.dir);
                        let slash = if dir.is_empty() { "" } else { "/" };
                        return Some(format!("`{pattern}` in {dir}{slash}{name}"));
                    }
                    Said::TakeIn { .. } => return None,
                    Said::Nothing => {}
                }
            }
        }
        if context.base != 0 {
            return None;
        }
        for (patterns, name) in [
            (&self.info_exclude, ".git/info/exclude"),
            (&self.global, "the global excludes"),
        ] {
            match patterns.say(path, is_dir) {
                Said::LeaveOut(pattern) => return Some(format!("`{pattern}` in {name}")),
                Said::TakeIn { .. } => return None,
                Said::Nothing => {}
            }
        }
        None
    }
}
