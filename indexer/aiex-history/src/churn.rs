//! Which files change often, and who touched one last: cheap facts for ranking and for answers.

use std::collections::HashMap;

use serde::Serialize;

use crate::date::DAY;
use crate::error::HistoryError;
use crate::history::History;

/// How a file changed in a span of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Churn {
    /// Commits that changed it.
    pub commits: usize,
    /// The time of the last of them, in seconds since 1970.
    pub last: i64,
}

impl History {
    /// The files that were changed in the `days` before `now`, by path. Merges count against their first parent, so what
    /// a branch changed counts once more when it is merged.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn churn(&self, days: u32, now: i64) -> Result<HashMap<String, Churn>, HistoryError> {
        self.reading(|store| {
            let read = || -> rusqlite::Result<HashMap<String, Churn>> {
                let sql = "SELECT p.path, count(*), max(c.time) FROM commits c JOIN touches t ON t.n = c.n
                           JOIN paths p ON p.p = t.p WHERE c.time >= ?1 GROUP BY t.p";
                let mut statement = store.connection.prepare_cached(sql)?;
                let rows = statement.query_map([now - i64::from(days) * DAY], |row| {
                    let commits = usize::try_from(row.get::<_, i64>(1)?).unwrap_or_default();
                    Ok((
                        row.get(0)?,
                        Churn {
                            commits,
                            last: row.get(2)?,
                        },
                    ))
                })?;
                rows.collect()
            };
            read().map_err(|error| store.fail(error))
        })
    }
}
