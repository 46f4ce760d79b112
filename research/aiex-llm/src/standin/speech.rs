//! Answers by what was asked, in whichever dialect it was asked. It knows how every vendor says the same.

use std::time::Duration;

use serde_json::Value;

use super::openai::ErrorShape;
use super::{Received, Reply, Step, anthropic, lmstudio, ollama, openai, responses};
use crate::ProviderKind;

/// What the stand-in's model says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// An answer. It is sent in pieces of a few words and counted at four bytes a token.
    Text(String),
    /// An answer after a delay that is part of the work, not of the network.
    Slowly(Duration, String),
    /// Thoughts in the vendor's own field, then an answer, which may be empty.
    Thoughts(String, String),
    /// Something goes wrong.
    Fault(Fault),
    /// Anything else, byte for byte.
    Reply(Reply),
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Fault> for Said {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Reply> for Said {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

/// What goes wrong, as every vendor can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The key is refused.
    KeyRejected,
    /// The account has no money or quota. Ollama knows no such thing and refuses the key.
    KeyExhausted,
    /// Too many requests, with the value of a `Retry-After` header unless it is empty.
    RateLimited(String),
    /// The server is busy.
    Overloaded,
    /// The server broke (HTTP 500).
    Broken,
    /// The prompt does not fit.
    ContextOverflow,
    /// There is no such model.
    ModelMissing,
    /// Success without any text.
    Empty,
    /// A web page with this status.
    Page(u16),
    /// This text, then an error inside the stream.
    ErrorAfter(String),
    /// This text, then the connection is lost.
    CutAfter(String),
    /// This text, then a proper end of the transfer without the end of the answer.
    EndAfter(String),
    /// This text, then silence.
    StallAfter(String),
    /// This text, cut off by the output limit.
    LimitAfter(String),
    /// Silence from the beginning.
    Hang,
}

/// What usage says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Tokens of the prompt.
    pub prompt: u64,
    /// Tokens of the answer.
    pub answer: u64,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            prompt: 19,
            answer: 10,
        }
    }
}

impl Received {
    /// The dialect that the path belongs to. LM Studio cannot be told from OpenAI by it.
    pub fn kind(&self) -> ProviderKind {
        let path = self.path.split('?').next().unwrap_or_default();
        if path.ends_with("/responses") {
            ProviderKind::OpenAiResponses
        } else if path.ends_with("/messages") {
            ProviderKind::Anthropic
        } else if path.ends_with("/api/chat") {
            ProviderKind::Ollama
        } else {
            ProviderKind::OpenAi
        }
    }

    /// All that the model is told, instructions first, a blank line between messages.
    pub fn asked(&self) -> String {
        let body = self.json();
        let mut texts: Vec<String> = ["instructions", "system"]
            .iter()
            .filter_map(|key| body[key].as_str().map(str::to_owned))
            .collect();
        let messages = body["messages"].as_array().or(body["input"].as_array());
        let contents = messages
            .into_iter()
            .flatten()
            .filter_map(|message| match &message["content"] {
                Value::String(text) => Some(text.clone()),
                Value::Array(parts) => Some(parts.iter().filter_map(|part| part["text"].as_str()).collect()),
                _ => None,
            });
        texts.extend(contents);
        texts.join("\n\n")
    }

    /// The model that is asked.
    pub fn model(&self) -> String {
        self.json()["model"].as_str().unwrap_or_default().to_owned()
    }

    /// The JSON Schema that the answer is bound to, wherever the dialect has it.
    pub fn schema(&self) -> Option<Value> {
        let body = self.json();
        [
            "/response_format/json_schema/schema",
            "/text/format/schema",
            "/output_config/format/schema",
            "/tools/0/input_schema",
            "/format",
        ]
        .iter()
        .find_map(|place| body.pointer(place).cloned())
    }
}

/// How a vendor of this kind says it to this request.
pub(super) fn reply(kind: ProviderKind, request: &Received, said: Said) -> Reply {
    let asked = request.asked().len() as u64;
    match said {
        Said::Text(text) => spoken(kind, "", &text, asked),
        Said::Slowly(delay, text) => spoken(kind, "", &text, asked).delayed(delay),
        Said::Thoughts(thought, text) => spoken(kind, &thought, &text, asked),
        Said::Fault(fault) => failing(kind, &request.model(), fault),
        Said::Reply(reply) => reply,
    }
}

fn spoken(kind: ProviderKind, thought: &str, text: &str, asked: u64) -> Reply {
    let counts = Counts {
        prompt: asked.div_ceil(4),
        answer: (thought.len() + text.len()).div_ceil(4) as u64,
    };
    let pieces = few_words_each(text);
    match kind {
        ProviderKind::OpenAi | ProviderKind::LmStudio => openai::counted_answer(thought, &pieces, counts),
        ProviderKind::OpenAiResponses => responses::counted_answer(thought, &pieces, counts),
        ProviderKind::Anthropic => anthropic::counted_answer(thought, &pieces, counts),
        ProviderKind::Ollama => ollama::counted_answer(thought, &pieces, counts),
    }
}

/// The text in pieces that end behind a blank, three words each.
fn few_words_each(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (count, (at, _)) in text.match_indices(' ').enumerate() {
        if count % 3 == 2 {
            pieces.push(&text[start..=at]);
            start = at + 1;
        }
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

fn failing(kind: ProviderKind, model: &str, fault: Fault) -> Reply {
    use ProviderKind::{Anthropic, LmStudio, Ollama, OpenAi, OpenAiResponses};
    let openai_like = matches!(kind, OpenAi | OpenAiResponses | LmStudio);
    match fault {
        Fault::KeyRejected | Fault::KeyExhausted if kind == Ollama => Reply::new(
            401,
            "application/json",
            "{\"error\":\"unauthorized\",\"signin_url\":\"https://ollama.com/connect\"}",
        ),
        Fault::KeyRejected if openai_like => openai::key_rejected("sk-***"),
        Fault::KeyRejected => anthropic::key_rejected(),
        Fault::KeyExhausted if openai_like => openai::quota_spent(),
        Fault::KeyExhausted => anthropic::credit_spent(),
        Fault::RateLimited(after) => {
            let limited = match kind {
                Anthropic => anthropic::rate_limited(),
                Ollama => ollama::error(429, "too many requests"),
                _ => openai::rate_limited(),
            };
            if after.is_empty() {
                limited
            } else {
                limited.with_header("retry-after", &after)
            }
        }
        Fault::Overloaded => match kind {
            Anthropic => anthropic::overloaded(),
            Ollama => ollama::busy(),
            _ => openai::unavailable(),
        },
        Fault::Broken => match kind {
            Anthropic => anthropic::refusal(500, "api_error", "Internal server error"),
            Ollama => ollama::error(500, "llama runner process has terminated: exit status 2"),
            _ => openai::refusal(
                500,
                "The server had an error while processing your request.",
                "server_error",
                None,
            ),
        },
        Fault::ContextOverflow => match kind {
            Anthropic => anthropic::context_overflow(),
            Ollama => ollama::context_overflow(),
            LmStudio => lmstudio::context_overflow(),
            OpenAi | OpenAiResponses => openai::context_overflow(),
        },
        Fault::ModelMissing => match kind {
            Anthropic => anthropic::model_missing(model),
            Ollama => ollama::model_missing(model),
            LmStudio => lmstudio::model_missing(model),
            OpenAi | OpenAiResponses => openai::model_missing(),
        },
        Fault::Empty => spoken(kind, "", "", 40),
        Fault::Page(status) => Reply::html(status),
        Fault::ErrorAfter(text) => {
            let pieces = few_words_each(&text);
            match kind {
                Anthropic => anthropic::error_after(&pieces),
                Ollama => ollama::error_after(&pieces),
                OpenAiResponses => responses::error_after(&pieces),
                OpenAi | LmStudio => openai::error_after(&pieces, ErrorShape::Data),
            }
        }
        Fault::CutAfter(text) => ending_after(kind, &text, Some(Step::Cut)),
        Fault::EndAfter(text) => ending_after(kind, &text, None),
        Fault::StallAfter(text) => ending_after(kind, &text, Some(Step::Hang)),
        Fault::LimitAfter(text) => {
            let pieces = few_words_each(&text);
            match kind {
                Anthropic => anthropic::answer_cut_by_limit(&pieces),
                Ollama => ollama::answer_cut_by_limit(&pieces),
                OpenAiResponses => responses::answer_cut_by_limit(&pieces),
                OpenAi | LmStudio => openai::answer_cut_by_limit(&pieces),
            }
        }
        Fault::Hang => Reply::hangs(),
    }
}

fn ending_after(kind: ProviderKind, text: &str, end: Option<Step>) -> Reply {
    let pieces = few_words_each(text);
    match (kind, end) {
        (ProviderKind::Anthropic, Some(end)) => anthropic::ending_after(&pieces, end),
        (ProviderKind::Anthropic, None) => anthropic::ends_early_after(&pieces),
        (ProviderKind::OpenAiResponses, Some(end)) => responses::ending_after(&pieces, end),
        (ProviderKind::OpenAiResponses, None) => responses::ends_early_after(&pieces),
        (ProviderKind::Ollama, Some(Step::Hang)) => ollama::hangs_after(&pieces),
        (ProviderKind::Ollama, Some(_)) => ollama::dies_after(&pieces),
        (ProviderKind::Ollama, None) => ollama::ends_early_after(&pieces),
        (_, Some(Step::Hang)) => openai::hangs_after(&pieces),
        (_, Some(_)) => openai::dies_after(&pieces),
        (_, None) => openai::ends_early_after(&pieces),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_without_losing_anything() {
        for text in ["", "one", "one two three four", "a  b   c    d ", " é ü ß "] {
            assert_eq!(few_words_each(text).concat(), text);
        }
        assert_eq!(few_words_each("a b c d e"), ["a b c ", "d e"]);
    }

    #[test]
    fn what_was_asked_is_read_in_every_dialect() {
        for (path, body) in [
            (
                "/v1/chat/completions",
                r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}]}"#,
            ),
            (
                "/v1/responses",
                r#"{"model":"m","instructions":"s","input":[{"role":"user","content":"u"}]}"#,
            ),
            (
                "/v1/messages",
                r#"{"model":"m","system":"s","messages":[{"role":"user","content":"u"}]}"#,
            ),
        ] {
            let request = Received {
                path: path.to_owned(),
                body: body.to_owned(),
                ..Received::default()
            };
            assert_eq!(
                (request.asked().as_str(), request.model().as_str()),
                ("s\n\nu", "m")
            );
        }
    }
}
