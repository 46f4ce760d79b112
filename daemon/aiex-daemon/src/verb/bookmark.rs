//! `bookmark.*`: what the user keeps. Lines are read as the index reads files, and found again in the files as they are
//! now.

mod found;
mod target;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use aiex_files::{RelPath, secret};
use aiex_protocol::sessions::{
    AddBookmark, BookmarkList, BookmarkStanding, BookmarkTarget, ListBookmarks, RemoveBookmarks,
};
use aiex_protocol::{ErrorCode, Event, WireError};
use aiex_sessions::{Bookmark, KeptBookmark, Mark};

use super::Running;
use super::history::root;
use super::search::absolute;
use crate::daemon::now_ms;
use crate::notebook::Notebook;
use crate::research::local::file::Unread;
use crate::research::{run_id, wire_error};
use crate::wire;

/// Lines of one bookmark: more are a file, and a path keeps that as well.
const MAX_LINES: u32 = 200;
/// Bytes of the lines of one bookmark.
const MAX_BYTES: usize = 32 << 10;
/// Bytes of a note and of a tag, and tags of one bookmark.
const MAX_NOTE_BYTES: usize = 4 << 10;
const MAX_TAG_BYTES: usize = 64;
const MAX_TAGS: usize = 16;

/// Keeps lines, a page, a commit or a quote.
pub(super) async fn add(running: &Arc<Running>, args: AddBookmark) -> Result<(), WireError> {
    running.enter("reading what is to be kept");
    let (note, tags) = (said(args.note.clone())?, tags(args.tags.clone())?);
    let notebook = running.handle.notebook.clone();
    let (mark, text) = match args.target.clone() {
        None => {
            running
                .blocking(move |_| marked_lines(&notebook, &args))
                .await??
        }
        Some(BookmarkTarget::Page { url }) => (target::page(&url)?, String::new()),
        Some(BookmarkTarget::Commit { commit }) => {
            running
                .blocking(move |_| target::commit(&notebook.root_of(&absolute(&args.repo)?), &commit))
                .await??
        }
        Some(BookmarkTarget::Quote { run, quote }) => {
            let open = running.handle.research.open().await?;
            let report = open.research.report(&run_id(&run)).await;
            target::quote(&report.map_err(|error| wire_error(&error))?, quote)?
        }
    };
    let standing = match mark {
        Mark::Page { .. } => None,
        Mark::Lines { .. } | Mark::Commit { .. } | Mark::Quote { .. } => Some(BookmarkStanding::Kept {}),
    };
    let bookmark = Bookmark {
        at_ms: now_ms(),
        mark,
        text,
        note,
        tags,
    };
    let notebook = running.handle.notebook.clone();
    let kept = running
        .blocking(move |_| {
            let id = notebook.with(|sessions| sessions.keep(&bookmark))?;
            Ok::<_, WireError>(KeptBookmark { id, bookmark })
        })
        .await??;
    tell(running, vec![wire::sessions::bookmark(kept, standing)]);
    Ok(())
}

/// The bookmarks, and what has become of what they keep.
pub(super) async fn list(running: &Arc<Running>, args: ListBookmarks) -> Result<(), WireError> {
    running.enter("looking at the bookmarks");
    let notebook = running.handle.notebook.clone();
    let kept = running
        .blocking(move |_| {
            let root = root(&notebook, &args.repo)?;
            notebook.with(|sessions| sessions.bookmarks(root.as_deref(), &args.text, &args.tags))
        })
        .await??;
    let runs = runs_for(running, &kept).await;
    let notebook = running.handle.notebook.clone();
    let bookmarks = running
        .blocking(move |is_cancelled| found::again(&notebook, kept, runs.as_ref(), is_cancelled))
        .await?;
    tell(running, bookmarks);
    Ok(())
}

/// The names of the runs that are there, if a bookmark is of a quote. None when nobody can look, which is told: the other
/// bookmarks are listed all the same.
async fn runs_for(running: &Running, kept: &[KeptBookmark]) -> Option<HashSet<String>> {
    let is_quote = |kept: &KeptBookmark| matches!(kept.bookmark.mark, Mark::Quote { .. });
    if !kept.iter().any(is_quote) {
        return None;
    }
    match runs(running).await {
        Ok(runs) => Some(runs),
        Err(error) => {
            let message = format!("whether quotes are still there is not known: {}", error.message);
            running.stream.tell(Event::Notice { message });
            None
        }
    }
}

async fn runs(running: &Running) -> Result<HashSet<String>, WireError> {
    let open = running.handle.research.open().await?;
    let runs = open.research.list().await;
    let runs = runs.map_err(|error| wire_error(&error))?;
    Ok(runs.into_iter().map(|run| run.id.0).collect())
}

/// Removes bookmarks.
pub(super) async fn remove(running: &Arc<Running>, args: RemoveBookmarks) -> Result<(), WireError> {
    running.enter("removing bookmarks");
    let notebook = running.handle.notebook.clone();
    let removed = running
        .blocking(move |_| notebook.with(|sessions| sessions.remove(&args.ids)))
        .await??;
    let removed = removed
        .into_iter()
        .map(|kept| wire::sessions::bookmark(kept, None));
    tell(running, removed.collect());
    Ok(())
}

fn tell(running: &Running, bookmarks: Vec<aiex_protocol::sessions::Bookmark>) {
    running.stream.tell(Event::Bookmarks(BookmarkList { bookmarks }));
}

/// Lines of a file, and what they say.
fn marked_lines(notebook: &Notebook, args: &AddBookmark) -> Result<(Mark, String), WireError> {
    let root = notebook.root_of(&absolute(&args.repo)?);
    let path = RelPath::from_path(&root, Path::new(&args.path)).ok_or_else(|| {
        WireError::new(
            ErrorCode::NotFound,
            format!("`{}` is not in the repository {}", args.path, root.display()),
        )
        .with_hint("name a file of this repository, or another repository with `--repo`")
    })?;
    let Some(path) = path.as_str() else {
        return Err(invalid("the file's name is not UTF-8", "rename the file"));
    };
    let tree = notebook.files().of_repository(&root);
    let text = tree
        .and_then(|tree| tree.text(path))
        .map_err(|unread| unreadable(path, &unread))?;
    let text = lines(path, &text, args.first_line, args.last_line)?;
    let mark = Mark::Lines {
        root: root.display().to_string(),
        path: path.to_owned(),
        first_line: args.first_line,
        last_line: args.last_line,
    };
    Ok((mark, text))
}

fn unreadable(path: &str, unread: &Unread) -> WireError {
    match unread {
        Unread::Gone => WireError::new(ErrorCode::NotFound, format!("there is no file `{path}`"))
            .with_hint("paths start from this folder or from the repository's root"),
        Unread::Refused(why) => WireError::new(ErrorCode::NotFound, format!("`{path}` is not read: {why}"))
            .with_hint("what the index leaves out cannot be kept either"),
    }
}

fn lines(path: &str, text: &str, first: u32, last: u32) -> Result<String, WireError> {
    if first == 0 || last < first || last - first >= MAX_LINES {
        return Err(invalid(
            &format!("{first}-{last} are no lines to keep"),
            &format!("lines count from 1, and a bookmark holds {MAX_LINES} of them at most"),
        ));
    }
    let num_lines = text.lines().count();
    if last as usize > num_lines {
        return Err(invalid(
            &format!("`{path}` has {num_lines} lines"),
            "name lines that are there",
        ));
    }
    let lines: Vec<&str> = text
        .lines()
        .skip(first as usize - 1)
        .take((last - first) as usize + 1)
        .collect();
    if lines.iter().all(|line| line.trim().is_empty()) {
        return Err(invalid(
            "these lines are blank",
            "blank lines could not be found again; name others",
        ));
    }
    let lines = lines.join("\n");
    if lines.len() > MAX_BYTES {
        return Err(invalid(
            "these lines are too long to be kept",
            "name fewer lines: a bookmark holds 32 KiB at most",
        ));
    }
    Ok(lines)
}

/// A note as it is kept: people paste keys where they should not.
fn said(mut note: String) -> Result<String, WireError> {
    if note.len() > MAX_NOTE_BYTES {
        return Err(invalid("the note is too long", "say it in less than 4 KiB"));
    }
    secret::redact_typed(&mut note);
    Ok(note.trim().to_owned())
}

fn tags(tags: Vec<String>) -> Result<Vec<String>, WireError> {
    let mut kept: Vec<String> = Vec::new();
    for tag in tags {
        let tag = tag.trim();
        if tag.is_empty() || tag.len() > MAX_TAG_BYTES || tag.chars().any(char::is_control) {
            return Err(invalid("a tag is empty or too long", "a tag is a word or a few"));
        }
        if !kept.iter().any(|other| other == tag) {
            kept.push(tag.to_owned());
        }
    }
    if kept.len() > MAX_TAGS {
        return Err(invalid(
            "there are too many tags",
            "16 are enough for one bookmark",
        ));
    }
    Ok(kept)
}

fn invalid(message: &str, hint: &str) -> WireError {
    WireError::new(ErrorCode::InvalidRequest, message.to_owned()).with_hint(hint)
}
