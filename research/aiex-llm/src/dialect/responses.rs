//! OpenAI's responses.

use serde_json::{Value, json};

use super::{Constraint, Shape, Signal, filled, finish};
use crate::failure::Fault;
use crate::{Finish, ProviderConfig, Request, Role, Usage};

pub(super) fn request(config: &ProviderConfig, request: &Request, limit: u32, shape: Shape) -> Value {
    let input: Vec<Value> = request
        .prompt
        .messages
        .iter()
        .map(|message| match message.role {
            Role::User => json!({"type": "message", "role": "user", "content": message.text}),
            // What the model said goes back in the form in which it came; some servers know no other.
            Role::Assistant => json!({"type": "message", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": message.text, "annotations": []}]}),
        })
        .collect();
    // Nothing of a private repository is to stay at the provider.
    let mut body = json!({"model": config.model, "input": input, "stream": true, "store": false,
        "max_output_tokens": limit});
    if !request.prompt.system.is_empty() {
        body["instructions"] = json!(request.prompt.system);
    }
    if let Some(temperature) = config.temperature.filter(|_| shape.temperature) {
        body["temperature"] = json!(temperature);
    }
    if let Some(schema) = request
        .schema
        .as_ref()
        .filter(|_| shape.constraint == Constraint::Native)
    {
        body["text"] = json!({"format":
            {"type": "json_schema", "name": schema.name, "strict": true, "schema": schema.value}});
    }
    body
}

pub(super) fn read(event: Option<&str>, body: &Value) -> Vec<Signal> {
    let delta = || filled(body, "delta").map(str::to_owned);
    match filled(body, "type").or(event).unwrap_or_default() {
        "response.output_text.delta" | "response.refusal.delta" => {
            delta().map(Signal::Text).into_iter().collect()
        }
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => {
            delta().map(Signal::Thought).into_iter().collect()
        }
        "response.completed" | "response.incomplete" | "response.failed" => {
            body.get("response").map(ended).unwrap_or_default()
        }
        // The whole answer at once, although a stream was asked for.
        _ if body.get("object").and_then(Value::as_str) == Some("response") => {
            let mut signals = said(body);
            signals.extend(ended(body));
            signals
        }
        _ => Vec::new(),
    }
}

/// The texts and thoughts of a whole response.
fn said(response: &Value) -> Vec<Signal> {
    let items = |value: &Value, key: &str| -> Vec<Value> {
        value
            .get(key)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let mut signals = Vec::new();
    for item in items(response, "output") {
        let thought = item.get("type").and_then(Value::as_str) == Some("reasoning");
        for part in items(&item, "content").iter().chain(&items(&item, "summary")) {
            let text = filled(part, "text").or_else(|| filled(part, "refusal"));
            signals.extend(text.map(|text| match thought {
                true => Signal::Thought(text.to_owned()),
                false => Signal::Text(text.to_owned()),
            }));
        }
    }
    signals
}

fn ended(response: &Value) -> Vec<Signal> {
    let mut signals = Vec::new();
    if let Some(usage) = response.get("usage").filter(|usage| usage.is_object()) {
        let count = |path: &str| usage.pointer(path).and_then(Value::as_u64);
        signals.push(Signal::Usage(Usage {
            prompt_tokens: count("/input_tokens"),
            cached_tokens: count("/input_tokens_details/cached_tokens"),
            answer_tokens: count("/output_tokens"),
        }));
    }
    match filled(response, "status").unwrap_or("completed") {
        "failed" => {
            let fault = response.get("error").map(Fault::fields).unwrap_or_default();
            signals.push(Signal::Fault(fault));
        }
        "incomplete" => {
            let reason = response
                .pointer("/incomplete_details/reason")
                .and_then(Value::as_str);
            signals.push(Signal::Finish(finish(reason.unwrap_or("incomplete"))));
            signals.push(Signal::End);
        }
        "completed" => {
            signals.push(Signal::Finish(Finish::Stop));
            signals.push(Signal::End);
        }
        _ => {}
    }
    signals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Prompt, ProviderKind, Schema};

    #[test]
    fn nothing_is_stored_and_the_schema_is_strict() {
        let config = ProviderConfig::new("p", ProviderKind::OpenAiResponses, "http://x", "m");
        let mut ask = Request::from(Prompt::question("be brief", "why?"));
        ask.schema = Some(Schema {
            name: "plan".to_owned(),
            value: json!({"type": "object"}),
        });
        let shape = Shape::for_server(ProviderKind::OpenAiResponses, "x");
        assert_eq!(
            request(&config, &ask, 7, shape),
            json!({"model": "m", "stream": true, "store": false, "max_output_tokens": 7, "instructions": "be brief",
                "input": [{"type": "message", "role": "user", "content": "why?"}],
                "text": {"format": {"type": "json_schema", "name": "plan", "strict": true, "schema": {"type": "object"}}}})
        );
    }

    #[test]
    fn an_answer_cut_by_its_limit_says_so() {
        let body = json!({"type": "response.incomplete", "response":
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "usage": null}});
        assert_eq!(read(None, &body), [Signal::Finish(Finish::Length), Signal::End]);
    }
}
