//! Replies of OpenAI and the servers compatible with it.

use serde_json::Value;

use super::{Counts, Reply, Step};

const EVENTS: &str = "text/event-stream; charset=utf-8";
const JSON: &str = "application/json";
const END: &str = "data: [DONE]\n\n";

/// Which way an error is told inside a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorShape {
    /// `data: {"error":{…}}`
    Data,
    /// `event: error` with the error as data.
    Event,
}

/// A complete streamed answer, a piece for each text, with usage.
pub fn answer(texts: &[&str]) -> Reply {
    counted_answer("", texts, Counts::default())
}

/// Thoughts, if any, and an answer, with this usage.
pub fn counted_answer(thought: &str, texts: &[&str], counts: Counts) -> Reply {
    let mut pieces = begun(&[]);
    if !thought.is_empty() {
        let thought = quoted(thought);
        pieces.push(chunk(
            &format!("{{\"content\":null,\"reasoning_content\":{thought}}}"),
            "null",
        ));
    }
    pieces.extend(begun(texts).into_iter().skip(1));
    pieces.push(chunk("{}", "\"stop\""));
    let Counts { prompt, answer } = counts;
    pieces.push(format!(
        "data: {{\"id\":\"chatcmpl-123\",\"object\":\"chat.completion.chunk\",\"created\":1694268190,\"model\":\"gpt-4o-mini\",\"choices\":[],\"usage\":{{\"prompt_tokens\":{prompt},\"completion_tokens\":{answer},\"total_tokens\":{},{}}}}}\n\n",
        prompt + answer,
        concat!(
            "\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},",
            "\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0,",
            "\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}"
        )
    ));
    pieces.push(END.to_owned());
    Reply::pieces(EVENTS, pieces)
}

/// A complete streamed answer from a server that does not count.
pub fn answer_without_usage(texts: &[&str]) -> Reply {
    let mut pieces = begun(texts);
    pieces.push(chunk("{}", "\"stop\""));
    pieces.push(END.to_owned());
    Reply::pieces(EVENTS, pieces)
}

/// An answer that ran into its limit.
pub fn answer_cut_by_limit(texts: &[&str]) -> Reply {
    let mut pieces = begun(texts);
    pieces.push(chunk("{}", "\"length\""));
    pieces.push(END.to_owned());
    Reply::pieces(EVENTS, pieces)
}

/// An answer in one JSON object, although a stream was asked for.
pub fn answer_at_once(text: &str) -> Reply {
    Reply::new(
        200,
        JSON,
        format!(
            "{{\"id\":\"chatcmpl-123\",\"object\":\"chat.completion\",\"created\":1694268190,\"model\":\"gpt-4o-mini\",\"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\"content\":{},\"refusal\":null,\"annotations\":[]}},\"logprobs\":null,\"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":19,\"completion_tokens\":10,\"total_tokens\":29}},\"service_tier\":\"default\"}}",
            quoted(text)
        ),
    )
}

/// A stream that says success and nothing else.
pub fn empty() -> Reply {
    answer_without_usage(&[])
}

/// A model that spends its whole limit on thinking.
pub fn only_thinking() -> Reply {
    let mut pieces = begun(&[]);
    pieces.push(chunk(
        "{\"content\":null,\"reasoning_content\":\"Let me see\"}",
        "null",
    ));
    pieces.push(chunk("{}", "\"length\""));
    pieces.push(END.to_owned());
    Reply::pieces(EVENTS, pieces)
}

/// 401: the key is wrong; the message quotes `key`.
pub fn key_rejected(key: &str) -> Reply {
    let message = format!(
        "Incorrect API key provided: {key}. You can find your API key at https://platform.openai.com/account/api-keys."
    );
    refusal(401, &message, "invalid_request_error", Some("invalid_api_key"))
}

/// 429: too many requests. Add the pause with [`Reply::with_header`].
pub fn rate_limited() -> Reply {
    let message = "Rate limit reached for gpt-4.1 in organization org-1 on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 6ms.";
    refusal(429, message, "requests", Some("rate_limit_exceeded"))
}

/// 429: no money left.
pub fn quota_spent() -> Reply {
    let message = "You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.";
    refusal(429, message, "insufficient_quota", Some("insufficient_quota"))
}

/// 400: the prompt does not fit.
pub fn context_overflow() -> Reply {
    let message = "This model's maximum context length is 128000 tokens. However, your messages resulted in 140000 tokens. Please reduce the length of the messages.";
    refusal(
        400,
        message,
        "invalid_request_error",
        Some("context_length_exceeded"),
    )
}

/// 404: no such model.
pub fn model_missing() -> Reply {
    let message = "The model `gpt-9` does not exist or you do not have access to it.";
    refusal(404, message, "invalid_request_error", Some("model_not_found"))
}

/// 400: a parameter that this model does not take.
pub fn parameter_refused(name: &str) -> Reply {
    let message = format!("Unsupported parameter: '{name}' is not supported with this model.");
    refusal(
        400,
        &message,
        "invalid_request_error",
        Some("unsupported_parameter"),
    )
}

/// 503: overloaded.
pub fn unavailable() -> Reply {
    refusal(
        503,
        "The server is currently overloaded with other requests.",
        "server_error",
        None,
    )
}

/// 503 of llama.cpp's server while it loads the model.
pub fn loading() -> Reply {
    Reply::new(
        503,
        JSON,
        "{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}",
    )
}

/// Some text, then an error inside the stream.
pub fn error_after(texts: &[&str], shape: ErrorShape) -> Reply {
    let mut pieces = begun(texts);
    let error = "{\"error\":{\"message\":\"The server had an error while processing your request\",\"type\":\"server_error\",\"param\":null,\"code\":null}}";
    pieces.push(match shape {
        ErrorShape::Data => format!("data: {error}\n\n"),
        ErrorShape::Event => format!("event: error\ndata: {error}\n\n"),
    });
    Reply::pieces(EVENTS, pieces)
}

/// Some text, then the connection is lost.
pub fn dies_after(texts: &[&str]) -> Reply {
    let pieces = begun(texts);
    let count = pieces.len();
    Reply::pieces(EVENTS, pieces).ending_after(count, Step::Cut)
}

/// Some text, then a proper end of the transfer without an end of the answer.
pub fn ends_early_after(texts: &[&str]) -> Reply {
    Reply::pieces(EVENTS, begun(texts))
}

/// Some text, then silence on an open connection.
pub fn hangs_after(texts: &[&str]) -> Reply {
    let pieces = begun(texts);
    let count = pieces.len();
    Reply::pieces(EVENTS, pieces).ending_after(count, Step::Hang)
}

/// An error as `{"error":{…}}`.
pub fn refusal(status: u16, message: &str, kind: &str, code: Option<&str>) -> Reply {
    let code = code.map_or_else(|| "null".to_owned(), quoted);
    let body = format!(
        "{{\"error\":{{\"message\":{},\"type\":{},\"param\":null,\"code\":{code}}}}}",
        quoted(message),
        quoted(kind)
    );
    Reply::new(status, JSON, body)
}

/// The role and the texts, a piece each.
fn begun(texts: &[&str]) -> Vec<String> {
    let mut pieces = vec![chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null")];
    pieces.extend(
        texts
            .iter()
            .map(|text| chunk(&format!("{{\"content\":{}}}", quoted(text)), "null")),
    );
    pieces
}

fn chunk(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-123\",\"object\":\"chat.completion.chunk\",\"created\":1694268190,\"model\":\"gpt-4o-mini\",\"system_fingerprint\":\"fp_44709d6fcb\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish}}}],\"usage\":null}}\n\n"
    )
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
