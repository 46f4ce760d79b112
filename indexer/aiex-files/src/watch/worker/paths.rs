//! What a path that something happened to means: a file, a directory, a rule, git's own, or a cookie.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{Request, Worker};
use crate::relpath::RelPath;
use crate::stat::Stat;
use crate::watch::source::Hint;
use crate::watch::{RescanReason, Synced, cookie};

impl Worker {
    pub(super) fn on_path(&mut self, path: &Path, hint: Hint, now: Instant) {
        if path == self.root.path {
            if self.is_root_gone() {
                self.pending.root_gone(now);
            }
            return;
        }
        if self.on_git_path(path, hint, now)
            || self.options.self_exclude.iter().any(|own| path.starts_with(own))
        {
            return;
        }
        let Some(relative) = RelPath::from_path(&self.root, path) else {
            return;
        };
        if self.rules.is_rule_file(&relative) {
            self.on_rules(now);
            return;
        }
        if self.watches.is_partial()
            && let Some(dir) = relative.parent()
        {
            self.watches.folders.touch(&dir);
        }
        let was_dir = self.watches.folders.is_known(&relative);
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
        if was_dir {
            self.watches.forget(&relative);
            self.settle();
            self.balance_soon();
        }
        if was_dir || self.rules.is_ignored(&relative, false).is_none() {
            self.pending.changed(relative, now);
        }
    }

    pub(super) fn on_rules(&mut self, now: Instant) {
        self.rules.reload();
        self.pending.rescan(RescanReason::RulesChanged, now);
        self.watch_again();
    }

    /// Whether the path is a cookie or in git's own directory, and what follows from it.
    fn on_git_path(&mut self, path: &Path, hint: Hint, now: Instant) -> bool {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if cookie::is_cookie(name) {
            self.read_requests();
            let (found, waiting) = self
                .waiting
                .drain(..)
                .partition(|r: &Request| r.cookie.as_deref() == Some(name));
            self.waiting = waiting;
            self.answer(found, Synced::Events);
            return true;
        }
        // Git's directory itself: it may have been made anew.
        if hint == Hint::Named
            && let Some(source) = self.watches.source()
            && source.watch_fixed_anew(path)
        {
            self.pending.rescan(RescanReason::GitChanged, now);
            // Nobody has heard of the cookies in it.
            self.answer_waiting();
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
    pub(super) fn on_dir(&mut self, dir: RelPath, now: Instant) {
        if self.excluded(&dir) || !self.rules.enters(&dir) {
            return;
        }
        self.pending.changed(dir.clone(), now);
        self.watch_tree(Some(&dir), Some(now));
        self.watches.folders.touch(&dir);
        self.hurry();
    }

    pub(super) fn is_root_gone(&self) -> bool {
        match self.root.path.symlink_metadata() {
            Ok(metadata) => !metadata.is_dir() || Stat::of(&metadata).inode != self.identity,
            Err(_) => true,
        }
    }

    pub(super) fn excluded(&self, dir: &RelPath) -> bool {
        let path: PathBuf = dir.to_path(&self.root);
        self.options.self_exclude.iter().any(|own| path.starts_with(own))
    }
}
