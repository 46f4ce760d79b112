//! Bookmarks: what the user keeps, with what they said.

use rusqlite::{OptionalExtension as _, Row, params};

use crate::error::SessionsError;
use crate::mark::Mark;
use crate::searches::{from_json, json};
use crate::store::Sessions;

/// Bookmarks that may be kept. Users made them, so none goes by itself: beyond, none is added.
pub const MAX_BOOKMARKS: u64 = 10_000;

const COLUMNS: &str = "id, at_ms, root, path, first_line, last_line, text, note, tags, target";

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark {
    /// Since when, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Of what.
    pub mark: Mark,
    /// The lines as they were, with a line feed between them; of a commit what its message says below the subject, of a
    /// quote what is quoted, of a page nothing.
    pub text: String,
    /// What the user said of it; may be empty.
    pub note: String,
    /// By which they are found.
    pub tags: Vec<String>,
}

/// A bookmark with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptBookmark {
    /// By which it is removed.
    pub id: u64,
    /// What it is.
    pub bookmark: Bookmark,
}

impl Sessions {
    /// Keeps a bookmark. Its number; it is on the disk when this returns.
    ///
    /// # Errors
    /// When there are too many, or the file cannot be written.
    pub fn keep(&self, bookmark: &Bookmark) -> Result<u64, SessionsError> {
        let counted = self
            .db
            .query_row("SELECT count(*) FROM bookmarks", [], |row| row.get::<_, u64>(0));
        if counted.map_err(|error| self.failed(&error))? >= MAX_BOOKMARKS {
            return Err(SessionsError::Full { max: MAX_BOOKMARKS });
        }
        let insert = || -> rusqlite::Result<u64> {
            let (root, path, first_line, last_line) = bookmark.mark.columns();
            let target = match &bookmark.mark {
                Mark::Lines { .. } => None,
                other => Some(json(other)?),
            };
            // Not `RETURNING`: who takes its row and goes never hears that the commit behind it failed.
            self.db.execute(
                "INSERT INTO bookmarks (at_ms, root, path, first_line, last_line, text, note, tags, target)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    bookmark.at_ms,
                    root,
                    path,
                    first_line,
                    last_line,
                    bookmark.text,
                    bookmark.note,
                    json(&bookmark.tags)?,
                    target,
                ],
            )?;
            self.db
                .query_row("SELECT last_insert_rowid()", [], |row| row.get(0))
        };
        insert().map_err(|error| self.failed(&error))
    }

    /// The bookmarks with all of these tags whose place, note or text hold `text`, the newest first; of one repository and
    /// of none, or all.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn bookmarks(
        &self,
        root: Option<&str>,
        text: &str,
        tags: &[String],
    ) -> Result<Vec<KeptBookmark>, SessionsError> {
        let wanted = text.to_lowercase();
        let holds = |part: &str| part.to_lowercase().contains(&wanted);
        let is_wanted = |bookmark: &Bookmark| {
            tags.iter().all(|tag| bookmark.tags.contains(tag))
                && (holds(&bookmark.mark.place()) || holds(&bookmark.note) || holds(&bookmark.text))
        };
        let read = || -> rusqlite::Result<Vec<KeptBookmark>> {
            let sql = format!(
                "SELECT {COLUMNS} FROM bookmarks WHERE ?1 IS NULL OR root IN (?1, '') ORDER BY id DESC"
            );
            let mut statement = self.db.prepare_cached(&sql)?;
            let all = statement.query_map([root], kept)?;
            all.filter(|one| one.as_ref().map_or(true, |one| is_wanted(&one.bookmark)))
                .collect()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// Removes bookmarks: all that are named, or none. Those removed.
    ///
    /// # Errors
    /// When one is not there, or the file cannot be written.
    pub fn remove(&mut self, ids: &[u64]) -> Result<Vec<KeptBookmark>, SessionsError> {
        let (removed, missing) = remove(&mut self.db, ids).map_err(|error| self.failed(&error))?;
        if missing.is_empty() {
            Ok(removed)
        } else {
            Err(SessionsError::NoSuchBookmark { ids: missing })
        }
    }
}

fn remove(db: &mut rusqlite::Connection, ids: &[u64]) -> rusqlite::Result<(Vec<KeptBookmark>, Vec<u64>)> {
    let writing = db.transaction()?;
    let (mut removed, mut missing) = (Vec::new(), Vec::new());
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let sql = format!("DELETE FROM bookmarks WHERE id = ?1 RETURNING {COLUMNS}");
        match writing.query_row(&sql, [id], kept).optional()? {
            Some(one) => removed.push(one),
            None => missing.push(id),
        }
    }
    if missing.is_empty() {
        writing.commit()?;
    } else {
        writing.rollback()?;
    }
    Ok((removed, missing))
}

fn kept(row: &Row<'_>) -> rusqlite::Result<KeptBookmark> {
    let tags: String = row.get(8)?;
    let target: Option<String> = row.get(9)?;
    let mark = match target {
        Some(target) => {
            let mut mark: Mark = from_json(9, &target)?;
            if let Mark::Commit { root, .. } = &mut mark {
                *root = row.get(2)?;
            }
            mark
        }
        None => Mark::Lines {
            root: row.get(2)?,
            path: row.get(3)?,
            first_line: row.get(4)?,
            last_line: row.get(5)?,
        },
    };
    Ok(KeptBookmark {
        id: row.get(0)?,
        bookmark: Bookmark {
            at_ms: row.get(1)?,
            mark,
            text: row.get(6)?,
            note: row.get(7)?,
            tags: from_json(8, &tags)?,
        },
    })
}
