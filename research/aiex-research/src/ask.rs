//! Asking the model, and surviving what it says.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aiex_evidence::Hindrance;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::MissedTickBehavior;

use crate::budget::{Cost, Price, Purpose};
use crate::event::{Event, Stage};
use crate::journal::{Call, Granted, Outcome, Stop, key};
use crate::lenient;
use crate::live::Live;
use crate::ports::{Material, ModelFailure, ModelStage, Prompt, Reach, Reply, Unseen};
use crate::store::Patch;

/// How often a draft's new text is told: often enough to read along, seldom enough not to fill the store.
const DRAFT_EVERY: Duration = Duration::from_millis(250);
/// Tries of a call whose failure may pass.
const TRIES: u32 = 2;

/// A question to the model.
pub(crate) struct Ask {
    /// The step's name.
    pub(crate) name: String,
    /// Where in the run, for the notice of a fallback.
    pub(crate) at: Stage,
    pub(crate) stage: ModelStage,
    pub(crate) purpose: Purpose,
    pub(crate) system: String,
    pub(crate) user: String,
    pub(crate) material: Option<Material>,
    pub(crate) schema: Option<Value>,
    pub(crate) max_tokens: u32,
}

impl Live {
    /// Whether there is a model to ask.
    pub(crate) fn has_model(&self) -> bool {
        self.ports.model.is_some()
    }

    /// Asks for JSON. `None` when there is no model, no budget, no answer, or none that can be read; the caller then
    /// does without, and followers are told so.
    pub(crate) async fn ask_json<T: DeserializeOwned>(&self, ask: Ask) -> Result<Option<T>, Stop> {
        let (name, at, stage) = (ask.name.clone(), ask.at, ask.stage);
        let Some(reply) = self.ask(ask, None).await? else {
            return Ok(None);
        };
        let read = lenient::parse(&reply.text);
        if read.is_none() {
            let reason = "the model's answer could not be read".to_owned();
            // The same question would be answered alike.
            self.missed.note(stage, &reason, false);
            self.tell(
                &format!("{name}/unread"),
                vec![Event::Fallback { stage: at, reason }],
                Patch::default(),
            )
            .await?;
        }
        Ok(read)
    }

    /// Asks. With a section's place its text is told as it grows. `None` as with [`ask_json`](Self::ask_json).
    pub(crate) async fn ask(&self, ask: Ask, section: Option<usize>) -> Result<Option<Reply>, Stop> {
        let Some(model) = self.ports.model.as_deref() else {
            return Ok(None);
        };
        let held_back = ask.material.as_ref().map_or(0, |material| material.held_back);
        let prompt = Prompt {
            run: self.id.0.clone(),
            stage: ask.stage,
            system: ask.system,
            user: ask.user,
            material: ask.material,
            schema: ask.schema,
            max_tokens: ask.max_tokens,
            deadline: self.settings.model_deadline,
            kept_since_ms: self.kept_since_ms,
            allowance: None,
        };
        let mut failure = String::new();
        for attempt in 0..TRIES {
            let name = format!("{}/{attempt}", ask.name);
            let call = Call {
                key: key(&name, &prompt),
                // Anew for each try: what a service counts may be known only since the one before.
                price: Price::model(model.bound(&prompt)),
                purpose: ask.purpose,
                gate: &self.gates.models,
                deadline: self.settings.model_deadline,
            };
            let outcome: Outcome<Reply> = self
                .call(
                    call,
                    async |granted: Granted| {
                        if !self.health.is_well() {
                            let reason = "the model has failed too often".to_owned();
                            return (Outcome::Skipped { reason }, Cost::default());
                        }
                        let prompt = Prompt {
                            deadline: granted.deadline,
                            allowance: Some(granted.allowance),
                            ..prompt.clone()
                        };
                        self.converse(model, &prompt, section).await
                    },
                    |_| Vec::new(),
                )
                .await?;
            match outcome {
                Outcome::Done { value } => {
                    let unseen = Unseen {
                        left_out: value.unseen.left_out + held_back,
                        ..value.unseen
                    };
                    self.tell_unseen(&ask.name, ask.at, unseen).await?;
                    return Ok(Some(value));
                }
                Outcome::Skipped { reason } => {
                    // What was tried tells more than that it cannot be tried again.
                    if failure.is_empty() {
                        failure = reason;
                    }
                    break;
                }
                Outcome::Failed {
                    message, retryable, ..
                } => {
                    failure = message;
                    if !retryable {
                        break;
                    }
                }
            }
        }
        self.missed.note(ask.stage, &failure, true);
        let told = Event::Fallback {
            stage: ask.at,
            reason: failure,
        };
        self.tell(&format!("{}/failed", ask.name), vec![told], Patch::default())
            .await?;
        Ok(None)
    }

    /// Tells what the model was not shown.
    async fn tell_unseen(&self, name: &str, stage: Stage, unseen: Unseen) -> Result<(), Stop> {
        let Unseen { shortened, left_out } = unseen;
        let parts = |number: u32| match number {
            1 => "1 part".to_owned(),
            number => format!("{number} parts"),
        };
        let what = match (left_out, shortened) {
            (0, 0) => return Ok(()),
            (0, shortened) => format!("{} shortened", parts(shortened)),
            (left_out, 0) => format!("{} left out", parts(left_out)),
            (left_out, shortened) => format!("{} left out, {shortened} shortened", parts(left_out)),
        };
        let reason = format!("the model was not shown all that was found: {what}");
        let told = Event::Fallback { stage, reason };
        self.tell(&format!("{name}/unseen"), vec![told], Patch::default())
            .await
    }

    async fn converse(
        &self,
        model: &dyn crate::ports::Model,
        prompt: &Prompt,
        section: Option<usize>,
    ) -> (Outcome<Reply>, Cost) {
        let heard = Mutex::new(String::new());
        let listen = |text: &str| {
            if section.is_some() {
                heard
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push_str(text);
            }
        };
        let asking = model.ask(prompt, &self.cancel, &listen);
        tokio::pin!(asking);
        let mut told = 0;
        let mut every = tokio::time::interval(DRAFT_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let answer = loop {
            tokio::select! {
                biased;
                answer = &mut asking => break answer,
                _ = every.tick(), if section.is_some() => self.tell_draft(section, &heard, &mut told).await,
            }
        };
        self.tell_draft(section, &heard, &mut told).await;
        match answer {
            Ok(reply) => {
                self.health.answered();
                let cost = Cost::model(reply.usage);
                (Outcome::Done { value: reply }, cost)
            }
            Err(failure) => {
                self.health.failed(failure.reach, &failure.message);
                let cost = Cost::model(failure.spent);
                let retryable = failure.reach == Reach::Passing || needs_more(model, prompt, &failure);
                let ModelFailure { message, hint, .. } = failure;
                (
                    Outcome::Failed {
                        message,
                        hint,
                        retryable,
                        hindrance: Hindrance::default(),
                    },
                    cost,
                )
            }
        }
    }

    /// Tells what a draft has grown by. A draft is a courtesy: if the store does not take it, the call's end will say.
    async fn tell_draft(&self, section: Option<usize>, heard: &Mutex<String>, told: &mut usize) {
        let Some(section) = section else { return };
        let text = std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner));
        if text.is_empty() {
            return;
        }
        let offset = *told;
        *told += text.len();
        if let Err(stop) = self
            .mention(
                vec![Event::Draft {
                    section,
                    offset,
                    text,
                }],
                Patch::default(),
            )
            .await
        {
            tracing::debug!(run = %self.id, ?stop, "a draft was not told");
        }
    }
}

/// Whether a call that was not made needs more than was reserved for it: what a service counts was learned in between.
fn needs_more(model: &dyn crate::ports::Model, prompt: &Prompt, failure: &ModelFailure) -> bool {
    let Some(allowance) = prompt.allowance else {
        return false;
    };
    let spent = failure.spent.input_tokens + failure.spent.output_tokens;
    let least = model.bound(prompt).least;
    spent == 0 && least.input_tokens + least.output_tokens > allowance.tokens
}
