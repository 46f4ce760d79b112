//! The only place that knows the library behind the events. It sets watches, counts them, and turns events into news
//! without ever blocking the thread they come on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use notify::event::{CreateKind, EventKind, ModifyKind, RemoveKind, RenameMode};
use notify::{ErrorKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::WatchBudget;
use crate::relpath::RelPath;
use crate::root::Root;

/// News that have not been looked at. When more come, they are dropped and a scan is asked for.
const QUEUE: usize = 16_384;

/// Whether one watch serves a whole tree.
pub(super) const WHOLE_TREES: bool = !cfg!(any(target_os = "linux", target_os = "android"));

/// Something that happened.
#[derive(Debug)]
pub(super) enum News {
    /// Something about this path changed.
    Path { path: PathBuf, hint: Hint },
    /// Events were lost.
    Lost,
    /// No more watches are to be had.
    Exhausted(String),
}

/// What is known of a path that changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hint {
    /// It is or was a file.
    File,
    /// Its name came or went, or nobody knows; it may be another directory now.
    Named,
    /// Its permissions or times changed.
    Touched,
}

/// Why a watch was not set.
pub(super) enum Refusal {
    /// The budget or the system's limit is used up.
    Exhausted(String),
    /// This path cannot be watched; it may be gone.
    This,
}

/// The watches of one root.
pub(super) struct Source {
    watcher: RecommendedWatcher,
    root: PathBuf,
    budget: Arc<WatchBudget>,
    watched: BTreeSet<RelPath>,
    /// Watches on the root and on git's directory, which have no relative path.
    fixed: usize,
    overflow: Arc<AtomicBool>,
}

impl Source {
    /// Starts without any watch.
    pub(super) fn start(root: &Root, budget: Arc<WatchBudget>) -> Result<(Source, Receiver<News>), String> {
        let (sender, receiver) = bounded(QUEUE);
        let overflow = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&overflow);
        let watcher = notify::recommended_watcher(move |event| hear(event, &sender, &seen))
            .map_err(|error| format!("the system gives no watcher: {error}"))?;
        let (root, watched) = (root.path.clone(), BTreeSet::new());
        Ok((
            Source {
                watcher,
                root,
                budget,
                watched,
                fixed: 0,
                overflow,
            },
            receiver,
        ))
    }

    /// Watches the root, or a directory outside the tree.
    pub(super) fn watch_fixed(&mut self, path: &Path, whole_tree: bool) -> Result<(), Refusal> {
        self.set(path, whole_tree)?;
        self.fixed += 1;
        Ok(())
    }

    /// Watches a directory. A directory that is watched already is watched anew: it may be another one by now.
    pub(super) fn watch_dir(&mut self, dir: &RelPath) -> Result<(), Refusal> {
        if self.watched.contains(dir) {
            self.unwatch_dir(dir);
        }
        self.set(&dir.to_path(&self.root), false)?;
        self.watched.insert(dir.clone());
        Ok(())
    }

    pub(super) fn unwatch_dir(&mut self, dir: &RelPath) {
        if self.watched.remove(dir) {
            self.drop_watch(dir);
        }
    }

    /// Forgets a directory that is gone, with all below it.
    pub(super) fn forget_tree(&mut self, dir: &RelPath) {
        // Names such as `a-b` sort between `a` and `a/b`, so the range goes on until the last that begins with `a`.
        let below = self
            .watched
            .range(dir.clone()..)
            .take_while(|path| path.as_bytes().starts_with(dir.as_bytes()));
        let gone: Vec<RelPath> = below.filter(|path| path.is_within(dir)).cloned().collect();
        for dir in &gone {
            self.unwatch_dir(dir);
        }
    }

    pub(super) fn is_watched(&self, dir: &RelPath) -> bool {
        self.watched.contains(dir)
    }

    pub(super) fn watched(&self) -> impl Iterator<Item = &RelPath> {
        self.watched.iter()
    }

    pub(super) fn count(&self) -> usize {
        self.watched.len() + self.fixed
    }

    /// Whether events were dropped since the last call.
    pub(super) fn overflowed(&self) -> bool {
        self.overflow.swap(false, Ordering::AcqRel)
    }

    fn set(&mut self, path: &Path, whole_tree: bool) -> Result<(), Refusal> {
        if !self.budget.take() {
            let limit = self.budget.limit();
            return Err(Refusal::Exhausted(format!(
                "the budget of {limit} watches is used up"
            )));
        }
        let mode = if whole_tree {
            RecursiveMode::Recursive
        } else {
            RecursiveMode::NonRecursive
        };
        let Err(error) = self.watcher.watch(path, mode) else {
            return Ok(());
        };
        self.budget.give_back(1);
        if is_limit(&error) {
            return Err(Refusal::Exhausted(
                "the system's limit on watches is reached".to_owned(),
            ));
        }
        tracing::debug!(path = %path.display(), %error, "a directory cannot be watched");
        Err(Refusal::This)
    }

    fn drop_watch(&mut self, dir: &RelPath) {
        self.budget.give_back(1);
        // The system drops the watches of directories that are gone by itself, so an error says nothing new.
        if let Err(error) = self.watcher.unwatch(&dir.to_path(&self.root)) {
            tracing::trace!(%dir, %error, "the watch is gone already");
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.budget.give_back(self.count());
    }
}

/// Linux says "no space left" when the limit on watches is reached.
fn is_limit(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::MaxFilesWatch => true,
        ErrorKind::Io(io) => io.kind() == std::io::ErrorKind::StorageFull,
        _ => error.to_string().contains("No space left"),
    }
}

/// Runs on the library's thread: sorts out what is of no interest and never waits.
fn hear(event: Result<notify::Event, notify::Error>, sender: &Sender<News>, overflow: &AtomicBool) {
    let send = |news: News| match sender.try_send(news) {
        Ok(()) | Err(TrySendError::Disconnected(_)) => {}
        Err(TrySendError::Full(_)) => overflow.store(true, Ordering::Release),
    };
    let event = match event {
        Ok(event) => event,
        Err(error) if is_limit(&error) => {
            return send(News::Exhausted(
                "the system's limit on watches is reached".to_owned(),
            ));
        }
        Err(error) => {
            tracing::debug!(%error, "the watcher reports an error");
            return send(News::Lost);
        }
    };
    if event.need_rescan() {
        return send(News::Lost);
    }
    let hint = match event.kind {
        // Reading is no change; heeding it would make every scan cause the next.
        EventKind::Access(_) => return,
        // Both halves of this rename have been told of one by one.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) if !WHOLE_TREES => return,
        EventKind::Create(CreateKind::File)
        | EventKind::Modify(ModifyKind::Data(_))
        | EventKind::Remove(RemoveKind::File) => Hint::File,
        EventKind::Modify(ModifyKind::Metadata(_)) => Hint::Touched,
        _ => Hint::Named,
    };
    for path in event.paths {
        send(News::Path { path, hint });
    }
}
