//! Who follows a run, and how.
//!
//! Followers pull: each has a number and asks for what comes after it, from the newest events in memory or else from
//! the store. The run publishes and goes on; it never waits for a follower and never knows how many there are.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::error::ResearchError;
use crate::event::Entry;
use crate::run::{RunId, RunState};
use crate::store::Store;

/// Events of a run held in memory; older ones are read from the store.
const TAIL: usize = 512;
/// Events read from the store at once.
const BATCH: usize = 256;

/// The newest events of every run that has happened in this process.
#[derive(Debug, Default)]
pub(crate) struct Feeds {
    by_run: Mutex<HashMap<RunId, Arc<Feed>>>,
}

/// The newest events of one run.
#[derive(Debug)]
struct Feed {
    tail: Mutex<VecDeque<Arc<Entry>>>,
    news: watch::Sender<News>,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct News {
    seq: u64,
    over: bool,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Feeds {
    fn of(&self, run: &RunId) -> Arc<Feed> {
        let fresh = || {
            let (news, _) = watch::channel(News { seq: 0, over: false });
            Arc::new(Feed {
                tail: Mutex::default(),
                news,
            })
        };
        Arc::clone(held(&self.by_run).entry(run.clone()).or_insert_with(fresh))
    }

    /// Takes what the writer has just written.
    pub(crate) fn publish(&self, run: &RunId, entries: Vec<Arc<Entry>>, state: Option<RunState>) {
        if entries.is_empty() && state.is_none() {
            return;
        }
        let feed = self.of(run);
        let last = entries.last().map(|entry| entry.seq);
        {
            let mut tail = held(&feed.tail);
            tail.extend(entries);
            let surplus = tail.len().saturating_sub(TAIL);
            tail.drain(..surplus);
            if state.is_some_and(RunState::is_over) {
                // Whoever is behind reads the rest from the store.
                tail.clear();
            }
        }
        feed.news.send_modify(|news| {
            news.seq = last.unwrap_or(news.seq);
            news.over = state.map_or(news.over, RunState::is_over);
        });
    }

    /// A run was deleted: its followers come to an end.
    pub(crate) fn forget(&self, run: &RunId) {
        if let Some(feed) = held(&self.by_run).remove(run) {
            held(&feed.tail).clear();
            feed.news.send_modify(|news| news.over = true);
        }
    }
}

impl Feed {
    /// Events from a number on, if memory reaches that far back.
    fn since(&self, seq: u64) -> Option<Vec<Arc<Entry>>> {
        let tail = held(&self.tail);
        let first = tail.front()?.seq;
        let skip = usize::try_from(seq.checked_sub(first)?).ok()?;
        Some(tail.iter().skip(skip).take(BATCH).cloned().collect())
    }
}

/// A follower of one run: every event from a number on, in order, without gaps, at the follower's own pace.
pub struct Follow {
    store: Store,
    run: RunId,
    feed: Arc<Feed>,
    news: watch::Receiver<News>,
    next_seq: u64,
    ready: VecDeque<Arc<Entry>>,
}

impl std::fmt::Debug for Follow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follow")
            .field("run", &self.run)
            .field("next_seq", &self.next_seq)
            .finish_non_exhaustive()
    }
}

impl Follow {
    /// Follows a run from an event on. `last_seq` and `over` are what the store says now.
    pub(crate) fn new(store: Store, run: RunId, from_seq: u64, last_seq: u64, over: bool) -> Self {
        let feed = store.feeds().of(&run);
        feed.news.send_if_modified(|news| {
            let newer = last_seq > news.seq || (last_seq == news.seq && over != news.over);
            if newer {
                *news = News { seq: last_seq, over };
            }
            newer
        });
        let news = feed.news.subscribe();
        Self {
            store,
            run,
            feed,
            news,
            next_seq: from_seq.max(1),
            ready: VecDeque::new(),
        }
    }

    /// The next event; `None` once the run is over and everything was told. A run that is paused or waits for
    /// approval keeps its followers waiting. Safe to drop while it waits.
    ///
    /// # Errors
    /// [`ResearchError::Store`] when the store cannot be read; the follower may ask again.
    pub async fn next(&mut self) -> Option<Result<Arc<Entry>, ResearchError>> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                self.next_seq = entry.seq + 1;
                return Some(Ok(entry));
            }
            let news = *self.news.borrow_and_update();
            if self.next_seq <= news.seq {
                match self.fetch().await {
                    Ok(entries) if entries.is_empty() => return None,
                    Ok(entries) => self.ready = entries.into(),
                    Err(error) => return Some(Err(error)),
                }
                continue;
            }
            if news.over || self.news.changed().await.is_err() {
                return None;
            }
        }
    }

    async fn fetch(&self) -> Result<Vec<Arc<Entry>>, ResearchError> {
        match self.feed.since(self.next_seq) {
            Some(entries) if !entries.is_empty() => Ok(entries),
            _ => self.store.events(&self.run, self.next_seq, BATCH).await,
        }
    }
}
