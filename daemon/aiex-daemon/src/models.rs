//! The model providers of the settings, as one pool for everybody who asks them: what one request learns of a service's
//! keys, limits and rests, the next one knows, whether it is a question or a step of research.

mod provider;

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aiex_config::paths::written_by_user;
use aiex_config::{
    Environment, ProcessEnvironment, ProviderSettings, ResearchSettings, Settings, StagePolicy,
};
use aiex_llm::models::{Health, ModelConfig, Policy, Stages};
use aiex_llm::price::Prices;
use aiex_llm::tokens::{Counter, Tokenizer};
use aiex_llm::{LlmError, Provider, Run, Stage};

use crate::keys::{Keys, Taken};

/// How long a request waits for a limit that passes. Without a model there is an answer at once, so a longer wait is told
/// instead of being sat out.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a provider cannot be asked, before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// What the user can do about it.
    pub hint: String,
}

/// The models of the settings with the keys that they have now; opened when the first is asked for.
pub(crate) struct Models {
    settings: Arc<Settings>,
    keys: Arc<Keys>,
    parts: Arc<OnceLock<Result<Parts, Problem>>>,
    built: Mutex<Option<Built>>,
}

/// A pool, and the keys that it was built with.
struct Built {
    taken: Vec<Taken>,
    pool: Result<Arc<Pool>, Problem>,
}

/// What a pool is built of, besides keys.
struct Parts {
    providers: Vec<ProviderSettings>,
    /// Of each, where the settings name one.
    tokenizers: Vec<Result<Option<Tokenizer>, Problem>>,
    /// By the providers' names. Every pool counts by them: what one learns, those who reserve for it know.
    counters: HashMap<String, Counter>,
    stages: Stages,
    prices: Prices,
}

/// Every model whose settings can work and whose key can be had.
pub(crate) struct Pool {
    pub(crate) models: Arc<aiex_llm::Models>,
    /// The same, in the user's order.
    pub(crate) providers: Vec<Provider>,
    stages: Stages,
    /// The others, by name.
    missing: Vec<(String, Problem)>,
}

impl Models {
    /// Settings that cannot work are told when a model is asked for.
    pub(crate) fn new(settings: &Settings, keys: Arc<Keys>) -> Self {
        Self {
            settings: Arc::new(settings.clone()),
            keys,
            parts: Arc::default(),
            built: Mutex::default(),
        }
    }

    /// A pool without any key: for what calls cost at most, whatever becomes of the keys.
    pub(crate) fn keyless(&self) -> Result<Pool, Problem> {
        let parts = self.parts()?;
        let none: Vec<Taken> = parts.providers.iter().map(|_| Ok(Vec::new())).collect();
        parts.pool(&none)
    }

    /// Reads the files that the settings name, off the threads of the runtime: a vocabulary takes a second.
    pub(crate) async fn open(&self) {
        if self.parts.get().is_some() {
            return;
        }
        let (parts, settings) = (Arc::clone(&self.parts), Arc::clone(&self.settings));
        let read = move || {
            parts.get_or_init(|| Parts::read(&settings));
        };
        if let Err(error) = tokio::task::spawn_blocking(read).await {
            tracing::error!(%error, "the files of the models could not be read");
        }
    }

    fn parts(&self) -> Result<&Parts, Problem> {
        let read = || Parts::read(&self.settings);
        self.parts.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    /// The pool with the keys of now. The last one as long as they are the same.
    pub(crate) async fn pool(&self) -> Result<Arc<Pool>, Problem> {
        self.open().await;
        let parts = self.parts()?;
        let wanted = parts.providers.iter().map(provider::wanted).collect();
        let taken = self.keys.take(wanted).await;
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        match &*built {
            Some(built) if built.taken == taken => built.pool.clone(),
            _ => {
                let pool = parts.pool(&taken).map(Arc::new);
                *built = Some(Built {
                    taken,
                    pool: pool.clone(),
                });
                pool
            }
        }
    }

    /// How the models do that were asked; none before the first is asked for.
    pub(crate) fn health(&self) -> Vec<Health> {
        let built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = built.as_ref().and_then(|built| built.pool.as_ref().ok());
        pool.map(|pool| pool.models.health()).unwrap_or_default()
    }

    /// Lets go of the keys. What is asked next takes them anew; requests that run keep theirs to their end.
    pub(crate) fn close(&self) {
        *self.built.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Parts {
    fn read(settings: &Settings) -> Result<Self, Problem> {
        let providers = &settings.providers;
        let tokenizers: Vec<_> = providers
            .iter()
            .map(|provider| tokenizer(provider, &ProcessEnvironment))
            .collect();
        let counters = providers.iter().zip(&tokenizers).map(|(settings, tokenizer)| {
            let mut config = provider::with_keys(settings, Vec::new()).provider;
            config.tokenizer = tokenizer.clone().unwrap_or_default();
            (settings.name.clone(), Counter::of(&config))
        });
        Ok(Self {
            prices: prices(&settings.research, &ProcessEnvironment)?,
            counters: counters.collect(),
            tokenizers,
            providers: providers.clone(),
            stages: stages(&settings.research),
        })
    }

    fn pool(&self, taken: &[Taken]) -> Result<Pool, Problem> {
        let mut configs: Vec<ModelConfig> = Vec::new();
        let mut providers: Vec<Provider> = Vec::new();
        let mut missing = Vec::new();
        for ((settings, tokenizer), keys) in self.providers.iter().zip(&self.tokenizers).zip(taken) {
            let name = &settings.name;
            let checked = keys
                .clone()
                .map_err(|problem| Problem {
                    message: format!("provider `{name}`: {problem}"),
                    hint: problem.hint(),
                })
                .and_then(|keys| {
                    let mut config = provider::with_keys(settings, keys);
                    config.provider.tokenizer = tokenizer.clone()?;
                    let provider = Provider::new(config.provider.clone()).map_err(unusable)?;
                    Ok((config, provider))
                });
            match checked {
                Ok((config, provider)) => {
                    configs.push(config);
                    providers.push(provider);
                }
                Err(problem) => {
                    tracing::warn!(%problem, hint = problem.hint, "this model is left out");
                    missing.push((name.clone(), problem));
                }
            }
        }
        let settings = aiex_llm::models::Settings {
            stages: self.stages.clone(),
            patience: PATIENCE,
            counters: self.counters.clone(),
            ..aiex_llm::models::Settings::new(self.prices.clone())
        };
        warm(&providers);
        Ok(Pool {
            models: aiex_llm::Models::new(configs, settings).map_err(unusable)?,
            providers,
            stages: self.stages.clone(),
            missing,
        })
    }
}

impl Pool {
    /// A piece of work for the models of the settings, or for the one named.
    pub(crate) fn begin(&self, only: Option<&str>) -> Result<Arc<Run>, Problem> {
        let run = match only {
            Some(name) => self.models.run_alone(name),
            None => (!self.models.is_empty()).then(|| self.models.run()),
        };
        run.ok_or_else(|| self.problem(only))
    }

    /// Why the model named, or every one, is left out.
    pub(crate) fn problem(&self, only: Option<&str>) -> Problem {
        let mut missing = self.missing.iter();
        let found = missing.find(|(name, _)| only.is_none_or(|only| only == name));
        found.map_or_else(
            || Problem {
                message: "no model is configured".to_owned(),
                hint: "add a [[provider]] to the settings file".to_owned(),
            },
            |(_, problem)| problem.clone(),
        )
    }

    /// Those that are left out, and why.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &Problem> {
        self.missing.iter().map(|(_, problem)| problem)
    }

    /// What an answer for this stage depends on, besides what is asked: part of the key under which it is kept.
    pub(crate) fn identity(&self, stage: Stage, only: Option<&str>) -> Vec<String> {
        let mut parts = vec![format!("{stage:?} {:?} {only:?}", self.stages.of(stage))];
        for provider in &self.providers {
            let config = provider.config();
            parts.push(format!("{:?}", config.kind));
            parts.extend([&config.name, &config.base_url, &config.model].map(String::clone));
            parts.push(format!(
                "{:?} {}",
                config.context_tokens, config.max_output_tokens
            ));
        }
        parts
    }
}

/// A vocabulary takes a while to be built; nobody should wait for it in the middle of a request.
fn warm(providers: &[Provider]) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return;
    };
    let counters: Vec<Counter> = providers
        .iter()
        .map(|provider| Counter::of(provider.config()))
        .collect();
    runtime.spawn_blocking(move || counters.iter().map(|counter| counter.count("a")).sum::<usize>());
}

fn unusable(error: LlmError) -> Problem {
    Problem {
        message: error.to_string(),
        hint: error.hint(),
    }
}

/// A model's vocabulary, where the settings name its file.
pub(crate) fn tokenizer(
    provider: &ProviderSettings,
    environment: &dyn Environment,
) -> Result<Option<Tokenizer>, Problem> {
    if provider.tokenizer.is_empty() {
        return Ok(None);
    }
    let path = written_by_user(&provider.tokenizer, environment);
    Tokenizer::read(&path).map(Some).map_err(|error| Problem {
        message: format!("provider `{}`: {error}", provider.name),
        hint: "correct or remove `tokenizer` of the provider; without it tokens are estimated".to_owned(),
    })
}

/// The prices of the settings' file before the built-in ones.
pub(crate) fn prices(settings: &ResearchSettings, environment: &dyn Environment) -> Result<Prices, Problem> {
    let path = &settings.prices;
    let read = if path.is_empty() {
        Prices::built_in()
    } else {
        let text = fs::read_to_string(written_by_user(path, environment)).map_err(|error| Problem {
            message: format!("the prices in {path} cannot be read: {error}"),
            hint: "correct or remove `research.prices` in the settings file".to_owned(),
        })?;
        Prices::with_user(&text)
    };
    read.map_err(|error| Problem {
        message: format!("{path}: {error}"),
        hint: error.hint(),
    })
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
