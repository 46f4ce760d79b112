//! Regex and literal search: every file of the generation is read, so every match is found.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use regex::{Regex, RegexBuilder};

use super::filter::Filter;
use super::request::{Hit, Mode, SearchOutcome, SearchRequest};
use crate::error::SearchError;
use crate::repo::{RepoIndex, Served};
use crate::snapshot::FileEntry;

/// The size that a compiled expression may have; larger ones are somebody's mistake.
const MAX_REGEX_BYTES: usize = 10 << 20;

/// A matched line is shown up to this many characters.
pub(crate) const MAX_LINE_CHARS: usize = 400;

pub(crate) fn run(
    repo: &RepoIndex,
    served: &Served,
    request: &SearchRequest,
    filter: &Filter,
    limit: usize,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<SearchOutcome, SearchError> {
    let regex = compile(request)?;
    let snapshot = &served.snapshot;
    let files = filter.files(snapshot);

    let num_found = AtomicUsize::new(0);
    let scan = Scan {
        repo,
        files: &files,
        is_cancelled,
    };
    let is_full = || num_found.load(Ordering::Relaxed) > limit;
    let look = |file: &FileEntry, text: &str, _| {
        let hits = matches_in(file, text, &regex, filter, snapshot, limit);
        num_found.fetch_add(hits.len(), Ordering::Relaxed);
        hits
    };
    let (found, lost) = scan.run(Behind::Stop, &is_full, &look)?;
    let mut hits: Vec<Hit> = found.into_iter().flatten().collect();
    let is_exhaustive = hits.len() <= limit && lost == 0;
    hits.truncate(limit);
    Ok(SearchOutcome {
        hits,
        route: if request.mode == Mode::Regex {
            "regex"
        } else {
            "literal"
        },
        generation: snapshot.generation,
        is_cached: false,
        is_exhaustive,
        notices: if lost == 0 {
            Vec::new()
        } else {
            vec![lost_notice(lost)]
        },
    })
}

/// What becomes of the files behind a full list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behind {
    /// They are not read.
    Stop,
    /// They are read all the same, to be counted.
    Count,
}

/// A reading of every file, in the order given, by all workers.
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
        behind: Behind,
        is_full: &(dyn Fn() -> bool + Sync),
        look: &(dyn Fn(&FileEntry, &str, bool) -> T + Sync),
    ) -> Result<(Vec<T>, usize), SearchError> {
        let next = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        // One slot a file keeps the order of paths whoever finishes first.
        let found: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::new());
        let lost = AtomicUsize::new(0);
        let repo = self.repo;
        let files = self.files;
        let work = || -> Result<(), SearchError> {
            loop {
                // Asked before a file is taken: whatever filled the list lies before that file.
                let is_behind = is_full();
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(file) = files.get(at) else { return Ok(()) };
                if stop.load(Ordering::Relaxed) || (is_behind && behind == Behind::Stop) {
                    return Ok(());
                }
                let Some(text) = repo.shared().content.text(&file.key)? else {
                    repo.text_is_lost(file.version);
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
        let finished = AtomicUsize::new(0);
        let workers = repo.shared().settings.workers.max(1);
        std::thread::scope(|scope| -> Result<(), SearchError> {
            let threads: Vec<_> = (0..workers)
                .map(|_| {
                    scope.spawn(|| {
                        let result = work();
                        finished.fetch_add(1, Ordering::Release);
                        result
                    })
                })
                .collect();
            let watch = crossbeam_channel::tick(std::time::Duration::from_millis(5));
            while finished.load(Ordering::Acquire) < workers {
                if (self.is_cancelled)() {
                    stop.store(true, Ordering::Relaxed);
                }
                let _ = watch.recv();
            }
            for thread in threads {
                match thread.join() {
                    Ok(result) => result?,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok(())
        })?;
        if (self.is_cancelled)() {
            return Err(SearchError::Cancelled);
        }
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

fn compile(request: &SearchRequest) -> Result<Regex, SearchError> {
    let pattern = match request.mode {
        Mode::Literal => regex::escape(&request.query),
        Mode::Regex | Mode::Auto => request.query.clone(),
    };
    if pattern.is_empty() {
        return Err(SearchError::InvalidQuery {
            reason: "it is empty".to_owned(),
        });
    }
    RegexBuilder::new(&pattern)
        .multi_line(true)
        .size_limit(MAX_REGEX_BYTES)
        .build()
        .map_err(|e| SearchError::InvalidQuery {
            reason: e.to_string(),
        })
}

/// One hit for each line on which a match begins.
fn matches_in(
    file: &FileEntry,
    text: &str,
    regex: &Regex,
    filter: &Filter,
    snapshot: &crate::snapshot::Snapshot,
    limit: usize,
) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    let mut line = 1_u32;
    let mut counted = 0;
    let mut ordinal = 0;
    for found in regex.find_iter(text) {
        line += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..found.start()]).count() as u32;
        counted = found.start();
        if hits.last().is_some_and(|hit| hit.start_line == line) {
            continue;
        }
        while file
            .outline
            .spans
            .get(ordinal)
            .is_some_and(|span| (span.end as usize) <= found.start())
        {
            ordinal += 1;
        }
        let Some(span) = file
            .outline
            .spans
            .get(ordinal.min(file.outline.spans.len().saturating_sub(1)))
        else {
            continue;
        };
        if !filter.allows(crate::snapshot::chunk_id(file.version, ordinal), snapshot) {
            continue;
        }
        let begin = text[..found.start()].rfind('\n').map_or(0, |at| at + 1);
        let end = text[found.end()..]
            .find('\n')
            .map_or(text.len(), |at| found.end() + at);
        let breadcrumb = file.outline.breadcrumb(span);
        let snippet: String = text[begin..end].chars().take(MAX_LINE_CHARS).collect();
        let lines = snippet.lines().count().max(1) as u32;
        hits.push(Hit {
            score: 1.0,
            path: file.path.to_string(),
            start_line: line,
            end_line: line + lines - 1,
            symbol: (!breadcrumb.is_empty()).then(|| breadcrumb.to_owned()),
            kind: None,
            language: file.language.map(aiex_chunk::Language::name),
            snippet,
            focus_line: line,
            why: vec!["match".to_owned()],
            explain: None,
        });
        if hits.len() > limit {
            break;
        }
    }
    hits
}
