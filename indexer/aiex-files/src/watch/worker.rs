//! The thread of a watcher: makes sense of news, keeps the watches in step with the tree, and sends batches.

#[cfg(all(test, target_os = "linux"))]
mod loss;
mod paths;
mod poll;
mod tree;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select, Sender, bounded, never};

use super::budget::Share;
use super::pending::Pending;
use super::source::News;
use super::watches::Watches;
use super::{Batch, Mode, RescanReason, Synced, WatchOptions};
use crate::root::Root;
use crate::rules::Rules;
use crate::stat::Stat;
use poll::Round;

/// Calls that wait at the same time. Beyond it, the oldest gets no answer.
const MOST_WAITING: usize = 1_024;

/// How often it is looked whether the root is still there.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Somebody waits until everything up to a cookie has been sent.
#[derive(Debug)]
pub(super) struct Request {
    /// The cookie's file name; none to be content with a rescan.
    pub(super) cookie: Option<String>,
    pub(super) acknowledge: Sender<Synced>,
}

pub(super) struct Worker {
    root: Root,
    identity: u64,
    /// Where git keeps the file `exclude`.
    info: Option<PathBuf>,
    rules: Arc<Rules>,
    options: WatchOptions,
    out: Sender<Batch>,
    requests: Receiver<Request>,
    stop: Arc<AtomicBool>,
    mode: Arc<Mutex<Mode>>,
    watches: Watches,
    news: Receiver<News>,
    /// The budget has something to say: other roots want watches, or have given some back.
    woken: Receiver<()>,
    pending: Pending,
    /// Waiting for their cookie.
    waiting: Vec<Request>,
    /// Waiting for the pending batch to be sent.
    seen: Vec<(Request, Synced)>,
    round: Round,
    /// When the watches are brought in step with the budget.
    balance_at: Option<Instant>,
    /// When it is looked whether the root is still there.
    next_look: Instant,
}

enum Event {
    Sent,
    /// None when nothing can be heard any more.
    News(Option<News>),
    Request(Request),
    Woken,
    Time,
    End,
}

impl Worker {
    pub(super) fn new(
        root: &Root,
        rules: Arc<Rules>,
        options: WatchOptions,
        out: Sender<Batch>,
        requests: Receiver<Request>,
        stop: Arc<AtomicBool>,
    ) -> std::io::Result<Worker> {
        let metadata = root.path.metadata()?;
        if !metadata.is_dir() {
            return Err(std::io::ErrorKind::NotADirectory.into());
        }
        let pending = Pending::new(options.debounce, options.max_wait);
        let round = Round::every(options.poll_interval);
        let (wake, woken) = bounded(1);
        let share = Share::of(Arc::clone(&options.budget), wake);
        let mut worker = Worker {
            root: root.clone(),
            identity: Stat::of(&metadata).inode,
            info: root
                .common_git_dir()
                .map(|dir| dir.join("info"))
                .filter(|dir| dir.is_dir()),
            rules,
            options,
            out,
            requests,
            stop,
            mode: Arc::new(Mutex::new(Mode::Events { watches: 0 })),
            watches: Watches::none(share),
            news: never(),
            woken,
            pending,
            waiting: Vec::new(),
            seen: Vec::new(),
            round,
            balance_at: None,
            next_look: Instant::now() + LOOK_EVERY,
        };
        if !worker.start_source(|| {}) {
            worker.poll_all();
        }
        worker.watch_tree(None, None);
        if let Mode::Polling {
            watches,
            folders,
            reason,
            ..
        } = &*worker.mode.lock().unwrap_or_else(PoisonError::into_inner)
        {
            tracing::info!(root = %root.path.display(), watches, folders, reason, "polling what is not watched");
        }
        Ok(worker)
    }

    pub(super) fn mode(&self) -> Arc<Mutex<Mode>> {
        Arc::clone(&self.mode)
    }

    pub(super) fn run(mut self) {
        loop {
            match self.wait() {
                Event::End => return,
                Event::Sent => {
                    for (request, how) in self.seen.drain(..) {
                        // Whoever asked may have given up.
                        let _gone = request.acknowledge.try_send(how);
                    }
                }
                Event::Time => {}
                Event::Woken => self.balance_soon(),
                Event::Request(request) => self.on_request(request),
                Event::News(news) => self.on_news(news),
            }
            // Whatever else there is to do, what is due is done.
            self.on_time();
            if self.stop.load(Ordering::Acquire) {
                return;
            }
        }
    }

    /// Blocks until there is something to do. When nothing happens, only the look at the root wakes it up.
    fn wait(&mut self) -> Event {
        let now = Instant::now();
        let due = self.pending.due();
        let ready = due.is_some_and(|due| due <= now);
        let mut select = Select::new();
        let requests = select.recv(&self.requests);
        let news = select.recv(&self.news);
        let woken = select.recv(&self.woken);
        let out = if ready { Some(select.send(&self.out)) } else { None };
        let timers = [self.round.next(), self.balance_at, Some(self.next_look)]
            .into_iter()
            .flatten();
        let wake = timers.chain(due.filter(|_| !ready)).min();
        let wake = wake.unwrap_or(self.next_look);
        let operation = match select.select_deadline(wake) {
            Ok(operation) => operation,
            Err(_) => return Event::Time,
        };
        if Some(operation.index()) == out {
            let batch = self.pending.take();
            let last = batch == Batch::RootGone;
            return match operation.send(&self.out, batch) {
                Ok(()) if !last => Event::Sent,
                _ => Event::End,
            };
        }
        if operation.index() == requests {
            return operation.recv(&self.requests).map_or(Event::End, Event::Request);
        }
        if operation.index() == woken {
            // The budget lives as long as this root's share of it, so there is always a sender.
            return operation.recv(&self.woken).map_or(Event::End, |()| Event::Woken);
        }
        debug_assert_eq!(operation.index(), news);
        Event::News(operation.recv(&self.news).ok())
    }

    fn on_time(&mut self) {
        self.look_at_root();
        self.poll();
        if self.balance_at.is_some_and(|at| at <= Instant::now()) {
            self.balance();
        }
    }

    /// A disk that is unmounted takes its watches with it and says nothing.
    fn look_at_root(&mut self) {
        let now = Instant::now();
        if self.next_look <= now {
            self.next_look = now + LOOK_EVERY;
            if self.is_root_gone() {
                self.pending.root_gone(now);
            }
        }
    }

    fn on_request(&mut self, request: Request) {
        if !self.watches.is_partial() && request.cookie.is_some() {
            // Whoever has given up is not told apart; the oldest has most likely.
            if MOST_WAITING <= self.waiting.len() {
                self.waiting.remove(0);
            }
            self.waiting.push(request);
            return;
        }
        self.pending.rescan(RescanReason::Poll, Instant::now());
        self.pending.flush();
        self.seen.push((request, Synced::Rescan));
    }

    fn on_news(&mut self, news: Option<News>) {
        let now = Instant::now();
        let overflowed = self.watches.source().is_some_and(|source| source.overflowed());
        match news {
            Some(News::Path { path, hint }) if !overflowed => self.on_path(&path, hint, now),
            other => self.on_lost(other, now),
        }
    }

    /// Reads the requests that are queued already. One is queued before its cookie is made, but the two channels are
    /// read in any order: before news of cookies, or of their loss, the requests must be known.
    fn read_requests(&mut self) {
        while let Ok(request) = self.requests.try_recv() {
            self.on_request(request);
        }
    }

    fn answer_waiting(&mut self) {
        self.read_requests();
        let waiting = std::mem::take(&mut self.waiting);
        self.answer(waiting, Synced::Rescan);
    }

    /// Answers at once when nothing is held back, or as soon as it has been sent.
    fn answer(&mut self, requests: Vec<Request>, how: Synced) {
        // No cookie tells of what is polled.
        let how = if self.watches.is_partial() && !requests.is_empty() {
            self.pending.rescan(RescanReason::Poll, Instant::now());
            Synced::Rescan
        } else {
            how
        };
        for request in requests {
            if self.pending.is_empty() {
                let _gone = request.acknowledge.try_send(how);
            } else {
                let how = if self.pending.holds_rescan() {
                    Synced::Rescan
                } else {
                    how
                };
                self.pending.flush();
                self.seen.push((request, how));
            }
        }
    }

    fn set_mode(&self, mode: Mode) {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }
}
