//! The repositories as the index keeps them: which are open, and a worker for each.

mod behind;
mod clock;
mod due;
mod gate;
mod observer;
mod recent;
mod repository;
mod vector_server;
mod worker;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use aiex_config::{Environment as _, Home, ProcessEnvironment, Settings};
use aiex_files::git;
use aiex_files::root::{Root, RootRefusal};
use aiex_files::rules::RulesOptions;
use aiex_files::watch::{WatchBudget, WatchOptions};
use aiex_index::suspects::Trial;
use aiex_index::{Engine, IndexError, IndexSettings, Registered};
use aiex_protocol::repos::{Phase, RepoStatus, WatchMode};
use aiex_protocol::{ErrorCode, WireError};
use aiex_vector::Server;

use crate::embedder;
use crate::error::chain;
use crate::event::{Bus, Event};
use crate::keys::Keys;
use crate::power::Power;
use crate::repository::{EngineFacts, Repositories, Repository, index_error};
use crate::supervise::Supervisor;
use due::Command;
use gate::IndexGate;
use recent::Recent;
use repository::IndexedRepository;
use worker::Worker;

/// Registered repositories that are opened and watched right at the start; others at their first use.
/// Each open one holds a few file handles and a few megabytes.
const MAX_RESUMED: usize = 16;
/// How long those who ask a repository that is put to rest are waited for, and between two looks.
const PARTING: Duration = Duration::from_secs(1);
const PARTING_LOOK: Duration = Duration::from_millis(5);
/// Stored contents that no repository uses any more and that are kept all the same, in bytes: a branch that is switched
/// back to, a change that is undone.
const SPARE_BYTES: u64 = 64 << 20;

/// What workers share.
pub(crate) struct Workshop {
    gate: IndexGate,
    /// None when the user wants no work to wait for mains power.
    power: Option<Power>,
    bus: Bus,
    rules: RulesOptions,
    watch: WatchOptions,
    budget: Arc<WatchBudget>,
}

impl Workshop {
    /// Whether work that nobody waits for is better done another time.
    fn spares_power(&self) -> bool {
        self.power.as_ref().is_some_and(Power::is_scarce)
    }
}

struct Open {
    engine: Arc<Engine>,
    /// Held for a moment only; who opens an embedder holds `opening`.
    embedder: Mutex<Embedding>,
    opening: Mutex<()>,
}

/// The embedder, as it is told.
#[derive(Clone)]
struct Embedding {
    label: String,
    problem: Option<String>,
    awaits_key: bool,
}

impl Embedding {
    fn of(opened: &embedder::Opened) -> Self {
        Self {
            label: opened.label(),
            problem: opened.problem.clone(),
            awaits_key: opened.awaits_key,
        }
    }
}

impl Open {
    fn embedding(&self) -> MutexGuard<'_, Embedding> {
        self.embedder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
            tracing::warn!(why, "the content store was damaged and set aside");
        }
        // The ones added last are the likeliest to be asked for.
        for registered in engine.registered().iter().rev().take(MAX_RESUMED) {
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

impl Repositories for EngineRepositories {
    fn open(&self, place: &Path, insist: bool) -> Result<Arc<dyn Repository>, WireError> {
        let repository = self.open_root(place, insist)?;
        self.recent.note(place, repository.root());
        Ok(repository)
    }

    fn known(&self, place: &Path) -> Option<Arc<dyn Repository>> {
        let repository = self.asked(&self.recent.root_of(place)?)?;
        Some(repository)
    }

    fn find(&self, place: &Path) -> Result<Arc<dyn Repository>, WireError> {
        let registered = self.holding(place).ok_or_else(|| not_registered(place))?;
        Ok(match self.asked(&registered.root) {
            Some(repository) => repository,
            None => self.open_registered(&registered)?,
        })
    }

    fn remove(&self, place: &Path) -> Result<PathBuf, WireError> {
        let registered = self.holding(place).ok_or_else(|| not_registered(place))?;
        let root = registered.root;
        let engine = self.engine().map_err(|error| index_error(&error))?;
        let _changing = self.lock_changes();
        let repository = self.repositories().remove(&root);
        if let Some(repository) = repository {
            repository.retire();
            self.runtime
                .block_on(self.supervisor.remove(&repository.component_name()));
        }
        engine.forget(&root).map_err(|error| index_error(&error))?;
        self.problems
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&root);
        self.workshop.bus.tell(Event::RepoRemoved { root: root.clone() });
        Ok(root)
    }

    fn wait_resumed(&self, patience: Duration) {
        let resumed = self.resumed.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whether in time or not, what there is is shown.
        let _ = self
            .resumed
            .1
            .wait_timeout_while(resumed, patience, |resumed| !*resumed);
    }

    fn list(&self) -> Vec<RepoStatus> {
        let Some(open) = self.engine.get() else {
            return Vec::new();
        };
        let problems = self
            .problems
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let resting = self
            .resting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        open.engine
            .registered()
            .into_iter()
            .map(|registered| match self.get(&registered.root) {
                Some(repository) => repository.status(),
                None => dormant(
                    &registered,
                    problems.get(&registered.root),
                    resting.get(&registered.root),
                ),
            })
            .collect()
    }

    fn facts(&self) -> EngineFacts {
        let Some(open) = self.engine.get() else {
            return EngineFacts::default();
        };
        let embedding = open.embedding().clone();
        let server = &self.vector_server;
        EngineFacts {
            cache: open.engine.cache_stats(),
            disk_bytes: open.engine.disk_bytes(),
            embedder: embedding.label,
            embedder_problem: embedding.problem,
            vector_server: server.is_set().then(|| server.url().to_owned()),
            vector_server_problem: server.trouble().map(|error| match error.hint() {
                Some(hint) => format!("{error} ({hint})"),
                None => error.to_string(),
            }),
            watches: (
                self.workshop.budget.used() as u64,
                self.workshop.budget.limit() as u64,
            ),
        }
    }

    fn keys_changed(&self) {
        let Some(open) = self.engine.get() else { return };
        let _opening = open.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if open.embedding().awaits_key {
            let opened = embedder::open(&self.settings.embedder, &self.home, &self.keys);
            let embedding = Embedding::of(&opened);
            // Only a key was waited for: another failure leaves it waiting for the next one.
            match opened.embedder.filter(|_| opened.problem.is_none()) {
                Some(embedder) => drop(open.engine.adopt(embedder)),
                None => {
                    open.embedding().problem = embedding.problem;
                    return;
                }
            }
            *open.embedding() = embedding;
        }
        for repository in self.repositories().values() {
            repository.command(Command::Embed);
        }
    }

    fn drop_caches(&self) {
        if let Some(open) = self.engine.get() {
            open.engine.drop_caches();
        }
    }

    fn rest_one(&self, unused_for: Duration) -> Option<PathBuf> {
        let open = self.engine.get()?;
        let _changing = self.lock_changes();
        let (_, repository) = self
            .repositories()
            .values()
            .filter_map(|repository| Some((repository.unused_for()?, repository.clone())))
            .filter(|(unused, _)| unused_for <= *unused)
            .max_by_key(|(unused, _)| *unused)?;
        let root = repository.path().to_owned();
        self.resting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(root.clone(), repository.status());
        self.repositories().remove(&root);
        self.runtime
            .block_on(self.supervisor.remove(&repository.component_name()));
        // Who came upon it before it was taken away may still be asking.
        let deadline = Instant::now() + PARTING;
        while 1 < Arc::strong_count(&repository) {
            if deadline <= Instant::now() {
                self.start(&repository);
                return None;
            }
            std::thread::park_timeout(PARTING_LOOK);
        }
        drop(repository);
        open.engine.close_repo(&root);
        Some(root)
    }

    fn look_at_server(&self) {
        let server = &self.vector_server;
        if !server.is_set() {
            return;
        }
        let was_away = server.trouble().is_some();
        // Whether it is there is what `facts` tells.
        if server.look().is_ok() && was_away {
            for repository in self.repositories().values() {
                repository.command(Command::Embed);
            }
        }
    }

    fn is_building(&self) -> bool {
        self.repositories().values().any(|repository| {
            let status = repository.status();
            !status.is_complete && status.phase != Phase::Failed
        })
    }

    fn tidy(&self, is_cancelled: &dyn Fn() -> bool) {
        let Some(open) = self.engine.get() else { return };
        match open.engine.collect_garbage(SPARE_BYTES, is_cancelled) {
            Ok(0) | Err(IndexError::Cancelled) => {}
            Ok(deleted) => tracing::info!(deleted, "contents that no repository uses were deleted"),
            Err(error) => tracing::warn!(error = %chain(&error), "unused contents cannot be deleted"),
        }
    }
}

/// A registered repository that is not open. Of one that was put to rest all is known but what has changed since.
fn dormant(registered: &Registered, problem: Option<&String>, known: Option<&RepoStatus>) -> RepoStatus {
    let reason = if problem.is_some() {
        "it cannot be opened"
    } else {
        "at rest until it is asked for"
    };
    if let (None, Some(known)) = (problem, known) {
        return RepoStatus {
            watch: WatchMode::Off {
                reason: reason.to_owned(),
            },
            is_at_rest: true,
            ..known.clone()
        };
    }
    RepoStatus {
        root: registered.root.display().to_string(),
        branch: None,
        phase: if problem.is_some() {
            Phase::Failed
        } else {
            Phase::Idle
        },
        done: 0,
        total: 0,
        rate: 0.0,
        generation: 0,
        is_complete: false,
        files_seen: 0,
        files_indexed: 0,
        files_skipped: 0,
        files_failed: 0,
        stale_files: 0,
        chunks: 0,
        chunks_embedded: 0,
        symbols: 0,
        source_bytes: 0,
        disk_bytes: 0,
        watch: WatchMode::Off {
            reason: reason.to_owned(),
        },
        fresh_at_ms: 0,
        problem: problem.cloned(),
        quarantined: Vec::new(),
        vector_collection: None,
        vectors_moving_to: None,
        is_at_rest: problem.is_none(),
    }
}

fn not_registered(place: &Path) -> WireError {
    WireError::new(
        ErrorCode::NotFound,
        format!("{} is in no registered repository", place.display()),
    )
    .with_hint("`aiex repos list` shows them; a first search or `aiex repos add` registers one")
}

fn root_error(refusal: &RootRefusal) -> WireError {
    let code = match refusal {
        RootRefusal::Missing { .. } | RootRefusal::NotADirectory { .. } => ErrorCode::NotFound,
        _ => ErrorCode::RootRefused,
    };
    WireError::new(code, chain(refusal)).with_hint(refusal.hint())
}

fn index_settings(settings: &Settings, vector_server: Arc<Server>) -> IndexSettings {
    let mut index = IndexSettings {
        vector_server,
        collection_prefix: settings.vector.prefix.clone(),
        ..IndexSettings::default()
    };
    if settings.index.workers > 0 {
        index.workers = settings.index.workers;
    }
    index.max_file_bytes = settings.index.max_file_size;
    for (name, value) in &settings.ranking {
        if let Err(known) = index.rank.set(name, *value) {
            tracing::warn!(%name, known = known.join(", "), "the ranking has no such rule; the setting is ignored");
        }
    }
    index
}

/// The rules that hold for every repository of this user.
fn rules_options(home: &Home, user_home: Option<&Path>) -> RulesOptions {
    let global_excludes = user_home.and_then(|user_home| {
        let configs = [user_home.join(".gitconfig"), user_home.join(".config/git/config")];
        git::excludes_file(&configs, Some(user_home))
            .or_else(|| Some(user_home.join(".config/git/ignore")).filter(|path| path.exists()))
    });
    RulesOptions {
        global_excludes,
        patterns: Vec::new(),
        exclude: vec![home.cache_dir(), home.state.clone()],
    }
}

fn watch_options(home: &Home, settings: &Settings, budget: Arc<WatchBudget>) -> WatchOptions {
    WatchOptions {
        poll_interval: settings.index.poll_interval,
        debounce: settings.index.debounce,
        max_wait: settings.index.max_wait,
        self_exclude: vec![home.cache_dir(), home.state.clone()],
        ..WatchOptions::new(budget)
    }
}
