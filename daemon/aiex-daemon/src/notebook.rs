//! The notebook: what the user searched for and what they keep, opened at its first use.
//!
//! A search is noted when it has been answered, and written behind the answer: no reply waits for the disk. Whoever
//! reads the notebook has first written what was noted before, so nothing that a client was told is missed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aiex_config::{Environment as _, Home, ProcessEnvironment, Settings};
use aiex_files::root::Root;
use aiex_files::secret;
use aiex_protocol::WireError;
use aiex_sessions::{Search, Sessions, SessionsError};
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::repository::Repositories;
use crate::research::local::file::Files;
use crate::wire;

/// The file in the state folder: users made what is in it, so it is no cache.
const FILE: &str = "sessions.db";
/// Searches that may wait to be written. People do not search faster than a disk writes.
const WAITING: usize = 256;

/// A search to be written down.
pub(crate) struct Noted {
    /// What it was; without a root when none was opened for it.
    pub(crate) search: Search,
    /// The folder that was asked about.
    pub(crate) place: String,
}

/// History and bookmarks as the rest of the daemon uses them.
pub(crate) struct Notebook {
    file: PathBuf,
    keeps_history: bool,
    user_home: Option<PathBuf>,
    files: Files,
    repositories: Arc<dyn Repositories>,
    open: Mutex<Option<Sessions>>,
    noted: (Sender<Noted>, Receiver<Noted>),
    is_writing: AtomicBool,
}

impl Notebook {
    pub(crate) fn new(home: &Home, settings: &Settings, repositories: Arc<dyn Repositories>) -> Self {
        let user_home = ProcessEnvironment.home_dir();
        Self {
            file: home.state.join(FILE),
            keeps_history: settings.search.history,
            files: Files::new(user_home.clone(), settings.index.max_file_size),
            user_home,
            repositories,
            open: Mutex::default(),
            noted: bounded(WAITING),
            is_writing: AtomicBool::new(false),
        }
    }

    /// Whether searches are remembered.
    pub(crate) fn keeps_history(&self) -> bool {
        self.keeps_history
    }

    /// How the files of bookmarks are read.
    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// Notes a search that was answered. Never waits: one too many is not remembered.
    pub(crate) fn note(self: &Arc<Self>, noted: Noted) {
        if self.noted.0.try_send(noted).is_err() {
            tracing::debug!("searches come faster than they can be written down; one is not remembered");
            return;
        }
        if !self.is_writing.swap(true, Ordering::AcqRel) {
            let this = self.clone();
            tokio::task::spawn_blocking(move || this.write_down());
        }
    }

    /// Writes down what was noted. Blocks.
    pub(crate) fn write_down(&self) {
        loop {
            if !self.noted.1.is_empty()
                && let Err(error) = self.with(|_| Ok(()))
            {
                tracing::warn!(%error, "the history cannot be written");
            }
            self.is_writing.store(false, Ordering::Release);
            // What came after the look at the queue and before the flag was down has nobody else.
            if self.noted.1.is_empty() || self.is_writing.swap(true, Ordering::AcqRel) {
                return;
            }
        }
    }

    /// Works on the notebook, with everything in it that was noted before. Blocks.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&mut Sessions) -> Result<T, SessionsError>,
    ) -> Result<T, WireError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out even when there is nothing to write to, so that a broken file is not tried again and again.
        let searches: Vec<Search> = self
            .noted
            .1
            .try_iter()
            .map(|noted| self.finished(noted))
            .collect();
        let sessions = match &mut *open {
            Some(sessions) => sessions,
            empty => {
                let opened = Sessions::open(&self.file).map_err(|error| wire::sessions::error(&error))?;
                empty.insert(opened)
            }
        };
        if !searches.is_empty()
            && let Err(error) = sessions.record(&searches)
        {
            tracing::warn!(%error, "the history cannot be written");
        }
        work(sessions).map_err(|error| wire::sessions::error(&error))
    }

    /// The root of the repository that holds a folder, registered or not; the folder itself when there is none. Blocks.
    pub(crate) fn root_of(&self, place: &Path) -> PathBuf {
        let home = self.user_home.as_deref();
        let place = place.canonicalize().unwrap_or_else(|_| place.to_owned());
        if let Ok(root) = Root::discover(&place, home, false) {
            return root.path;
        }
        let registered = self
            .repositories
            .list()
            .into_iter()
            .map(|repo| PathBuf::from(repo.root));
        registered
            .filter(|root| place.starts_with(root))
            .max_by_key(|root| root.as_os_str().len())
            .or_else(|| Some(Root::discover(&place, home, true).ok()?.path))
            .unwrap_or(place)
    }

    /// What is written of a search: its secrets blotted out, its repository known.
    fn finished(&self, noted: Noted) -> Search {
        let Noted { mut search, place } = noted;
        secret::redact_typed(&mut search.query);
        if search.root.is_empty() {
            search.root = self.root_of(Path::new(&place)).display().to_string();
        }
        search
    }
}
