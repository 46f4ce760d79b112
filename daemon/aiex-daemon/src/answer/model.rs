//! An answer that a model writes, streamed, its citations checked on the way.

use std::sync::Arc;

use aiex_llm::{Delta, Finish};
use aiex_protocol::search::{Answer, Hit, TokenUsage};
use aiex_protocol::{ErrorCode, Event, WireError};

use super::citation::Scrubber;
use super::{Model, Question, prompt, provider_error, resolve};
use crate::token;
use crate::verb::Running;

/// Asks the model and streams what it says. What was streamed before a failure stays with the reader.
pub(crate) async fn write(
    running: &Running,
    model: &Arc<Model>,
    question: &Question,
    evidence: &[Hit],
) -> Result<Answer, WireError> {
    let nonce = token::random_hex(8)
        .map_err(|error| WireError::new(ErrorCode::Internal, format!("no random bytes: {error}")))?;
    let settings = &model.settings;
    let built = prompt::build(
        question,
        evidence,
        &nonce,
        settings.context_tokens,
        settings.max_output_tokens,
    );
    let mut answer = model
        .provider
        .stream(&built.prompt, running.stream.cancel())
        .await
        .map_err(|error| provider_error(&error))?;
    running.enter("the model was writing");

    let mut scrubber = Scrubber::new(built.num_excerpts);
    let mut text = String::new();
    let mut usage = None;
    let tell = |piece: String, text: &mut String| {
        if !piece.is_empty() {
            text.push_str(&piece);
            running.stream.tell(Event::AnswerDelta { text: piece });
        }
    };
    while let Some(delta) = answer.next().await {
        match delta.map_err(|error| provider_error(&error))? {
            Delta::Text(piece) => tell(scrubber.push(&piece), &mut text),
            Delta::Done {
                usage: counted,
                finish,
            } => {
                usage = counted;
                if let Some(message) = cut_short(&finish) {
                    running.stream.tell(Event::Notice { message });
                }
            }
        }
    }
    tell(scrubber.finish(), &mut text);
    Ok(Answer {
        citations: resolve(scrubber.cited(), evidence),
        rejected_citations: scrubber.rejected(),
        text,
        author: format!("{} {}", settings.name, settings.model),
        usage: usage.map(|usage| TokenUsage {
            input: usage.prompt_tokens.unwrap_or(0),
            output: usage.answer_tokens.unwrap_or(0),
        }),
    })
}

fn cut_short(finish: &Finish) -> Option<String> {
    match finish {
        Finish::Stop => None,
        Finish::Length => Some(
            "the answer is cut off: the model reached its limit; raise `max_output_tokens` of the provider"
                .to_owned(),
        ),
        Finish::ContentFilter => Some("the provider withheld the rest of the answer".to_owned()),
        Finish::Other(reason) => Some(format!("the model stopped early: {reason}")),
    }
}
