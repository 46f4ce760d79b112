//! What a directory says about itself: its ignore files and the marks of what it is. It knows no other directory.

use std::sync::Arc;

use super::patterns::{Patterns, RuleProblem};
use super::{AIEX_IGNORE, names};
use crate::open;
use crate::reason::SkipReason;
use crate::relpath::{bytes_path, file_name};
use crate::root::Root;

/// What every `CACHEDIR.TAG` begins with (<https://bford.info/cachedir/>). A file of that name without it is no tag.
const CACHEDIR_SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// What a directory says about itself.
#[derive(Debug)]
pub(crate) struct DirFacts {
    pub(super) rules: Option<Arc<DirRules>>,
    pub(super) boundary: bool,
    pub(super) left_out: Option<(SkipReason, &'static str)>,
}

/// The ignore files of one directory.
#[derive(Debug)]
pub(super) struct DirRules {
    pub(super) aiex: Patterns,
    pub(super) ignore: Patterns,
    pub(super) git: Patterns,
}

/// The entries of a directory that matter here.
#[derive(Default)]
pub(crate) struct Marks {
    aiex: bool,
    ignore: bool,
    git_ignore: bool,
    dot_git: bool,
    cache_tag: bool,
    python: bool,
    vendor: bool,
}

impl Marks {
    /// Takes note of one entry.
    pub(crate) fn note(&mut self, name: &[u8]) {
        match name {
            b".aiexignore" => self.aiex = true,
            b".ignore" => self.ignore = true,
            b".gitignore" => self.git_ignore = true,
            b".git" => self.dot_git = true,
            b"CACHEDIR.TAG" => self.cache_tag = true,
            b"pyvenv.cfg" => self.python = true,
            _ => self.vendor |= names::VENDOR_MARKS.iter().any(|mark| mark.as_bytes() == name),
        }
    }
}

impl DirFacts {
    /// From the entries that were listed.
    pub(crate) fn listed(
        root: &Root,
        dir: &[u8],
        marks: &Marks,
        problems: &mut Vec<RuleProblem>,
    ) -> DirFacts {
        let path = root.path.join(bytes_path(dir));
        let boundary = !dir.is_empty() && marks.dot_git;
        let mut left_out = None;
        if !dir.is_empty() && !boundary {
            let tagged = || {
                let head = open::small(&path.join("CACHEDIR.TAG"), CACHEDIR_SIGNATURE.len() as u64);
                head.is_some_and(|head| head == CACHEDIR_SIGNATURE)
            };
            if marks.cache_tag && tagged() {
                left_out = Some((SkipReason::CacheDir, "tagged by CACHEDIR.TAG"));
            } else if marks.python {
                left_out = Some((SkipReason::Vendored, "a Python virtual environment"));
            } else if file_name(dir) == b"vendor" && (marks.vendor || dir.len() == b"vendor".len()) {
                left_out = Some((SkipReason::Vendored, "copies of other projects"));
            }
        }
        let mut read = |present: bool, name: &str| {
            if !present {
                return Patterns::none();
            }
            let mut label = String::from_utf8_lossy(dir).into_owned();
            if !label.is_empty() {
                label.push('/');
            }
            label.push_str(name);
            Patterns::strict(&path.join(name), &label, problems)
        };
        let rules = DirRules {
            aiex: read(marks.aiex, AIEX_IGNORE),
            ignore: read(marks.ignore, ".ignore"),
            git: read(marks.git_ignore, ".gitignore"),
        };
        let empty = rules.aiex.is_empty() && rules.ignore.is_empty() && rules.git.is_empty();
        DirFacts {
            rules: (!empty).then(|| Arc::new(rules)),
            boundary,
            left_out,
        }
    }

    /// From the disk, without listing the directory.
    pub(crate) fn on_disk(root: &Root, dir: &[u8], problems: &mut Vec<RuleProblem>) -> DirFacts {
        let path = root.path.join(bytes_path(dir));
        let mut marks = Marks::default();
        for name in [
            AIEX_IGNORE,
            ".ignore",
            ".gitignore",
            ".git",
            "CACHEDIR.TAG",
            "pyvenv.cfg",
        ] {
            if path.join(name).symlink_metadata().is_ok() {
                marks.note(name.as_bytes());
            }
        }
        if file_name(dir) == b"vendor" {
            let present = |mark: &&&str| path.join(mark).symlink_metadata().is_ok();
            if let Some(mark) = names::VENDOR_MARKS.iter().find(present) {
                marks.note(mark.as_bytes());
            }
        }
        DirFacts::listed(root, dir, &marks, problems)
    }
}
