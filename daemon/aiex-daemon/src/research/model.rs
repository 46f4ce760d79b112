//! The models that research asks: those of the settings, behind the one port that it knows.

mod port;

use std::fs;
use std::sync::Arc;

use aiex_cache::Cache;
use aiex_config::paths::written_by_user;
use aiex_config::{CacheSettings, Environment, ProcessEnvironment, ResearchSettings, Settings, StagePolicy};
use aiex_llm::Provider;
use aiex_llm::models::{ModelConfig, Policy, Stages};
use aiex_llm::price::Prices;
use aiex_research::{Boxed, Model, ModelFailure, Prompt, Reply, Usage};
use tokio_util::sync::CancellationToken;

use self::port::Port;
use crate::answer::provider;

/// The models of the settings; `None` when there are none. Settings that cannot work are told by every call.
pub(crate) fn open(settings: &Settings, cache: Cache) -> Option<Arc<dyn Model>> {
    open_in(settings, cache, &ProcessEnvironment)
}

fn open_in(settings: &Settings, cache: Cache, environment: &dyn Environment) -> Option<Arc<dyn Model>> {
    if settings.providers.is_empty() {
        return None;
    }
    Some(match usable(settings, cache, environment) {
        Ok(port) => Arc::new(port),
        Err(failure) => {
            tracing::warn!(%failure, "no model can be asked");
            Arc::new(Unusable(failure))
        }
    })
}

/// A port to every model whose settings can work.
fn usable(settings: &Settings, cache: Cache, environment: &dyn Environment) -> Result<Port, ModelFailure> {
    let mut configs: Vec<ModelConfig> = Vec::new();
    let mut members: Vec<Provider> = Vec::new();
    let mut first_problem = None;
    for settings in &settings.providers {
        let name = &settings.name;
        let checked = provider::among_others(settings, environment)
            .map_err(|missing| failure(format!("provider `{name}`: {missing}"), missing.hint()))
            .and_then(|config| {
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
    let prices = prices(&settings.research, environment)?;
    let stages = stages(&settings.research);
    Port::new(configs, members, stages, prices, cache)
        .map_err(|error| failure(error.to_string(), error.hint()))
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

/// Models that the settings name and that cannot be asked: it says so.
struct Unusable(ModelFailure);

impl Model for Unusable {
    fn bound(&self, _: &Prompt) -> Usage {
        NOTHING
    }

    fn ask<'a>(
        &'a self,
        _: &'a Prompt,
        _: &'a CancellationToken,
        _: &'a (dyn Fn(&str) + Send + Sync),
    ) -> Boxed<'a, Result<Reply, ModelFailure>> {
        Box::pin(async { Err(self.0.clone()) })
    }
}

#[cfg(test)]
mod tests;
