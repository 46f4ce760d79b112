//! The history: searches that were made, the newest at most.

use rusqlite::{OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};

use crate::error::SessionsError;
use crate::store::Sessions;

/// Searches kept; older ones go.
pub const MAX_SEARCHES: usize = 10_000;
/// Places kept of each.
pub const MAX_PLACES: usize = 50;

const COLUMNS: &str = "id, at_ms, session, root, verb, mode, query, sources, found, places, follows";

/// A finished search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The session it belongs to; empty for none.
    pub session: String,
    /// The repository.
    pub root: String,
    /// What asked: `search` or `ask`.
    pub verb: String,
    /// How the query was read (`regex`, `literal`); empty when by its shape.
    pub mode: String,
    /// What was looked for.
    pub query: String,
    /// The sources asked; empty for code alone.
    pub sources: Vec<String>,
    /// How much was found.
    pub found: u64,
    /// The best places. Beyond [`MAX_PLACES`] they are not kept.
    pub places: Vec<Place>,
    /// The number of the search that it followed up on.
    pub follows: Option<u64>,
}

/// Lines of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Inside the repository, with `/`.
    pub path: String,
    /// From 1.
    pub first_line: u32,
    /// Inclusive.
    pub last_line: u32,
}

/// A search in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastSearch {
    /// Its number; later ones are larger.
    pub id: u64,
    /// What it was.
    pub search: Search,
}

impl Sessions {
    /// Keeps searches, in their order. All are kept or none.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn record(&mut self, searches: &[Search]) -> Result<(), SessionsError> {
        record(&mut self.db, searches).map_err(|error| self.failed(&error))
    }

    /// The searches whose query holds `text`, the newest first; of one repository, or of all.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn history(
        &self,
        root: Option<&str>,
        text: &str,
        limit: usize,
    ) -> Result<Vec<PastSearch>, SessionsError> {
        let wanted = text.to_lowercase();
        let read = || -> rusqlite::Result<Vec<PastSearch>> {
            let sql =
                format!("SELECT {COLUMNS} FROM searches WHERE ?1 IS NULL OR root = ?1 ORDER BY id DESC");
            let mut statement = self.db.prepare_cached(&sql)?;
            let mut found = Vec::new();
            for search in statement.query_map([root], past)? {
                if found.len() >= limit {
                    break;
                }
                let search = search?;
                if search.search.query.to_lowercase().contains(&wanted) {
                    found.push(search);
                }
            }
            Ok(found)
        };
        read().map_err(|error| self.failed(&error))
    }

    /// The last search of a session, or of any when `session` is empty; in one repository, or in any.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn last(&self, session: &str, root: Option<&str>) -> Result<Option<PastSearch>, SessionsError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM searches
             WHERE (?1 = '' OR session = ?1) AND (?2 IS NULL OR root = ?2) ORDER BY id DESC LIMIT 1"
        );
        self.db
            .query_row(&sql, params![session, root], past)
            .optional()
            .map_err(|error| self.failed(&error))
    }

    /// The last search, as [`last`](Self::last) finds it, then the one that it followed up on, and so forth: at most
    /// `steps`, the newest first. What was forgotten meanwhile ends the way back.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn way_back(
        &self,
        session: &str,
        root: Option<&str>,
        steps: usize,
    ) -> Result<Vec<PastSearch>, SessionsError> {
        let sql = format!("SELECT {COLUMNS} FROM searches WHERE id = ?1");
        let mut way = Vec::new();
        let mut next = self.last(session, root)?;
        while let Some(search) = next.take().filter(|_| way.len() < steps) {
            if let Some(earlier) = search.search.follows {
                next = self
                    .db
                    .query_row(&sql, [earlier], past)
                    .optional()
                    .map_err(|error| self.failed(&error))?;
            }
            way.push(search);
        }
        Ok(way)
    }

    /// Forgets the searches of one repository, or of all; those before a time, or all. How many they were.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget(&self, root: Option<&str>, before_ms: Option<u64>) -> Result<u64, SessionsError> {
        let forgotten = self.db.execute(
            "DELETE FROM searches WHERE (?1 IS NULL OR root = ?1) AND (?2 IS NULL OR at_ms < ?2)",
            params![root, before_ms],
        );
        forgotten
            .map(|count| count as u64)
            .map_err(|error| self.failed(&error))
    }
}

fn record(db: &mut rusqlite::Connection, searches: &[Search]) -> rusqlite::Result<()> {
    let writing = db.transaction()?;
    for search in searches {
        let places = search.places.get(..MAX_PLACES).unwrap_or(&search.places);
        writing
            .prepare_cached(
                "INSERT INTO searches (at_ms, session, root, verb, mode, query, sources, found, places, follows)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                search.at_ms,
                search.session,
                search.root,
                search.verb,
                search.mode,
                search.query,
                search.sources.join(","),
                search.found,
                json(&places)?,
                search.follows,
            ])?;
    }
    writing.execute(
        "DELETE FROM searches WHERE id IN (SELECT id FROM searches ORDER BY id DESC LIMIT -1 OFFSET ?1)",
        [MAX_SEARCHES as u64],
    )?;
    writing.commit()
}

fn past(row: &Row<'_>) -> rusqlite::Result<PastSearch> {
    let sources: String = row.get(7)?;
    let places: String = row.get(9)?;
    Ok(PastSearch {
        id: row.get(0)?,
        search: Search {
            at_ms: row.get(1)?,
            session: row.get(2)?,
            root: row.get(3)?,
            verb: row.get(4)?,
            mode: row.get(5)?,
            query: row.get(6)?,
            sources: sources
                .split(',')
                .filter(|source| !source.is_empty())
                .map(str::to_owned)
                .collect(),
            found: row.get(8)?,
            places: from_json(9, &places)?,
            follows: row.get(10)?,
        },
    })
}

/// A value as it stands in a column.
pub(crate) fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// A value from a column.
pub(crate) fn from_json<T: for<'a> Deserialize<'a>>(column: usize, text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}
