//! A repository's history: brought up to date, and asked.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gix::ObjectId;

use crate::change::{Reader, Record};
use crate::error::HistoryError;
use crate::limits::Limits;
use crate::repository::Repository;
use crate::store::Store;

/// Asked often whether to stop; may be asked from several threads.
pub type Cancel<'a> = &'a (dyn Fn() -> bool + Sync);

/// Commits of one transaction: enough that writing costs little, few enough that a kill loses little.
const BATCH: usize = 256;

/// Commits that a thread reads at a time.
const SHARE: usize = 16;

/// The history of one repository.
#[derive(Debug)]
pub struct History {
    root: PathBuf,
    folder: PathBuf,
    limits: Limits,
    /// Held for a whole update: one at a time.
    writer: Mutex<Option<Store>>,
    /// A reader of its own, so that a search never waits for an update.
    reader: Mutex<Option<Store>>,
}

/// What an update did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Updated {
    /// Commits that were read.
    pub added: usize,
    /// Commits that are no longer reachable and left the store.
    pub removed: usize,
    /// Commits that git's files name and that cannot be read.
    pub broken: usize,
    /// Whether the bound on commits left older ones out.
    pub cut: bool,
    /// What was wrong with the store, if it was begun anew.
    pub renewed: Option<String>,
}

/// What the store holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Status {
    /// Commits.
    pub commits: usize,
    /// Whether the last update was finished.
    pub complete: bool,
    /// Whether the bound on commits left older ones out.
    pub cut: bool,
    /// Whether the clone is shallow: git itself has no older commits.
    pub shallow: bool,
    /// Bytes on the disk.
    pub bytes: u64,
}

impl History {
    /// Opens the history of the repository at `root`, with its store in `folder`, which is made when it is missing. Nothing
    /// is read yet.
    ///
    /// # Errors
    /// When there is no repository that can be read, or when the folder cannot be written. A damaged store is no error: it
    /// is begun anew.
    pub fn open(root: &Path, folder: &Path, limits: Limits) -> Result<Self, HistoryError> {
        Repository::open(root)?;
        let history = Self {
            root: root.into(),
            folder: folder.into(),
            limits,
            writer: Mutex::new(None),
            reader: Mutex::new(None),
        };
        let (store, _) = Store::open_or_renew(folder)?;
        *lock(&history.writer) = Some(store);
        Ok(history)
    }

    /// Reads the commits that are new since the last time and drops those that are no longer reachable from `HEAD` or a local
    /// branch. When nothing changed it costs a look at the references.
    ///
    /// A second update waits for the first. After a cancellation or a kill the next update goes on where this one stopped.
    ///
    /// # Errors
    /// [`Cancelled`](HistoryError::Cancelled), or when git's files or the store cannot be used.
    pub fn update(&self, cancel: Cancel<'_>) -> Result<Updated, HistoryError> {
        let mut writer = lock(&self.writer);
        match self.bring_up(&mut writer, None, cancel) {
            Err(HistoryError::Damaged { source, .. }) => {
                // Nobody may read the files while they are replaced.
                let mut reader = lock(&self.reader);
                (*reader, *writer) = (None, None);
                Store::remove(&self.folder)?;
                drop(reader);
                self.bring_up(&mut writer, Some(source.to_string()), cancel)
            }
            other => other,
        }
    }

    fn bring_up(
        &self,
        writer: &mut Option<Store>,
        mut renewed: Option<String>,
        cancel: Cancel<'_>,
    ) -> Result<Updated, HistoryError> {
        let store = match writer {
            Some(store) => store,
            None => {
                let (store, why) = Store::open_or_renew(&self.folder)?;
                renewed = renewed.or(why);
                writer.insert(store)
            }
        };
        let repository = Repository::open(&self.root)?;
        let tips = repository.tips()?;
        let state = store.state()?;
        if state.tips.as_ref() == Some(&tips) {
            return Ok(Updated {
                cut: state.cut,
                renewed,
                ..Updated::default()
            });
        }
        let known = store.ids()?;
        let Plan {
            new,
            gone,
            cut,
            broken,
        } = self.plan(&repository, &tips, state.tips.as_deref(), &known, cancel)?;
        store.begin()?;
        let mut updated = Updated {
            broken,
            renewed,
            ..Updated::default()
        };
        let mut readers: Vec<Reader<'_>> = (0..self.limits.threads.max(1))
            .map(|_| Reader::new(repository.local(), &self.limits))
            .collect();
        for batch in new.chunks(BATCH) {
            let (records, broken) = read(&mut readers, batch, cancel)?;
            store.add(&records)?;
            updated.added += records.len();
            updated.broken += broken;
        }
        updated.removed = store.finish(&tips, &gone, self.limits.commits, cut)?;
        updated.cut = store.state()?.cut;
        Ok(updated)
    }

    /// Decides what to read and what to drop.
    fn plan(
        &self,
        repository: &Repository,
        tips: &[ObjectId],
        last: Option<&[ObjectId]>,
        known: &HashSet<ObjectId>,
        cancel: Cancel<'_>,
    ) -> Result<Plan, HistoryError> {
        let limit = self.limits.commits;
        if let Some(last) = last {
            // Everything behind a known commit is known, so the walk need not go there.
            let mut met = HashSet::new();
            let walked = repository.walk(tips, known, &mut met, limit, cancel)?;
            if last.iter().all(|tip| met.contains(tip) || tips.contains(tip)) {
                return Ok(Plan {
                    new: walked.commits,
                    gone: Vec::new(),
                    cut: walked.cut,
                    broken: walked.broken,
                });
            }
        }
        // Unfinished, or an old tip was not met: it may be gone, so everything is walked.
        let walked = repository.walk(tips, &HashSet::new(), &mut HashSet::new(), limit, cancel)?;
        let reached: HashSet<ObjectId> = walked.commits.iter().copied().collect();
        Ok(Plan {
            gone: known.difference(&reached).copied().collect(),
            new: walked
                .commits
                .into_iter()
                .filter(|id| !known.contains(id))
                .collect(),
            cut: walked.cut,
            broken: walked.broken,
        })
    }

    /// What the store holds now; does not wait for an update.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn status(&self) -> Result<Status, HistoryError> {
        let shallow = Repository::open(&self.root)?.is_shallow();
        self.reading(|store| {
            let state = store.state()?;
            Ok(Status {
                commits: state.commits,
                complete: state.tips.is_some(),
                cut: state.cut,
                shallow,
                bytes: store.bytes(),
            })
        })
    }

    pub(crate) fn reading<T>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, HistoryError>,
    ) -> Result<T, HistoryError> {
        let mut reader = lock(&self.reader);
        let store = match &mut *reader {
            Some(store) => store,
            None => reader.insert(Store::open(&self.folder)?),
        };
        let result = work(store);
        if matches!(result, Err(HistoryError::Damaged { .. })) {
            // The next one opens what an update has made of it by then.
            *reader = None;
        }
        result
    }
}

struct Plan {
    new: Vec<ObjectId>,
    gone: Vec<ObjectId>,
    cut: bool,
    broken: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads a batch, each reader on a thread of its own, in order; the second part is how many cannot be read.
fn read(
    readers: &mut [Reader<'_>],
    batch: &[ObjectId],
    cancel: Cancel<'_>,
) -> Result<(Vec<Record>, usize), HistoryError> {
    let shares: Vec<&[ObjectId]> = batch.chunks(SHARE).collect();
    let next = AtomicUsize::new(0);
    let work = |reader: &mut Reader<'_>| {
        let mut done: Vec<(usize, Vec<Record>, usize)> = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(share) = shares.get(at) else { return done };
            let (mut records, mut broken) = (Vec::with_capacity(share.len()), 0);
            for id in *share {
                if cancel() {
                    return done;
                }
                match reader.read(*id) {
                    Ok(record) => records.push(record),
                    Err(error) => {
                        tracing::debug!(%id, %error, "a commit cannot be read");
                        broken += 1;
                    }
                }
            }
            done.push((at, records, broken));
        }
    };
    let mut done: Vec<(usize, Vec<Record>, usize)> = std::thread::scope(|scope| {
        let threads: Vec<_> = readers
            .iter_mut()
            .map(|reader| scope.spawn(|| work(reader)))
            .collect();
        let mut done = Vec::new();
        for thread in threads {
            match thread.join() {
                Ok(part) => done.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    if done.len() < shares.len() {
        return Err(HistoryError::Cancelled);
    }
    done.sort_unstable_by_key(|(at, ..)| *at);
    let broken = done.iter().map(|(.., broken)| broken).sum();
    Ok((
        done.into_iter().flat_map(|(_, records, _)| records).collect(),
        broken,
    ))
}
