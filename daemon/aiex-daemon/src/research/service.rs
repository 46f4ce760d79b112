//! The machine, opened at its first use, or at the start when it has runs to go on with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aiex_cache::Cache;
use aiex_config::paths::written_by_user;
use aiex_config::{Home, ProcessEnvironment, Settings};
use aiex_protocol::cache::CacheReport;
use aiex_protocol::status::ServiceStatus;
use aiex_protocol::{ErrorCode, WireError};
use aiex_research::{Ports, Research, ResearchError, RunId, SystemClock};
use tokio::sync::OnceCell;

use super::local::Local;
use super::meaning::BuiltIn;
use super::model::{self, Asked};
use super::web::Web;
use super::world::World;
use crate::keys::Keys;
use crate::models::Models;
use crate::repository::Repositories;
use crate::wire;

/// How long steps in flight may take to be written down when the daemon exits.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);

/// Searches of research at the same time, over all runs.
const MOST_SEARCHES: usize = 16;
/// What is asked for the first time is indexed first; the web's engines end long before.
const SEARCH_DEADLINE: Duration = Duration::from_secs(30);

/// The file of the machine's journal, by which its having runs is seen without opening it.
const JOURNAL: &str = "research.db";

/// Research as the rest of the daemon uses it.
pub(crate) struct ResearchService {
    home: Home,
    settings: Settings,
    repositories: Arc<dyn Repositories>,
    keys: Arc<Keys>,
    models: Arc<Models>,
    outside: OnceCell<Outside>,
    open: OnceCell<Open>,
}

/// The world and what is kept of it. It needs nothing of the machine, whose store may be damaged.
#[derive(Clone)]
pub(crate) struct Outside {
    pub(crate) world: Arc<World>,
    pub(crate) cache: Cache,
    pub(crate) cache_settings: aiex_cache::Settings,
}

/// The machine and its world.
pub(crate) struct Open {
    pub(crate) research: Research,
    pub(crate) world: Arc<World>,
    asked: Option<Arc<Asked>>,
}

impl ResearchService {
    pub(crate) fn new(
        home: &Home,
        settings: &Settings,
        repositories: Arc<dyn Repositories>,
        keys: Arc<Keys>,
        models: Arc<Models>,
    ) -> Self {
        Self {
            home: home.clone(),
            settings: settings.clone(),
            repositories,
            keys,
            models,
            outside: OnceCell::new(),
            open: OnceCell::new(),
        }
    }

    /// Goes on with what an earlier daemon left.
    pub(crate) async fn resume(&self) {
        if !self.folder().join(JOURNAL).exists() {
            return;
        }
        if let Err(error) = self.open().await {
            tracing::warn!(%error, "research cannot be taken up; its next use tries again");
        }
    }

    /// The machine; opened if it is not yet.
    pub(crate) async fn open(&self) -> Result<&Open, WireError> {
        self.open.get_or_try_init(|| self.begin()).await
    }

    /// The world and the caches; opened if they are not yet. This cannot fail: a cache without a disk is one in memory.
    pub(crate) async fn outside(&self) -> &Outside {
        let begin = || async {
            let cache_settings = model::cache_settings(&self.settings);
            let cache = Cache::open(self.home.cache_dir().join("kept.db"), cache_settings.clone()).await;
            let world = Arc::new(World {
                local: Local::new(self.repositories.clone(), &self.home, &self.settings),
                web: Web::new(&self.settings, cache.clone(), self.keys.clone()),
            });
            let warmed = cache.clone();
            tokio::spawn(async move { warmed.warm().await });
            Outside {
                world,
                cache,
                cache_settings,
            }
        };
        self.outside.get_or_init(begin).await
    }

    /// The caches, once somebody has needed them.
    pub(crate) fn cache_if_open(&self) -> Option<&Cache> {
        self.outside.get().map(|outside| &outside.cache)
    }

    /// What the caches hold and have done, once somebody has needed them.
    pub(crate) async fn cache_report_if_open(&self) -> Option<CacheReport> {
        let outside = self.outside.get()?;
        let stats = outside.cache.stats().await;
        Some(wire::cache::report(&stats, &outside.cache_settings))
    }

    async fn begin(&self) -> Result<Open, WireError> {
        let Outside { world, cache, .. } = self.outside().await.clone();
        let has_models = !self.settings.providers.is_empty();
        if has_models {
            self.models.open().await;
        }
        let asked = has_models.then(|| Arc::new(Asked::new(self.models.clone(), cache.clone())));
        let ports = Ports {
            searcher: world.clone(),
            reader: world.clone(),
            model: asked.clone().map(|asked| asked as Arc<dyn aiex_research::Model>),
            revisit: world.clone(),
            clock: Arc::new(SystemClock::new()),
            meaning: BuiltIn::wanted_by(&self.settings.embedder).map(|by| Arc::new(by) as _),
        };
        let folder = self.folder();
        std::fs::create_dir_all(&folder).map_err(|error| {
            WireError::new(
                ErrorCode::Storage,
                format!("{} cannot be made: {error}", folder.display()),
            )
            .with_hint("check the permissions of the state folder and the room on its disk")
        })?;
        let research = Research::open(&folder, ports, self.machine_settings())
            .await
            .map_err(|error| wire_error(&error))?;
        Ok(Open {
            research,
            world,
            asked,
        })
    }

    fn machine_settings(&self) -> aiex_research::Settings {
        let templates = written_by_user(&self.settings.research.templates, &ProcessEnvironment);
        aiex_research::Settings {
            templates: (!templates.as_os_str().is_empty()).then_some(templates),
            parallel_model_calls: self.settings.research.parallel_model_calls,
            // Searches take threads that others wait for, too.
            parallel_searches: self.settings.daemon.max_running.clamp(2, MOST_SEARCHES),
            search_deadline: SEARCH_DEADLINE,
            model_deadline: self.settings.research.model_call,
            ..aiex_research::Settings::default()
        }
    }

    fn folder(&self) -> PathBuf {
        self.home.state.join("research")
    }

    /// Lets go of every key. What is asked next takes them anew; calls that run keep theirs to their end.
    pub(crate) fn close_keys(&self) {
        self.models.close();
        if let Some(asked) = self.open.get().and_then(|open| open.asked.as_ref()) {
            asked.close();
        }
        if let Some(web) = self.outside.get().and_then(|outside| outside.world.web.as_ref()) {
            web.close_keys();
        }
    }

    /// How the models and engines do that were used.
    pub(crate) fn services(&self) -> Vec<ServiceStatus> {
        let web = self.outside.get().and_then(|outside| outside.world.web.as_ref());
        let providers = self.models.health().into_iter();
        let engines = web.into_iter().flat_map(Web::health);
        (providers.map(wire::services::provider))
            .chain(engines.map(wire::services::engine))
            .collect()
    }

    /// Runs at work.
    pub(crate) fn busy(&self) -> usize {
        self.open.get().map_or(0, |open| open.research.busy())
    }

    /// Writes down what is in flight and stops.
    pub(crate) async fn shut_down(&self) {
        if let Some(open) = self.open.get() {
            open.research.shutdown(SHUTDOWN_GRACE).await;
        }
        if let Some(outside) = self.outside.get() {
            // Losing what is kept costs only time.
            let _ = tokio::time::timeout(SHUTDOWN_GRACE, outside.cache.flush()).await;
        }
    }
}

/// A failure of the machine, as it travels.
pub(crate) fn wire_error(error: &ResearchError) -> WireError {
    let code = match error {
        ResearchError::NoSuchRun(_) | ResearchError::NoReport(_) => ErrorCode::NotFound,
        ResearchError::WrongState { .. } | ResearchError::Request(_) | ResearchError::Template(_) => {
            ErrorCode::InvalidRequest
        }
        ResearchError::Store { .. } | ResearchError::NewerStore { .. } => ErrorCode::Storage,
        ResearchError::Closed => ErrorCode::Draining,
    };
    WireError::new(code, error.to_string()).with_hint(error.hint())
}

/// A run by its whole name.
pub(crate) fn run_id(name: &str) -> RunId {
    RunId(name.to_owned())
}
