//! What providers say, translated: requests out, messages in. It does not know HTTP or time.

mod anthropic;
mod ollama;
mod openai;
mod responses;
mod shape;

use serde_json::Value;

use crate::failure::Fault;
use crate::framing::{Frame, Framing};
use crate::{Finish, ProviderConfig, ProviderKind, Request, Usage};
pub(crate) use shape::{Constraint, Shape};

/// What one message of a stream says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signal {
    Text(String),
    /// The model thinks; its thoughts are not part of the answer. Empty where the provider hides them.
    Thought(String),
    Finish(Finish),
    Usage(Usage),
    /// The provider's end marker.
    End,
    Fault(Fault),
}

/// The request's body.
pub(crate) fn body(config: &ProviderConfig, request: &Request, shape: Shape) -> Value {
    let limit = request.max_output_tokens.unwrap_or(config.max_output_tokens);
    match config.kind {
        ProviderKind::OpenAi | ProviderKind::LmStudio => openai::request(config, request, limit, shape),
        ProviderKind::OpenAiResponses => responses::request(config, request, limit, shape),
        ProviderKind::Anthropic => anthropic::request(config, request, limit, shape),
        ProviderKind::Ollama => ollama::request(config, request, limit, shape),
    }
}

/// The framing of an answer, judged by its first byte that is not white space: the content type is missing
/// or wrong often enough, the first byte is not.
pub(crate) fn framing(kind: ProviderKind, first: u8) -> Framing {
    match (kind, first) {
        (ProviderKind::Ollama, _) => Framing::json_lines(),
        // A complete answer or an error, although a stream was asked for.
        (_, b'{' | b'[') => Framing::whole(),
        _ => Framing::events(),
    }
}

/// What a message says; `Err` when it is not JSON.
pub(crate) fn read(kind: ProviderKind, frame: &Frame) -> Result<Vec<Signal>, serde_json::Error> {
    if kind != ProviderKind::Ollama && frame.data.trim() == "[DONE]" {
        return Ok(vec![Signal::End]);
    }
    let body: Value = serde_json::from_str(&frame.data)?;
    if let Some(fault) = Fault::read(&body) {
        return Ok(vec![Signal::Fault(fault)]);
    }
    if frame.event.as_deref() == Some("error") {
        return Ok(vec![Signal::Fault(Fault::fields(&body))]);
    }
    Ok(match kind {
        ProviderKind::OpenAi | ProviderKind::LmStudio => openai::read(&body),
        ProviderKind::OpenAiResponses => responses::read(frame.event.as_deref(), &body),
        ProviderKind::Anthropic => anthropic::read(frame.event.as_deref(), &body),
        ProviderKind::Ollama => ollama::read(&body),
    })
}

/// The provider's word for why it stopped.
fn finish(word: &str) -> Finish {
    match word {
        "stop" | "end_turn" | "stop_sequence" | "tool_use" => Finish::Stop,
        "length" | "max_tokens" | "max_output_tokens" | "model_context_window_exceeded" => Finish::Length,
        "content_filter" | "refusal" => Finish::ContentFilter,
        other => Finish::Other(other.to_owned()),
    }
}

fn filled<'a>(body: &'a Value, key: &str) -> Option<&'a str> {
    body.get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}
