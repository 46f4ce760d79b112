//! Which folders of a root are watched. It keeps the watches in step with what is known of the tree, within the root's
//! share of the budget; what it refuses is polled by whoever asked.

use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::budget::{Room, Share};
use super::folders::Folders;
use super::glance::{Last, now_ns};
use super::source::{News, Refusal, Source, WHOLE_TREES};
use crate::relpath::RelPath;
use crate::root::Root;

pub(super) struct Watches {
    /// None while not even the root can be watched: then every folder is polled.
    source: Option<Source>,
    pub(super) folders: Folders,
    share: Arc<Share>,
    /// The watches on the root and on git's directories.
    fixed: usize,
    /// Why there is something to poll.
    reason: String,
}

impl Watches {
    pub(super) fn none(share: Share) -> Watches {
        Watches {
            source: None,
            folders: Folders::default(),
            share: Arc::new(share),
            fixed: 0,
            reason: String::new(),
        }
    }

    /// Watches the root and git's directories, all or none. What they are to tell comes from the receiver.
    pub(super) fn start(
        &mut self,
        root: &Root,
        git: &[&Path],
        before: impl Fn() + Send + 'static,
    ) -> Option<Receiver<News>> {
        self.source = None;
        self.fixed = 1 + git.len();
        self.want();
        match Source::start(root, git, Arc::clone(&self.share), before) {
            Ok((source, news)) => {
                self.source = Some(source);
                if WHOLE_TREES {
                    self.folders = Folders::default();
                }
                Some(news)
            }
            Err(reason) => {
                self.reason = reason;
                None
            }
        }
    }

    /// Gives all watches up.
    pub(super) fn stop(&mut self, reason: String) {
        self.folders.set_all_polled(Last::never(now_ns()));
        self.source = None;
        self.reason = reason;
    }

    pub(super) fn source(&mut self) -> Option<&mut Source> {
        self.source.as_mut()
    }

    pub(super) fn is_started(&self) -> bool {
        self.source.is_some()
    }

    /// Whether something has to be polled.
    pub(super) fn is_partial(&self) -> bool {
        self.source.is_none() || self.folders.polled() > 0
    }

    pub(super) fn held(&self) -> usize {
        self.source.as_ref().map_or(0, Source::held)
    }

    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    pub(super) fn room(&self) -> Room {
        self.share.room()
    }

    /// A wanted directory. It is watched if it can be, anew if it was already, since it may be another one by now;
    /// otherwise it is to be polled. To be called before it is listed, so that nothing that appears in between is
    /// missed.
    pub(super) fn add(&mut self, dir: &RelPath) {
        if WHOLE_TREES && self.source.is_some() {
            return;
        }
        let was_watched = self.folders.is_watched(dir);
        let unseen = Last::never(now_ns());
        if !was_watched {
            self.folders.set_polled(dir, unseen);
            self.want();
            self.promote(dir);
            return;
        }
        let Some(source) = &mut self.source else { return };
        match source.watch_dir_anew(dir) {
            Ok(()) => {}
            Err(Refusal::Exhausted(reason)) => {
                self.reason = reason;
                self.folders.set_polled(dir, unseen);
            }
            Err(Refusal::This) => {
                self.folders.remove(dir);
            }
        }
    }

    /// Watches a polled folder, if it can be. Whether watches are to be had at all.
    pub(super) fn promote(&mut self, dir: &RelPath) -> bool {
        let Some(source) = &mut self.source else {
            return false;
        };
        if !self.folders.is_above_watched(dir) {
            return true;
        }
        match source.watch_dir(dir) {
            Ok(()) => self.folders.set_watched(dir),
            Err(Refusal::Exhausted(reason)) => {
                self.reason = reason;
                return false;
            }
            Err(Refusal::This) => {
                self.folders.remove(dir);
            }
        }
        true
    }

    /// Gives the watch of a folder up; it is polled from now on.
    pub(super) fn demote(&mut self, dir: &RelPath) {
        if !self.folders.is_watched(dir) {
            return;
        }
        self.folders.set_polled(dir, Last::never(now_ns()));
        if let Some(source) = &mut self.source {
            source.unwatch_dir(dir);
        }
    }

    /// Forgets a folder that is not wanted, or gone, with all below it.
    pub(super) fn forget(&mut self, dir: &RelPath) {
        let gone = self.folders.within(dir);
        if gone.is_empty() {
            return;
        }
        for dir in gone {
            if self.folders.remove(&dir)
                && let Some(source) = &mut self.source
            {
                source.unwatch_dir(&dir);
            }
        }
        self.want();
    }

    /// How many watches there would be without a budget.
    fn want(&self) {
        self.share.want(self.fixed + self.folders.len());
    }
}
