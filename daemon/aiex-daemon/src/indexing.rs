//! The repositories as the index keeps them: which are open, and a worker for each.

mod asked;
mod behind;
mod clock;
mod due;
mod forgetting;
mod gate;
mod observer;
mod opened;
mod recent;
mod repository;
mod resting;
mod room;
mod settings;
mod vector_server;
mod worker;
mod workshop;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use aiex_config::{Environment as _, Home, ProcessEnvironment, Settings};
use aiex_files::root::{Root, RootRefusal};
use aiex_files::watch::WatchBudget;
use aiex_index::suspects::Trial;
use aiex_index::{Engine, IndexError, IndexSettings, Registered};
use aiex_protocol::repos::RepoStatus;
use aiex_protocol::{ErrorCode, WireError};
use aiex_vector::Server;

use crate::embedder;
use crate::error::chain;
use crate::event::{Bus, Event};
use crate::keys::Keys;
use crate::power::Power;
use crate::repository::{Repository as _, index_error};
use crate::supervise::Supervisor;
use gate::IndexGate;
use opened::{Embedding, Open};
use recent::Recent;
use repository::IndexedRepository;
use settings::{index_settings, rules_options, watch_options};
use worker::Worker;
use workshop::Workshop;

/// Registered repositories that are opened and watched right at the start; others at their first use.
/// Each open one holds a few file handles and a few megabytes.
const MAX_RESUMED: usize = 16;

/// The repositories of the engine in the cache folder.
pub(crate) struct EngineRepositories {
    home: Home,
    user_home: Option<PathBuf>,
    settings: Settings,
    runtime: tokio::runtime::Handle,
    supervisor: Supervisor,
    keys: Arc<Keys>,
    workshop: Arc<Workshop>,
    /// The server for vectors; without an address when there is none.
    vector_server: Arc<Server>,
    parse_trial: Option<Trial>,
    engine: OnceLock<Open>,
    /// Held while stores are opened or deleted, so that nobody does both at once.
    changing: Mutex<()>,
    repositories: Mutex<HashMap<PathBuf, Arc<IndexedRepository>>>,
    /// Where requests came from a moment ago.
    recent: Recent,
    /// Why registered repositories could not be opened.
    problems: Mutex<HashMap<PathBuf, String>>,
    /// What was known of those that were put to rest.
    resting: Mutex<HashMap<PathBuf, RepoStatus>>,
    /// Whether [`Self::resume`] is through, well or not.
    resumed: (Mutex<bool>, Condvar),
}

impl EngineRepositories {
    pub(crate) fn new(
        home: &Home,
        settings: &Settings,
        bus: Bus,
        supervisor: Supervisor,
        keys: Arc<Keys>,
        power: Power,
        runtime: tokio::runtime::Handle,
    ) -> Self {
        let user_home = ProcessEnvironment.home_dir();
        let budget = match settings.index.watch_budget {
            0 => WatchBudget::system(),
            limit => WatchBudget::new(limit),
        };
        let budget = Arc::new(budget);
        let workshop = Workshop {
            gate: IndexGate::default(),
            power: settings.index.pause_on_battery.then_some(power),
            bus,
            rules: rules_options(home, user_home.as_deref()),
            watch: watch_options(home, settings, budget.clone()),
            budget,
        };
        Self {
            home: home.clone(),
            user_home,
            settings: settings.clone(),
            runtime,
            supervisor,
            vector_server: vector_server::open(&settings.vector, &keys),
            parse_trial: None,
            keys,
            workshop: Arc::new(workshop),
            engine: OnceLock::new(),
            changing: Mutex::new(()),
            repositories: Mutex::default(),
            recent: Recent::default(),
            problems: Mutex::default(),
            resting: Mutex::default(),
            resumed: (Mutex::new(false), Condvar::new()),
        }
    }

    /// Has texts at which daemons died parsed by another process first.
    pub(crate) fn trying_suspects_by(mut self, parse_trial: Option<Trial>) -> Self {
        self.parse_trial = parse_trial;
        self
    }

    /// Opens the engine and takes up the registered repositories. Blocks.
    pub(crate) fn resume(&self) {
        self.take_up();
        *self.resumed.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.resumed.1.notify_all();
    }

    fn take_up(&self) {
        let engine = match self.engine() {
            Ok(engine) => engine,
            Err(error) => {
                tracing::error!(error = %chain(&error), "the index cannot be opened; the next request tries again");
                return;
            }
        };
        if let Some(why) = engine.quarantined() {
            tracing::warn!(why, "the content store is set aside and built anew");
        }
        self.forget_given_up(&engine);
        let mut registered = engine.registered();
        registered.retain(|registered| !registered.is_put_away);
        // The ones added last are the likeliest to be asked for.
        for registered in registered.iter().rev().take(MAX_RESUMED) {
            if let Err(error) = self.open_registered(registered) {
                tracing::warn!(root = %registered.root.display(), %error, "a repository cannot be opened");
            }
        }
    }

    fn engine(&self) -> Result<Arc<Engine>, IndexError> {
        if let Some(open) = self.engine.get() {
            return Ok(open.engine.clone());
        }
        let _changing = self.lock_changes();
        if let Some(open) = self.engine.get() {
            return Ok(open.engine.clone());
        }
        let embedder = embedder::open(&self.settings.embedder, &self.home, &self.keys);
        let embedding = Embedding::of(&embedder);
        let engine = Engine::open(
            &self.home.index_dir(),
            embedder.embedder,
            IndexSettings {
                parse_trial: self.parse_trial.clone(),
                ..index_settings(&self.settings, self.vector_server.clone())
            },
        )?;
        let open = Open {
            engine: engine.clone(),
            embedder: Mutex::new(embedding),
            opening: Mutex::default(),
        };
        // Nobody else sets it: the lock is held.
        let _ = self.engine.set(open);
        Ok(engine)
    }

    fn open_registered(&self, registered: &Registered) -> Result<Arc<IndexedRepository>, WireError> {
        let opened = self
            .open_root(&registered.root, registered.is_forced)
            .and_then(|repository| {
                if repository.root() == registered.root {
                    return Ok(repository);
                }
                Err(WireError::new(
                    ErrorCode::NotFound,
                    "the folder is now part of another repository",
                )
                .with_hint("run `aiex repos remove` for it"))
            });
        if let Err(error) = &opened {
            let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
            problems.insert(registered.root.clone(), error.to_string());
        }
        opened
    }

    fn open_root(&self, place: &Path, insist: bool) -> Result<Arc<IndexedRepository>, WireError> {
        let root = match Root::discover(place, self.user_home.as_deref(), insist) {
            Ok(root) => root,
            // What the user insisted on once need not be insisted on again.
            Err(refusal) => self.insisted(place).ok_or_else(|| root_error(&refusal))?,
        };
        if let Some(repository) = self.asked(&root.path) {
            return Ok(repository);
        }
        let engine = self.engine().map_err(|error| index_error(&error))?;
        let _changing = self.lock_changes();
        if let Some(repository) = self.get(&root.path) {
            return Ok(repository);
        }
        self.make_room();
        let index = engine
            .open_repo(root, insist)
            .map_err(|error| index_error(&error))?;
        let repository = IndexedRepository::new(
            index,
            self.workshop.clone(),
            self.supervisor.clone(),
            self.vector_server.is_set(),
        );
        let path = repository.root().to_owned();
        self.problems
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&path);
        self.start(&repository);
        self.workshop.bus.tell(Event::RepoAdded { root: path });
        Ok(repository)
    }

    /// The root of the forced registration that holds `place`.
    fn insisted(&self, place: &Path) -> Option<Root> {
        let registered = self.holding(place).filter(|registered| registered.is_forced)?;
        Root::discover(&registered.root, self.user_home.as_deref(), true).ok()
    }

    /// The registered repository that holds `place`: the innermost.
    fn holding(&self, place: &Path) -> Option<Registered> {
        // A folder that is gone cannot be resolved, and may have to be forgotten.
        let place = place.canonicalize().unwrap_or_else(|_| place.to_owned());
        let engine = self.engine().ok()?;
        let holds = |registered: &Registered| place.starts_with(&registered.root);
        engine
            .registered()
            .into_iter()
            .filter(holds)
            .max_by_key(|registered| registered.root.as_os_str().len())
    }

    fn get(&self, root: &Path) -> Option<Arc<IndexedRepository>> {
        self.repositories().get(root).cloned()
    }

    /// As [`Self::get`], for who asks it something.
    fn asked(&self, root: &Path) -> Option<Arc<IndexedRepository>> {
        self.get(root).inspect(|repository| repository.touch())
    }

    fn start(&self, repository: &Arc<IndexedRepository>) {
        self.repositories()
            .insert(repository.path().to_owned(), repository.clone());
        let worker = Worker::new(repository.clone(), self.workshop.clone());
        self.supervisor.start(&self.runtime, Arc::new(worker));
    }

    fn repositories(&self) -> MutexGuard<'_, HashMap<PathBuf, Arc<IndexedRepository>>> {
        self.repositories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_changes(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for EngineRepositories {
    fn drop(&mut self) {
        // So that the engine, which goes next, is the last to hold each index, and closes several at once.
        self.repositories().clear();
    }
}

fn root_error(refusal: &RootRefusal) -> WireError {
    let code = match refusal {
        RootRefusal::Missing { .. } | RootRefusal::NotADirectory { .. } => ErrorCode::NotFound,
        _ => ErrorCode::RootRefused,
    };
    WireError::new(code, chain(refusal)).with_hint(refusal.hint())
}
