//! Hints about what may have changed below a root. A hint can be late, doubled or wrong; a scan is the truth, and
//! whenever hints may have been lost the watcher asks for one. It knows nothing of what is done with them.
//!
//! Directories are filtered by the ignore rules *before* they are watched, and watches are counted against a budget that
//! all roots share fairly. Beyond it, or the system's limit, the folders nearest to the root and those that changed last
//! are watched, and the others are looked at from time to time: they are *polled*. Where the system watches whole trees
//! (macOS, Windows) one watch is enough and events are filtered.
//!
//! Start the watcher before the first walk: what changes from then on is reported.

mod budget;
mod cookie;
mod folders;
mod glance;
mod pending;
mod source;
mod watches;
mod worker;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::relpath::RelPath;
use crate::root::Root;
use crate::rules::Rules;

pub use budget::WatchBudget;
pub use cookie::Cookie;
use worker::{Request, Worker};

/// Requests to the watcher's thread; only callers of [`Watcher::sync`] make any.
const REQUESTS: usize = 64;

/// How a root is watched.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// The watches that may be held, shared by all roots of the process.
    pub budget: Arc<WatchBudget>,
    /// How often folders are looked at that are not watched: up to twelve times as seldom while nothing changes there,
    /// and never so often that it takes more than a fiftieth of a core.
    pub poll_interval: Duration,
    /// How long nothing must have happened before a batch is sent.
    pub debounce: Duration,
    /// How long a batch is held back at most while things go on happening.
    pub max_wait: Duration,
    /// Absolute paths whose events are dropped, such as the place where the index is kept.
    pub self_exclude: Vec<PathBuf>,
}

impl WatchOptions {
    /// The usual delays: 40 ms of quiet, 250 ms at most, polls every 10 s.
    pub fn new(budget: Arc<WatchBudget>) -> WatchOptions {
        WatchOptions {
            budget,
            poll_interval: Duration::from_secs(10),
            debounce: Duration::from_millis(40),
            max_wait: Duration::from_millis(250),
            self_exclude: Vec::new(),
        }
    }
}

/// A hint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Batch {
    /// These paths may have changed, appeared or gone. A path may be or have been a directory: then everything that was
    /// known below it is to be looked at again. The files of a directory that is new are named one by one.
    Changed(BTreeSet<RelPath>),
    /// Anything may have changed: scan.
    Rescan {
        /// Why.
        reason: RescanReason,
    },
    /// The root is gone or is another directory now. Nothing more will come.
    RootGone,
}

/// Why a scan is asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RescanReason {
    /// Events were lost, here or in the system.
    Overflow,
    /// An ignore file, or a mark that rules heed, has changed. The rules have been reloaded.
    RulesChanged,
    /// Somebody waits for what is polled, or the root itself is polled and has changed.
    Poll,
    /// Nothing is watched any more; everything is polled from now on.
    WatchLost,
    /// More paths have changed than are worth naming.
    TooMany,
    /// Git's `HEAD` or `index` has changed: another branch may be checked out.
    GitChanged,
}

/// How a root is being watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mode {
    /// By events.
    Events {
        /// The watches held.
        watches: usize,
    },
    /// By events as far as there are watches; the other folders are looked at from time to time.
    Polling {
        /// The watches held.
        watches: usize,
        /// The folders that are not watched.
        folders: usize,
        /// How often all of those are looked at.
        interval: Duration,
        /// Why they are not watched.
        reason: String,
    },
}

/// How [`Watcher::sync`] kept its promise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Synced {
    /// Every event from before the call has been sent.
    Events,
    /// Events are not to be had or were lost: a rescan has been sent instead.
    Rescan,
}

/// Why a root cannot be watched at all.
#[derive(thiserror::Error, Debug)]
pub enum WatchError {
    /// The root cannot be read.
    #[error("cannot watch {}", root.display())]
    Root {
        /// The root.
        root: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No thread could be started.
    #[error("cannot start the thread that watches {}", root.display())]
    Thread {
        /// The root.
        root: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Why the watcher has not caught up.
#[derive(thiserror::Error, Debug)]
pub enum SyncError {
    /// Nothing came back in time; the receiver of the batches may be stuck.
    #[error("the watcher did not catch up within {} ms", timeout.as_millis())]
    Timeout {
        /// The time given.
        timeout: Duration,
    },
    /// The watcher has ended: the root is gone, or nobody receives its batches.
    #[error("the watcher has ended")]
    Ended,
}

/// Watches one root until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    root: Root,
    requests: Option<Sender<Request>>,
    stop: Arc<AtomicBool>,
    mode: Arc<Mutex<Mode>>,
    thread: Option<JoinHandle<()>>,
    /// Nothing is ever sent: it is disconnected when the worker has ended.
    ended: Receiver<()>,
}

impl Watcher {
    /// Sets the watches and begins to send batches. When this returns, every later change is going to be reported.
    /// `rules` are reloaded whenever a rule file changes.
    pub fn start(
        root: &Root,
        rules: Arc<Rules>,
        options: WatchOptions,
        on_batch: Sender<Batch>,
    ) -> Result<Watcher, WatchError> {
        let stop = Arc::new(AtomicBool::new(false));
        let (requests, received) = bounded(REQUESTS);
        let worker =
            Worker::new(root, rules, options, on_batch, received, Arc::clone(&stop)).map_err(|source| {
                WatchError::Root {
                    root: root.path.clone(),
                    source,
                }
            })?;
        let mode = worker.mode();
        let (alive, ended) = bounded(0);
        let thread = std::thread::Builder::new()
            .name("aiex-watch".to_owned())
            .spawn(move || {
                worker.run();
                drop::<Sender<()>>(alive);
            })
            .map_err(|source| WatchError::Thread {
                root: root.path.clone(),
                source,
            })?;
        let (root, requests, thread) = (root.clone(), Some(requests), Some(thread));
        Ok(Watcher {
            root,
            requests,
            stop,
            mode,
            thread,
            ended,
        })
    }

    /// Makes a file of a unique name in a watched place that is never indexed: git's directory, or else the root. It
    /// is removed when the guard is dropped.
    pub fn cookie(&self) -> io::Result<Cookie> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Cookie::create(&self.root, NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns once every event from before the call has been sent in a batch. Where events are not to be had, a
    /// rescan is sent instead, and the answer says so.
    pub fn sync(&self, timeout: Duration) -> Result<Synced, SyncError> {
        let Some(requests) = &self.requests else {
            return Err(SyncError::Ended);
        };
        let (acknowledge, acknowledged) = bounded(1);
        let prepared = matches!(self.mode(), Mode::Events { .. }).then(|| {
            static NEXT: AtomicU64 = AtomicU64::new(0);
            cookie::name(NEXT.fetch_add(1, Ordering::Relaxed), "sync")
        });
        let deadline = Instant::now() + timeout;
        let request = Request {
            cookie: prepared.clone(),
            acknowledge,
        };
        requests
            .send_timeout(request, timeout)
            .map_err(|error| match error {
                crossbeam_channel::SendTimeoutError::Timeout(_) => SyncError::Timeout { timeout },
                crossbeam_channel::SendTimeoutError::Disconnected(_) => SyncError::Ended,
            })?;
        // The request is queued before the file appears, so that its event finds somebody waiting for it.
        let placed = prepared.map(|name| Cookie::place(&self.root, &name));
        if let Some(Err(error)) = &placed {
            tracing::debug!(root = %self.root.path.display(), %error, "no cookie can be placed, asking for a rescan");
            let (acknowledge, acknowledged) = bounded(1);
            requests
                .try_send(Request {
                    cookie: None,
                    acknowledge,
                })
                .map_err(|_| SyncError::Ended)?;
            return self.wait(&acknowledged, deadline, timeout);
        }
        self.wait(&acknowledged, deadline, timeout)
    }

    /// How the root is being watched now.
    pub fn mode(&self) -> Mode {
        self.mode.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn wait(
        &self,
        acknowledged: &Receiver<Synced>,
        deadline: Instant,
        timeout: Duration,
    ) -> Result<Synced, SyncError> {
        crossbeam_channel::select! {
            recv(acknowledged) -> synced => synced.map_err(|_| SyncError::Ended),
            // A worker that ended answers nothing any more; what it answered before still counts.
            recv(self.ended) -> _ => acknowledged.try_recv().map_err(|_| SyncError::Ended),
            default(deadline.saturating_duration_since(Instant::now())) => Err(SyncError::Timeout { timeout }),
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        drop(self.requests.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!(root = %self.root.path.display(), "the watching thread has panicked");
        }
    }
}
