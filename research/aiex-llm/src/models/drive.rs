//! Drives one request over several models: asks the next when one fails, waits where waiting helps, and tells the
//! reader.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::asking::{Heard, Notice, Told};
use super::fit::Fitted;
use super::member::Member;
use super::{Models, NoAnswer, Run, Spent, Stage, Tried, fit, rough, soon};
use crate::{Answer, Delta, Failure, Finish, LlmError, Request, Retry, Usage};

/// What counts as "now" for a key that is to be free now.
const AT_ONCE: Duration = Duration::from_millis(20);

/// How long another request may look whether a service is back.
const LOOKING: Duration = Duration::from_secs(1);

/// How long a server that loads its model is left alone before it is asked again.
const LOADING: Duration = Duration::from_secs(2);

/// How often a model may fail in the middle of one answer: a request that breaks it twice is not asked again.
const BREAKS: u32 = 2;

/// One request under way.
pub(super) struct Drive {
    pub(super) run: Arc<Run>,
    pub(super) stage: Stage,
    pub(super) request: Request,
    pub(super) sender: mpsc::Sender<Result<Heard, NoAnswer>>,
    pub(super) spent: Spent,
    pub(super) notices: Vec<Notice>,
    /// What came of each member so far, and how it goes on.
    pub(super) tried: BTreeMap<usize, Came>,
}

/// What came of a member.
pub(super) struct Came {
    tried: Tried,
    /// When it makes sense to ask it again; `None` for never within this request.
    again: Option<Instant>,
    /// Its place among those that were asked.
    place: usize,
    /// How often it was asked.
    tries: u32,
    breaks: u32,
}

/// Why a member was left.
struct Left {
    tried: Tried,
    again: Option<Instant>,
    /// The reader has heard text of it.
    text_heard: bool,
    /// It began an answer and did not end it.
    broke: bool,
    /// It was about the key: another may do.
    of_key: bool,
    /// The tokens that were sent and asked for in a request that may be made shorter.
    packed: Option<u64>,
}

impl Drive {
    pub(super) async fn until_told(mut self, cancel: CancellationToken) {
        let sender = self.sender.clone();
        let told = tokio::select! {
            biased;
            () = cancel.cancelled() => None,
            () = sender.closed() => return,
            told = self.told() => Some(told),
        };
        let last = match told {
            Some(Ok(told)) => Ok(Heard::Done(Box::new(told))),
            Some(Err(none)) => Err(none),
            None => Err(self.none(true)),
        };
        // An error means that the reader has gone.
        let _ = sender.send(last).await;
    }

    async fn told(&mut self) -> Result<Told, NoAnswer> {
        let models = Arc::clone(&self.run.models);
        let patience = soon(models.settings.patience);
        loop {
            for at in self.run.order(self.stage, &self.request) {
                let open = self
                    .tried
                    .get(&at)
                    .is_none_or(|came| came.again.is_some_and(|again| again <= Instant::now()));
                if !open {
                    continue;
                }
                // Each key gets its chance before the next model does.
                for _ in 0..models.members[at].key_count {
                    match self.attempt_fitting(&models, at, patience).await {
                        Ok(told) => return Ok(told),
                        Err(left) => {
                            let of_key = left.of_key;
                            self.leave(at, left).await;
                            if !of_key {
                                break;
                            }
                        }
                    }
                }
            }
            let next = self.tried.values().filter_map(|came| came.again).min();
            match next.filter(|next| *next <= patience) {
                Some(next) => sleep_until(next).await,
                None => return Err(self.none(false)),
            }
        }
    }

    /// Asks with as much material as the model's settings have room for, and once more with less if the server says
    /// that this was too much.
    async fn attempt_fitting(&mut self, models: &Models, at: usize, patience: Instant) -> Result<Told, Left> {
        let window = models.members[at].provider.config().context_tokens.map(u64::from);
        let left = match self.attempt(models, at, patience, window).await {
            Ok(told) => return Ok(told),
            Err(left) => left,
        };
        let Left {
            tried: Tried::Failed(error),
            packed: Some(needed),
            ..
        } = &left
        else {
            return Err(left);
        };
        if !matches!(error.failure, Failure::ContextOverflow { .. }) {
            return Err(left);
        }
        debug!(%error, "asking again with less");
        let less = fit::smaller(*needed, &error.failure);
        match self.attempt(models, at, patience, Some(less)).await {
            // Not even a piece of the material fits: what the server said tells more.
            Err(Left {
                tried: Tried::TooSmall { .. },
                ..
            }) => Err(left),
            other => other,
        }
    }

    async fn attempt(
        &mut self,
        models: &Models,
        at: usize,
        patience: Instant,
        window: Option<u64>,
    ) -> Result<Told, Left> {
        // Nobody waits for a key while another model may be free.
        let due = if self.is_alone() || self.tried.contains_key(&at) {
            patience
        } else {
            soon(AT_ONCE)
        };
        let tries = self.tried.get(&at).map_or(0, |came| came.tries);
        let member = &models.members[at];
        let ratio = member.counter.ratio();
        let fitted = fit::fitted(&self.request, member, window).map_err(|needed| {
            let tried = Tried::TooSmall {
                provider: member.name().to_owned(),
                needed,
                context: member.provider.config().context_tokens.unwrap_or_default(),
            };
            Left::without_asking(tried, None)
        })?;
        let (needed, prompt_tokens) = (fitted.needed(), fitted.prompt_tokens);
        let shape = shape_of(member, &fitted.request);
        self.can_pay(models, member, &fitted)
            .map_err(|tried| Left::without_asking(tried, None))?;
        let resting = |reason: String, again: Option<Instant>| {
            let provider = member.name().to_owned();
            let tried = Tried::Resting {
                provider,
                reason,
                passes: again.is_some(),
            };
            Left::without_asking(tried, again)
        };
        let pass = member.breaker.enter().map_err(|rests| {
            // Another request is looking whether it is back; a longer rest is not worth waiting for.
            let again = (rests.left <= LOOKING).then(|| soon(rests.left));
            resting(rests.to_string(), again)
        })?;
        let lease = member
            .lease(needed, due)
            .await
            .map_err(|none| resting(none.to_string(), none.free_in.map(soon)))?;
        let packed = fitted.left_out.is_some().then_some(needed);
        let rounds = self.run.rounds;
        let failed = |error: LlmError, text_heard: bool| {
            let remote = error.failure.as_remote();
            member.keys.report(&lease, &remote);
            let again = again(&error.failure, models, rounds, tries);
            let of_key = matches!(
                error.failure,
                Failure::KeyRejected { .. } | Failure::KeyExhausted { .. } | Failure::RateLimited { .. }
            );
            let broke = text_heard || matches!(error.failure, Failure::BrokenStream { .. });
            (
                remote,
                Left {
                    tried: Tried::Failed(error),
                    again,
                    text_heard,
                    broke,
                    of_key,
                    packed,
                },
            )
        };
        let provider = match &lease.secret {
            Some(key) => member.provider.with_key(key),
            None => Ok(member.provider.clone()),
        };
        let (mut request, left_out) = (fitted.request, fitted.left_out);
        if member.unbound.load(Ordering::Relaxed) {
            request.schema = None;
        }
        let begun = Instant::now();
        // The task's own cancellation drops this future, which closes the request.
        let never = CancellationToken::new();
        let asked = match provider {
            Ok(provider) => {
                let asking = provider.ask(&request, &never);
                member.while_there(&models.settings.silence, asking).await
            }
            Err(error) => Err(error),
        };
        let mut answer = match asked {
            Ok(answer) => answer,
            Err(error) => {
                if may_have_cost(&error.failure) {
                    self.spend(models, member, None, "", prompt_tokens);
                }
                let gone = is_gone(&error.failure);
                let is_loading = error.failure.is_loading();
                let (remote, left) = failed(error, false);
                match remote {
                    // The service lives; its key rests.
                    aiex_remote::Failure::RateLimited { .. } => pass.answered(),
                    _ if is_loading => pass.answered(),
                    _ if gone => pass.gone(&remote),
                    _ => pass.failed(&remote),
                }
                return Err(left);
            }
        };
        let first_text = begun.elapsed();
        if let Some(left_out) = &left_out {
            let heard = Heard::LeftOut(left_out.clone());
            // An error means that the reader has gone, which ends this future too.
            let _ = self.sender.send(Ok(heard)).await;
        }
        let mut text = String::new();
        match self.listen(member, &mut answer, &mut text).await {
            Ok((usage, finish)) => {
                pass.answered();
                if let Some(counted) = usage.and_then(|usage| usage.prompt_tokens) {
                    member.counter.learn(prompt_tokens + shape, ratio, counted);
                }
                let written = format!("{}{text}", answer.thoughts());
                let spent = self.spend(models, member, usage, &written, prompt_tokens);
                member.speed.measured(
                    first_text,
                    begun.elapsed().saturating_sub(first_text),
                    spent.answer_tokens,
                );
                self.run.served().insert(self.stage, at);
                debug!(provider = member.name(), stage = ?self.stage, "answered");
                Ok(Told {
                    provider: member.name().to_owned(),
                    model: member.provider.config().model.clone(),
                    thoughts: answer.thoughts().to_owned(),
                    constrained: answer.constrained(),
                    text,
                    finish,
                    spent: self.spent,
                    notices: std::mem::take(&mut self.notices),
                    left_out: left_out.unwrap_or_default(),
                })
            }
            Err(error) => {
                let written = format!("{}{text}", answer.thoughts());
                self.spend(models, member, None, &written, prompt_tokens);
                let gone = is_gone(&error.failure);
                let (remote, left) = failed(error, !text.is_empty());
                if gone {
                    pass.gone(&remote);
                } else {
                    pass.failed(&remote);
                }
                Err(left)
            }
        }
    }

    /// Whether a try of this request could not pass what it may come to.
    fn can_pay(&self, models: &Models, member: &Member, fitted: &Fitted) -> Result<(), Tried> {
        let Some(allowance) = &self.request.allowance else {
            return Ok(());
        };
        let shape = shape_of(member, &fitted.request);
        let most = Usage {
            prompt_tokens: Some(fitted.prompt_tokens + shape),
            cached_tokens: None,
            answer_tokens: Some(fitted.answer_tokens),
        };
        let left = allowance.less(&self.spent);
        let needed = fitted.needed() + shape;
        if left.has(needed, models.settings.prices.cost(&member.provider, &most)) {
            return Ok(());
        }
        Err(Tried::TooDear {
            provider: member.name().to_owned(),
            needed,
            left: left.tokens,
        })
    }

    async fn listen(
        &self,
        member: &Member,
        answer: &mut Answer,
        text: &mut String,
    ) -> Result<(Option<Usage>, Finish), LlmError> {
        loop {
            let next = async { answer.next().await.transpose() };
            let patience = &self.run.models.settings.silence;
            let delta = if text.is_empty() {
                member.while_there(patience, next).await
            } else {
                member.while_it_flows(patience, next).await
            };
            let Some(delta) = delta? else { break };
            match delta {
                Delta::Text(more) => {
                    text.push_str(&more);
                    // An error means that the reader has gone, which ends this future too.
                    let _ = self.sender.send(Ok(Heard::Text(more))).await;
                }
                Delta::Done { usage, finish } => return Ok((usage, finish)),
            }
        }
        // An answer ends in `Done` or an error unless the runtime is shutting down.
        Ok((None, Finish::Other("the program ended".to_owned())))
    }

    fn spend(
        &mut self,
        models: &Models,
        member: &Member,
        counted: Option<Usage>,
        written: &str,
        prompt_tokens: u64,
    ) -> Spent {
        let own = Usage {
            prompt_tokens: Some(prompt_tokens),
            cached_tokens: None,
            answer_tokens: Some(member.counter.count(written) as u64),
        };
        let prices = &models.settings.prices;
        let spent = Spent::request(counted, own, |usage| prices.cost(&member.provider, usage));
        self.spent += spent;
        spent
    }

    /// Whether no other model may be asked.
    fn is_alone(&self) -> bool {
        self.run.only.is_some() || self.run.models.members.len() == 1
    }

    async fn leave(&mut self, at: usize, left: Left) {
        let place = self.tried.len();
        let is_known = self
            .tried
            .get(&at)
            .is_some_and(|came| came.tried.is_loading() && left.tried.is_loading());
        let came = self.tried.entry(at).or_insert_with(|| Came {
            tried: left.tried.clone(),
            again: None,
            place,
            tries: 0,
            breaks: 0,
        });
        // Loading ends by itself: it is waited for as long as anything is.
        came.tries += u32::from(matches!(left.tried, Tried::Failed(_)) && !left.tried.is_loading());
        came.breaks += u32::from(left.broke);
        let enough = came.breaks >= BREAKS || came.tries >= self.run.rounds.max(1);
        came.again = left.again.filter(|_| !enough);
        let again = came.again;
        warn!(tried = %left.tried, "a model did not answer");
        // What a model said when it was asked tells more than that it is not asked now.
        if matches!(
            (&came.tried, &left.tried),
            (Tried::Failed(_), Tried::Resting { .. } | Tried::TooDear { .. })
        ) {
            return;
        }
        came.tried = left.tried.clone();
        if is_known {
            return;
        }
        let others = !self.is_alone();
        let goes_on = match again {
            Some(again) if !others => {
                format!(
                    "; asking again in {}",
                    rough(again.saturating_duration_since(Instant::now()))
                )
            }
            _ if others => "; going on with another model".to_owned(),
            _ => String::new(),
        };
        let notice = Notice(format!("{}{goes_on}", left.tried));
        self.notices.push(notice.clone());
        let heard = if left.text_heard {
            Heard::Restart(notice)
        } else {
            Heard::Notice(notice)
        };
        let _ = self.sender.send(Ok(heard)).await;
    }

    fn none(&mut self, cancelled: bool) -> NoAnswer {
        let mut came: Vec<Came> = std::mem::take(&mut self.tried).into_values().collect();
        came.sort_by_key(|came| came.place);
        NoAnswer {
            tried: came.into_iter().map(|came| came.tried).collect(),
            spent: self.spent,
            cancelled,
        }
    }
}

impl Left {
    fn without_asking(tried: Tried, again: Option<Instant>) -> Self {
        Self {
            tried,
            again,
            text_heard: false,
            broke: false,
            of_key: false,
            packed: None,
        }
    }
}

/// When the same request may succeed with the same model.
fn again(failure: &Failure, models: &Models, rounds: u32, tries: u32) -> Option<Instant> {
    let retry = Retry {
        attempts: rounds,
        pause: models.settings.pause,
    };
    match failure {
        failure if failure.is_loading() => Some(soon(LOADING)),
        Failure::BrokenStream { .. } => Some(soon(retry.pause_before(tries, None))),
        failure if failure.is_retryable() => Some(soon(retry.pause_before(tries, failure.retry_after()))),
        _ => None,
    }
}

/// Whether the service was called and did not answer: the next request need not find that out again.
fn is_gone(failure: &Failure) -> bool {
    matches!(failure, Failure::Silent { .. })
}

/// Whether the provider may have counted tokens although nothing of an answer came.
/// The tokens of a schema that is sent beside the prompt. The prompt says it already; some count this, too.
fn shape_of(member: &Member, request: &Request) -> u64 {
    let schema = request.schema.as_ref();
    schema.map_or(0, |schema| member.counter.count(&schema.value.to_string()) as u64)
}

fn may_have_cost(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::FirstByteTimeout { .. }
            | Failure::Silent { .. }
            | Failure::IdleTimeout { .. }
            | Failure::TotalTimeout { .. }
            | Failure::EmptyAnswer { .. }
            | Failure::BrokenStream { .. }
    )
}
