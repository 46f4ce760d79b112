//! Anthropic's messages.

use serde_json::{Value, json};

use super::{Constraint, Shape, Signal, filled, finish};
use crate::{ProviderConfig, Request, Usage};

pub(super) fn request(config: &ProviderConfig, request: &Request, limit: u32, shape: Shape) -> Value {
    let messages: Vec<Value> = request
        .prompt
        .messages
        .iter()
        .map(|message| json!({"role": message.role.as_wire(), "content": message.text}))
        .collect();
    let mut body = json!({"model": config.model, "max_tokens": limit, "messages": messages, "stream": true});
    if !request.prompt.system.is_empty() {
        body["system"] = json!(request.prompt.system);
    }
    if let Some(temperature) = config.temperature.filter(|_| shape.temperature) {
        body["temperature"] = json!(temperature);
    }
    if let Some(schema) = &request.schema {
        match shape.constraint {
            Constraint::Native => {
                body["output_config"] = json!({"format": {"type": "json_schema", "schema": schema.value}});
            }
            Constraint::Tool => {
                body["tools"] = json!([{"name": schema.name, "description": "Takes the answer.",
                    "input_schema": schema.value}]);
                body["tool_choice"] = json!({"type": "tool", "name": schema.name});
            }
            Constraint::No => {}
        }
    }
    body
}

pub(super) fn read(event: Option<&str>, body: &Value) -> Vec<Signal> {
    match filled(body, "type").or(event).unwrap_or_default() {
        "message_start" => body
            .pointer("/message/usage")
            .map(|usage| Signal::Usage(prompt_usage(usage)))
            .into_iter()
            .collect(),
        "content_block_start" => body.get("content_block").map(block).unwrap_or_default(),
        "content_block_delta" => body.get("delta").map(delta).unwrap_or_default(),
        "message_delta" => {
            let answer_tokens = body.pointer("/usage/output_tokens").and_then(Value::as_u64);
            let usage = Usage {
                answer_tokens,
                ..Usage::default()
            };
            let reason = body.get("delta").and_then(|delta| filled(delta, "stop_reason"));
            let mut signals: Vec<Signal> = answer_tokens.map(|_| Signal::Usage(usage)).into_iter().collect();
            signals.extend(reason.map(|word| Signal::Finish(finish(word))));
            signals
        }
        "message_stop" => vec![Signal::End],
        // The whole answer at once, although a stream was asked for.
        "message" => whole(body),
        // Pings, block ends, and whatever is invented later.
        _ => Vec::new(),
    }
}

fn whole(message: &Value) -> Vec<Signal> {
    let mut signals = Vec::new();
    for part in message
        .get("content")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        signals.extend(block(part));
        if let Some(input) = part.get("input") {
            signals.push(Signal::Text(input.to_string()));
        }
    }
    if let Some(usage) = message.get("usage").filter(|usage| usage.is_object()) {
        let answer_tokens = usage.get("output_tokens").and_then(Value::as_u64);
        signals.push(Signal::Usage(Usage {
            answer_tokens,
            ..prompt_usage(usage)
        }));
    }
    signals.extend(filled(message, "stop_reason").map(|word| Signal::Finish(finish(word))));
    signals
}

/// A content block, or the beginning of one; what follows comes in deltas.
fn block(block: &Value) -> Vec<Signal> {
    match filled(block, "type").unwrap_or_default() {
        "text" => filled(block, "text").map(|text| Signal::Text(text.to_owned())),
        "thinking" => Some(Signal::Thought(
            filled(block, "thinking").unwrap_or_default().to_owned(),
        )),
        "redacted_thinking" => Some(Signal::Thought(String::new())),
        _ => None,
    }
    .into_iter()
    .collect()
}

fn delta(delta: &Value) -> Vec<Signal> {
    let text = |key: &str| filled(delta, key).map(str::to_owned);
    match filled(delta, "type").unwrap_or_default() {
        "text_delta" => text("text").map(Signal::Text),
        // The input of the one tool there is: the answer.
        "input_json_delta" => text("partial_json").map(Signal::Text),
        "thinking_delta" => text("thinking").map(Signal::Thought),
        _ => None,
    }
    .into_iter()
    .collect()
}

/// Input that went into the cache or came from it is counted apart.
fn prompt_usage(usage: &Value) -> Usage {
    let count = |key: &str| usage.get(key).and_then(Value::as_u64);
    let cached = count("cache_read_input_tokens");
    let written = count("cache_creation_input_tokens").unwrap_or(0);
    Usage {
        prompt_tokens: count("input_tokens").map(|input| input + written + cached.unwrap_or(0)),
        cached_tokens: cached,
        answer_tokens: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Prompt, ProviderKind, Schema};

    #[test]
    fn a_schema_is_an_output_format_or_a_forced_tool() {
        let config = ProviderConfig::new("p", ProviderKind::Anthropic, "http://x", "claude-x");
        let mut ask = Request::from(Prompt::question("be brief", "why?"));
        ask.schema = Some(Schema {
            name: "plan".to_owned(),
            value: json!({"type": "object"}),
        });
        let mut shape = Shape::for_server(ProviderKind::Anthropic, "x");
        assert_eq!(
            request(&config, &ask, 7, shape),
            json!({"model": "claude-x", "max_tokens": 7, "stream": true, "system": "be brief",
                "messages": [{"role": "user", "content": "why?"}],
                "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}})
        );
        shape.constraint = Constraint::Tool;
        let body = request(&config, &ask, 7, shape);
        assert_eq!(body["tool_choice"], json!({"type": "tool", "name": "plan"}));
        assert_eq!(body["tools"][0]["input_schema"], json!({"type": "object"}));
        assert_eq!(body.get("output_config"), None);
    }

    #[test]
    fn cached_input_is_input() {
        let start = json!({"type": "message_start", "message": {"usage":
            {"input_tokens": 11, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 100, "output_tokens": 1}}});
        let usage = Usage {
            prompt_tokens: Some(116),
            cached_tokens: Some(100),
            answer_tokens: None,
        };
        assert_eq!(read(None, &start), [Signal::Usage(usage)]);
    }

    #[test]
    fn a_tool_s_input_is_the_answer_and_the_rest_is_ignored() {
        let piece = json!({"type": "content_block_delta", "index": 0,
            "delta": {"type": "input_json_delta", "partial_json": "{\"a\":"}});
        assert_eq!(read(None, &piece), [Signal::Text("{\"a\":".to_owned())]);
        assert_eq!(read(Some("ping"), &json!({"type": "ping"})), []);
        assert_eq!(read(Some("news"), &json!({"type": "news"})), []);
    }
}
