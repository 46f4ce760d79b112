//! What shows something rather than says it: examples, output of consoles, tests, templates. It seldom answers a question,
//! and it holds the words of many.

use crate::Source;
use crate::words::{stem, words};

/// What such a piece keeps of its score.
const KEPT: f64 = 0.4;

/// Words of questions that ask for it after all, by their stems.
const WANTS_EXAMPLES: &[&str] = &[
    "exampl", "command", "output", "print", "usag", "snippet", "consol", "invok", "flag", "templat",
];
const WANTS_TESTS: &[&str] = &["test", "fixtur", "bench", "benchmark", "assert"];
const WANTS_TEMPLATES: &[&str] = &["templat", "exampl"];

/// What folders and files of tests are called, and folders of templates.
const TESTS: &[&str] = &[
    "test",
    "tests",
    "testdata",
    "__tests__",
    "fixtures",
    "benches",
    "snapshots",
    "golden",
];
const TESTS_MARK: &str = "#[cfg(test)]";
const TEMPLATES: &[&str] = &["templates", "examples"];

/// What a question wants of it.
pub(super) struct Aside {
    examples: bool,
    tests: bool,
    templates: bool,
}

impl Aside {
    pub(super) fn wanted_by(question: &str) -> Self {
        let asked: Vec<String> = words(question).iter().map(|word| stem(word.text)).collect();
        let wants = |list: &[&str]| list.iter().any(|word| asked.iter().any(|asked| asked == word));
        Self {
            examples: wants(WANTS_EXAMPLES),
            tests: wants(WANTS_TESTS),
            templates: wants(WANTS_TEMPLATES),
        }
    }

    /// What an example, a block within prose or within a comment, keeps of its score.
    pub(super) fn example(&self) -> f64 {
        kept(self.examples)
    }

    /// Where the mark of tests ends in a source that has one: what stands below it is one.
    pub(super) fn tests_begin(source: &Source) -> Option<usize> {
        source.text.find(TESTS_MARK).map(|at| at + TESTS_MARK.len())
    }

    /// What a piece of a source keeps of its score for where it stands.
    pub(super) fn place(&self, source: &Source, is_below_tests: bool, piece: &str) -> f64 {
        let path = source.origin.path().unwrap_or_default().to_ascii_lowercase();
        let mut titles = source.title.split([' ', '>', ':', '.']);
        // `a_test.go`, `test_a.py`, `a.test.ts`, `tests.rs`.
        let mut names = path.split(['/', '.', '_']);
        let is_test = names.any(|name| TESTS.contains(&name))
            || (!path.is_empty() && titles.any(|name| matches!(name, "test" | "tests" | "Test" | "Tests")))
            || is_below_tests
            || piece.contains(TESTS_MARK)
            || piece.contains("#[test]");
        let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
        let is_template = folders.split('/').any(|name| TEMPLATES.contains(&name));
        match () {
            () if is_test => kept(self.tests),
            () if is_template => kept(self.templates),
            () => 1.0,
        }
    }
}

fn kept(wanted: bool) -> f64 {
    if wanted { 1.0 } else { KEPT }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalogue, Document, Origin};

    fn kept(question: &str, path: &str, title: &str) -> f64 {
        let mut catalogue = Catalogue::new();
        let id = catalogue.add(Document {
            origin: Origin::Code {
                repo: "shop".into(),
                root: "/shop".into(),
                commit: None,
                path: path.into(),
                first_line: 1,
                last_line: 9,
            },
            title: title.into(),
            date: None,
            licence: None,
            read_at: 0,
            text: "let parcel = weigh();".into(),
            instructs: false,
        });
        Aside::wanted_by(question).place(catalogue.get(id).unwrap(), false, "let parcel = weigh();")
    }

    #[test]
    fn tests_and_templates_stand_back_unless_they_are_asked_for() {
        for (path, title) in [
            ("tests/weigh.rs", "weigh"),
            ("src/weigh_test.go", "Weigh"),
            ("src/weigh.rs", "tests > weighs"),
            ("templates/parcel.toml", ""),
        ] {
            assert!(kept("how is a parcel weighed", path, title) < 1.0, "{path}");
        }
        assert_eq!(kept("how is a parcel weighed", "src/template.rs", "weigh"), 1.0);
        assert_eq!(kept("which test weighs a parcel", "tests/weigh.rs", "weigh"), 1.0);
    }
}
