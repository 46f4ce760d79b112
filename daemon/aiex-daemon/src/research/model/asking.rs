//! One question to the models: what they are sent, and what came back.

use std::sync::Arc;

use aiex_llm::models::{Heard, NoAnswer, Spent};
use aiex_llm::pack::{LeftOut, Piece, Shorten};
use aiex_llm::price::Cost;
use aiex_llm::{Finish, Request, Run, Schema, Stage, structured};
use aiex_research::{Cut, ModelStage, Part, Prompt, Reply, Unseen, Usage};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// An answer, and whether it may be given again.
pub(super) struct Fresh {
    pub(super) reply: Reply,
    pub(super) whole: bool,
}

/// Asks for JSON, down the ladder. A model from which none could be had gives an empty text.
pub(super) async fn value(
    run: &Arc<Run>,
    asked: ModelStage,
    request: Request,
    schema: &Value,
    stop: &CancellationToken,
) -> Result<Fresh, NoAnswer> {
    let stage = stage(asked);
    let schema = Schema {
        name: format!("{stage:?}").to_lowercase(),
        value: schema.clone(),
    };
    let told = structured::<Value>(run, stage, &request, &schema, None, stop).await?;
    let usage = usage(&told.spent);
    let (_, model) = told.answered_by.unwrap_or_default();
    if told.value.is_none() {
        tracing::warn!(%model, problem = told.problem, "a model gave no JSON of the shape asked for");
    }
    Ok(Fresh {
        whole: told.value.is_some(),
        reply: Reply {
            text: told.value.map(|value| value.to_string()).unwrap_or_default(),
            usage,
            model,
            unseen: unseen(&told.left_out),
        },
    })
}

pub(super) async fn prose(
    run: &Arc<Run>,
    asked: ModelStage,
    request: Request,
    stop: &CancellationToken,
    on_delta: &(dyn Fn(&str) + Send + Sync),
) -> Result<Fresh, NoAnswer> {
    let mut asking = run.ask(stage(asked), request, stop);
    while let Some(heard) = asking.next().await {
        match heard? {
            Heard::Text(text) => on_delta(&text),
            // What was heard cannot be taken back; the text of the reply is without it.
            Heard::Restart(notice) => {
                tracing::warn!(%notice, "a draft is begun anew");
                on_delta("\n\n");
            }
            Heard::LeftOut(_) => {}
            Heard::Notice(notice) => tracing::debug!(%notice, "asking"),
            Heard::Done(told) => {
                return Ok(Fresh {
                    whole: told.finish == Finish::Stop,
                    reply: Reply {
                        usage: usage(&told.spent),
                        unseen: unseen(&told.left_out),
                        text: told.text,
                        model: told.model,
                    },
                });
            }
        }
    }
    // The runtime is shutting down: the task was dropped.
    Err(NoAnswer {
        tried: Vec::new(),
        spent: Spent::default(),
        cancelled: true,
    })
}

/// A prompt with its material, to be packed for the model that is asked.
pub(super) fn request(prompt: &Prompt) -> Request {
    let piece = |part: &Part| Piece {
        label: part.head.clone(),
        head: part.head.clone(),
        text: part.text.clone(),
        tail: String::new(),
        rank: part.rank,
        shorten: match part.cut {
            Cut::Never => Shorten::Whole,
            Cut::ToTellingLines => Shorten::Quote,
        },
    };
    let material = prompt.material.as_ref().map(|material| aiex_llm::Material {
        at: material.at,
        pieces: material.parts.iter().map(piece).collect(),
        question: material.question.clone(),
    });
    Request {
        material,
        ..Request::from(aiex_llm::Prompt::question(
            prompt.system.clone(),
            prompt.user.clone(),
        ))
    }
}

/// How many parts of the material a model did not see, or not whole.
fn unseen(left_out: &[LeftOut]) -> Unseen {
    let shortened = left_out.iter().filter(|left| left.shortened).count();
    Unseen {
        shortened: shortened as u32,
        left_out: (left_out.len() - shortened) as u32,
    }
}

pub(super) fn stage(stage: ModelStage) -> Stage {
    match stage {
        ModelStage::Plan => Stage::Plan,
        ModelStage::Extract => Stage::Extract,
        ModelStage::Write => Stage::Write,
        ModelStage::Verify => Stage::Verify,
    }
}

pub(super) fn usage(spent: &Spent) -> Usage {
    Usage {
        input_tokens: spent.prompt_tokens,
        output_tokens: spent.answer_tokens,
        micro_dollars: known(spent.cost),
    }
}

pub(super) fn known(cost: Cost) -> Option<u64> {
    cost.is_known().then(|| cost.known_part())
}
