//! The commits of repositories, from stores that follow their histories.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aiex_evidence::{Origin, Source, date};
use aiex_history::{ChangeKind, CommitHit, History, HistoryError, Limits, Side, Status};
use aiex_page::untrusted::instructs;
use aiex_research::{Findings, Found, Present, Search, SearchFailure};
use tokio::sync::OwnedMutexGuard;

use super::name_of;
use super::stop::{Stop, blocking};
use crate::error::chain;

/// The share of a search's time that reading new commits may take.
const READING: f64 = 0.7;
/// …and the most of it.
const MAX_READING: Duration = Duration::from_secs(60);
/// Histories that stay open; each holds two connections to its store.
const MAX_OPEN: usize = 16;

/// The histories that were asked for.
pub(super) struct Histories {
    folder: PathBuf,
    open: Mutex<HashMap<PathBuf, Opened>>,
}

#[derive(Clone)]
struct Opened {
    history: Arc<History>,
    /// Held while new commits are read.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Histories {
    /// Histories with their stores in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            open: Mutex::default(),
        }
    }

    /// Searches the history of the repository at `root`. New commits are read first, for as long as there is time.
    pub(super) async fn search(
        self: Arc<Self>,
        root: PathBuf,
        search: &Search,
        stop: &Stop,
    ) -> Result<Findings, SearchFailure> {
        let history = self.current(&root, stop).await?;
        let (query, limit) = (search.query.clone(), search.limit);
        blocking(stop, move |stop| {
            let hits = history.search(&query, limit, now(), &|| stop.is_due())?;
            Ok(Findings {
                found: hits.into_iter().map(|hit| result(hit, &root)).collect(),
                lacks: lacks(&history.status()?, &root),
                ..Findings::default()
            })
        })
        .await?
        .map_err(|error: HistoryError| unusable(&error))
    }

    /// The history, brought up to date as far as there is time.
    async fn current(self: Arc<Self>, root: &Path, stop: &Stop) -> Result<Arc<History>, SearchFailure> {
        let of = root.to_owned();
        let opened = blocking(stop, move |_| self.opened(&of))
            .await?
            .map_err(|error| unusable(&error))?;
        let reading = stop.part(READING, MAX_READING);
        let turn = tokio::select! {
            turn = opened.turn.clone().lock_owned() => turn,
            () = reading.due() => {
                stop.fall_short();
                return Ok(opened.history);
            }
        };
        let history = opened.history.clone();
        blocking(&reading, move |reading| read(&history, turn, reading))
            .await?
            .map_err(|error| unusable(&error))?;
        Ok(opened.history)
    }

    fn opened(&self, root: &Path) -> Result<Opened, HistoryError> {
        // Held while opening, so that nobody opens the same store twice.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = open.get(root) {
            return Ok(opened.clone());
        }
        let name = blake3::hash(root.as_os_str().as_encoded_bytes()).to_hex();
        let store = self.folder.join(&name[..16]);
        let opened = Opened {
            history: Arc::new(History::open(root, &store, Limits::default())?),
            turn: Arc::default(),
        };
        if open.len() >= MAX_OPEN {
            // One that is at work stays: a second one on its store would be in its way.
            let idle = open
                .iter()
                .find(|(_, opened)| Arc::strong_count(&opened.history) == 1);
            if let Some(idle) = idle.map(|(root, _)| root.clone()) {
                open.remove(&idle);
            }
        }
        open.insert(root.to_owned(), opened.clone());
        Ok(opened)
    }

    /// What has become of a commit. Its id names what it says: as long as it is there, it says what it said.
    pub(super) async fn revisit(
        self: Arc<Self>,
        source: &Source,
        root: &Path,
        commit: &str,
        stop: &Stop,
    ) -> Present {
        let unknown = |failure: SearchFailure| Present::Unknown {
            reason: failure.message,
        };
        let history = match self.current(root, stop).await {
            Ok(history) => history,
            Err(failure) => return unknown(failure),
        };
        let id = commit.to_owned();
        let looked = blocking(stop, move |stop| {
            let hits = history.search(&id, 1, now(), &|| stop.is_due())?;
            let is_there = hits.iter().any(|hit| hit.id == id);
            Ok((is_there, history.status()?))
        })
        .await
        .and_then(|looked| looked.map_err(|error: HistoryError| unusable(&error)));
        match looked {
            Ok((true, _)) => Present::There {
                text: source.text.clone(),
            },
            Ok((false, status)) if status.complete && !status.cut && !status.shallow => Present::Gone,
            Ok((false, _)) => Present::Unknown {
                reason: "the history is not read in full".to_owned(),
            },
            Err(failure) => unknown(failure),
        }
    }
}

/// Reads new commits until it is time to stop; what was read is kept. The turn ends with the work.
fn read(history: &History, _turn: OwnedMutexGuard<()>, stop: &Stop) -> Result<(), HistoryError> {
    match history.update(&|| stop.is_due()) {
        Err(HistoryError::Cancelled) if !stop.is_cancelled() => {
            stop.fall_short();
            Ok(())
        }
        other => other.map(drop),
    }
}

/// What a history has not, and will not have by waiting.
fn lacks(status: &Status, root: &Path) -> Option<String> {
    let of = name_of(root);
    if status.shallow {
        Some(format!(
            "older commits of {of} are not here, it is a shallow clone (git fetch --unshallow gets them)"
        ))
    } else if status.cut {
        Some(format!(
            "of {of} only the newest {} commits are searched",
            status.commits
        ))
    } else {
        None
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn result(hit: CommitHit, root: &Path) -> Found {
    let text = text(&hit);
    Found {
        origin: Origin::Commit {
            repo: name_of(root),
            root: root.display().to_string(),
            commit: hit.id,
        },
        title: hit.subject,
        snippet: if hit.snippet.is_empty() {
            hit.lines
                .first()
                .map(|line| line.text.clone())
                .unwrap_or_default()
        } else {
            hit.snippet
        },
        score: hit.score as f32,
        instructs: instructs(&text).is_some(),
        text: Some(text),
        date: u64::try_from(hit.time).ok().map(date::day),
        licence: None,
    }
}

/// A commit as `git show` tells it: the message, the changed files, and the changed lines that fit the question.
fn text(hit: &CommitHit) -> String {
    let mut parts = vec![hit.subject.clone()];
    parts.extend((!hit.snippet.is_empty()).then(|| hit.snippet.clone()));
    let files: Vec<String> = hit
        .files
        .iter()
        .map(|file| {
            let kind = match file.kind {
                ChangeKind::Added => 'A',
                ChangeKind::Deleted => 'D',
                ChangeKind::Modified => 'M',
            };
            format!("{kind} {}", file.path)
        })
        .collect();
    parts.extend((!files.is_empty()).then(|| files.join("\n")));
    let mut changes: Vec<String> = Vec::new();
    let mut path = "";
    for line in &hit.lines {
        if line.path != path {
            path = &line.path;
            changes.push(format!("{path}:"));
        }
        let sign = match line.side {
            Side::Added => '+',
            Side::Removed => '-',
        };
        changes.push(format!("{sign} {}", line.text));
    }
    parts.extend((!changes.is_empty()).then(|| changes.join("\n")));
    parts.join("\n\n")
}

fn unusable(error: &HistoryError) -> SearchFailure {
    SearchFailure {
        message: chain(error),
        hint: error.hint().to_owned(),
        retryable: matches!(error, HistoryError::Cancelled | HistoryError::Damaged { .. }),
    }
}

#[cfg(test)]
mod tests {
    use aiex_history::{ChangedFile, DiffLine};

    use super::*;

    #[test]
    fn a_commit_is_told_as_git_tells_it() {
        let hit = CommitHit {
            id: "0af3".repeat(10),
            author: "Ada".to_owned(),
            time: 1_709_164_800,
            subject: "Retry when the server is overloaded".to_owned(),
            snippet: "It answers 503 for a second after a deploy.".to_owned(),
            files: vec![ChangedFile {
                path: "src/retry.rs".to_owned(),
                kind: ChangeKind::Modified,
            }],
            more_files: 0,
            lines: vec![
                DiffLine {
                    path: "src/retry.rs".to_owned(),
                    side: Side::Removed,
                    text: "let tries = 1;".to_owned(),
                },
                DiffLine {
                    path: "src/retry.rs".to_owned(),
                    side: Side::Added,
                    text: "let tries = 3;".to_owned(),
                },
            ],
            score: 2.5,
        };
        let found = result(hit, Path::new("/home/ada/shop"));
        assert_eq!(found.title, "Retry when the server is overloaded");
        assert_eq!(found.date.as_deref(), Some("2024-02-29"));
        assert_eq!(
            found.text.as_deref(),
            Some(
                "Retry when the server is overloaded\n\nIt answers 503 for a second after a deploy.\n\n\
                 M src/retry.rs\n\nsrc/retry.rs:\n- let tries = 1;\n+ let tries = 3;"
            )
        );
    }

    #[test]
    fn what_a_history_lacks_is_told() {
        let told = |status: Status| lacks(&status, Path::new("/home/ada/shop"));
        let whole = Status {
            commits: 300,
            complete: true,
            ..Status::default()
        };
        assert_eq!(told(whole.clone()), None);
        let shallow = told(Status {
            shallow: true,
            ..whole.clone()
        });
        assert!(
            shallow
                .unwrap()
                .contains("of shop are not here, it is a shallow clone")
        );
        let cut = told(Status { cut: true, ..whole });
        assert!(cut.unwrap().contains("the newest 300 commits"));
    }

    #[tokio::test]
    async fn a_folder_without_git_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let histories = Arc::new(Histories::new(&dir.path().join("history")));
        let search = Search {
            run: String::new(),
            source: aiex_research::SourceKind::Git,
            query: "why".to_owned(),
            limit: 3,
            repos: Vec::new(),
            since: None,
            deadline: Duration::from_secs(60),
            kept_since_ms: 0,
            answered: Vec::new(),
        };
        let stop = Stop::new(search.deadline, &tokio_util::sync::CancellationToken::new());
        let failure = histories
            .search(dir.path().to_owned(), &search, &stop)
            .await
            .unwrap_err();
        assert!(failure.message.contains("not a git repository"), "{failure}");
        assert!(failure.hint.contains("git"), "{}", failure.hint);
    }
}
