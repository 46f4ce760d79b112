//! Where a page of an exhaustive search ended.
//!
//! Written as `generation-line-path`, in characters that no shell touches. To users it is a word to hand back.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

/// The last line of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The generation that the page was taken from.
    pub(crate) generation: u64,
    /// From 1.
    pub(crate) line: u32,
    /// Inside the repository, with `/`.
    pub(crate) path: String,
}

impl Cursor {
    /// Whether a line lies behind it.
    pub(crate) fn is_before(&self, path: &str, line: u32) -> bool {
        (self.path.as_str(), self.line) < (path, line)
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._-".contains(&byte)
}

impl Display for Cursor {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-", self.generation, self.line)?;
        for byte in self.path.bytes() {
            if is_plain(byte) {
                write!(f, "{}", char::from(byte))?;
            } else {
                write!(f, "%{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// The word is no cursor.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(word: &str) -> Result<Self, NoCursor> {
        let mut parts = word.splitn(3, '-');
        let mut part = || parts.next().ok_or(NoCursor);
        let generation = part()?.parse().map_err(|_| NoCursor)?;
        let line = part()?.parse().map_err(|_| NoCursor)?;
        let mut path = Vec::new();
        let mut rest = part()?.as_bytes();
        while let Some((first, behind)) = rest.split_first() {
            rest = behind;
            if *first != b'%' {
                path.push(*first);
                continue;
            }
            let (digits, behind) = rest.split_at_checked(2).ok_or(NoCursor)?;
            let digits = std::str::from_utf8(digits).map_err(|_| NoCursor)?;
            path.push(u8::from_str_radix(digits, 16).map_err(|_| NoCursor)?);
            rest = behind;
        }
        let path = String::from_utf8(path).map_err(|_| NoCursor)?;
        if path.is_empty() {
            return Err(NoCursor);
        }
        Ok(Self {
            generation,
            line,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_from_its_word_whatever_the_path() {
        for path in ["src/retry.rs", "a b/ü-%41.txt", "-", "\u{1}'\""] {
            let cursor = Cursor {
                generation: 12,
                line: 340,
                path: path.to_owned(),
            };
            let word = cursor.to_string();
            assert!(word.bytes().all(|byte| is_plain(byte) || byte == b'%'), "{word}");
            assert_eq!(word.parse(), Ok(cursor));
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for word in [
            "", "12", "12-3", "12-3-", "x-3-a", "12-x-a", "1-2-%", "1-2-%zz", "1-2-%ff",
        ] {
            assert_eq!(word.parse::<Cursor>(), Err(NoCursor), "{word}");
        }
    }

    #[test]
    fn lines_behind_are_those_of_later_paths_and_later_lines() {
        let cursor: Cursor = "1-5-b".parse().unwrap();
        assert!(cursor.is_before("b", 6) && cursor.is_before("c", 1));
        assert!(!cursor.is_before("b", 5) && !cursor.is_before("a", 9));
    }
}
