//! The index of packages, opened: which of them stay open, and which stay at all.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aiex_index::{Engine, IndexError, RepoIndex};

use super::wanted::{MAX_WANTED, Wanted};
use crate::research::local::file::package_root;
use crate::research::local::shelf::Shelf;

/// Packages that the index keeps, if they fit into the room that the settings give them; those not used for longest go
/// first.
const MAX_KEPT: usize = 96;
/// Packages that stay open between searches: each holds a few file handles and a few megabytes.
const MAX_OPEN: usize = MAX_WANTED;

/// The engine and what is known of the use of its packages.
pub(super) struct Open {
    pub(super) engine: Arc<Engine>,
    pub(super) shelf: Mutex<Shelf>,
    /// Held while an index is opened or closed: none is opened again while somebody still has it.
    pub(super) doors: Mutex<()>,
}

impl Open {
    pub(super) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index of a package.
    pub(super) fn index(&self, folder: &Path) -> Result<Arc<RepoIndex>, IndexError> {
        let _doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        self.engine.open_repo(package_root(folder), true)
    }

    /// Every folder that there is an index of, the one used last first.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let registered = self.engine.registered().into_iter();
        let folders = registered.map(|registered| registered.root).collect();
        self.shelf().latest_first(folders)
    }

    /// Closes the packages that were not used for longest and that nobody has, beyond those that stay open.
    pub(super) fn close(&self) {
        let _doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        for folder in self.folders().iter().skip(MAX_OPEN) {
            // One for the engine and one for this look.
            let is_idle = self
                .engine
                .opened(folder)
                .is_some_and(|index| Arc::strong_count(&index) == 2);
            if is_idle {
                self.engine.close_repo(folder);
            }
        }
    }

    /// Notes what a package takes on disk: its own stores, and its share of the contents, whose texts, outlines and
    /// vectors together take less than the files.
    pub(super) fn weigh(&self, folder: &Path) {
        if let Some(index) = self.engine.opened(folder) {
            let facts = index.facts();
            self.shelf()
                .weighed(folder, facts.disk_bytes.saturating_add(facts.source_bytes));
        }
    }

    /// Forgets the packages that were not used for longest, beyond those that are kept. Whether there were any. Those
    /// that are wanted now stay in any case.
    pub(super) fn forget(&self, wanted: &[Wanted], room: u64) -> Result<bool, IndexError> {
        let registered = self.engine.registered().into_iter();
        let folders = registered.map(|registered| registered.root).collect();
        let beyond = self.shelf().beyond(folders, MAX_KEPT, room);
        let mut has_forgotten = false;
        for folder in beyond {
            if wanted.iter().any(|package| package.folder == folder) {
                continue;
            }
            self.engine.forget(&folder)?;
            self.shelf().removed(&folder);
            has_forgotten = true;
        }
        Ok(has_forgotten)
    }
}
