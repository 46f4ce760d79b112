//! Spans of files: whether a place lies in what was cited, and whether it still says what it said.

use crate::fold::fold;
use crate::{Origin, Source};

/// The files that sources are spans of, as they are now or at a commit. Given by the caller: this crate reads none.
pub trait Files {
    /// The text of `path` below `root`: at a commit, or as it lies there. `None` when it cannot be read.
    fn file(&self, root: &str, commit: Option<&str>, path: &str) -> Option<String>;
}

/// Whether a source that is a span of a file is still what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// The lines say what they said.
    Resolved,
    /// The text is in the file, at other lines.
    Moved {
        /// The line it begins at now, from 1.
        first_line: u32,
    },
    /// The file is there and says something else.
    Stale,
    /// The file has fewer lines.
    OutOfBounds {
        /// How many it has.
        lines: u32,
    },
    /// The file cannot be read.
    Missing,
    /// The source is no span of a file.
    NotAFile,
}

/// Looks a source up in the files.
pub fn resolve(source: &Source, files: &dyn Files) -> Resolution {
    let Some(span) = source.origin.span() else {
        return Resolution::NotAFile;
    };
    let Some(text) = files.file(span.root, span.commit, span.path) else {
        return Resolution::Missing;
    };
    let lines: Vec<&str> = text.lines().collect();
    let place = |line: u32| usize::try_from(line).unwrap_or(usize::MAX);
    let wanted = fold(&source.text);
    let wanted = wanted.trim();
    let within = span.first >= 1 && span.first <= span.last && place(span.last) <= lines.len();
    if within {
        let there = lines
            .get(place(span.first) - 1..place(span.last))
            .unwrap_or_default()
            .join("\n");
        if fold(&there).trim() == wanted {
            return Resolution::Resolved;
        }
    }
    let length = source.text.lines().count().max(1);
    let moved = lines
        .windows(length)
        .position(|window| fold(&window.join("\n")).trim() == wanted);
    match moved {
        Some(at) if !wanted.is_empty() => Resolution::Moved {
            first_line: u32::try_from(at + 1).unwrap_or(u32::MAX),
        },
        _ if !within => Resolution::OutOfBounds {
            lines: u32::try_from(lines.len()).unwrap_or(u32::MAX),
        },
        _ => Resolution::Stale,
    }
}

/// Whether a name stands as a whole word on a line of a source's text.
pub fn names_symbol(source: &Source, name: &str) -> bool {
    super::contains_words(&source.text, name.trim_matches('`').trim_end_matches("()"))
}

/// Whether lines of a file lie within an origin. A path may be given by its end: `lib.rs` for `src/lib.rs`.
pub(super) fn covers(origin: &Origin, path: &str, first: u32, last: u32) -> bool {
    origin.span().is_some_and(|span| {
        let same = span.path == path
            || span
                .path
                .strip_suffix(path)
                .is_some_and(|head| head.ends_with('/'));
        same && span.first <= first && first <= last && last <= span.last
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Catalogue, Document};

    struct One(&'static str);

    impl Files for One {
        fn file(&self, root: &str, commit: Option<&str>, path: &str) -> Option<String> {
            (root == "/r" && commit == Some("c0ffee") && path == "src/a.rs").then(|| self.0.to_owned())
        }
    }

    fn resolved(path: &str, lines: (u32, u32), text: &str, file: &'static str) -> Resolution {
        let origin = Origin::Code {
            repo: "r".into(),
            root: "/r".into(),
            commit: Some("c0ffee".into()),
            path: path.into(),
            first_line: lines.0,
            last_line: lines.1,
        };
        let mut catalogue = Catalogue::new();
        let (title, text) = (String::new(), text.to_owned());
        let id = catalogue.add(Document {
            origin,
            title,
            date: None,
            read_at: 0,
            text,
            instructs: false,
        });
        resolve(catalogue.get(id).unwrap(), &One(file))
    }

    #[test]
    fn a_span_resolves_moves_goes_stale_or_is_gone() {
        let file = "fn a() {}\nfn b() {\n    1\n}\n";
        assert_eq!(
            resolved("src/a.rs", (2, 4), "fn b() {\n    1\n}", file),
            Resolution::Resolved
        );
        assert_eq!(
            resolved("src/a.rs", (1, 3), "fn b() {\n    1\n}", file),
            Resolution::Moved { first_line: 2 }
        );
        assert_eq!(
            resolved("src/a.rs", (2, 4), "fn b() {\n    2\n}", file),
            Resolution::Stale
        );
        assert_eq!(
            resolved("src/a.rs", (9, 9), "fn z() {}", file),
            Resolution::OutOfBounds { lines: 4 }
        );
        assert_eq!(
            resolved("src/b.rs", (1, 1), "fn a() {}", file),
            Resolution::Missing
        );
        assert_eq!(
            resolved("src/a.rs", (0, 1), "fn y() {}", file),
            Resolution::OutOfBounds { lines: 4 }
        );
    }
}
