//! Replies of Anthropic's messages.

use serde_json::Value;

use super::{Counts, Reply, Step};

const EVENTS: &str = "text/event-stream; charset=utf-8";
const STOP: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// A complete streamed answer, a piece for each text.
pub fn answer(texts: &[&str]) -> Reply {
    counted_answer("", texts, Counts::default())
}

/// Thoughts, if any, and an answer, with this usage.
pub fn counted_answer(thought: &str, texts: &[&str], counts: Counts) -> Reply {
    ended(begun(thought, texts, counts.prompt), "end_turn", counts.answer)
}

/// An answer that ran into its limit.
pub fn answer_cut_by_limit(texts: &[&str]) -> Reply {
    ended(begun("", texts, 11), "max_tokens", 6)
}

/// An answer as the input of a tool, in these pieces of JSON.
pub fn tool_answer(name: &str, json: &[&str]) -> Reply {
    let mut pieces = vec![start(11)];
    pieces.push(event(
        "content_block_start",
        &format!(
            "\"index\":0,\"content_block\":{{\"type\":\"tool_use\",\"id\":\"toolu_01\",\"name\":\"{name}\",\"input\":{{}}}}"
        ),
    ));
    pieces.extend(std::iter::once(&"").chain(json).map(|piece| {
        event(
            "content_block_delta",
            &format!(
                "\"index\":0,\"delta\":{{\"type\":\"input_json_delta\",\"partial_json\":{}}}",
                Value::from(*piece)
            ),
        )
    }));
    pieces.push(event("content_block_stop", "\"index\":0"));
    ended(pieces, "tool_use", 6)
}

/// An answer in one JSON object, although a stream was asked for.
pub fn answer_at_once(text: &str) -> Reply {
    Reply::new(
        200,
        "application/json",
        format!(
            "{{\"id\":\"msg_4QpJ\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[{{\"type\":\"text\",\"text\":{}}}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,\"usage\":{{\"input_tokens\":11,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":6}}}}",
            Value::from(text)
        ),
    )
}

/// Some text, then an overload inside the stream; the status stays 200.
pub fn error_after(texts: &[&str]) -> Reply {
    let mut pieces = begun("", texts, 11);
    pieces.push("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n".to_owned());
    Reply::pieces(EVENTS, pieces)
}

/// Some text, then `end`.
pub fn ending_after(texts: &[&str], end: Step) -> Reply {
    let pieces = begun("", texts, 11);
    let count = pieces.len();
    Reply::pieces(EVENTS, pieces).ending_after(count, end)
}

/// Some text, then a proper end of the transfer without an end of the message.
pub fn ends_early_after(texts: &[&str]) -> Reply {
    Reply::pieces(EVENTS, begun("", texts, 11))
}

/// 401: the key is wrong.
pub fn key_rejected() -> Reply {
    refusal(401, "authentication_error", "invalid x-api-key")
}

/// 400: no money left.
pub fn credit_spent() -> Reply {
    refusal(
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
    )
}

/// 429: too many requests. Add the pause with [`Reply::with_header`].
pub fn rate_limited() -> Reply {
    refusal(
        429,
        "rate_limit_error",
        "This request would exceed the rate limit for your organization of 50 requests per minute.",
    )
}

/// 529: overloaded.
pub fn overloaded() -> Reply {
    refusal(529, "overloaded_error", "Overloaded")
}

/// 400: the prompt does not fit.
pub fn context_overflow() -> Reply {
    refusal(
        400,
        "invalid_request_error",
        "prompt is too long: 208310 tokens > 200000 maximum",
    )
}

/// 404: no such model.
pub fn model_missing(model: &str) -> Reply {
    refusal(404, "not_found_error", &format!("model: {model}"))
}

/// An error as `{"type":"error","error":{…}}`.
pub fn refusal(status: u16, kind: &str, message: &str) -> Reply {
    let body = format!(
        "{{\"type\":\"error\",\"error\":{{\"type\":\"{kind}\",\"message\":{}}},\"request_id\":\"req_011C\"}}",
        Value::from(message)
    );
    Reply::new(status, "application/json", body).with_header("request-id", "req_011C")
}

fn start(prompt_tokens: u64) -> String {
    event(
        "message_start",
        &format!(
            "\"message\":{{\"id\":\"msg_4QpJ\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":\"claude-x\",\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{{\"input_tokens\":{prompt_tokens},\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":1,\"service_tier\":\"standard\"}}}}"
        ),
    )
}

fn begun(thought: &str, texts: &[&str], prompt_tokens: u64) -> Vec<String> {
    let mut pieces = vec![start(prompt_tokens)];
    let mut index = 0;
    if !thought.is_empty() {
        pieces.push(event(
            "content_block_start",
            "\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}",
        ));
        pieces.push(event(
            "content_block_delta",
            &format!(
                "\"index\":0,\"delta\":{{\"type\":\"thinking_delta\",\"thinking\":{}}}",
                Value::from(thought)
            ),
        ));
        pieces.push(event("content_block_stop", "\"index\":0"));
        index = 1;
    }
    pieces.push(event(
        "content_block_start",
        &format!("\"index\":{index},\"content_block\":{{\"type\":\"text\",\"text\":\"\"}}"),
    ));
    pieces.push("event: ping\ndata: {\"type\": \"ping\"}\n\n".to_owned());
    pieces.extend(texts.iter().map(|text| {
        event(
            "content_block_delta",
            &format!(
                "\"index\":{index},\"delta\":{{\"type\":\"text_delta\",\"text\":{}}}",
                Value::from(*text)
            ),
        )
    }));
    pieces
}

fn ended(mut pieces: Vec<String>, reason: &str, answer_tokens: u64) -> Reply {
    pieces.push(event("content_block_stop", "\"index\":0"));
    pieces.push(event(
        "message_delta",
        &format!(
            "\"delta\":{{\"stop_reason\":\"{reason}\",\"stop_sequence\":null}},\"usage\":{{\"output_tokens\":{answer_tokens}}}"
        ),
    ));
    pieces.push(STOP.to_owned());
    Reply::pieces(EVENTS, pieces)
}

fn event(name: &str, fields: &str) -> String {
    format!("event: {name}\ndata: {{\"type\":\"{name}\",{fields}}}\n\n")
}
