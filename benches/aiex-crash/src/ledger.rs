//! What the program said that it keeps, and whether it does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fastrand::Rng;
use serde_json::Value;

use crate::failure::Failure;
use crate::program::{Outcome, Program, words};
use crate::tally::Kept;

/// Searches that one listing shows at most.
const LISTED: &str = "1000";
/// Reports that are read again at a check, besides the newest.
const READ_AGAIN: usize = 5;

#[derive(Default)]
pub(crate) struct Ledger {
    /// By attempt: the number that a bookmark was given, if the program said that it keeps it.
    attempts: Vec<Option<u64>>,
    bookmarks: BTreeMap<u64, Bookmark>,
    removed: BTreeSet<u64>,
    /// Searches that a listing of the history has shown.
    searches: BTreeMap<u64, Value>,
    /// Runs whose report was printed, and what an export of it said first.
    reports: BTreeMap<String, Option<String>>,
}

/// A bookmark that was acknowledged.
struct Bookmark {
    note: String,
    path: String,
    line: u64,
    /// Its text as a listing showed it first.
    text: Option<String>,
}

impl Ledger {
    /// The note of the next bookmark: no other has it.
    pub(crate) fn next_note(&mut self) -> String {
        self.attempts.push(None);
        format!("attempt {}", self.attempts.len())
    }

    /// Notes what became of the last attempt.
    pub(crate) fn bookmark_added(&mut self, path: &str, line: u64, outcome: &Outcome) -> Result<(), Failure> {
        if outcome.code != Some(0) {
            return Ok(());
        }
        let id = outcome.stdout.split_whitespace().next();
        let id = id
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| outcome.unreadable("there is no number"))?;
        let note = format!("attempt {}", self.attempts.len());
        if let Some(last) = self.attempts.last_mut() {
            *last = Some(id);
        }
        let bookmark = Bookmark {
            note,
            path: path.to_owned(),
            line,
            text: None,
        };
        if self.bookmarks.insert(id, bookmark).is_some() || self.removed.contains(&id) {
            return Err(wrong("a number was given to two bookmarks", id.to_string()));
        }
        Ok(())
    }

    /// A bookmark to remove, if what chance picks is there.
    pub(crate) fn bookmark_to_remove(&self, rng: &mut Rng) -> Option<u64> {
        let attempt = rng.usize(0..self.attempts.len().max(1));
        let id = (*self.attempts.get(attempt)?)?;
        self.bookmarks.contains_key(&id).then_some(id)
    }

    /// Notes that it was tried: what was not acknowledged may be there or not from now on.
    pub(crate) fn bookmark_removed(&mut self, id: u64, outcome: &Outcome) {
        self.bookmarks.remove(&id);
        if outcome.code == Some(0) {
            self.removed.insert(id);
        }
    }

    /// Notes what a listing of the history shows.
    pub(crate) fn history_shown(&mut self, outcome: &Outcome) -> Result<(), Failure> {
        for row in outcome.rows()? {
            let id = number(&row, "id");
            match self.searches.insert(id, row.clone()) {
                Some(before) if before != row => {
                    return Err(wrong(
                        "a search in the history is no longer what it was",
                        format!("  {before}\n  {row}"),
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Notes a report that was printed to its end.
    pub(crate) fn report_printed(&mut self, outcome: &Outcome) -> Result<(), Failure> {
        if outcome.code == Some(0)
            && let Some(last) = outcome.rows()?.last()
            && last["kind"] == "report"
        {
            self.reports.insert(text(last, "run"), None);
        }
        Ok(())
    }

    /// How much there is to keep.
    pub(crate) fn kept(&self) -> Kept {
        Kept {
            bookmarks: self.bookmarks.len(),
            searches: self.searches.len(),
            reports: self.reports.len(),
        }
    }

    /// Everything that was acknowledged is there and readable.
    pub(crate) fn check(&mut self, program: &Program, place: &Path, rng: &mut Rng) -> Result<(), Failure> {
        self.check_bookmarks(program, place)?;
        self.check_history(program, place)?;
        self.check_reports(program, place, rng)
    }

    fn check_bookmarks(&mut self, program: &Program, place: &Path) -> Result<(), Failure> {
        let rows = program
            .answer(place, &words(["bookmark", "list", "--all", "--json"]))?
            .rows()?;
        let mut notes = BTreeSet::new();
        for row in &rows {
            if !notes.insert(text(row, "note")) {
                return Err(wrong("a bookmark is kept twice", row.to_string()));
            }
            if self.removed.contains(&number(row, "id")) {
                return Err(wrong("a bookmark is back after its removal", row.to_string()));
            }
        }
        for (id, bookmark) in &mut self.bookmarks {
            let Some(row) = rows.iter().find(|row| number(row, "id") == *id) else {
                return Err(wrong(
                    "a bookmark is lost",
                    format!("  {id} on {}:{}", bookmark.path, bookmark.line),
                ));
            };
            let now = text(row, "text");
            let then = bookmark.text.get_or_insert_with(|| now.clone());
            let place = (text(row, "path"), number(row, "first_line"));
            if (&place.0, place.1) != (&bookmark.path, bookmark.line)
                || text(row, "note") != bookmark.note
                || *then != now
            {
                return Err(wrong(
                    "a bookmark is no longer what it was",
                    format!("  {}:{} {}\n  {row}", bookmark.path, bookmark.line, bookmark.note),
                ));
            }
        }
        Ok(())
    }

    fn check_history(&mut self, program: &Program, place: &Path) -> Result<(), Failure> {
        let shown = program.answer(place, &words(["history", "--all", "--json", "--limit", LISTED]))?;
        let rows = shown.rows()?;
        let ids: BTreeSet<u64> = rows.iter().map(|row| number(row, "id")).collect();
        if ids.len() != rows.len() {
            return Err(wrong("a search is in the history twice", String::new()));
        }
        let oldest = ids.first().copied().unwrap_or(0);
        if let Some((_, lost)) = self.searches.range(oldest..).find(|(id, _)| !ids.contains(id)) {
            return Err(wrong("a search is lost from the history", lost.to_string()));
        }
        self.history_shown(&shown)
    }

    fn check_reports(&mut self, program: &Program, place: &Path, rng: &mut Rng) -> Result<(), Failure> {
        let rows = program
            .answer(place, &words(["research", "list", "--json"]))?
            .rows()?;
        for run in self.reports.keys() {
            let row = rows.iter().find(|row| text(row, "id") == *run);
            if row.is_none_or(|row| row["state"] != "done") {
                return Err(wrong("a finished run is lost", format!("  {run}: {row:?}")));
            }
        }
        let mut runs: Vec<String> = self.reports.keys().cloned().collect();
        let newest = runs.pop();
        rng.shuffle(&mut runs);
        for run in runs.into_iter().take(READ_AGAIN).chain(newest) {
            let now = program
                .answer(place, &words(["research", "export", &run]))?
                .stdout;
            let then = self.reports.entry(run.clone()).or_default();
            let then = then.get_or_insert_with(|| now.clone());
            if now.trim().is_empty() || *then != now {
                return Err(wrong(
                    "a report is no longer what it was",
                    format!("  {run}\n{then}\n--\n{now}"),
                ));
            }
        }
        Ok(())
    }
}

/// Whether every run is over.
pub(crate) fn runs_are_over(program: &Program, place: &Path) -> Result<bool, Failure> {
    let shown = program.answer(place, &words(["research", "list", "--json"]))?;
    Ok(shown.rows()?.iter().all(|row| row["state"] != "running"))
}

fn text(row: &Value, key: &str) -> String {
    row[key].as_str().unwrap_or_default().to_owned()
}

fn number(row: &Value, key: &str) -> u64 {
    row[key].as_u64().unwrap_or_default()
}

fn wrong(what: &str, detail: String) -> Failure {
    Failure::Wrong {
        what: what.to_owned(),
        detail,
    }
}
