//! The port: from what research asks to what the models are sent, and back. It keeps answers, and says beforehand what
//! a call can come to. Material is packed behind it, for whichever model answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aiex_cache::{Cache, Key, Kind};
use aiex_llm::models::{NoAnswer, Tried, most_prompt_tokens};
use aiex_llm::tokens::Counter;
use aiex_llm::{Failure, Provider, Request, Run};
use aiex_research::{Allowance, Bound, Boxed, Model, ModelFailure, Prompt, Reach, Reply, Unseen, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::NOTHING;
use super::asking::{Fresh, known, prose, request, stage, usage, value};
use crate::models::Pool;

/// Part of every key of a kept answer; a new one when answers come to mean something else.
const KEPT_VERSION: &str = "model call 2";
/// The answers that the ladder of structured output may take: the first, one that is asked for again, and a smaller.
const LADDER: u64 = 3;
/// What the ladder shows of a broken answer when it asks again, in characters; as many tokens at most.
const SHOWN_AGAIN: u64 = 1500;
/// What asking for JSON, or for it once more, adds to a prompt beside the schema and the broken answer, in tokens.
const ASKING: u64 = 300;
/// Tries of a call that was refused before it cost anything.
const TRIES: u32 = 3;
/// The pause before the second of them; doubled for each one after it.
const PAUSE: Duration = Duration::from_millis(400);
/// The part of a deadline that is left for ending in order, and its most.
const MARGIN: (u32, Duration) = (10, Duration::from_millis(500));
/// Runs whose models are remembered. Forgetting one costs that its next call may go to another model.
const MOST_RUNS: usize = 64;

/// The models of a pool as research asks them.
pub(super) struct Port {
    pool: Arc<Pool>,
    members: Vec<Member>,
    runs: Mutex<HashMap<String, Arc<Run>>>,
    cache: Cache,
    /// Whether a call was given up that none of the models had answered at all.
    was_late: AtomicBool,
}

/// What is to be known of a model before it is asked.
struct Member {
    provider: Provider,
    counter: Counter,
}

impl Member {
    /// The most that a prompt takes when it is sent the first time.
    fn input_tokens(&self, prompt: &Prompt) -> u64 {
        let text = most_prompt_tokens(&request(prompt), &self.counter);
        // A schema is said in the prompt, and sent once more as the provider wants it; some count that too.
        let schema = prompt.schema.as_ref();
        let shape = schema.map(|schema| 2 * self.counter.count(&schema.to_string()) as u64 + ASKING);
        text + shape.unwrap_or(0)
    }
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    text: String,
    model: String,
    unseen: Unseen,
}

impl Port {
    pub(super) fn new(pool: Arc<Pool>, cache: Cache) -> Self {
        let members = pool.providers.iter().map(|provider| {
            let config = provider.config();
            Member {
                // The one that learns what the service counts.
                counter: pool
                    .models
                    .counter(&config.name)
                    .map_or_else(|| Counter::of(config), Counter::clone),
                provider: provider.clone(),
            }
        });
        Self {
            members: members.collect(),
            pool,
            runs: Mutex::default(),
            cache,
            was_late: AtomicBool::new(false),
        }
    }

    fn run(&self, name: &str) -> Arc<Run> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.len() >= MOST_RUNS && !runs.contains_key(name) {
            runs.clear();
        }
        // Whatever may have cost something is not done again behind the caller's back: the bound would grow by it.
        let run = runs
            .entry(name.to_owned())
            .or_insert_with(|| self.pool.models.run_once());
        Arc::clone(run)
    }

    /// Everything that the answer may depend on.
    fn key(&self, prompt: &Prompt) -> Key {
        let mut parts = vec![
            KEPT_VERSION.to_owned(),
            prompt.system.clone(),
            prompt.whole(),
            prompt.schema.as_ref().map(Value::to_string).unwrap_or_default(),
            prompt.max_tokens.to_string(),
        ];
        parts.extend(self.pool.identity(stage(prompt.stage), None));
        Key::new(Kind::ModelCall, parts)
    }

    /// The most that one model's one answer to a prompt of so many tokens can come to.
    fn one(&self, member: &Member, prompt: &Prompt, input_tokens: u64) -> Usage {
        let output_tokens = u64::from(prompt.max_tokens);
        let usage = aiex_llm::Usage {
            prompt_tokens: Some(input_tokens),
            cached_tokens: None,
            answer_tokens: Some(output_tokens),
        };
        Usage {
            input_tokens,
            output_tokens,
            micro_dollars: known(self.pool.models.prices().cost(&member.provider, &usage)),
        }
    }

    /// What a request can come to that was given up while it ran: the dearest model's answer.
    fn unfinished(&self, prompt: &Prompt) -> Usage {
        let all = self.members.iter().map(|member| {
            let input_tokens = member.input_tokens(prompt) + again(prompt);
            self.one(member, prompt, input_tokens)
        });
        most(all)
    }

    async fn answer(
        &self,
        prompt: &Prompt,
        cancel: &CancellationToken,
        on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Reply, ModelFailure> {
        let key = self.key(prompt);
        if let Some(kept) = self.kept(key, prompt.kept_since_ms).await {
            if prompt.schema.is_none() {
                on_delta(&kept.text);
            }
            return Ok(Reply {
                text: kept.text,
                usage: NOTHING,
                model: kept.model,
                unseen: kept.unseen,
            });
        }
        let stop = cancel.child_token();
        let asking = self.patiently(prompt, &stop, on_delta);
        tokio::pin!(asking);
        let (part, most) = MARGIN;
        let within = prompt.deadline.saturating_sub((prompt.deadline / part).min(most));
        let (answer, late) = tokio::select! {
            biased;
            answer = &mut asking => (answer, false),
            () = sleep(within) => {
                stop.cancel();
                (asking.await, true)
            }
        };
        match answer {
            Ok(Fresh { reply, whole }) => {
                if whole {
                    self.keep(key, &reply).await;
                }
                Ok(reply)
            }
            Err(none) => Err(self.failure(prompt, &none, late)),
        }
    }

    async fn kept(&self, key: Key, since_ms: u64) -> Option<Kept> {
        let bytes = self.cache.get_since(key, since_ms).await?;
        serde_json::from_slice(&bytes).ok()
    }

    async fn keep(&self, key: Key, reply: &Reply) {
        let kept = Kept {
            text: reply.text.clone(),
            model: reply.model.clone(),
            unseen: reply.unseen,
        };
        if let Ok(bytes) = serde_json::to_vec(&kept) {
            self.cache.put(key, bytes, &[]).await;
        }
    }

    /// Asks again as long as that may help and nothing was spent.
    async fn patiently(
        &self,
        prompt: &Prompt,
        stop: &CancellationToken,
        on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Fresh, NoAnswer> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.once(prompt, stop, on_delta).await {
                Err(none) if none.spent.requests == 0 && may_pass(&none) => {
                    tokio::select! {
                        () = stop.cancelled() => return Err(none),
                        () = sleep(pause) => pause *= 2,
                    }
                }
                other => return other,
            }
        }
        self.once(prompt, stop, on_delta).await
    }

    async fn once(
        &self,
        prompt: &Prompt,
        stop: &CancellationToken,
        on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Fresh, NoAnswer> {
        let run = self.run(&prompt.run);
        let request = Request {
            max_output_tokens: Some(prompt.max_tokens),
            allowance: prompt.allowance.map(|allowance| aiex_llm::Allowance {
                tokens: allowance.tokens,
                micro_dollars: allowance.micro_dollars,
            }),
            ..request(prompt)
        };
        match &prompt.schema {
            Some(schema) => value(&run, prompt.stage, request, schema, stop).await,
            None => prose(&run, prompt.stage, request, stop, on_delta).await,
        }
    }

    /// Whether a model that took too long may still be one that works: it has answered before, or it may be loaded just
    /// now, which makes it late once.
    fn may_be_slow(&self, none: &NoAnswer, late: bool) -> bool {
        let answered_before = self
            .pool
            .models
            .health()
            .iter()
            .any(|model| model.speed.is_some());
        let timed_out = |tried: &Tried| {
            matches!(
                tried,
                Tried::Failed(error) if matches!(
                    error.failure,
                    Failure::FirstByteTimeout { .. } | Failure::IdleTimeout { .. } | Failure::TotalTimeout { .. }
                )
            )
        };
        if late {
            answered_before || !self.was_late.swap(true, Ordering::Relaxed)
        } else {
            answered_before && none.tried.iter().any(timed_out)
        }
    }

    fn reach(&self, none: &NoAnswer, late: bool) -> Reach {
        let any = |is: fn(&Tried) -> bool| !none.cancelled && none.tried.iter().any(is);
        if may_pass(none) || self.may_be_slow(none, late) {
            Reach::Passing
        } else if any(is_limit) {
            Reach::Limited
        } else if any(is_of_prompt) {
            Reach::Prompt
        } else {
            Reach::Run
        }
    }

    fn failure(&self, prompt: &Prompt, none: &NoAnswer, late: bool) -> ModelFailure {
        let message = if late {
            format!(
                "no model answered within {:.0} s",
                prompt.deadline.as_secs_f64().ceil()
            )
        } else {
            none.to_string()
        };
        let hint = if late {
            "Choose a faster model for this stage, raise `model_call` in [research], or choose a smaller depth."
                .to_owned()
        } else {
            none.hint()
        };
        let mut spent = usage(&none.spent);
        if none.cancelled {
            // Nobody told what the request cost that was on its way; it was only made if it was allowed.
            spent = within(sum([spent, self.unfinished(prompt)]), prompt.allowance);
        }
        ModelFailure {
            message,
            hint,
            reach: self.reach(none, late),
            spent,
        }
    }
}

impl Model for Port {
    /// At most every answer that it takes is the dearest model's, and as long as it can be. Models that are asked instead
    /// of others are not added up: most who fail have cost nothing, and none is asked that would pass the allowance. But
    /// one answer may break off and be paid for, where another model can give it whole; the ladder has room for that.
    fn bound(&self, prompt: &Prompt) -> Bound {
        let steps = match prompt.schema {
            Some(_) => LADDER,
            None => self.members.len().clamp(1, 2) as u64,
        };
        let one = |member: &Member| self.one(member, prompt, member.input_tokens(prompt));
        let all_steps = |member: &Member| {
            let input_tokens = member.input_tokens(prompt);
            // Only the second answer is asked for with the first at hand.
            let extra = |step| if step == 1 { again(prompt) } else { 0 };
            sum((0..steps).map(|step| self.one(member, prompt, input_tokens + extra(step))))
        };
        Bound {
            least: least(self.members.iter().map(one)),
            most: most(self.members.iter().map(all_steps)),
        }
    }

    fn ask<'a>(
        &'a self,
        prompt: &'a Prompt,
        cancel: &'a CancellationToken,
        on_delta: &'a (dyn Fn(&str) + Send + Sync),
    ) -> Boxed<'a, Result<Reply, ModelFailure>> {
        Box::pin(self.answer(prompt, cancel, on_delta))
    }
}

/// What asking once more adds to a prompt: the model's own words, and what was wrong with them.
fn again(prompt: &Prompt) -> u64 {
    match prompt.schema {
        Some(_) => u64::from(prompt.max_tokens).min(SHOWN_AGAIN) + ASKING,
        None => 0,
    }
}

/// Whether the same call may succeed in a moment. A limit was waited for as long as that pays.
fn may_pass(none: &NoAnswer) -> bool {
    let passing =
        |tried: &Tried| matches!(tried, Tried::Failed(error) if error.is_retryable() && !is_limit(tried));
    !none.cancelled && none.tried.iter().any(passing)
}

/// Whether it is a limit that passes.
fn is_limit(tried: &Tried) -> bool {
    match tried {
        Tried::Failed(error) => matches!(error.failure, Failure::RateLimited { .. }),
        Tried::Resting { passes, .. } => *passes,
        Tried::TooSmall { .. } | Tried::TooDear { .. } => false,
    }
}

/// Whether it was about this prompt and its answer.
fn is_of_prompt(tried: &Tried) -> bool {
    match tried {
        Tried::Failed(error) => matches!(
            error.failure,
            Failure::EmptyAnswer { .. } | Failure::ContextOverflow { .. } | Failure::BrokenStream { .. }
        ),
        Tried::Resting { .. } => false,
        Tried::TooSmall { .. } | Tried::TooDear { .. } => true,
    }
}

/// The most of each. Models without a price are not asked where money counts.
fn most(all: impl Iterator<Item = Usage>) -> Usage {
    let all = all.reduce(|a, b| Usage {
        input_tokens: a.input_tokens.max(b.input_tokens),
        output_tokens: a.output_tokens.max(b.output_tokens),
        micro_dollars: a.micro_dollars.max(b.micro_dollars),
    });
    all.unwrap_or(NOTHING)
}

/// The least of each, with the money of the cheapest model whose price is known.
fn least(all: impl Iterator<Item = Usage>) -> Usage {
    let all = all.reduce(|a, b| Usage {
        input_tokens: a.input_tokens.min(b.input_tokens),
        output_tokens: a.output_tokens.min(b.output_tokens),
        micro_dollars: a.micro_dollars.into_iter().chain(b.micro_dollars).min(),
    });
    all.unwrap_or(NOTHING)
}

/// What was spent, where it cannot have been more than was allowed.
fn within(spent: Usage, allowance: Option<Allowance>) -> Usage {
    let Some(Allowance {
        tokens,
        micro_dollars,
    }) = allowance
    else {
        return spent;
    };
    let input_tokens = spent.input_tokens.min(tokens);
    Usage {
        input_tokens,
        output_tokens: spent.output_tokens.min(tokens - input_tokens),
        micro_dollars: micro_dollars
            .zip(spent.micro_dollars)
            .map_or(spent.micro_dollars, |(most, spent)| Some(spent.min(most))),
    }
}

fn sum(all: impl IntoIterator<Item = Usage>) -> Usage {
    all.into_iter().fold(NOTHING, |a, b| Usage {
        input_tokens: a.input_tokens.saturating_add(b.input_tokens),
        output_tokens: a.output_tokens.saturating_add(b.output_tokens),
        micro_dollars: a
            .micro_dollars
            .zip(b.micro_dollars)
            .map(|(a, b)| a.saturating_add(b)),
    })
}
