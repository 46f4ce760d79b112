//! The thread of a watcher: makes sense of news, keeps the watches in step with the tree, and sends batches.

mod paths;
mod tree;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select, Sender, never};

use super::pending::Pending;
use super::source::{News, Source};
use super::{Batch, Mode, RescanReason, Synced, WatchOptions};
use crate::root::Root;
use crate::rules::Rules;
use crate::stat::Stat;

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
    source: Option<Source>,
    news: Receiver<News>,
    pending: Pending,
    /// Waiting for their cookie.
    waiting: Vec<Request>,
    /// Waiting for the pending batch to be sent.
    seen: Vec<(Request, Synced)>,
    next_poll: Option<Instant>,
    /// When it is looked whether the root is still there.
    next_look: Instant,
}

enum Event {
    Sent,
    News(News),
    Request(Request),
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
            source: None,
            news: never(),
            pending,
            waiting: Vec::new(),
            seen: Vec::new(),
            next_poll: None,
            next_look: Instant::now() + LOOK_EVERY,
        };
        match Source::start(&worker.root, Arc::clone(&worker.options.budget)) {
            Ok((source, news)) => {
                worker.source = Some(source);
                worker.news = news;
                if let Err(reason) = worker.watch_all() {
                    worker.poll(reason);
                }
            }
            Err(reason) => worker.poll(reason),
        }
        worker.tell_mode();
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
                Event::Time => {
                    self.look_at_root();
                    self.on_poll();
                }
                Event::Request(request) => self.on_request(request),
                Event::News(news) => self.on_news(news),
            }
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
        let out = if ready { Some(select.send(&self.out)) } else { None };
        let timers = self.next_poll.into_iter().chain([self.next_look]);
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
        debug_assert_eq!(operation.index(), news);
        // Without a source nothing can be heard any more.
        operation
            .recv(&self.news)
            .map_or_else(|_| Event::News(News::Lost), Event::News)
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

    fn on_poll(&mut self) {
        let now = Instant::now();
        let Some(at) = self.next_poll else { return };
        if now < at {
            return;
        }
        self.next_poll = Some(now + self.options.poll_interval);
        if self.is_root_gone() {
            self.pending.root_gone(now);
        } else {
            self.pending.rescan(RescanReason::Poll, now);
        }
    }

    fn on_request(&mut self, request: Request) {
        if self.source.is_some() && request.cookie.is_some() {
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

    fn on_news(&mut self, news: News) {
        let now = Instant::now();
        let Some(source) = &self.source else { return };
        let overflowed = source.overflowed();
        match news {
            News::Path { path, hint } if !overflowed => self.on_path(&path, hint, now),
            News::Exhausted(reason) => self.give_up(reason, now),
            News::Path { .. } | News::Lost => {
                self.pending.rescan(RescanReason::Overflow, now);
                // A directory may have appeared unheard.
                self.watch_again(now);
                self.answer_waiting();
            }
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

    /// Drops all watches of this root: half a tree watched would look like a whole one.
    fn give_up(&mut self, reason: String, now: Instant) {
        self.poll(reason);
        self.pending.rescan(RescanReason::WatchLost, now);
        self.answer_waiting();
        self.tell_mode();
    }

    fn poll(&mut self, reason: String) {
        tracing::info!(root = %self.root.path.display(), reason, "polling instead of watching");
        self.source = None;
        self.news = never();
        self.next_poll = Some(Instant::now() + self.options.poll_interval);
        self.set_mode(Mode::Polling {
            interval: self.options.poll_interval,
            reason,
        });
    }

    fn tell_mode(&self) {
        if let Some(source) = &self.source {
            self.set_mode(Mode::Events {
                watches: source.count(),
            });
        }
    }

    fn set_mode(&self, mode: Mode) {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }
}
