//! What has become of what is kept.

use std::collections::HashSet;
use std::path::Path;

use aiex_history::{Commits, HistoryError};
use aiex_protocol::sessions::{Bookmark, BookmarkStanding};
use aiex_sessions::{KeptBookmark, Mark, standing};

use crate::notebook::Notebook;
use crate::research::local::file::{Tree, Unread};
use crate::wire;

/// Bookmarks with what has become of them; `runs` are the runs that are there, if that is known. Each file is read once,
/// and one at a time is in memory. Blocks.
pub(super) fn again(
    notebook: &Notebook,
    kept: Vec<KeptBookmark>,
    runs: Option<&HashSet<String>>,
    is_cancelled: &dyn Fn() -> bool,
) -> Vec<Bookmark> {
    let mut in_order: Vec<(usize, KeptBookmark)> = kept.into_iter().enumerate().collect();
    in_order.sort_by(|(_, a), (_, b)| a.bookmark.mark.cmp(&b.bookmark.mark));
    let mut look = Look {
        notebook,
        runs,
        tree: None,
        file: None,
        commits: None,
    };
    let mut found = Vec::with_capacity(in_order.len());
    for (place, kept) in in_order {
        if is_cancelled() {
            break;
        }
        let standing = look.at(&kept.bookmark);
        found.push((place, wire::sessions::bookmark(kept, standing)));
    }
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, bookmark)| bookmark).collect()
}

/// A look at one bookmark after the other; what was opened for the last one stays open for the next.
struct Look<'a> {
    notebook: &'a Notebook,
    runs: Option<&'a HashSet<String>>,
    /// The files of a repository, by its root.
    tree: Option<(String, Result<Tree, Unread>)>,
    /// The text of a file, by root and path.
    file: Option<(String, String, Result<String, Unread>)>,
    /// The commits of a repository, by its root.
    commits: Option<(String, Result<Commits, HistoryError>)>,
}

impl Look<'_> {
    /// What has become of it; none when nobody looks, or can.
    fn at(&mut self, kept: &aiex_sessions::Bookmark) -> Option<BookmarkStanding> {
        let is_there = match &kept.mark {
            Mark::Lines {
                root,
                path,
                first_line,
                ..
            } => return Some(self.at_lines(root, path, *first_line, &kept.text)),
            Mark::Page { .. } => return None,
            Mark::Commit { root, commit, .. } => self.has_commit(root, commit)?,
            Mark::Quote { run, .. } => self.runs?.contains(run),
        };
        Some(if is_there {
            BookmarkStanding::Kept {}
        } else {
            BookmarkStanding::Gone { why: None }
        })
    }

    fn at_lines(&mut self, root: &str, path: &str, first_line: u32, lines: &str) -> BookmarkStanding {
        if self.tree.as_ref().is_none_or(|(of, _)| of != root) {
            let tree = self.notebook.files().of_repository(Path::new(root));
            self.tree = Some((root.to_owned(), tree));
        }
        if self
            .file
            .as_ref()
            .is_none_or(|(of, name, _)| of != root || name != path)
        {
            let text = match &self.tree {
                Some((_, Ok(tree))) => tree.text(path),
                Some((_, Err(unread))) => Err(unread.clone()),
                None => Err(Unread::Gone),
            };
            self.file = Some((root.to_owned(), path.to_owned(), text));
        }
        let (text, why) = match &self.file {
            Some((_, _, Ok(text))) => (Some(text.as_str()), None),
            Some((_, _, Err(Unread::Refused(why)))) => (None, Some(why.clone())),
            _ => (None, None),
        };
        wire::sessions::standing(standing(first_line, lines, text), why)
    }

    /// Whether a repository has a commit; none when its objects cannot be read.
    fn has_commit(&mut self, root: &str, commit: &str) -> Option<bool> {
        if self.commits.as_ref().is_none_or(|(of, _)| of != root) {
            self.commits = Some((root.to_owned(), Commits::open(Path::new(root))));
        }
        match &self.commits {
            Some((_, Ok(commits))) => commits.has(commit).ok(),
            Some((_, Err(HistoryError::NotARepository { .. }))) => Some(false),
            _ => None,
        }
    }
}
