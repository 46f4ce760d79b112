//! The thread of a watcher: makes sense of news, keeps the watches in step with the tree, and sends batches.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crossbeam_channel::{Receiver, Select, Sender, never};

use super::pending::Pending;
use super::source::{Hint, News, Refusal, Source, WHOLE_TREES};
use super::{Batch, Mode, RescanReason, Synced, WatchOptions, cookie};
use crate::relpath::RelPath;
use crate::root::Root;
use crate::rules::Rules;
use crate::stat::Stat;
use crate::walk::{Flow, Visit, traverse};

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
                Event::Time => self.on_poll(),
                Event::Request(request) => self.on_request(request),
                Event::News(news) => self.on_news(news),
            }
            if self.stop.load(Ordering::Acquire) {
                return;
            }
        }
    }

    /// Blocks until there is something to do. Nothing wakes it up when nothing happens.
    fn wait(&mut self) -> Event {
        let now = Instant::now();
        let due = self.pending.due();
        let ready = due.is_some_and(|due| due <= now);
        let mut select = Select::new();
        let requests = select.recv(&self.requests);
        let news = select.recv(&self.news);
        let out = if ready { Some(select.send(&self.out)) } else { None };
        let wake = if ready {
            self.next_poll
        } else {
            due.into_iter().chain(self.next_poll).min()
        };
        let operation = match wake {
            Some(wake) => match select.select_deadline(wake) {
                Ok(operation) => operation,
                Err(_) => return Event::Time,
            },
            None => select.select(),
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

    fn on_path(&mut self, path: &Path, hint: Hint, now: Instant) {
        if path == self.root.path {
            if self.is_root_gone() {
                self.pending.root_gone(now);
            }
            return;
        }
        if self.on_git_path(path, now) || self.options.self_exclude.iter().any(|own| path.starts_with(own)) {
            return;
        }
        let Some(relative) = RelPath::from_path(&self.root, path) else {
            return;
        };
        if self.rules.is_rule_file(&relative) {
            self.on_rules(now);
            return;
        }
        let was_dir = self
            .source
            .as_ref()
            .is_some_and(|source| source.is_watched(&relative));
        if hint == Hint::File && !was_dir {
            if self.pending.holds(&relative) || self.rules.is_ignored(&relative, false).is_none() {
                self.pending.changed(relative, now);
            }
            return;
        }
        if path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            if hint == Hint::Named || !was_dir {
                self.on_dir(relative, now);
            }
            return;
        }
        if was_dir && let Some(source) = &mut self.source {
            source.forget_tree(&relative);
            self.tell_mode();
        }
        if was_dir || self.rules.is_ignored(&relative, false).is_none() {
            self.pending.changed(relative, now);
        }
    }

    fn on_rules(&mut self, now: Instant) {
        self.rules.reload();
        self.pending.rescan(RescanReason::RulesChanged, now);
        self.watch_again(now);
    }

    /// Whether the path is a cookie or in git's own directory, and what follows from it.
    fn on_git_path(&mut self, path: &Path, now: Instant) -> bool {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if cookie::is_cookie(name) {
            let (found, waiting) = self
                .waiting
                .drain(..)
                .partition(|r: &Request| r.cookie.as_deref() == Some(name));
            self.waiting = waiting;
            self.answer(found, Synced::Events);
            return true;
        }
        let Some(git_dir) = &self.root.git_dir else {
            return false;
        };
        let in_info = self.info.as_ref().is_some_and(|info| path.starts_with(info));
        if !path.starts_with(git_dir) && !in_info {
            // A worktree's own `.git` is a file: changing it changes what the root is.
            return path == self.root.path.join(".git");
        }
        if in_info && name == "exclude" {
            self.on_rules(now);
        } else if path.parent() == Some(git_dir) && matches!(name, "HEAD" | "index") {
            self.pending.rescan(RescanReason::GitChanged, now);
        }
        true
    }

    /// A directory that appeared, or took the place of another one.
    fn on_dir(&mut self, dir: RelPath, now: Instant) {
        if self.excluded(&dir) || !self.rules.enters(&dir) {
            return;
        }
        self.pending.changed(dir.clone(), now);
        match self.watch_tree(Some(&dir), Some(now)) {
            Ok(()) => self.tell_mode(),
            Err(reason) => self.give_up(reason, now),
        }
    }

    fn answer_waiting(&mut self) {
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

    fn is_root_gone(&self) -> bool {
        match self.root.path.symlink_metadata() {
            Ok(metadata) => !metadata.is_dir() || Stat::of(&metadata).inode != self.identity,
            Err(_) => true,
        }
    }

    fn excluded(&self, dir: &RelPath) -> bool {
        let path: PathBuf = dir.to_path(&self.root);
        self.options.self_exclude.iter().any(|own| path.starts_with(own))
    }

    /// Watches the root, git's directory and the whole tree.
    fn watch_all(&mut self) -> Result<(), String> {
        let Some(source) = &mut self.source else {
            return Ok(());
        };
        for (path, whole) in [
            (Some(&self.root.path), WHOLE_TREES),
            (self.root.git_dir.as_ref(), false),
            (self.info.as_ref(), false),
        ] {
            let Some(path) = path else { continue };
            if WHOLE_TREES && !whole && path.starts_with(&self.root.path) {
                continue;
            }
            match source.watch_fixed(path, whole) {
                Ok(()) => {}
                Err(Refusal::Exhausted(reason)) => return Err(reason),
                Err(Refusal::This) => return Err(format!("{} cannot be watched", path.display())),
            }
        }
        self.watch_tree(None, None)
    }

    /// Watches every wanted directory at or below `from`. Each is watched before it is listed, so that nothing that
    /// appears in between is missed. With `news`, the files that are there already are reported.
    fn watch_tree(&mut self, from: Option<&RelPath>, news: Option<Instant>) -> Result<(), String> {
        let Some(source) = &mut self.source else {
            return Ok(());
        };
        let (pending, options, root) = (&mut self.pending, &self.options, &self.root);
        let mut exhausted = None;
        let stop = Arc::clone(&self.stop);
        let walked = traverse(
            root,
            &self.rules,
            from,
            &|| stop.load(Ordering::Acquire),
            &mut |visit| match visit {
                Visit::Enter(Some(dir)) if !WHOLE_TREES => {
                    let path = dir.to_path(root);
                    if options.self_exclude.iter().any(|own| path.starts_with(own)) {
                        return Flow::Continue;
                    }
                    if news.is_none() && source.is_watched(dir) {
                        return Flow::Continue;
                    }
                    match source.watch_dir(dir) {
                        Err(Refusal::Exhausted(reason)) => {
                            exhausted = Some(reason);
                            Flow::Stop
                        }
                        Ok(()) | Err(Refusal::This) => Flow::Continue,
                    }
                }
                Visit::Enter(_) | Visit::Listed => Flow::Continue,
                Visit::File { path, .. } => {
                    if let Some(now) = news {
                        pending.changed(path, now);
                    }
                    Flow::Continue
                }
                Visit::Skipped { path, .. } => {
                    source.unwatch_dir(&path);
                    Flow::Continue
                }
            },
        );
        if let Err(error) = walked {
            // The root has just gone, or the watcher is being stopped; either way there is nothing to watch.
            tracing::debug!(%error, "watches could not be set");
        }
        exhausted.map_or(Ok(()), Err)
    }

    /// Brings the watches in step with the tree and the rules.
    fn watch_again(&mut self, now: Instant) {
        let unwanted: Vec<RelPath> = match &self.source {
            Some(source) => source
                .watched()
                .filter(|dir| self.rules.is_ignored(dir, true).is_some() || !dir.to_path(&self.root).is_dir())
                .cloned()
                .collect(),
            None => return,
        };
        if let Some(source) = &mut self.source {
            for dir in &unwanted {
                source.unwatch_dir(dir);
            }
        }
        match self.watch_tree(None, None) {
            Ok(()) => self.tell_mode(),
            Err(reason) => self.give_up(reason, now),
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
