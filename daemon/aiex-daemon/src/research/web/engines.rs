//! Engines of the settings as `aiex-web` takes them, with the keys that they have now.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aiex_config::{JsonPlaces, WebSettings};
use aiex_remote::Rate;
use aiex_research::SearchFailure;
use aiex_web::{Configured, Coordinator, EngineConfig, EngineHealth, EngineKind, JsonEndpoint, Trust};

use crate::keys::{KeyProblem, Keys, Taken, Wanted};

/// The engines of the settings.
pub(super) struct Engines {
    settings: WebSettings,
    keys: Arc<Keys>,
    built: Mutex<Option<Built>>,
}

/// The engines, and the keys that they were built with.
struct Built {
    taken: Vec<Taken>,
    current: Current,
}

/// The engines that can be asked now.
#[derive(Clone)]
pub(super) struct Current {
    /// Settings that cannot work are told by every search.
    pub(super) coordinator: Result<Coordinator, SearchFailure>,
    /// Those that cannot be asked because their keys cannot be had.
    pub(super) left_out: Vec<LeftOut>,
}

/// An engine that cannot be asked.
#[derive(Debug, Clone)]
pub(super) struct LeftOut {
    pub(super) engine: String,
    pub(super) failure: SearchFailure,
}

impl Engines {
    pub(super) fn new(settings: WebSettings, keys: Arc<Keys>) -> Self {
        Self {
            settings,
            keys,
            built: Mutex::default(),
        }
    }

    /// How the engines of the settings do; none before the first search.
    pub(super) fn health(&self) -> Vec<EngineHealth> {
        let built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let coordinator = built
            .as_ref()
            .and_then(|built| built.current.coordinator.as_ref().ok());
        let all = coordinator.map(Coordinator::health).unwrap_or_default();
        let worth_telling = |engine: &EngineHealth| engine.configured || engine.resting.is_some();
        all.into_iter().filter(worth_telling).collect()
    }

    /// What decides the order of results, besides the engines' answers.
    pub(super) fn ranked_by(&self) -> String {
        let WebSettings {
            trust,
            per_host,
            engines,
            ..
        } = &self.settings;
        let weights = engines.iter().map(|engine| (&engine.name, engine.weight));
        format!("{trust:?} {per_host} {:?}", weights.collect::<Vec<_>>())
    }

    /// Lets go of the keys.
    pub(super) fn close(&self) {
        *self.built.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The engines with their keys: the last ones as long as the keys are the same, since they know their limits and
    /// rests.
    pub(super) async fn current(&self) -> Current {
        let engines = self.settings.engines.iter();
        let wanted = engines.map(|engine| Wanted::new(&engine.name, &engine.key_env));
        let taken = self.keys.take(wanted.collect()).await;
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        match &*built {
            Some(built) if built.taken == taken => built.current.clone(),
            _ => {
                let current = current(&self.settings, &taken);
                *built = Some(Built {
                    taken,
                    current: current.clone(),
                });
                current
            }
        }
    }
}

/// One whose variable is not set stays, and says so when it is asked; one whose key is kept and cannot be had does not.
fn current(settings: &WebSettings, taken: &[Taken]) -> Current {
    let mut engines = Vec::new();
    let mut left_out = Vec::new();
    for (engine, keys) in settings.engines.iter().zip(taken) {
        let keys = match keys {
            Ok(keys) => keys.clone(),
            Err(missing @ KeyProblem::Variable { .. }) => {
                tracing::warn!(engine = engine.name, %missing, hint = missing.hint(), "asked without a key");
                Vec::new()
            }
            Err(problem) => {
                let failure = SearchFailure {
                    message: problem.to_string(),
                    hint: problem.hint(),
                    retryable: false,
                };
                tracing::warn!(engine = engine.name, %failure, hint = failure.hint, "this engine is left out");
                left_out.push(LeftOut {
                    engine: engine.name.clone(),
                    failure,
                });
                continue;
            }
        };
        engines.push(configured(engine, keys));
    }
    let trust = settings.trust.iter();
    let configured = Configured {
        engines,
        trust: Trust {
            own: trust
                .map(|(host, factor)| (host.clone(), f64::from(*factor)))
                .collect(),
        },
        per_host: Some(settings.per_host),
        proxy: (!settings.proxy.is_empty()).then(|| settings.proxy.clone()),
        ..Configured::default()
    };
    let coordinator = Coordinator::new(&configured).map_err(|error| SearchFailure {
        message: error.to_string(),
        hint: error.hint(),
        retryable: false,
    });
    Current {
        coordinator,
        left_out,
    }
}

fn configured(engine: &aiex_config::EngineSettings, keys: Vec<aiex_llm::Secret>) -> EngineConfig {
    let is_json = engine.kind == aiex_config::EngineKind::Json;
    EngineConfig {
        name: engine.name.clone(),
        base_url: (!is_json && !engine.url.is_empty()).then(|| engine.url.clone()),
        weight: f64::from(engine.weight),
        rate: (engine.requests_per_minute > 0).then(|| rate(engine.requests_per_minute)),
        parallel: (engine.parallel > 0).then_some(engine.parallel),
        ..EngineConfig::new(kind(engine)).with_keys(keys)
    }
}

/// Evenly spread: those of a second may go at once.
fn rate(requests_per_minute: u32) -> Rate {
    const MINUTE: Duration = Duration::from_secs(60);
    Rate {
        burst: requests_per_minute.div_ceil(60),
        every: MINUTE / requests_per_minute,
    }
}

fn kind(engine: &aiex_config::EngineSettings) -> EngineKind {
    match engine.kind {
        aiex_config::EngineKind::Serper => EngineKind::Serper,
        aiex_config::EngineKind::Tavily => EngineKind::Tavily,
        aiex_config::EngineKind::Brave => EngineKind::Brave,
        aiex_config::EngineKind::SearxNg => EngineKind::SearxNg,
        aiex_config::EngineKind::Exa => EngineKind::Exa,
        aiex_config::EngineKind::StackExchange => EngineKind::StackExchange,
        aiex_config::EngineKind::GitHub => EngineKind::GitHub,
        aiex_config::EngineKind::DocsRs => EngineKind::DocsRs,
        aiex_config::EngineKind::Wikipedia => EngineKind::Wikipedia,
        aiex_config::EngineKind::ArXiv => EngineKind::ArXiv,
        aiex_config::EngineKind::Json => EngineKind::Json(endpoint(&engine.url, &engine.places)),
    }
}

fn endpoint(template: &str, places: &JsonPlaces) -> JsonEndpoint {
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    JsonEndpoint {
        template: template.to_owned(),
        results: places.results.clone(),
        title: places.title.clone(),
        url: places.link.clone(),
        snippet: some(&places.snippet),
        date: some(&places.date),
        key_header: some(&places.key_header),
        key_prefix: places.key_prefix.clone(),
    }
}
