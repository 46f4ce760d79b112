//! What LM Studio does otherwise than [`openai`], whose stream it speaks.

use serde_json::Value;

use super::{Counts, Reply, openai};

const JSON: &str = "application/json";

/// The whole answer among the thoughts, and `content` empty: what some reasoning models do under a schema.
pub fn answer_in_reasoning(text: &str) -> Reply {
    openai::counted_answer(text, &[], Counts::default())
}

/// 400: a kind of structured output that it does not have; the error is a bare string.
pub fn format_refused() -> Reply {
    error(400, "'response_format.type' must be 'json_schema' or 'text'")
}

/// 400: the prompt does not fit into the loaded context.
pub fn context_overflow() -> Reply {
    error(
        400,
        "The number of tokens to keep from the initial prompt is greater than the context length.",
    )
}

/// 404: no such model.
pub fn model_missing(model: &str) -> Reply {
    let body = format!(
        "{{\"error\":{{\"message\":\"Model \\\"{model}\\\" not found.\",\"type\":\"invalid_request_error\",\"code\":\"model_not_found\"}}}}"
    );
    Reply::new(404, JSON, body)
}

/// An endpoint that it does not have: an error with status 200.
pub fn unexpected_endpoint(path: &str) -> Reply {
    error(200, &format!("Unexpected endpoint or method. (POST {path})"))
}

/// An error as `{"error":"…"}`.
pub fn error(status: u16, message: &str) -> Reply {
    Reply::new(status, JSON, format!("{{\"error\":{}}}", Value::from(message)))
}
