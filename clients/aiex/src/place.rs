//! Files and lines as users name them, and as the daemon wants them.

use std::path::Path;
use std::str::FromStr;

use crate::failure::Failure;
use crate::repository;

/// A line of a file: `src/retry.rs:42`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineInFile {
    /// The file.
    pub(crate) path: String,
    /// From 1.
    pub(crate) line: u32,
}

impl FromStr for LineInFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "it is not a file, a colon and a line, as in `src/retry.rs:42`";
        let (path, line) = text.rsplit_once(':').ok_or(WRONG)?;
        let line = line.parse().ok().filter(|line| *line > 0).ok_or(WRONG)?;
        if path.is_empty() {
            return Err(WRONG);
        }
        Ok(Self {
            path: path.to_owned(),
            line,
        })
    }
}

/// Lines of a file: `src/retry.rs:42` or `src/retry.rs:42-60`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinesInFile {
    /// The file.
    pub(crate) path: String,
    /// From 1.
    pub(crate) first: u32,
    /// Inclusive, and not before the first.
    pub(crate) last: u32,
}

impl FromStr for LinesInFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str =
            "it is not a file, a colon and lines, as in `src/retry.rs:42` or `src/retry.rs:42-60`";
        let (path, lines) = text.rsplit_once(':').ok_or(WRONG)?;
        let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
        let number = |text: &str| text.parse::<u32>().ok().filter(|line| *line > 0);
        let (first, last) = number(first).zip(number(last)).ok_or(WRONG)?;
        if path.is_empty() || last < first {
            return Err(WRONG);
        }
        Ok(Self {
            path: path.to_owned(),
            first,
            last,
        })
    }
}

/// The folder that relative paths start from.
pub(crate) fn here() -> Result<String, Failure> {
    repository::absolute(None)
}

/// A path that names a file from the root of the file system, without links on the way to it; others as they are.
pub(crate) fn real(path: &str) -> String {
    let whole = Path::new(path);
    let parts = whole
        .is_absolute()
        .then(|| whole.parent().zip(whole.file_name()))
        .flatten();
    let Some((folder, name)) = parts else {
        return path.to_owned();
    };
    folder
        .canonicalize()
        .ok()
        .and_then(|folder| folder.join(name).to_str().map(str::to_owned))
        .unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stands_behind_the_last_colon() {
        let read = |text: &str| {
            text.parse::<LineInFile>()
                .ok()
                .map(|place| (place.path, place.line))
        };
        assert_eq!(read("src/a.rs:42"), Some(("src/a.rs".to_owned(), 42)));
        assert_eq!(read("a:b:1"), Some(("a:b".to_owned(), 1)));
        for wrong in ["src/a.rs", "src/a.rs:", "src/a.rs:0", "src/a.rs:x", ":3"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lines_are_one_or_a_first_and_a_last() {
        let read = |text: &str| {
            let lines = text.parse::<LinesInFile>().ok();
            lines.map(|lines| (lines.path, lines.first, lines.last))
        };
        assert_eq!(read("src/a.rs:42"), Some(("src/a.rs".to_owned(), 42, 42)));
        assert_eq!(read("a-b:1-3"), Some(("a-b".to_owned(), 1, 3)));
        for wrong in ["a", "a:", "a:0", "a:3-1", "a:1-", "a:-3", "a:1-2-3", ":1-2"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
