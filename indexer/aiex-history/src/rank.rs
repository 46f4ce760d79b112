//! Ranks commits for a query: BM25 over message, paths and changed lines, then what the lines themselves show.

use std::collections::{HashMap, HashSet};

use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use crate::change::{Side, cut};
use crate::error::HistoryError;
use crate::history::{Cancel, History};
use crate::hit::{ChangedFile, CommitHit, DiffLine};
use crate::query::{Query, Term, Wants};
use crate::store::{Store, kind_of, unpack};
use crate::words;

/// Commits that are looked at closely.
const CANDIDATES: usize = 150;

/// Changed lines, files and bytes of the message that a hit shows.
const SHOWN_LINES: usize = 6;
const SHOWN_FILES: usize = 20;
const SNIPPET_BYTES: usize = 400;

/// How much BM25 weighs a word in the subject, the body, the paths, the added and the removed lines.
/// Chosen by hand: a subject says most in fewest words, changed lines least.
fn weights(wants: Wants) -> [f64; 5] {
    match wants {
        Wants::Anything => [5.0, 2.0, 2.0, 1.0, 1.0],
        Wants::Added => [5.0, 2.0, 2.0, 2.0, 0.2],
        Wants::Removed => [5.0, 2.0, 2.0, 0.2, 2.0],
        Wants::Reasons => [5.0, 4.0, 1.0, 0.6, 0.4],
    }
}

/// What it is worth to have every term rather than some.
const ALL_TERMS: f64 = 1.6;

/// What it is worth when all terms are in the subject, and in the body; part of it for some of them. BM25 measures a
/// commit as a whole, so that a long message or a large change would count against a telling subject.
const SUBJECT: f64 = 1.0;
const BODY: f64 = 0.3;

/// What it is worth when lines with the terms came or went, as the question says: more than a subject that names
/// them. And what it is worth when the verb is in the subject.
const NET_CHANGE: f64 = 3.0;
const VERB: f64 = 1.15;

/// What it is worth to be new, next to nothing beside the words: it decides between equals. It halves every year.
const RECENT: f64 = 0.1;
const HALF_LIFE: f64 = 365.0 * 86_400.0;

/// The first commit with a net change of the asked kind is the answer to "when was it added", the last one to "when was it
/// removed".
const EXTREME: f64 = 1.5;

impl History {
    /// Finds the commits that best answer `query`, at most `limit`, the best first. `now`, in seconds since 1970, is what
    /// ages such as `since:2w` count from.
    ///
    /// Besides words, a query may hold `author:`, `path:`, `since:` and `until:`; with filters alone, or empty, it
    /// lists the newest commits. The beginning of an id finds that commit.
    ///
    /// # Errors
    /// [`Cancelled`](HistoryError::Cancelled), or when the store cannot be read.
    pub fn search(
        &self,
        query: &str,
        limit: usize,
        now: i64,
        cancel: Cancel<'_>,
    ) -> Result<Vec<CommitHit>, HistoryError> {
        let query = Query::parse(query, now);
        self.reading(|store| {
            Search {
                store,
                query: &query,
                now,
                cancel,
            }
            .run(limit)
        })
    }
}

struct Search<'a> {
    store: &'a Store,
    query: &'a Query,
    now: i64,
    cancel: Cancel<'a>,
}

/// A commit on its way to being a hit.
struct Candidate {
    n: i64,
    score: f64,
    id: Vec<u8>,
    author: String,
    time: i64,
    subject: String,
    body: String,
    more: usize,
    lines: Vec<(usize, Side, String)>,
    /// For every line the terms it has.
    matches: Vec<usize>,
    /// Removed lines with a term, less added ones.
    net_removed: i64,
}

impl Search<'_> {
    fn run(&self, limit: usize) -> Result<Vec<CommitHit>, HistoryError> {
        let mut candidates = match &self.query.id {
            Some(prefix) => self.by_id(prefix)?,
            None => Vec::new(),
        };
        if candidates.is_empty() {
            candidates = if self.query.has_terms() {
                self.by_words()?
            } else {
                self.newest(limit)?
            };
        }
        self.check()?;
        if self.query.has_terms() && self.query.id.is_none() {
            self.judge(&mut candidates)?;
        }
        candidates.sort_by(|a, b| {
            b.score
                .total_cmp(&a.score)
                .then(b.time.cmp(&a.time))
                .then(a.n.cmp(&b.n))
        });
        candidates.truncate(limit);
        candidates
            .into_iter()
            .map(|candidate| self.hit(candidate))
            .collect()
    }

    fn check(&self) -> Result<(), HistoryError> {
        if (self.cancel)() {
            Err(HistoryError::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Commits with all terms, then those with some, until there are enough.
    fn by_words(&self) -> Result<Vec<Candidate>, HistoryError> {
        let mut found: HashMap<i64, Candidate> = HashMap::new();
        for all in [true, false] {
            if !all && (found.len() >= CANDIDATES || self.query.terms.len() == 1) {
                break;
            }
            self.check()?;
            let [subject, body, paths, added, removed] = weights(self.query.wants);
            let (conditions, mut values) = self.conditions();
            values.insert(0, Value::from(self.query.expression(all)));
            let sql = format!(
                "SELECT c.n, -bm25(words, {subject}, {body}, {paths}, {added}, {removed}) AS score, c.id, c.author, c.time,
                        c.subject, c.body, c.more, c.lines
                 FROM words JOIN commits c ON c.n = words.rowid WHERE words MATCH ? {conditions}
                 ORDER BY score DESC LIMIT {CANDIDATES}"
            );
            let bonus = if all { ALL_TERMS } else { 1.0 };
            for mut candidate in self.rows(&sql, values)? {
                candidate.score *= bonus;
                found.entry(candidate.n).or_insert(candidate);
            }
        }
        Ok(found.into_values().collect())
    }

    fn newest(&self, limit: usize) -> Result<Vec<Candidate>, HistoryError> {
        let (conditions, values) = self.conditions();
        let sql = format!(
            "SELECT c.n, 0.0, c.id, c.author, c.time, c.subject, c.body, c.more, c.lines FROM commits c
             WHERE 1 {conditions} ORDER BY c.time DESC LIMIT {limit}"
        );
        self.rows(&sql, values)
    }

    fn by_id(&self, prefix: &str) -> Result<Vec<Candidate>, HistoryError> {
        // Ids are compared as bytes: from the prefix filled with zeros to the prefix filled with ones.
        let bound = |fill: char| {
            let hex = format!("{prefix}{}", fill.to_string().repeat(40 - prefix.len()));
            gix::ObjectId::from_hex(hex.as_bytes()).map(|id| Value::from(id.as_slice().to_vec()))
        };
        let (Ok(low), Ok(high)) = (bound('0'), bound('f')) else {
            return Ok(Vec::new());
        };
        let sql = "SELECT c.n, 1.0, c.id, c.author, c.time, c.subject, c.body, c.more, c.lines FROM commits c
                   WHERE c.id BETWEEN ? AND ? LIMIT 20";
        self.rows(sql, vec![low, high])
    }

    /// The filters, as conditions on a commit.
    fn conditions(&self) -> (String, Vec<Value>) {
        let (mut sql, mut values) = (String::new(), Vec::new());
        for author in &self.query.authors {
            sql += " AND (instr(lower(c.author), ?) OR instr(lower(c.email), ?))";
            values.extend([Value::from(author.clone()), Value::from(author.clone())]);
        }
        for path in &self.query.paths {
            sql += " AND c.n IN (SELECT t.n FROM touches t JOIN paths p ON p.p = t.p WHERE instr(lower(p.path), ?))";
            values.push(Value::from(path.clone()));
        }
        for (operator, time) in [(">=", self.query.since), ("<", self.query.until)] {
            if let Some(time) = time {
                sql += &format!(" AND c.time {operator} ?");
                values.push(Value::from(time));
            }
        }
        (sql, values)
    }

    fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Candidate>, HistoryError> {
        let read = || -> rusqlite::Result<Vec<Candidate>> {
            let mut statement = self.store.connection.prepare_cached(sql)?;
            statement
                .query_map(params_from_iter(values), candidate)?
                .collect()
        };
        read().map_err(|error| self.store.fail(error))
    }

    /// Looks at the changed lines of each candidate, and adds up what speaks for it.
    fn judge(&self, candidates: &mut [Candidate]) -> Result<(), HistoryError> {
        for candidate in candidates.iter_mut() {
            self.check()?;
            candidate.look(&self.query.terms);
        }
        let wanted = |candidate: &Candidate| match self.query.wants {
            Wants::Removed => candidate.net_removed > 0,
            Wants::Added => candidate.net_removed < 0,
            _ => false,
        };
        let times = || candidates.iter().filter(|c| wanted(c)).map(|c| c.time);
        let extreme = match self.query.wants {
            Wants::Removed => times().max(),
            Wants::Added => times().min(),
            _ => None,
        };
        for candidate in candidates.iter_mut() {
            let age = (self.now - candidate.time).max(0) as f64;
            candidate.score *= 1.0 + RECENT * 0.5_f64.powf(age / HALF_LIFE);
            if wanted(candidate) {
                candidate.score *= NET_CHANGE;
                if Some(candidate.time) == extreme {
                    candidate.score *= EXTREME;
                }
            }
            let terms = &self.query.terms;
            candidate.score *=
                1.0 + SUBJECT * share(terms, &candidate.subject) + BODY * share(terms, &candidate.body);
            let subject = candidate.subject.to_lowercase();
            let verbs: &[&str] = match self.query.wants {
                Wants::Removed => &["remov", "delet", "drop"],
                Wants::Added => &["add", "introduc", "creat", "implement", "initial"],
                _ => &[],
            };
            if verbs.iter().any(|verb| subject.contains(verb)) {
                candidate.score *= VERB;
            }
        }
        Ok(())
    }

    fn hit(&self, mut candidate: Candidate) -> Result<CommitHit, HistoryError> {
        if candidate.matches.is_empty() {
            candidate.look(&self.query.terms);
        }
        let files = self.files(candidate.n)?;
        let path = |at: usize| files.get(at).map(|file| file.path.clone()).unwrap_or_default();
        let side = match self.query.wants {
            Wants::Added => Some(Side::Added),
            Wants::Removed => Some(Side::Removed),
            _ => None,
        };
        let mut best: Vec<usize> = (0..candidate.lines.len())
            .filter(|at| candidate.matches[*at] > 0)
            .collect();
        best.sort_by_key(|at| {
            (
                std::cmp::Reverse((candidate.matches[*at], Some(candidate.lines[*at].1) == side)),
                *at,
            )
        });
        best.truncate(SHOWN_LINES);
        let lines = best
            .into_iter()
            .map(|at| {
                let (file, side, text) = &candidate.lines[at];
                DiffLine {
                    path: path(*file),
                    side: *side,
                    text: text.trim().to_owned(),
                }
            })
            .collect();
        let named = |file: &ChangedFile| {
            let lower = file.path.to_lowercase();
            self.query.paths.iter().any(|path| lower.contains(path))
                || self
                    .query
                    .terms
                    .iter()
                    .any(|term| term.is_in(&word_set(&file.path)))
        };
        let total = files.len();
        let (mut shown, rest): (Vec<_>, Vec<_>) = files.into_iter().partition(named);
        shown.extend(rest);
        shown.truncate(SHOWN_FILES);
        Ok(CommitHit {
            id: gix::ObjectId::try_from(candidate.id.as_slice())
                .map(|id| id.to_string())
                .unwrap_or_default(),
            author: candidate.author,
            time: candidate.time,
            subject: candidate.subject,
            snippet: snippet(&candidate.body, &self.query.terms),
            more_files: candidate.more + (total - shown.len()),
            files: shown,
            lines,
            score: candidate.score,
        })
    }

    fn files(&self, n: i64) -> Result<Vec<ChangedFile>, HistoryError> {
        let read = || -> rusqlite::Result<Vec<ChangedFile>> {
            let sql =
                "SELECT p.path, t.kind FROM touches t JOIN paths p ON p.p = t.p WHERE t.n = ?1 ORDER BY t.k";
            let mut statement = self.store.connection.prepare_cached(sql)?;
            let files = statement.query_map([n], |row| {
                Ok(ChangedFile {
                    path: row.get(0)?,
                    kind: kind_of(row.get(1)?),
                })
            })?;
            files.collect()
        };
        read().map_err(|error| self.store.fail(error))
    }
}

fn candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    Ok(Candidate {
        n: row.get(0)?,
        score: row.get(1)?,
        id: row.get(2)?,
        author: row.get(3)?,
        time: row.get(4)?,
        subject: row.get(5)?,
        body: row.get(6)?,
        more: usize::try_from(row.get::<_, i64>(7)?).unwrap_or_default(),
        lines: unpack(&row.get::<_, Vec<u8>>(8)?),
        matches: Vec::new(),
        net_removed: 0,
    })
}

impl Candidate {
    /// Counts the terms of each line.
    fn look(&mut self, terms: &[Term]) {
        self.matches = self
            .lines
            .iter()
            .map(|(_, _, line)| {
                let words = word_set(line);
                terms.iter().filter(|term| term.is_in(&words)).count()
            })
            .collect();
        // Of several terms, a line that has one only is hardly about them.
        let enough = terms.len().div_ceil(2).max(1);
        self.net_removed = 0;
        for ((_, side, _), matches) in self.lines.iter().zip(&self.matches) {
            if *matches >= enough {
                self.net_removed += if *side == Side::Removed { 1 } else { -1 };
            }
        }
    }
}

/// The share of the terms that a text has, in any ending.
fn share(terms: &[Term], text: &str) -> f64 {
    let words = word_set(text);
    terms.iter().filter(|term| term.is_near(&words)).count() as f64 / terms.len().max(1) as f64
}

fn word_set(text: &str) -> HashSet<String> {
    let mut set = HashSet::new();
    words::each(text, &mut |word| {
        set.insert(word.to_owned());
    });
    set
}

/// The paragraph with most terms; the first when none has any.
fn snippet(body: &str, terms: &[Term]) -> String {
    let count = |paragraph: &str| {
        let words = word_set(paragraph);
        terms.iter().filter(|term| term.is_in(&words)).count()
    };
    let mut best = ("", 0);
    for paragraph in body
        .split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
    {
        let count = count(paragraph);
        if best.0.is_empty() || count > best.1 {
            best = (paragraph, count);
        }
    }
    cut(best.0, SNIPPET_BYTES).to_owned()
}
