//! Keeps the watches in step with the tree. It decides where to watch, not what events mean.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crossbeam_channel::never;

use super::Worker;
use crate::relpath::RelPath;
use crate::walk::{Flow, Order, Visit, traverse};
use crate::watch::RescanReason;
use crate::watch::source::News;

impl Worker {
    /// Watches the root and git's directory. Whether that was possible.
    pub(super) fn start_source(&mut self, before: impl Fn() + Send + 'static) -> bool {
        let git: Vec<&Path> = [&self.root.git_dir, &self.info]
            .into_iter()
            .filter_map(|dir| dir.as_deref())
            .collect();
        let news = self.watches.start(&self.root, &git, before);
        let is_started = news.is_some();
        self.news = news.unwrap_or_else(never);
        is_started
    }

    /// Takes every wanted directory at or below `from`, those nearest to it first. With `news`, the files that are
    /// there already are reported, and directories that are known are watched anew.
    pub(super) fn watch_tree(&mut self, from: Option<&RelPath>, news: Option<Instant>) {
        let (watches, pending, options, root) =
            (&mut self.watches, &mut self.pending, &self.options, &self.root);
        let stop = Arc::clone(&self.stop);
        let walked = traverse(
            root,
            &self.rules,
            from,
            Order::Breadth,
            &|| stop.load(Ordering::Acquire),
            &mut |visit| {
                match visit {
                    Visit::Enter(Some(dir)) => {
                        let path = dir.to_path(root);
                        let is_own = options.self_exclude.iter().any(|own| path.starts_with(own));
                        if !is_own && (news.is_some() || !watches.folders.is_known(dir)) {
                            watches.add(dir);
                        }
                    }
                    Visit::Enter(None) | Visit::Listed => {}
                    Visit::File { path, .. } => {
                        if let Some(now) = news {
                            pending.changed(path, now);
                        }
                    }
                    Visit::Skipped { path, .. } => watches.forget(&path),
                }
                Flow::Continue
            },
        );
        if let Err(error) = walked {
            // The root has just gone, or the watcher is being stopped; either way there is nothing to watch.
            tracing::debug!(%error, "watches could not be set");
        }
        self.settle();
    }

    /// Brings the watches in step with the tree and the rules.
    pub(super) fn watch_again(&mut self) {
        let unwanted: Vec<RelPath> = self
            .watches
            .folders
            .iter()
            .filter(|dir| self.rules.is_ignored(dir, true).is_some() || !dir.to_path(&self.root).is_dir())
            .cloned()
            .collect();
        for dir in &unwanted {
            self.watches.forget(dir);
        }
        self.watch_tree(None, None);
    }

    /// Events were lost. Nothing of what is known can be relied on: rules may have changed, and a folder may have gone
    /// and come again under its name, with which its watch is lost. So every watch is set anew before a scan is asked
    /// for; what is still queued says nothing that the scan does not find.
    pub(super) fn mend(&mut self, now: Instant) {
        while self.news.try_recv().is_ok() {}
        if self.is_root_gone() {
            self.pending.root_gone(now);
            return;
        }
        self.rules.reload();
        self.pending.rescan(RescanReason::Overflow, now);
        if let Some(source) = self.watches.source() {
            let git = [&self.root.git_dir, &self.info].into_iter().flatten();
            for path in git.chain([&self.root.path]) {
                source.watch_fixed_anew(path);
            }
        }
        self.watch_again_anew();
        self.answer_waiting();
    }

    fn watch_again_anew(&mut self) {
        for dir in self.watches.folders.iter().cloned().collect::<Vec<_>>() {
            if self.watches.folders.is_watched(&dir) {
                self.watches.add(&dir);
            }
        }
        self.watch_again();
    }

    /// Nothing is heard any more: everything is polled until it is.
    pub(super) fn lose_source(&mut self, reason: String, now: Instant) {
        tracing::info!(root = %self.root.path.display(), reason, "polling instead of watching");
        self.watches.stop(reason);
        self.poll_all();
        self.news = never();
        self.pending.rescan(RescanReason::WatchLost, now);
        self.answer_waiting();
        self.settle();
    }

    pub(super) fn on_lost(&mut self, news: Option<News>, now: Instant) {
        match news {
            Some(News::Exhausted(reason)) => self.lose_source(reason, now),
            Some(_) => self.mend(now),
            None => self.lose_source("the system's watcher has ended".to_owned(), now),
        }
    }
}
