//! The models that research asks: those of the settings, behind the one port that it knows.

mod port;

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use aiex_cache::Cache;
use aiex_config::paths::written_by_user;
use aiex_config::{
    CacheSettings, Environment, ProcessEnvironment, ProviderSettings, ResearchSettings, Settings, StagePolicy,
};
use aiex_llm::Provider;
use aiex_llm::models::{Health, ModelConfig, Policy, Stages};
use aiex_llm::price::Prices;
use aiex_research::{Boxed, Model, ModelFailure, Prompt, Reply, Usage};
use tokio_util::sync::CancellationToken;

use self::port::Port;
use crate::answer::provider;
use crate::keys::{Keys, Taken};

/// The models of the settings; `None` when there are none. Settings that cannot work are told by every call.
pub(crate) fn open(settings: &Settings, cache: Cache, keys: Arc<Keys>) -> Option<Arc<Models>> {
    open_in(settings, cache, keys, &ProcessEnvironment)
}

fn open_in(
    settings: &Settings,
    cache: Cache,
    keys: Arc<Keys>,
    environment: &dyn Environment,
) -> Option<Arc<Models>> {
    if settings.providers.is_empty() {
        return None;
    }
    let parts = prices(&settings.research, environment).map(|prices| Parts {
        providers: settings.providers.clone(),
        stages: stages(&settings.research),
        prices,
        cache,
    });
    // Whatever becomes of the keys: a call costs no more than with all of them.
    let bounds = parts.as_ref().map_err(Clone::clone).and_then(|parts| {
        let keyless: Vec<Taken> = parts.providers.iter().map(|_| Ok(Vec::new())).collect();
        parts.port(&keyless)
    });
    if let Err(failure) = &bounds {
        tracing::warn!(%failure, "no model can be asked");
    }
    Some(Arc::new(Models {
        parts,
        bounds,
        keys,
        built: Mutex::default(),
    }))
}

/// The models of the settings with the keys that they have now.
pub(crate) struct Models {
    parts: Result<Parts, ModelFailure>,
    /// Every model whose settings can work, without keys: for what calls cost at most.
    bounds: Result<Port, ModelFailure>,
    keys: Arc<Keys>,
    built: Mutex<Option<Built>>,
}

/// A port, and the keys that it was built with.
struct Built {
    taken: Vec<Taken>,
    port: Result<Arc<Port>, ModelFailure>,
}

/// What a port is built of, besides keys.
struct Parts {
    providers: Vec<ProviderSettings>,
    stages: Stages,
    prices: Prices,
    cache: Cache,
}

impl Models {
    /// Lets go of the keys.
    pub(crate) fn close(&self) {
        *self.built.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How the models do that were asked; none before the first call.
    pub(crate) fn health(&self) -> Vec<Health> {
        let built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let port = built.as_ref().and_then(|built| built.port.as_ref().ok());
        port.map(|port| port.health()).unwrap_or_default()
    }

    /// The port to the models that have their keys. The last one as long as the keys are the same: limits and rests of
    /// services are known to it.
    async fn port(&self) -> Result<Arc<Port>, ModelFailure> {
        let parts = self.parts.as_ref().map_err(Clone::clone)?;
        let wanted = parts.providers.iter().map(provider::wanted).collect();
        let taken = self.keys.take(wanted).await;
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        match &*built {
            Some(built) if built.taken == taken => built.port.clone(),
            _ => {
                let port = parts.port(&taken).map(Arc::new);
                *built = Some(Built {
                    taken,
                    port: port.clone(),
                });
                port
            }
        }
    }
}

impl Parts {
    /// A port to every model whose settings can work and whose key can be had.
    fn port(&self, taken: &[Taken]) -> Result<Port, ModelFailure> {
        let mut configs: Vec<ModelConfig> = Vec::new();
        let mut members: Vec<Provider> = Vec::new();
        let mut first_problem = None;
        for (settings, keys) in self.providers.iter().zip(taken) {
            let name = &settings.name;
            let checked = keys
                .clone()
                .map_err(|problem| failure(format!("provider `{name}`: {problem}"), problem.hint()))
                .and_then(|keys| {
                    let config = provider::among_others(settings, keys);
                    let member = Provider::new(config.provider.clone())
                        .map_err(|error| failure(error.to_string(), error.hint()))?;
                    Ok((config, member))
                });
            match checked {
                Ok((config, member)) => {
                    configs.push(config);
                    members.push(member);
                }
                Err(problem) => {
                    tracing::warn!(%problem, hint = problem.hint, "this model is left out of research");
                    first_problem.get_or_insert(problem);
                }
            }
        }
        if let (true, Some(problem)) = (configs.is_empty(), first_problem) {
            return Err(problem);
        }
        Port::new(
            configs,
            members,
            self.stages.clone(),
            self.prices.clone(),
            self.cache.clone(),
        )
        .map_err(|error| failure(error.to_string(), error.hint()))
    }
}

impl Model for Models {
    fn bound(&self, prompt: &Prompt) -> Usage {
        self.bounds
            .as_ref()
            .map_or(NOTHING, |bounds| bounds.bound(prompt))
    }

    fn ask<'a>(
        &'a self,
        prompt: &'a Prompt,
        cancel: &'a CancellationToken,
        on_delta: &'a (dyn Fn(&str) + Send + Sync),
    ) -> Boxed<'a, Result<Reply, ModelFailure>> {
        Box::pin(async move { self.port().await?.ask(prompt, cancel, on_delta).await })
    }
}

fn prices(settings: &ResearchSettings, environment: &dyn Environment) -> Result<Prices, ModelFailure> {
    let path = &settings.prices;
    let read = if path.is_empty() {
        Prices::built_in()
    } else {
        let text = fs::read_to_string(written_by_user(path, environment)).map_err(|error| {
            let hint = "correct or remove `research.prices` in the settings file";
            failure(
                format!("the prices in {path} cannot be read: {error}"),
                hint.to_owned(),
            )
        })?;
        Prices::with_user(&text)
    };
    read.map_err(|error| failure(format!("{path}: {error}"), error.hint()))
}

fn stages(settings: &ResearchSettings) -> Stages {
    let policy = |policy: &StagePolicy| match policy {
        StagePolicy::LocalFirst => Policy::LocalFirst,
        StagePolicy::Cheapest => Policy::Cheapest,
        StagePolicy::Fastest => Policy::Fastest,
        StagePolicy::Best => Policy::Best,
        StagePolicy::Named(name) => Policy::Named(name.clone()),
    };
    Stages {
        plan: policy(&settings.plan),
        extract: policy(&settings.extract),
        write: policy(&settings.write),
        verify: policy(&settings.verify),
    }
}

/// How much the cache keeps. How long is its own matter. Pages take most of the memory, because they are the largest.
pub(crate) fn cache_settings(settings: &Settings) -> aiex_cache::Settings {
    let CacheSettings {
        memory,
        searches,
        pages,
        model_calls,
        answers,
        dependencies: _,
    } = &settings.cache;
    let mut limits = aiex_cache::Settings::default();
    let fifth = memory / 5;
    for (kind, memory, disk) in [
        (&mut limits.search, fifth, searches),
        (&mut limits.page, 2 * fifth, pages),
        (&mut limits.model_call, fifth, model_calls),
        (&mut limits.answer, fifth, answers),
    ] {
        kind.memory_bytes = memory;
        kind.disk_bytes = *disk;
    }
    limits
}

/// A failure before anything was sent.
fn failure(message: String, hint: String) -> ModelFailure {
    ModelFailure {
        message,
        hint,
        retryable: false,
        spent: NOTHING,
    }
}

/// What a call costs that was not made.
const NOTHING: Usage = Usage {
    input_tokens: 0,
    output_tokens: 0,
    micro_dollars: Some(0),
};

#[cfg(test)]
mod tests;
