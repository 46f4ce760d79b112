//! One compiled ignore file. It knows the syntax, not where the file ranks among others.

use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::open;
use crate::relpath::{bytes_path, within};

/// Ignore files are written by hand; what lies beyond a megabyte was not.
const FILE_CAP: u64 = 1024 * 1024;

/// A line of an ignore file that could not be understood. It is left out; the other lines hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleProblem {
    /// The file, relative to the root where it lies in it.
    pub file: String,
    /// The line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// The pattern as written.
    pub pattern: String,
    /// What is wrong with it.
    pub message: String,
}

/// The lines of a rule file that is read through links.
pub(super) struct RuleFile;

impl RuleFile {
    /// Numbered lines of a file that the user may keep behind a link.
    pub(super) fn linked(path: &Path) -> Vec<(Option<usize>, String)> {
        open::small_linked(path, FILE_CAP)
            .map(|bytes| lines(&bytes))
            .unwrap_or_default()
    }
}

/// The patterns of one ignore file, relative to the directory it holds for.
#[derive(Debug)]
pub(super) struct Patterns {
    set: Gitignore,
    /// For each pattern that takes something in and has a slash, how far it can be followed without guessing.
    reach: Vec<Reach>,
}

#[derive(Debug)]
struct Reach {
    prefix: Vec<u8>,
    whole: bool,
}

/// What an ignore file says of a path.
pub(super) enum Said {
    Nothing,
    LeaveOut(String),
    TakeIn { exact: bool },
}

impl Patterns {
    pub(super) fn none() -> Patterns {
        Patterns {
            set: Gitignore::empty(),
            reach: Vec::new(),
        }
    }

    /// The file at `path`, when it is a regular file that no link leads to.
    pub(super) fn strict(path: &Path, label: &str, problems: &mut Vec<RuleProblem>) -> Patterns {
        match open::small(path, FILE_CAP) {
            Some(bytes) => Patterns::compile(lines(&bytes), label, problems),
            None => Patterns::none(),
        }
    }

    /// The file at `path`, links followed.
    pub(super) fn linked(path: Option<&Path>, problems: &mut Vec<RuleProblem>) -> Patterns {
        let Some(path) = path else { return Patterns::none() };
        Patterns::compile(RuleFile::linked(path), &path.to_string_lossy(), problems)
    }

    pub(super) fn compile(
        lines: impl IntoIterator<Item = (Option<usize>, String)>,
        label: &str,
        problems: &mut Vec<RuleProblem>,
    ) -> Patterns {
        let mut builder = GitignoreBuilder::new("");
        let mut reach = Vec::new();
        let mut problem = |line: Option<usize>, pattern: &str, message: String| {
            let line = line.unwrap_or_default();
            problems.push(RuleProblem {
                file: label.to_owned(),
                line,
                pattern: pattern.to_owned(),
                message,
            });
        };
        for (number, line) in lines {
            match builder.add_line(None, &line) {
                Ok(_) => reach.extend(Reach::of(&line)),
                Err(error) => problem(number, &line, error.to_string()),
            }
        }
        match builder.build() {
            Ok(set) => Patterns { set, reach },
            Err(error) => {
                problem(None, "", error.to_string());
                Patterns::none()
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// What the file says of `path`, which is relative to the directory of the file.
    pub(super) fn say(&self, path: &[u8], is_dir: bool) -> Said {
        if self.set.is_empty() {
            return Said::Nothing;
        }
        match self.set.matched(bytes_path(path), is_dir) {
            Match::None => Said::Nothing,
            Match::Ignore(glob) => Said::LeaveOut(glob.original().to_owned()),
            Match::Whitelist(glob) => Said::TakeIn {
                exact: !is_dir && !has_wildcard(glob.original()),
            },
        }
    }

    /// Whether `path` lies where a pattern with a slash points to.
    pub(super) fn reaches_to(&self, path: &[u8]) -> bool {
        self.reach.iter().any(|reach| within(path, &reach.prefix))
    }

    /// Whether a pattern takes in something below `dir`, which is relative to the directory of the file.
    pub(super) fn reaches_into(&self, dir: &[u8]) -> bool {
        self.reach.iter().any(|reach| {
            within(&reach.prefix, dir) && reach.prefix != dir || !reach.whole && within(dir, &reach.prefix)
        })
    }
}

impl Reach {
    fn of(line: &str) -> Option<Reach> {
        let pattern = line.trim_end().strip_prefix('!')?;
        let bare = pattern.trim_start_matches('/').trim_end_matches('/');
        if !pattern.starts_with('/') && !bare.contains('/') {
            return None;
        }
        let literal: Vec<&str> = bare.split('/').take_while(|part| !has_wildcard(part)).collect();
        let prefix = literal.join("/").into_bytes();
        let whole = prefix.len() == bare.len();
        (!prefix.is_empty()).then_some(Reach { prefix, whole })
    }
}

fn has_wildcard(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '\\'])
}

fn lines(bytes: &[u8]) -> Vec<(Option<usize>, String)> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    text.lines()
        .enumerate()
        .map(|(index, line)| (Some(index + 1), line.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Patterns, Said};

    fn patterns(text: &str) -> Patterns {
        Patterns::compile(super::lines(text.as_bytes()), "test", &mut Vec::new())
    }

    #[test]
    fn a_line_that_makes_no_sense_is_reported_and_the_rest_holds() {
        let mut problems = Vec::new();
        let text = "a{\n*.log\n{b,c\n**[z-a]\n";
        let patterns = Patterns::compile(super::lines(text.as_bytes()), ".gitignore", &mut problems);
        assert!(matches!(patterns.say(b"x.log", false), Said::LeaveOut(_)));
        assert!(matches!(patterns.say(b"src", true), Said::Nothing));
        assert!(!problems.is_empty());
        assert!(
            problems
                .iter()
                .all(|problem| problem.file == ".gitignore" && problem.line != 0)
        );
    }

    #[test]
    fn only_anchored_patterns_reach_into_directories() {
        let some = patterns("!build/keep/*.rs\n!*.go\n!/out/x.txt\n!**/deep.c\n");
        for (dir, reached) in [
            ("build", true),
            ("build/keep", true),
            ("build/other", false),
            ("build/keep/more", true),
            ("out", true),
            ("out/x.txt", false),
            ("buildx", false),
            ("node_modules", false),
        ] {
            assert_eq!(some.reaches_into(dir.as_bytes()), reached, "{dir}");
        }
    }

    #[test]
    fn a_name_without_a_wildcard_is_exact() {
        let some = patterns("!.env\n!*.pem\n");
        assert!(matches!(some.say(b"a/.env", false), Said::TakeIn { exact: true }));
        assert!(matches!(
            some.say(b"a/k.pem", false),
            Said::TakeIn { exact: false }
        ));
    }
}
