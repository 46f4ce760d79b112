//! Replies of Ollama's `/api/chat`.

use serde_json::Value;

use super::{Counts, Reply, Step};

const LINES: &str = "application/x-ndjson";
const JSON: &str = "application/json; charset=utf-8";
const COUNTS: Counts = Counts {
    prompt: 169,
    answer: 15,
};

/// A complete streamed answer, a line for each text.
pub fn answer(texts: &[&str]) -> Reply {
    counted_answer("", texts, COUNTS)
}

/// Thinking in its own field, then an answer.
pub fn thinking_answer(thought: &str, texts: &[&str]) -> Reply {
    counted_answer(thought, texts, COUNTS)
}

/// Thoughts, if any, and an answer, with these counts.
pub fn counted_answer(thought: &str, texts: &[&str], counts: Counts) -> Reply {
    let mut pieces = Vec::new();
    if !thought.is_empty() {
        pieces.push(line(&format!(
            "\"content\":\"\",\"thinking\":{}",
            Value::from(thought)
        )));
    }
    pieces.extend(begun(texts));
    pieces.push(last("stop", counts));
    Reply::pieces(LINES, pieces)
}

/// An answer that ran into its limit.
pub fn answer_cut_by_limit(texts: &[&str]) -> Reply {
    let mut pieces = begun(texts);
    pieces.push(last("length", COUNTS));
    Reply::pieces(LINES, pieces)
}

/// 200 with nothing but the news that the model is loaded.
pub fn only_loaded() -> Reply {
    let body = "{\"model\":\"qwen3:8b\",\"created_at\":\"2026-01-01T10:00:00.000000Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"load\"}\n";
    Reply::new(200, LINES, body)
}

/// 404: the model was never pulled.
pub fn model_missing(model: &str) -> Reply {
    error(404, &format!("model '{model}' not found"))
}

/// 400: the prompt does not fit.
pub fn context_overflow() -> Reply {
    error(400, "the input length exceeds the context length")
}

/// 500: the model does not fit into memory.
pub fn model_too_large() -> Reply {
    error(
        500,
        "model requires more system memory (8.4 GiB) than is available (5.1 GiB)",
    )
}

/// 503: too many requests wait.
pub fn busy() -> Reply {
    error(
        503,
        "server busy, please try again.  maximum pending requests exceeded",
    )
}

/// Some text, then an error line; the status stays 200.
pub fn error_after(texts: &[&str]) -> Reply {
    let mut pieces = begun(texts);
    pieces.push("{\"error\":\"an error was encountered while running the model\"}\n".to_owned());
    Reply::pieces(LINES, pieces)
}

/// Some text, then the connection is lost.
pub fn dies_after(texts: &[&str]) -> Reply {
    let pieces = begun(texts);
    let count = pieces.len();
    Reply::pieces(LINES, pieces).ending_after(count, Step::Cut)
}

/// Some text, then a proper end of the transfer without `done`.
pub fn ends_early_after(texts: &[&str]) -> Reply {
    Reply::pieces(LINES, begun(texts))
}

/// Some text, then silence on an open connection.
pub fn hangs_after(texts: &[&str]) -> Reply {
    let pieces = begun(texts);
    let count = pieces.len();
    Reply::pieces(LINES, pieces).ending_after(count, Step::Hang)
}

/// An error as `{"error":"…"}`.
pub fn error(status: u16, message: &str) -> Reply {
    Reply::new(status, JSON, format!("{{\"error\":{}}}", Value::from(message)))
}

fn begun(texts: &[&str]) -> Vec<String> {
    texts
        .iter()
        .map(|text| line(&format!("\"content\":{}", Value::from(*text))))
        .collect()
}

fn line(fields: &str) -> String {
    format!(
        "{{\"model\":\"qwen3:8b\",\"created_at\":\"2026-01-01T10:00:00.000000Z\",\"message\":{{\"role\":\"assistant\",{fields}}},\"done\":false}}\n"
    )
}

fn last(reason: &str, counts: Counts) -> String {
    let Counts { prompt, answer } = counts;
    format!(
        "{{\"model\":\"qwen3:8b\",\"created_at\":\"2026-01-01T10:00:01.000000Z\",\"message\":{{\"role\":\"assistant\",\"content\":\"\"}},\"done\":true,\"done_reason\":\"{reason}\",\"total_duration\":182242375,\"load_duration\":41295167,\"prompt_eval_count\":{prompt},\"prompt_eval_duration\":24573166,\"eval_count\":{answer},\"eval_duration\":115959084}}\n"
    )
}
