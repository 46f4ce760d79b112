//! Regex and literal search: every file of the generation in which the pattern may match is read, and every text that the
//! index leaves out for what it is, so every match is found, and counted.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aiex_grams::Query;
use crossbeam_channel::RecvTimeoutError;
use regex::{Regex, RegexBuilder};

use super::cursor::Cursor;
use super::filter::Conditions;
use super::pattern::Pattern;
use super::request::{Hit, Matches, Mode, SearchOutcome, SearchRequest};
use super::unindexed::Unindexed;
use crate::error::SearchError;
use crate::repo::{RepoIndex, Served};
use crate::snapshot::FileEntry;

/// The size that a compiled expression may have; larger ones are somebody's mistake.
const MAX_REGEX_BYTES: usize = 10 << 20;

/// A matched line is shown up to this many characters.
pub(crate) const MAX_LINE_CHARS: usize = 400;

/// Fewer files than this are read sooner than another thread is started.
const FILES_OF_A_THREAD: usize = 4;

/// How soon a cancelled scan ends.
const POLL: Duration = Duration::from_millis(5);

/// The matches, and whether they are the same as long as the generation is: what is read from the disk may change before.
pub(crate) fn run(
    repo: &RepoIndex,
    served: &Served,
    request: &SearchRequest,
    limit: usize,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<(SearchOutcome, bool), SearchError> {
    let (regex, query) = compile(request)?;
    let conditions = Conditions::new(request)?;
    let after = request.after.as_deref().map(cursor).transpose()?;
    let generation = served.snapshot.generation;
    let files = files(repo, served, &query, &conditions);

    let num_listed = AtomicUsize::new(0);
    let scan = Scan {
        repo,
        files: &files,
        is_cancelled,
    };
    let is_full = || num_listed.load(Ordering::Relaxed) >= limit;
    let pattern = Pattern {
        regex: &regex,
        conditions: &conditions,
        after: after.as_ref(),
    };
    let look = |file: &FileEntry, text: &str, is_behind: bool| {
        let found = pattern.in_file(file.into(), text, if is_behind { 0 } else { limit });
        num_listed.fetch_add(found.hits.len(), Ordering::Relaxed);
        found
    };
    let (mut found, lost) = scan.run(&is_full, &look)?;
    let left_out = Unindexed::of(repo, &conditions)?;
    let read = left_out.search(repo, &pattern, limit, is_cancelled)?;
    found.extend(read.found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    let mut matches = Matches::default();
    let mut num_behind = 0;
    let mut hits: Vec<Hit> = Vec::new();
    for file in found {
        matches.lines += file.lines;
        matches.files += u64::from(file.lines > 0);
        num_behind += file.behind;
        hits.extend(file.hits);
    }
    hits.truncate(limit);
    let is_whole = num_behind == hits.len() as u64;
    if let Some(last) = hits.last().filter(|_| !is_whole) {
        let next = Cursor {
            generation,
            line: last.start_line,
            path: last.path.clone(),
        };
        matches.next = Some(next.to_string());
    }
    let mut notices = Vec::new();
    if lost > 0 {
        notices.push(lost_notice(lost));
    }
    notices.extend(read.notice);
    if after.is_some_and(|after| after.generation != generation) {
        notices.push(
            "files have changed since the page before; this one goes on behind the same line".to_owned(),
        );
    }
    let outcome = SearchOutcome {
        hits,
        route: if request.mode == Mode::Regex {
            "regex"
        } else {
            "literal"
        },
        generation,
        is_cached: false,
        is_exhaustive: is_whole && lost == 0 && read.is_whole,
        matches: Some(matches),
        notices,
        nowhere: Vec::new(),
    };
    Ok((outcome, left_out.is_empty()))
}

fn cursor(word: &str) -> Result<Cursor, SearchError> {
    word.parse().map_err(|_| SearchError::InvalidSubject {
        message: format!("`{word}` is not where a page ended"),
        hint: "hand back what the page before named as the next, as it stands",
    })
}

/// The files allowed in which a query may match, by path.
pub(crate) fn files<'a>(
    repo: &RepoIndex,
    served: &'a Served,
    query: &Query,
    conditions: &Conditions,
) -> Vec<&'a Arc<FileEntry>> {
    let all = served.snapshot.files();
    let mut files: Vec<_> = match repo.grams().candidates(query, &served.snapshot) {
        Some(places) => {
            let files = places.iter().filter_map(|place| all.get(*place as usize));
            files.filter(|file| conditions.allows_file(file)).collect()
        }
        None => all.iter().filter(|file| conditions.allows_file(file)).collect(),
    };
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// What every thread of a scan needs.
#[derive(Clone, Copy)]
struct Reader<'a> {
    repo: &'a RepoIndex,
    files: &'a [&'a Arc<FileEntry>],
}

impl Reader<'_> {
    /// The text of a file; none when it is damaged.
    fn text(&self, file: &FileEntry) -> Result<Option<String>, SearchError> {
        let text = self.repo.shared().content.text(&file.key)?;
        if text.is_none() {
            self.repo.text_is_lost(file.version);
        }
        Ok(text)
    }
}

/// A reading of files, in the order given, by all workers.
pub(crate) struct Scan<'a> {
    pub(crate) repo: &'a RepoIndex,
    pub(crate) files: &'a [&'a Arc<FileEntry>],
    pub(crate) is_cancelled: &'a dyn Fn() -> bool,
}

impl Scan<'_> {
    /// What `look` makes of each file and its text, in the order of the files, and how many texts were damaged. Its
    /// last argument says whether the list was full before the file was begun: the file cannot be in it then.
    pub(crate) fn run<T: Send>(
        &self,
        is_full: &(dyn Fn() -> bool + Sync),
        look: &(dyn Fn(&FileEntry, &str, bool) -> T + Sync),
    ) -> Result<(Vec<T>, usize), SearchError> {
        let workers = self.repo.shared().settings.workers;
        let workers = workers.min(self.files.len() / FILES_OF_A_THREAD).max(1);
        let (found, lost) = if workers == 1 {
            self.alone(is_full, look)?
        } else {
            self.together(workers, is_full, look)?
        };
        if (self.is_cancelled)() {
            return Err(SearchError::Cancelled);
        }
        Ok((found, lost))
    }

    fn reader(&self) -> Reader<'_> {
        Reader {
            repo: self.repo,
            files: self.files,
        }
    }

    fn alone<T>(
        &self,
        is_full: &dyn Fn() -> bool,
        look: &dyn Fn(&FileEntry, &str, bool) -> T,
    ) -> Result<(Vec<T>, usize), SearchError> {
        let mut found = Vec::with_capacity(self.files.len());
        for file in self.files {
            if (self.is_cancelled)() {
                break;
            }
            if let Some(text) = self.reader().text(file)? {
                found.push(look(file, &text, is_full()));
            }
        }
        let lost = self.files.len() - found.len();
        Ok((found, lost))
    }

    fn together<T: Send>(
        &self,
        workers: usize,
        is_full: &(dyn Fn() -> bool + Sync),
        look: &(dyn Fn(&FileEntry, &str, bool) -> T + Sync),
    ) -> Result<(Vec<T>, usize), SearchError> {
        let next = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        // One slot a file keeps the order of paths whoever finishes first.
        let found: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::new());
        let lost = AtomicUsize::new(0);
        let reader = self.reader();
        let work = || -> Result<(), SearchError> {
            loop {
                // Asked before a file is taken: whatever filled the list lies before that file.
                let is_behind = is_full();
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(file) = reader.files.get(at) else {
                    return Ok(());
                };
                if stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let Some(text) = reader.text(file)? else {
                    lost.fetch_add(1, Ordering::Relaxed);
                    continue;
                };
                let seen = look(file, &text, is_behind);
                found
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((at, seen));
            }
        };
        std::thread::scope(|scope| -> Result<(), SearchError> {
            // Closed when the last thread ends.
            let (working, ended) = crossbeam_channel::bounded::<()>(0);
            let threads: Vec<_> = (0..workers)
                .map(|_| {
                    let (working, work) = (working.clone(), &work);
                    scope.spawn(move || {
                        let _working = working;
                        work()
                    })
                })
                .collect();
            drop(working);
            while ended.recv_timeout(POLL) != Err(RecvTimeoutError::Disconnected) {
                if (self.is_cancelled)() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
            for thread in threads {
                match thread.join() {
                    Ok(result) => result?,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok(())
        })?;
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|(at, _)| *at);
        let found = found.into_iter().map(|(_, seen)| seen).collect();
        Ok((found, lost.into_inner()))
    }
}

pub(crate) fn lost_notice(files: usize) -> String {
    format!(
        "the stored text of {files} files is damaged and was not searched; they are being read again, so ask again \
         in a moment"
    )
}

/// The expression, and what a text must hold for it to match.
fn compile(request: &SearchRequest) -> Result<(Regex, Query), SearchError> {
    let invalid = |reason: String| SearchError::InvalidQuery { reason };
    let pattern = match request.mode {
        Mode::Literal => regex::escape(&request.query),
        Mode::Regex | Mode::Auto => request.query.clone(),
    };
    if pattern.is_empty() {
        return Err(invalid("it is empty".to_owned()));
    }
    let regex = RegexBuilder::new(&pattern)
        .multi_line(true)
        .size_limit(MAX_REGEX_BYTES)
        .build()
        .map_err(|e| invalid(e.to_string()))?;
    let query = match request.mode {
        Mode::Literal => Query::of_literal(&request.query),
        Mode::Regex | Mode::Auto => Query::of_pattern(&pattern).map_err(|e| invalid(e.to_string()))?,
    };
    Ok((regex, query))
}
