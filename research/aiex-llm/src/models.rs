//! Several models as one: which is asked for which stage, in which order, with which key, and what happens when
//! it fails. It does not know what is asked.
//!
//! A [`Run`] is one piece of work, a question or a research; within it a stage keeps to the model that served it.
//! A model that fails, even in the middle of its answer, is left for the next; the reader is told to drop what
//! the failed one said. The material of a request is packed anew for each model that is asked. Limits of keys and rests
//! of broken services outlive the run.

mod asking;
mod drive;
mod error;
mod fit;
mod member;
mod policy;
mod pulse;
mod spent;

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::price::Prices;
use crate::tokens::Counter;
use crate::{LlmError, ProviderConfig, Request, Rung, Secret};

pub use asking::{Asking, Heard, Notice, Told};
pub use error::{NoAnswer, Tried};
pub use fit::most_prompt_tokens;
use member::Member;
pub use member::{Health, Speed};
pub use policy::{Policy, Stage, Stages};
pub use pulse::Patience;
pub use spent::Spent;

/// A model with its keys and limits.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// The provider. Its own `key`, if any, counts as one more of `keys`; its `retry` is not used, since there
    /// may be another model to turn to.
    pub provider: ProviderConfig,
    /// Keys to take turns with. None at all asks without a key.
    pub keys: Vec<Secret>,
    /// The most requests a minute and key; `None` for no limit of our own.
    pub requests_per_minute: Option<u32>,
    /// The most tokens a minute and key, prompt and answer; `None` for no limit of our own.
    pub tokens_per_minute: Option<u32>,
}

impl From<ProviderConfig> for ModelConfig {
    fn from(provider: ProviderConfig) -> Self {
        Self {
            provider,
            keys: Vec::new(),
            requests_per_minute: None,
            tokens_per_minute: None,
        }
    }
}

/// How [`Models`] behave.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which model is asked for what.
    pub stages: Stages,
    /// What tokens cost.
    pub prices: Prices,
    /// How long a request waits at most for a limit that passes: a rate, a rest that the server asked for.
    pub patience: Duration,
    /// How often a model is asked whose failures may pass, unless the run asks once.
    pub rounds: u32,
    /// The pause before the second time; doubled for each one after it.
    pub pause: Duration,
    /// How long silence is taken for work.
    pub silence: Patience,
    /// What counts for providers, by name, where others are to know what it learns; each of the rest has one of its own.
    pub counters: HashMap<String, Counter>,
}

impl Settings {
    /// Local models first, a minute's patience, the prices given.
    pub fn new(prices: Prices) -> Self {
        Self {
            stages: Stages::default(),
            prices,
            // The longest wait that a server can impose at once.
            patience: aiex_remote::LONGEST_WAIT,
            rounds: 3,
            pause: Duration::from_millis(400),
            silence: Patience::default(),
            counters: HashMap::new(),
        }
    }
}

/// Several models. Cheap to share: everything in it is behind locks that are held for moments.
#[derive(Debug)]
pub struct Models {
    members: Vec<Member>,
    settings: Settings,
    /// The rung that gave a value last, by member.
    rungs: Mutex<HashMap<usize, Rung>>,
}

/// One piece of work.
#[derive(Debug)]
pub struct Run {
    models: Arc<Models>,
    /// How often a member is asked whose failures may pass.
    rounds: u32,
    /// The one member that may be asked, if it is not any.
    only: Option<usize>,
    /// The member that served a stage last.
    served: Mutex<HashMap<Stage, usize>>,
}

/// What a request may take, before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// At most about so many tokens in the prompt.
    pub prompt_tokens: u64,
    /// At most so many in the answer.
    pub answer_tokens: u64,
    /// What that costs at most, with the model that would be asked first.
    pub cost: crate::price::Cost,
}

impl Models {
    /// Checks all settings; opens no connection. The order is the user's: best first.
    pub fn new(configs: Vec<ModelConfig>, settings: Settings) -> Result<Arc<Self>, LlmError> {
        let members: Result<Vec<Member>, LlmError> = configs
            .into_iter()
            .map(|config| {
                let counter = settings.counters.get(&config.provider.name).cloned();
                Member::new(config, counter)
            })
            .collect();
        Ok(Arc::new(Self {
            members: members?,
            settings,
            rungs: Mutex::default(),
        }))
    }

    /// Whether there is no model at all.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Begins a piece of work.
    pub fn run(self: &Arc<Self>) -> Arc<Run> {
        self.begin(self.settings.rounds, None)
    }

    /// Begins a piece of work for which each model is asked once: what it may cost is reckoned beforehand.
    pub fn run_once(self: &Arc<Self>) -> Arc<Run> {
        self.begin(1, None)
    }

    /// Begins a piece of work for the provider of this name and no other; `None` if there is none.
    pub fn run_alone(self: &Arc<Self>, provider: &str) -> Option<Arc<Run>> {
        let only = self.members.iter().position(|member| member.name() == provider)?;
        Some(self.begin(self.settings.rounds, Some(only)))
    }

    fn begin(self: &Arc<Self>, rounds: u32, only: Option<usize>) -> Arc<Run> {
        Arc::new(Run {
            models: Arc::clone(self),
            rounds,
            only,
            served: Mutex::default(),
        })
    }

    /// How each model does, in the user's order.
    pub fn health(&self) -> Vec<Health> {
        self.members.iter().map(Member::health).collect()
    }

    /// The prices in use.
    pub fn prices(&self) -> &Prices {
        &self.settings.prices
    }

    /// The rung of structured output that the model of this name last reached, if it was asked.
    pub fn rung(&self, provider: &str) -> Option<Rung> {
        let member = self.members.iter().position(|member| member.name() == provider)?;
        self.rungs().get(&member).copied()
    }

    pub(crate) fn remember(&self, provider: &str, rung: Rung) {
        if let Some(member) = self.members.iter().position(|member| member.name() == provider) {
            self.rungs().insert(member, rung);
        }
    }

    /// From now on this provider is only asked for JSON and not bound to a schema.
    pub(crate) fn no_schema_for(&self, provider: &str) {
        let member = self.members.iter().find(|member| member.name() == provider);
        if let Some(member) = member {
            member.unbound.store(true, Ordering::Relaxed);
        }
    }

    fn rungs(&self) -> MutexGuard<'_, HashMap<usize, Rung>> {
        self.rungs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What counts for a model, and learns from its answers; `None` when there is no such provider.
    pub fn counter(&self, provider: &str) -> Option<&Counter> {
        let member = self.members.iter().find(|member| member.name() == provider)?;
        Some(&member.counter)
    }

    /// The members in the order in which they are asked.
    fn order(&self, stage: Stage, request: &Request) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        let member = |at: usize| &self.members[at];
        match self.settings.stages.of(stage) {
            Policy::Best => {}
            Policy::LocalFirst => order.sort_by_key(|at| !member(*at).provider.is_local()),
            Policy::Cheapest => order.sort_by_key(|at| {
                let cost = self.estimate_of(member(*at), request).cost;
                (!cost.is_known(), cost.known_part())
            }),
            Policy::Fastest => order.sort_by_key(|at| member(*at).speed.expected()),
            Policy::Named(name) => order.sort_by_key(|at| member(*at).name() != name),
        }
        order
    }

    fn estimate_of(&self, member: &Member, request: &Request) -> Estimate {
        let config = member.provider.config();
        let usage = crate::Usage {
            prompt_tokens: Some(member.counter.prompt(&request.whole()) as u64),
            cached_tokens: None,
            answer_tokens: Some(u64::from(
                request.max_output_tokens.unwrap_or(config.max_output_tokens),
            )),
        };
        Estimate {
            prompt_tokens: usage.prompt_tokens.unwrap_or(0),
            answer_tokens: usage.answer_tokens.unwrap_or(0),
            cost: self.settings.prices.cost(&member.provider, &usage),
        }
    }
}

impl Run {
    /// The models it runs on.
    pub fn models(&self) -> &Arc<Models> {
        &self.models
    }

    /// The most that `request` can take with the model that would be asked first; `None` without models. To be
    /// compared with a budget before asking.
    pub fn estimate(&self, stage: Stage, request: &Request) -> Option<Estimate> {
        let first = *self.order(stage, request).first()?;
        Some(self.models.estimate_of(&self.models.members[first], request))
    }

    /// The most that `request` can take with any model: what has to be there if everything goes wrong but the
    /// last.
    pub fn worst(&self, request: &Request) -> Option<Estimate> {
        let estimates = self
            .models
            .members
            .iter()
            .map(|member| self.models.estimate_of(member, request));
        estimates.max_by_key(|estimate| (!estimate.cost.is_known(), estimate.cost.known_part()))
    }

    /// Whether the model that would be asked first last gave a value only when less was asked for.
    pub(crate) fn starts_small(&self, stage: Stage, request: &Request) -> bool {
        let first = self.order(stage, request).first().copied();
        let rungs = self.models.rungs();
        first.and_then(|first| rungs.get(&first)) == Some(&Rung::Smaller)
    }

    /// The policy's order, but the member that served this stage first.
    fn order(&self, stage: Stage, request: &Request) -> Vec<usize> {
        if let Some(only) = self.only {
            return vec![only];
        }
        let mut order = self.models.order(stage, request);
        if let Some(served) = self.served().get(&stage) {
            order.sort_by_key(|at| at != served);
        }
        order
    }

    fn served(&self) -> MutexGuard<'_, HashMap<Stage, usize>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a request can be sent again, in words for people.
fn rough(pause: Duration) -> String {
    format!("{} s", pause.as_secs_f64().ceil().max(1.0))
}

fn soon(pause: Duration) -> Instant {
    Instant::now() + pause
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Prompt, ProviderKind};

    #[test]
    fn the_fastest_as_measured_goes_first() {
        let config = |name: &str| {
            ModelConfig::from(ProviderConfig::new(
                name,
                ProviderKind::OpenAi,
                "http://localhost",
                "m",
            ))
        };
        let mut settings = Settings::new(Prices::built_in().unwrap());
        settings.stages = Stages::all(Policy::Fastest);
        let models = Models::new(vec![config("a"), config("b"), config("c")], settings).unwrap();
        let request = Request::from(Prompt::question("", "why?"));
        let second = Duration::from_secs(1);
        models.members[0].speed.measured(second, second, 10);
        models.members[1].speed.measured(second, second, 100);
        // The one that was never measured, then by speed.
        assert_eq!(models.order(Stage::Plan, &request), [2, 1, 0]);
        models.members[2].speed.measured(60 * second, second, 100);
        assert_eq!(models.order(Stage::Plan, &request), [1, 0, 2]);
    }
}
