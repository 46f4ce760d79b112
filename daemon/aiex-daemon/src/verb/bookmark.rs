//! `bookmark.*`: lines that the user keeps, read as the index reads files, and found again in the files as they are now.

use std::path::Path;
use std::sync::Arc;

use aiex_files::{RelPath, secret};
use aiex_protocol::sessions::{AddBookmark, BookmarkList, BookmarkStanding, ListBookmarks, RemoveBookmarks};
use aiex_protocol::{ErrorCode, Event, WireError};
use aiex_sessions::{Bookmark, KeptBookmark, standing};

use super::Running;
use super::history::root;
use super::search::absolute;
use crate::daemon::now_ms;
use crate::notebook::Notebook;
use crate::research::local::file::{Tree, Unread};
use crate::wire;

/// Lines of one bookmark: more are a file, and a path keeps that as well.
const MAX_LINES: u32 = 200;
/// Bytes of the lines of one bookmark.
const MAX_BYTES: usize = 32 << 10;
/// Bytes of a note and of a tag, and tags of one bookmark.
const MAX_NOTE_BYTES: usize = 4 << 10;
const MAX_TAG_BYTES: usize = 64;
const MAX_TAGS: usize = 16;

/// Keeps lines.
pub(super) async fn add(running: &Arc<Running>, args: AddBookmark) -> Result<(), WireError> {
    running.enter("reading the lines");
    let notebook = running.handle.notebook.clone();
    let kept = running.blocking(move |_| keep(&notebook, args)).await??;
    let standing = BookmarkStanding::Kept {};
    tell(running, vec![wire::sessions::bookmark(kept, Some(standing))]);
    Ok(())
}

/// The bookmarks, and what has become of their lines.
pub(super) async fn list(running: &Arc<Running>, args: ListBookmarks) -> Result<(), WireError> {
    running.enter("looking at the bookmarks");
    let notebook = running.handle.notebook.clone();
    let bookmarks = running
        .blocking(move |is_cancelled| {
            let root = root(&notebook, &args.repo)?;
            let kept =
                notebook.with(|sessions| sessions.bookmarks(root.as_deref(), &args.text, &args.tags))?;
            Ok::<_, WireError>(found_again(&notebook, kept, is_cancelled))
        })
        .await??;
    tell(running, bookmarks);
    Ok(())
}

/// Keeps lines no longer.
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

fn keep(notebook: &Notebook, args: AddBookmark) -> Result<KeptBookmark, WireError> {
    let (note, tags) = (said(args.note)?, tags(args.tags)?);
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
    let bookmark = Bookmark {
        at_ms: now_ms(),
        root: root.display().to_string(),
        path: path.to_owned(),
        first_line: args.first_line,
        last_line: args.last_line,
        text: lines(path, &text, args.first_line, args.last_line)?,
        note,
        tags,
    };
    let id = notebook.with(|sessions| sessions.keep(&bookmark))?;
    Ok(KeptBookmark { id, bookmark })
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
    secret::redact(&mut note);
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

/// Bookmarks with what has become of them. Each file is read once, and one at a time is in memory.
fn found_again(
    notebook: &Notebook,
    kept: Vec<KeptBookmark>,
    is_cancelled: &dyn Fn() -> bool,
) -> Vec<aiex_protocol::sessions::Bookmark> {
    let mut in_order: Vec<(usize, KeptBookmark)> = kept.into_iter().enumerate().collect();
    in_order.sort_by(|(_, a), (_, b)| {
        let file = |kept: &KeptBookmark| (kept.bookmark.root.clone(), kept.bookmark.path.clone());
        file(a).cmp(&file(b))
    });
    let mut tree: Option<(String, Result<Tree, Unread>)> = None;
    let mut file: Option<(String, String, Result<String, Unread>)> = None;
    let mut found = Vec::with_capacity(in_order.len());
    for (place, kept) in in_order {
        if is_cancelled() {
            break;
        }
        let (root, path) = (&kept.bookmark.root, &kept.bookmark.path);
        if tree.as_ref().is_none_or(|(of, _)| of != root) {
            tree = Some((root.clone(), notebook.files().of_repository(Path::new(root))));
        }
        if file
            .as_ref()
            .is_none_or(|(of, name, _)| of != root || name != path)
        {
            let text = match &tree {
                Some((_, Ok(tree))) => tree.text(path),
                Some((_, Err(unread))) => Err(unread.clone()),
                None => Err(Unread::Gone),
            };
            file = Some((root.clone(), path.clone(), text));
        }
        let (text, why) = match &file {
            Some((_, _, Ok(text))) => (Some(text.as_str()), None),
            Some((_, _, Err(Unread::Refused(why)))) => (None, Some(why.clone())),
            _ => (None, None),
        };
        let standing = wire::sessions::standing(standing(&kept.bookmark, text), why);
        found.push((place, wire::sessions::bookmark(kept, Some(standing))));
    }
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, bookmark)| bookmark).collect()
}

fn invalid(message: &str, hint: &str) -> WireError {
    WireError::new(ErrorCode::InvalidRequest, message.to_owned()).with_hint(hint)
}
