//! `aiex bookmark`: what is kept, and what has become of it.

mod named;
mod shown;

use std::path::{Path, PathBuf};

use aiex_protocol::sessions::{AddBookmark, Bookmark, BookmarkTarget, ListBookmarks, RemoveBookmarks};
use aiex_protocol::{Call, Event};
use clap::{Args, Subcommand};

use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::place::{self, LinesInFile};
use crate::printer::Printer;
use crate::quantity::counted;
use crate::repository;
use crate::run_name;
use crate::session::Session;
use crate::verb::history::Whose;

use named::Named;
use shown::render;

const EXAMPLES: &str = "\
Examples:
  aiex bookmark add src/retry.rs:42-60 --note 'why is the limit 7?' --tag todo
  aiex bookmark add https://docs.rs/tokio --note 'how others wait'
  aiex bookmark add commit:1a2b3c4             what a commit says of itself
  aiex bookmark add latest#S1.2                a quote of the last report
  aiex bookmark                                the bookmarks of this repository, and where their lines are now
  aiex bookmark limit --tag todo               those that speak of a limit
  aiex bookmark list --all --json | jq -r .path
  aiex bookmark remove 3 4
";

/// Keep lines, pages, commits and quotes, and find them again
///
/// A bookmark keeps the lines themselves, secrets blotted out. When it is listed they are looked for in the file as it
/// is now: they are where they were, have moved, were changed, or are gone. Of a commit it keeps the message, of a
/// report's quote what is quoted and where it lies; a page is kept by its address alone and is not fetched. Pages and
/// quotes belong to no repository, and are listed in each.
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
    /// Keep lines, a page, a commit or a quote
    Add {
        /// Lines as in `src/retry.rs:42` or `src/retry.rs:42-60`, the address of a page, a commit as in `commit:1a2b3c4`,
        /// or a quote of a report as in `latest#S1.2`
        #[arg(value_name = "WHAT")]
        what: Named,
        /// What to say of it
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        note: String,
        /// A word to find it by; may be repeated
        #[arg(long = "tag", short = 't', value_name = "TAG")]
        tags: Vec<String>,
        /// The repository that the file or the commit is in [default: the one around the file, or the one you stand in]
        #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
        repo: Option<PathBuf>,
    },
    /// List bookmarks, the newest first
    List(ListFlags),
    /// Remove bookmarks
    Remove {
        /// Their numbers, as `list` shows them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<u64>,
    },
}

/// Which bookmarks to list, and how.
#[derive(Debug, Args)]
struct ListFlags {
    /// Only bookmarks whose place, note or text hold this, whatever the case
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
    let session = Session::open(false, printer, interrupt).await?;
    let action = verb.action.unwrap_or(Action::List(verb.list));
    let outcome = ask(action, &session, printer, interrupt).await;
    session.close().await;
    let (bookmarks, done) = outcome?;
    show(&bookmarks, &done, printer)
}

async fn ask(
    action: Action,
    session: &Session,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<(Vec<Bookmark>, Done), Failure> {
    let (call, done) = match action {
        Action::Add {
            what,
            note,
            tags,
            repo,
        } => {
            let args = adding(what, repo.as_deref(), session, printer, interrupt).await?;
            (Call::BookmarkAdd(AddBookmark { note, tags, ..args }), Done::Added)
        }
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
    let bookmarks = session.fetch(call, printer, interrupt, |event| match event {
        Event::Bookmarks(list) => Some(list.bookmarks),
        _ => None,
    });
    Ok((bookmarks.await?, done))
}

/// What to keep, without what is said of it.
async fn adding(
    what: Named,
    repo: Option<&Path>,
    session: &Session,
    printer: &Printer,
    interrupt: &mut Interrupt,
) -> Result<AddBookmark, Failure> {
    let of = |repo: String, target| AddBookmark {
        repo,
        target: Some(target),
        ..AddBookmark::default()
    };
    Ok(match what {
        Named::Lines(lines) => adding_lines(lines, repo)?,
        Named::Page(url) => of(String::new(), BookmarkTarget::Page { url }),
        Named::Commit(commit) => of(repository::absolute(repo)?, BookmarkTarget::Commit { commit }),
        Named::Quote { run, quote } => {
            let run = run_name::find(&run, session, printer, interrupt).await?.id;
            of(String::new(), BookmarkTarget::Quote { run, quote })
        }
    })
}

/// A file that is there is named by its whole path; any other name is one from the root of the repository.
fn adding_lines(lines: LinesInFile, repo: Option<&Path>) -> Result<AddBookmark, Failure> {
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
        ..AddBookmark::default()
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
