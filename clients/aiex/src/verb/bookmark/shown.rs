//! Bookmarks for people.

use std::fmt::Write;

use aiex_protocol::sessions::{Bookmark, BookmarkStanding, BookmarkTarget};

use crate::hit_list::line_range;
use crate::palette::Palette;
use crate::snippet::{displayable, fit, one_line};

/// Columns of a commit's id.
const SHORT_ID: usize = 7;
/// Lines shown of each bookmark.
const SHOWN_LINES: usize = 3;

/// The bookmarks in columns of this width; with the repository of each when they are of several.
pub(super) fn render(bookmarks: &[Bookmark], (width, is_mixed): (usize, bool), palette: Palette) -> String {
    let mut text = String::new();
    for bookmark in bookmarks {
        let _ = write!(
            text,
            "{:>3}  {}",
            palette.handle(bookmark.id),
            heading(bookmark, is_mixed, palette)
        );
        for tag in &bookmark.tags {
            let _ = write!(text, "  {}", palette.symbol(format!("#{}", one_line(tag))));
        }
        match &bookmark.standing {
            None | Some(BookmarkStanding::Kept {}) => {}
            Some(BookmarkStanding::Moved { .. }) => {
                let was = line_range(bookmark.first_line, bookmark.last_line);
                let _ = write!(text, "  {}", palette.dim(format!("moved from {was}")));
            }
            Some(BookmarkStanding::Changed {}) => {
                let _ = write!(text, "  {}", palette.warning("changed since"));
            }
            Some(BookmarkStanding::Gone { why }) => {
                let why = why
                    .as_ref()
                    .map(|why| format!(": {}", one_line(why)))
                    .unwrap_or_default();
                let _ = write!(text, "  {}", palette.bad(format!("gone{why}")));
            }
        }
        text.push('\n');
        if !bookmark.note.is_empty() {
            let _ = writeln!(text, "     {}", one_line(&bookmark.note));
        }
        for line in bookmark.text.lines().take(SHOWN_LINES) {
            let line = fit(&displayable(line), width.saturating_sub(7).max(20));
            let _ = writeln!(text, "       {}", palette.dim(line));
        }
        if bookmark.text.lines().nth(SHOWN_LINES).is_some() {
            let _ = writeln!(text, "       {}", palette.dim("⋮"));
        }
    }
    text
}

/// `src/retry.rs:10-12`, `page https://…`, `commit 1a2b3c4 Its subject`, `quote RUN#S1.2 where it lies`.
fn heading(bookmark: &Bookmark, is_mixed: bool, palette: Palette) -> String {
    let title = one_line(&bookmark.title);
    match &bookmark.target {
        None => {
            let path = if is_mixed {
                displayable(&format!("{}/{}", bookmark.repo, bookmark.path))
            } else {
                displayable(&bookmark.path)
            };
            let (first, last) = match bookmark.standing {
                Some(BookmarkStanding::Moved {
                    first_line,
                    last_line,
                }) => (first_line, last_line),
                _ => (bookmark.first_line, bookmark.last_line),
            };
            format!("{}:{}", palette.path(path), line_range(first, last))
        }
        Some(BookmarkTarget::Page { url }) => format!("page {}", palette.path(displayable(url))),
        Some(BookmarkTarget::Commit { commit }) => {
            let mut name = displayable(commit.get(..SHORT_ID).unwrap_or(commit));
            if is_mixed {
                name = format!("{}@{name}", displayable(&bookmark.repo));
            }
            format!("commit {} {title}", palette.path(name))
        }
        Some(BookmarkTarget::Quote { run, quote }) => {
            let name = format!("{}#S{}.{}", displayable(run), quote.source, quote.number);
            format!("quote {} {title}", palette.path(name))
        }
    }
}

#[cfg(test)]
mod tests {
    use aiex_protocol::journal::QuoteRef;

    use super::*;

    #[test]
    fn pages_commits_and_quotes_are_told_by_their_names() {
        let of = |id, target| Bookmark {
            id,
            target: Some(target),
            ..Bookmark::default()
        };
        let page = BookmarkTarget::Page {
            url: "https://example.org/retry".into(),
        };
        let commit = BookmarkTarget::Commit {
            commit: "0af3c9d".repeat(6),
        };
        let quote = BookmarkTarget::Quote {
            run: "20260131-0af3c9".into(),
            quote: QuoteRef { source: 1, number: 2 },
        };
        let bookmarks = [
            Bookmark {
                note: "how others wait".into(),
                tags: vec!["todo".into()],
                ..of(3, page)
            },
            Bookmark {
                repo: "/src/queue".into(),
                text: "It answers 503\nfor a second.".into(),
                title: "Retry when overloaded".into(),
                standing: Some(BookmarkStanding::Kept {}),
                ..of(2, commit)
            },
            Bookmark {
                text: "The back-off doubles.".into(),
                title: "src/retry.rs:10-12".into(),
                standing: Some(BookmarkStanding::Gone { why: None }),
                ..of(1, quote)
            },
        ];
        let shown = render(&bookmarks, (80, false), Palette::new(false));
        let expected = [
            "  3  page https://example.org/retry  #todo",
            "     how others wait",
            "  2  commit 0af3c9d Retry when overloaded",
            "       It answers 503",
            "       for a second.",
            "  1  quote 20260131-0af3c9#S1.2 src/retry.rs:10-12  gone",
            "       The back-off doubles.",
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
        let mixed = render(&bookmarks[1..2], (80, true), Palette::new(false));
        assert!(
            mixed.starts_with("  2  commit /src/queue@0af3c9d Retry"),
            "{mixed}"
        );
    }

    #[test]
    fn each_bookmark_says_where_its_lines_are_now() {
        let bookmark = |id, standing| Bookmark {
            id,
            repo: "/src/queue".into(),
            path: "src/retry.rs".into(),
            first_line: 10,
            last_line: 13,
            text: "fn a() {\n    b();\n    c();\n}".into(),
            standing: Some(standing),
            ..Bookmark::default()
        };
        let moved = BookmarkStanding::Moved {
            first_line: 20,
            last_line: 23,
        };
        let bookmarks = [
            Bookmark {
                note: "too\nslow".into(),
                tags: vec!["perf".into(), "todo".into()],
                ..bookmark(7, BookmarkStanding::Kept {})
            },
            Bookmark {
                text: "fn a() {".into(),
                ..bookmark(12, moved)
            },
        ];
        let shown = render(&bookmarks, (80, false), Palette::new(false));
        let expected = [
            "  7  src/retry.rs:10-13  #perf  #todo",
            "     too slow",
            "       fn a() {",
            "           b();",
            "           c();",
            "       ⋮",
            " 12  src/retry.rs:20-23  moved from 10-13",
            "       fn a() {",
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
        let gone = [
            Bookmark {
                text: "x".into(),
                ..bookmark(1, BookmarkStanding::Changed {})
            },
            Bookmark {
                text: "x".into(),
                ..bookmark(
                    2,
                    BookmarkStanding::Gone {
                        why: Some("it is a link".into()),
                    },
                )
            },
        ];
        let shown = render(&gone, (80, true), Palette::new(false));
        let expected = [
            "  1  /src/queue/src/retry.rs:10-13  changed since",
            "       x",
            "  2  /src/queue/src/retry.rs:10-13  gone: it is a link",
            "       x",
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
    }
}
