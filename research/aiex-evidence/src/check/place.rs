//! Spans of files: whether they say what was read, whether a place lies in what was cited, and what stands there.

use crate::fold::fold;
use crate::{Origin, Source};

/// Whether the lines of a file that `origin` names say `text`, but for spaces. Not so for what is no span of a file.
pub fn stands(origin: &Origin, text: &str, file: &str) -> bool {
    let Some(span) = origin.span() else {
        return false;
    };
    let place = |line: u32| usize::try_from(line).unwrap_or(usize::MAX);
    let lines: Vec<&str> = file.lines().collect();
    let there = place(span.first)
        .checked_sub(1)
        .and_then(|first| lines.get(first..place(span.last)));
    there.is_some_and(|there| fold(&there.join("\n")).trim() == fold(text).trim())
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

/// The lines of a source from one to another of its file; all of it where it is no span of a file.
pub(super) fn lines(source: &Source, first: u32, last: u32) -> String {
    let Some(span) = source.origin.span() else {
        return fold(&source.text);
    };
    let count = |lines: u32| usize::try_from(lines).unwrap_or(usize::MAX);
    let there: Vec<&str> = source
        .text
        .lines()
        .skip(count(first.saturating_sub(span.first)))
        .take(count(last - first).saturating_add(1))
        .collect();
    fold(&there.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(first_line: u32, last_line: u32) -> Origin {
        Origin::Code {
            repo: "r".into(),
            root: "/r".into(),
            commit: Some("c0ffee".into()),
            path: "src/a.rs".into(),
            first_line,
            last_line,
        }
    }

    #[test]
    fn a_span_stands_where_its_lines_say_the_same() {
        let file = "fn a() {}\nfn b() {\n    1\n}\n";
        let body = "fn b() {\n    1\n}";
        assert!(stands(&origin(2, 4), body, file));
        assert!(!stands(&origin(1, 3), body, file), "moved");
        assert!(!stands(&origin(2, 4), "fn b() {\n    2\n}", file), "changed");
        assert!(!stands(&origin(9, 9), "fn z() {}", file), "out of the file");
        assert!(!stands(&origin(0, 1), "fn a() {}", file), "lines count from one");
        assert!(!stands(&origin(4, 2), "", file), "backwards");
        let url = "https://example.org/a".to_owned();
        assert!(!stands(&Origin::Web { url }, "fn a() {}", file));
    }
}
