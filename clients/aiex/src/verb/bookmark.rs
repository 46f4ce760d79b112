//! `aiex bookmark`: lines that are kept, and where they are now.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use aiex_protocol::sessions::{AddBookmark, Bookmark, BookmarkStanding, ListBookmarks, RemoveBookmarks};
use aiex_protocol::{Call, Event};
use clap::{Args, Subcommand};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::hit_list::line_range;
use crate::interrupt::Interrupt;
use crate::palette::Palette;
use crate::place::{self, LinesInFile};
use crate::printer::Printer;
use crate::quantity::counted;
use crate::repository;
use crate::session::Session;
use crate::snippet::{displayable, fit, one_line};
use crate::verb::history::Whose;

/// Lines shown of each bookmark.
const SHOWN_LINES: usize = 3;

const EXAMPLES: &str = "\
Examples:
  aiex bookmark add src/retry.rs:42-60 --note 'why is the limit 7?' --tag todo
  aiex bookmark                                the bookmarks of this repository, and where their lines are now
  aiex bookmark limit --tag todo               those that speak of a limit
  aiex bookmark list --all --json | jq -r .path
  aiex bookmark remove 3 4
";

/// Keep lines of files, and find them again
///
/// A bookmark keeps the lines themselves, secrets blotted out. When it is listed they are looked for in the file as it
/// is now: they are where they were, have moved, were changed, or are gone.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_help_heading = "Actions")]
#[command(subcommand_value_name = "ACTION", after_long_help = EXAMPLES)]
pub(crate) struct BookmarkVerb {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    list: ListFlags,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Keep lines
    Add {
        /// The lines: a file, a colon and a line, or the first and the last
        #[arg(value_name = "FILE:LINE[-LINE]")]
        lines: LinesInFile,
        /// What to say of them
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        note: String,
        /// A word to find them by; may be repeated
        #[arg(long = "tag", short = 't', value_name = "TAG")]
        tags: Vec<String>,
        /// The repository that the file is in [default: the one around the file]
        #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
        repo: Option<PathBuf>,
    },
    /// List bookmarks, the newest first
    List(ListFlags),
    /// Keep lines no longer
    Remove {
        /// Their numbers, as `list` shows them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<u64>,
    },
}

/// Which bookmarks to list, and how.
#[derive(Debug, Args)]
struct ListFlags {
    /// Only bookmarks whose path, note or lines hold this, whatever the case
    #[arg(value_name = "TEXT")]
    text: Vec<String>,

    /// Only bookmarks with this tag; may be repeated
    #[arg(long = "tag", short = 't', value_name = "TAG")]
    tags: Vec<String>,

    #[command(flatten)]
    of: Whose,

    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// What to do with the bookmarks that come back.
enum Done {
    Added,
    Listed { json: bool, is_mixed: bool },
    Removed,
}

/// Carries the verb out.
pub(crate) async fn run(
    verb: BookmarkVerb,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<ExitCode, Failure> {
    let (call, done) = match verb.action.unwrap_or(Action::List(verb.list)) {
        Action::Add {
            lines,
            note,
            tags,
            repo,
        } => (
            Call::BookmarkAdd(adding(lines, note, tags, repo.as_deref())?),
            Done::Added,
        ),
        Action::List(flags) => (
            Call::BookmarkList(ListBookmarks {
                repo: flags.of.folder()?,
                text: flags.text.join(" "),
                tags: flags.tags,
            }),
            Done::Listed {
                json: flags.json,
                is_mixed: flags.of.is_mixed(),
            },
        ),
        Action::Remove { ids } => (Call::BookmarkRemove(RemoveBookmarks { ids }), Done::Removed),
    };
    let session = Session::open(false, printer, interrupt).await?;
    let bookmarks = session.fetch(call, printer, interrupt, |event| match event {
        Event::Bookmarks(list) => Some(list.bookmarks),
        _ => None,
    });
    let bookmarks = bookmarks.await;
    session.close().await;
    show(&bookmarks?, &done, printer)
}

/// A file that is there is named by its whole path; any other name is one from the root of the repository.
fn adding(
    lines: LinesInFile,
    note: String,
    tags: Vec<String>,
    repo: Option<&Path>,
) -> Result<AddBookmark, Failure> {
    let from_here = Path::new(&place::here()?).join(&lines.path);
    let path = match from_here
        .to_str()
        .filter(|_| from_here.symlink_metadata().is_ok())
    {
        Some(path) => place::real(path),
        None => lines.path,
    };
    let folder = Path::new(&path).parent().filter(|folder| folder.is_absolute());
    Ok(AddBookmark {
        repo: repository::absolute(repo.or(folder.filter(|folder| folder.is_dir())))?,
        path,
        first_line: lines.first,
        last_line: lines.last,
        note,
        tags,
    })
}

fn show(bookmarks: &[Bookmark], done: &Done, printer: &Printer) -> Result<ExitCode, Failure> {
    match done {
        Done::Added => printer.data(&render(bookmarks, (printer.width, false), printer.palette))?,
        Done::Removed => {
            let count = counted(bookmarks.len() as u64, "bookmark");
            printer.notice(&format!("removed {count}"));
        }
        Done::Listed { json: true, .. } => {
            for bookmark in bookmarks {
                printer.json(bookmark)?;
            }
        }
        Done::Listed { .. } if bookmarks.is_empty() => {
            printer.notice("no bookmark; `aiex bookmark add FILE:LINE` keeps a line");
        }
        Done::Listed { is_mixed, .. } => {
            printer.data(&render(bookmarks, (printer.width, *is_mixed), printer.palette))?;
        }
    }
    Ok(match done {
        Done::Listed { .. } if bookmarks.is_empty() => ExitCode::NoHits,
        _ => ExitCode::Ok,
    })
}

fn render(bookmarks: &[Bookmark], (width, is_mixed): (usize, bool), palette: Palette) -> String {
    let mut text = String::new();
    for bookmark in bookmarks {
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
        let _ = write!(
            text,
            "{:>3}  {}:{}",
            palette.handle(bookmark.id),
            palette.path(path),
            line_range(first, last)
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

#[cfg(test)]
mod tests {
    use super::*;

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
