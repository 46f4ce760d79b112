//! What providers say, translated: requests out, messages in. It does not know HTTP or time.

mod ollama;
mod openai;

use serde_json::Value;

use crate::failure::Fault;
use crate::framing::{Frame, Framing};
use crate::{Finish, Prompt, ProviderConfig, ProviderKind, Usage};

/// What one message of a stream says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Signal {
    Text(String),
    /// The model thinks; its thoughts are not part of the answer.
    Thought,
    Finish(Finish),
    Usage(Usage),
    /// The provider's end marker.
    End,
    Fault(Fault),
}

/// The optional parts of a request that some servers refuse.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// `max_completion_tokens` (OpenAI's reasoning models know no other) or `max_tokens` (older servers).
    modern_limit: bool,
    limit_fixed: bool,
    temperature: bool,
    stream_options: bool,
}

impl Shape {
    /// What the server at `host` most probably understands.
    pub(crate) fn for_host(host: &str) -> Self {
        let modern_limit = host == "api.openai.com" || host.ends_with(".openai.azure.com");
        Self {
            modern_limit,
            limit_fixed: false,
            temperature: true,
            stream_options: true,
        }
    }

    /// Leaves out or renames what the server just refused; `false` when the refusal was about something
    /// else. Every part can be given up once, so asking again is bounded.
    pub(crate) fn give_up(&mut self, fault: &Fault) -> bool {
        let about = |name: &str| fault.param == name || fault.message.contains(name);
        if !self.limit_fixed && (about("max_tokens") || about("max_completion_tokens")) {
            self.limit_fixed = true;
            self.modern_limit = !self.modern_limit;
            return true;
        }
        if self.stream_options && about("stream_options") {
            self.stream_options = false;
            return true;
        }
        if self.temperature && about("temperature") {
            self.temperature = false;
            return true;
        }
        false
    }
}

/// The request's body.
pub(crate) fn request(config: &ProviderConfig, prompt: &Prompt, shape: Shape) -> Value {
    match config.kind {
        ProviderKind::OpenAi => openai::request(config, prompt, shape),
        ProviderKind::Ollama => ollama::request(config, prompt),
    }
}

/// The framing of an answer, judged by its first byte that is not white space: the content type is missing
/// or wrong often enough, the first byte is not.
pub(crate) fn framing(kind: ProviderKind, first: u8) -> Framing {
    match (kind, first) {
        (ProviderKind::Ollama, _) => Framing::json_lines(),
        // A complete answer or an error, although a stream was asked for.
        (ProviderKind::OpenAi, b'{' | b'[') => Framing::whole(),
        (ProviderKind::OpenAi, _) => Framing::events(),
    }
}

/// What a message says; `Err` when it is not JSON.
pub(crate) fn read(kind: ProviderKind, frame: &Frame) -> Result<Vec<Signal>, serde_json::Error> {
    if kind == ProviderKind::OpenAi && frame.data.trim() == "[DONE]" {
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
        ProviderKind::OpenAi => openai::read(&body),
        ProviderKind::Ollama => ollama::read(&body),
    })
}

/// The provider's word for why it stopped.
fn finish(word: &str) -> Finish {
    match word {
        "stop" => Finish::Stop,
        "length" => Finish::Length,
        "content_filter" => Finish::ContentFilter,
        other => Finish::Other(other.to_owned()),
    }
}

fn filled<'a>(body: &'a Value, key: &str) -> Option<&'a str> {
    body.get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_part_is_given_up_once() {
        let mut shape = Shape::for_host("api.openai.com");
        assert!(shape.modern_limit);
        let about = |message: &str| Fault {
            message: message.to_owned(),
            ..Fault::default()
        };
        let limit = about("Unsupported parameter: 'max_completion_tokens'");
        assert!(shape.give_up(&limit));
        assert!(!shape.modern_limit);
        assert!(!shape.give_up(&limit));
        assert!(shape.give_up(&Fault {
            param: "temperature".to_owned(),
            ..Fault::default()
        }));
        assert!(shape.give_up(&about("unknown field stream_options")));
        assert!(!shape.give_up(&about("'temperature' and stream_options again")));
    }
}
