//! Replies of OpenAI's responses. Its refusals are those of [`openai`](super::openai).

use serde_json::Value;

use super::{Counts, Reply, Step};

const EVENTS: &str = "text/event-stream; charset=utf-8";

/// A complete streamed answer, a piece for each text.
pub fn answer(texts: &[&str]) -> Reply {
    counted_answer("", texts, Counts::default())
}

/// Thoughts, if any, and an answer, with this usage.
pub fn counted_answer(thought: &str, texts: &[&str], counts: Counts) -> Reply {
    let mut pieces = begun(thought, texts);
    let Counts { prompt, answer } = counts;
    let usage = format!(
        "{{\"input_tokens\":{prompt},\"input_tokens_details\":{{\"cached_tokens\":0}},\"output_tokens\":{answer},\"output_tokens_details\":{{\"reasoning_tokens\":0}},\"total_tokens\":{}}}",
        prompt + answer
    );
    let text = Value::from(texts.concat());
    pieces.push(event(
        "response.output_text.done",
        &format!("\"item_id\":\"msg_67c9\",\"output_index\":0,\"content_index\":0,\"text\":{text}"),
    ));
    pieces.push(event("response.content_part.done", "\"item_id\":\"msg_67c9\""));
    pieces.push(event("response.output_item.done", "\"output_index\":0"));
    pieces.push(event(
        "response.completed",
        &format!(
            "\"response\":{{\"id\":\"resp_67c9\",\"object\":\"response\",\"status\":\"completed\",\"error\":null,\"incomplete_details\":null,\"output\":[{{\"id\":\"msg_67c9\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{{\"type\":\"output_text\",\"text\":{text},\"annotations\":[]}}]}}],\"usage\":{usage}}}"
        ),
    ));
    Reply::pieces(EVENTS, pieces)
}

/// An answer that ran into its limit.
pub fn answer_cut_by_limit(texts: &[&str]) -> Reply {
    let mut pieces = begun("", texts);
    pieces.push(event(
        "response.incomplete",
        "\"response\":{\"id\":\"resp_67c9\",\"object\":\"response\",\"status\":\"incomplete\",\"error\":null,\"incomplete_details\":{\"reason\":\"max_output_tokens\"},\"output\":[],\"usage\":{\"input_tokens\":37,\"input_tokens_details\":{\"cached_tokens\":0},\"output_tokens\":11,\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":48}}",
    ));
    Reply::pieces(EVENTS, pieces)
}

/// An answer in one JSON object, although a stream was asked for.
pub fn answer_at_once(text: &str) -> Reply {
    let text = Value::from(text);
    Reply::new(
        200,
        "application/json",
        format!(
            "{{\"id\":\"resp_67c9\",\"object\":\"response\",\"created_at\":1741290958,\"status\":\"completed\",\"error\":null,\"incomplete_details\":null,\"model\":\"gpt-5.4\",\"output\":[{{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[]}},{{\"id\":\"msg_67c9\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{{\"type\":\"output_text\",\"text\":{text},\"annotations\":[]}}]}}],\"usage\":{{\"input_tokens\":37,\"input_tokens_details\":{{\"cached_tokens\":0}},\"output_tokens\":11,\"output_tokens_details\":{{\"reasoning_tokens\":0}},\"total_tokens\":48}}}}"
        ),
    )
}

/// Some text, then `response.failed` with this code.
pub fn fails_after(texts: &[&str], code: &str, message: &str) -> Reply {
    let mut pieces = begun("", texts);
    pieces.push(event(
        "response.failed",
        &format!(
            "\"response\":{{\"id\":\"resp_67c9\",\"object\":\"response\",\"status\":\"failed\",\"error\":{{\"code\":\"{code}\",\"message\":{}}},\"incomplete_details\":null,\"output\":[],\"usage\":null}}",
            Value::from(message)
        ),
    ));
    Reply::pieces(EVENTS, pieces)
}

/// Some text, then an error event; the status stays 200.
pub fn error_after(texts: &[&str]) -> Reply {
    let mut pieces = begun("", texts);
    pieces.push(
        "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"The server had an error while processing your request\",\"param\":null,\"sequence_number\":1}\n\n"
            .to_owned(),
    );
    Reply::pieces(EVENTS, pieces)
}

/// Some text, then `end`.
pub fn ending_after(texts: &[&str], end: Step) -> Reply {
    let pieces = begun("", texts);
    let count = pieces.len();
    Reply::pieces(EVENTS, pieces).ending_after(count, end)
}

/// Some text, then a proper end of the transfer without a terminal event.
pub fn ends_early_after(texts: &[&str]) -> Reply {
    Reply::pieces(EVENTS, begun("", texts))
}

fn begun(thought: &str, texts: &[&str]) -> Vec<String> {
    let response = "\"response\":{\"id\":\"resp_67c9\",\"object\":\"response\",\"created_at\":1741290958,\"status\":\"in_progress\",\"error\":null,\"incomplete_details\":null,\"model\":\"gpt-5.4\",\"output\":[],\"usage\":null}";
    let mut pieces = vec![
        event("response.created", response),
        event("response.in_progress", response),
    ];
    if !thought.is_empty() {
        pieces.push(event(
            "response.reasoning_summary_text.delta",
            &format!(
                "\"item_id\":\"rs_1\",\"output_index\":0,\"summary_index\":0,\"delta\":{}",
                Value::from(thought)
            ),
        ));
    }
    pieces.push(event(
        "response.output_item.added",
        "\"output_index\":0,\"item\":{\"id\":\"msg_67c9\",\"type\":\"message\",\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}",
    ));
    pieces.push(event(
        "response.content_part.added",
        "\"item_id\":\"msg_67c9\",\"output_index\":0,\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[]}",
    ));
    pieces.extend(texts.iter().map(|text| {
        event(
            "response.output_text.delta",
            &format!(
                "\"item_id\":\"msg_67c9\",\"output_index\":0,\"content_index\":0,\"delta\":{}",
                Value::from(*text)
            ),
        )
    }));
    pieces
}

fn event(name: &str, fields: &str) -> String {
    format!("event: {name}\ndata: {{\"type\":\"{name}\",{fields}}}\n\n")
}
