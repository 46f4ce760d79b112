//! Keeps the watches in step with the tree. It decides where to watch, not what events mean.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Worker;
use crate::relpath::RelPath;
use crate::walk::{Flow, Visit, traverse};
use crate::watch::source::{Refusal, WHOLE_TREES};

impl Worker {
    /// Watches the root, git's directory and the whole tree.
    pub(super) fn watch_all(&mut self) -> Result<(), String> {
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
    pub(super) fn watch_tree(&mut self, from: Option<&RelPath>, news: Option<Instant>) -> Result<(), String> {
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
    pub(super) fn watch_again(&mut self, now: Instant) {
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
}
