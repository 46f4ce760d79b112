//! What can be kept, as users name it.

use std::ops::RangeInclusive;
use std::str::FromStr;

use aiex_protocol::journal::QuoteRef;

use crate::place::LinesInFile;

/// Digits of the beginning of a commit's id, at least, and of all of it.
const DIGITS: RangeInclusive<usize> = 7..=40;

/// Something to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// `src/retry.rs:42-60`.
    Lines(LinesInFile),
    /// `https://example.org/page`.
    Page(String),
    /// `commit:1a2b3c4`, without the word.
    Commit(String),
    /// `latest#S1.2`.
    Quote {
        /// The run, as users name it.
        run: String,
        /// The quote of its report.
        quote: QuoteRef,
    },
}

impl FromStr for Named {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "it is none of `src/retry.rs:42-60`, `https://example.org/page`, \
                             `commit:1a2b3c4` and `latest#S1.2`";
        const NO_ID: &str = "a commit is named by the first 7 hexadecimal digits of its id, or more";
        if is_address(text) {
            return Ok(Self::Page(text.to_owned()));
        }
        if let Some((run, quote)) = quote(text) {
            return Ok(Self::Quote { run, quote });
        }
        let id = text.strip_prefix("commit:");
        if let Some(id) = id.filter(|id| is_id(id)) {
            return Ok(Self::Commit(id.to_owned()));
        }
        // A file may be called `commit`, too.
        text.parse::<LinesInFile>()
            .map(Self::Lines)
            .map_err(|_| if id.is_some() { NO_ID } else { WRONG })
    }
}

fn is_address(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    })
}

fn is_id(text: &str) -> bool {
    DIGITS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn quote(text: &str) -> Option<(String, QuoteRef)> {
    let (run, name) = text.rsplit_once('#')?;
    let (source, number) = name.strip_prefix(['S', 's'])?.split_once('.')?;
    let quote = QuoteRef {
        source: source.parse().ok()?,
        number: number.parse().ok()?,
    };
    (!run.is_empty()).then(|| (run.to_owned(), quote))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_told_by_its_shape() {
        let read = |text: &str| text.parse::<Named>();
        let lines = |path: &str, first, last| {
            Ok(Named::Lines(LinesInFile {
                path: path.to_owned(),
                first,
                last,
            }))
        };
        let commit = |id: &str| Ok(Named::Commit(id.to_owned()));
        let quote = |run: &str, source, number| {
            Ok(Named::Quote {
                run: run.to_owned(),
                quote: QuoteRef { source, number },
            })
        };
        assert_eq!(read("src/a.rs:3-9"), lines("src/a.rs", 3, 9));
        assert_eq!(read("a#S1.2:7"), lines("a#S1.2", 7, 7));
        assert_eq!(read("commit:42"), lines("commit", 42, 42));
        for address in ["https://example.org:8080/a#S1.2", "HTTP://example.org:80"] {
            assert_eq!(read(address), Ok(Named::Page(address.to_owned())));
        }
        assert_eq!(read("commit:0AF3c9d"), commit("0AF3c9d"));
        assert_eq!(read("latest#S1.2"), quote("latest", 1, 2));
        assert_eq!(read("20260131-0af3c9#s12.34"), quote("20260131-0af3c9", 12, 34));
        for wrong in [
            "",
            "a",
            "#S1.2",
            "latest#S1",
            "latest#1.2",
            "latest#S1.x",
            "ftp://a",
        ] {
            assert!(read(wrong).unwrap_err().contains("commit:1a2b3c4"), "{wrong}");
        }
        for wrong in ["commit:", "commit:abc", "commit:0af3c9g"] {
            assert!(
                read(wrong).unwrap_err().contains("7 hexadecimal digits"),
                "{wrong}"
            );
        }
    }
}
