//! The only place that knows the library behind the events. It sets watches, counts them, and turns events into news
//! without ever blocking the thread they come on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use notify::event::{CreateKind, EventKind, ModifyKind, RemoveKind, RenameMode};
use notify::{ErrorKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::budget::Share;
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

/// The watches of one root, counted against its share of the budget.
pub(super) struct Source {
    watcher: RecommendedWatcher,
    root: PathBuf,
    share: Arc<Share>,
    /// The root and git's directories, which have no relative path.
    fixed: Vec<PathBuf>,
    /// All watches that are held.
    held: usize,
    overflow: Arc<AtomicBool>,
}

impl Source {
    /// Watches the root and the directories `git`. `before` runs ahead of every event, on the thread they come on.
    pub(super) fn start(
        root: &Root,
        git: &[&Path],
        share: Arc<Share>,
        before: impl Fn() + Send + 'static,
    ) -> Result<(Source, Receiver<News>), String> {
        let (sender, receiver) = bounded(QUEUE);
        let overflow = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&overflow);
        let watcher = notify::recommended_watcher(move |event| {
            before();
            hear(event, &sender, &seen);
        })
        .map_err(|error| format!("the system gives no watcher: {error}"))?;
        let mut source = Source {
            watcher,
            root: root.path.clone(),
            share,
            fixed: Vec::new(),
            held: 0,
            overflow,
        };
        source.take_fixed(&root.path)?;
        for path in git {
            if !(WHOLE_TREES && path.starts_with(&root.path)) {
                source.take_fixed(path)?;
            }
        }
        Ok((source, receiver))
    }

    fn take_fixed(&mut self, path: &Path) -> Result<(), String> {
        match self.take(path) {
            Ok(()) => {
                self.fixed.push(path.to_owned());
                Ok(())
            }
            Err(Refusal::Exhausted(reason)) => Err(reason),
            Err(Refusal::This) => Err(format!("{} cannot be watched", path.display())),
        }
    }

    pub(super) fn watch_dir(&mut self, dir: &RelPath) -> Result<(), Refusal> {
        self.take(&dir.to_path(&self.root))
    }

    /// Watches a watched directory anew: it may be another one by now.
    pub(super) fn watch_dir_anew(&mut self, dir: &RelPath) -> Result<(), Refusal> {
        let path = dir.to_path(&self.root);
        self.drop_watch(&path);
        self.set(&path).inspect_err(|_| self.give_back())
    }

    pub(super) fn unwatch_dir(&mut self, dir: &RelPath) {
        self.drop_watch(&dir.to_path(&self.root));
        self.give_back();
    }

    /// Watches the root, or a directory of git's, anew if it is at `path`. One that is gone is heard of when it appears
    /// again if it lies in the tree, since what is above it is watched too.
    pub(super) fn watch_fixed_anew(&mut self, path: &Path) -> bool {
        let is_fixed = self.fixed.iter().any(|fixed| fixed == path);
        if is_fixed {
            self.drop_watch(path);
            let _gone = self.set(path);
        }
        is_fixed
    }

    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Whether events were dropped since the last call.
    pub(super) fn overflowed(&self) -> bool {
        self.overflow.swap(false, Ordering::AcqRel)
    }

    fn take(&mut self, path: &Path) -> Result<(), Refusal> {
        if !self.share.take() {
            let limit = self.share.limit();
            return Err(Refusal::Exhausted(format!(
                "the budget of {limit} watches is used up"
            )));
        }
        self.held += 1;
        self.set(path).inspect_err(|_| self.give_back())
    }

    fn give_back(&mut self) {
        self.held -= 1;
        self.share.give_back(1);
    }

    fn set(&mut self, path: &Path) -> Result<(), Refusal> {
        let mode = if WHOLE_TREES && path == self.root {
            RecursiveMode::Recursive
        } else {
            RecursiveMode::NonRecursive
        };
        let Err(error) = self.watcher.watch(path, mode) else {
            return Ok(());
        };
        if is_limit(&error) {
            return Err(Refusal::Exhausted(SYSTEM_LIMIT.to_owned()));
        }
        tracing::debug!(path = %path.display(), %error, "a directory cannot be watched");
        Err(Refusal::This)
    }

    fn drop_watch(&mut self, path: &Path) {
        // The system drops the watches of directories that are gone by itself, so an error says nothing new.
        if let Err(error) = self.watcher.unwatch(path) {
            tracing::trace!(path = %path.display(), %error, "the watch is gone already");
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.share.give_back(self.held);
    }
}

const SYSTEM_LIMIT: &str = "the system's limit on watches is reached";

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
            return send(News::Exhausted(SYSTEM_LIMIT.to_owned()));
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
