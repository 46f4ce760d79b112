//! OpenAI's chat completions, as OpenAI, LM Studio and the servers compatible with it speak it.

use serde_json::{Value, json};

use super::{Constraint, Shape, Signal, filled, finish};
use crate::{ProviderConfig, ProviderKind, Request, Usage};

/// How long LM Studio keeps a model that it loaded for us, in seconds: a research run's pauses are shorter.
const KEEP_LOADED_SECONDS: u32 = 1800;

pub(super) fn request(config: &ProviderConfig, request: &Request, limit: u32, shape: Shape) -> Value {
    let messages: Vec<Value> = request
        .prompt
        .turns()
        .map(|(role, text)| json!({"role": role, "content": text}))
        .collect();
    let mut body = json!({"model": config.model, "messages": messages, "stream": true});
    let name = if shape.modern_limit {
        "max_completion_tokens"
    } else {
        "max_tokens"
    };
    body[name] = json!(limit);
    if shape.stream_options {
        body["stream_options"] = json!({"include_usage": true});
    }
    if let Some(temperature) = config.temperature.filter(|_| shape.temperature) {
        body["temperature"] = json!(temperature);
    }
    if config.kind == ProviderKind::LmStudio {
        body["ttl"] = json!(KEEP_LOADED_SECONDS);
    }
    if let Some(schema) = request
        .schema
        .as_ref()
        .filter(|_| shape.constraint == Constraint::Native)
    {
        body["response_format"] = json!({"type": "json_schema", "json_schema":
            {"name": schema.name, "strict": true, "schema": schema.value}});
    }
    body
}

pub(super) fn read(body: &Value) -> Vec<Signal> {
    let mut signals = Vec::new();
    // The chunk with the usage has no choices. Only one choice was asked for.
    if let Some(choice) = body.get("choices").and_then(|choices| choices.get(0)) {
        // `message` when the server answers at once although a stream was asked for.
        if let Some(delta) = choice.get("delta").or_else(|| choice.get("message")) {
            let thought = filled(delta, "reasoning_content").or_else(|| filled(delta, "reasoning"));
            signals.extend(thought.map(|text| Signal::Thought(text.to_owned())));
            // A refusal is what the model says in place of an answer.
            for key in ["content", "refusal"] {
                signals.extend(filled(delta, key).map(|text| Signal::Text(text.to_owned())));
            }
        }
        signals.extend(filled(choice, "finish_reason").map(|word| Signal::Finish(finish(word))));
    }
    if let Some(usage) = body.get("usage").filter(|usage| usage.is_object()) {
        let count = |path: &str| usage.pointer(path).and_then(Value::as_u64);
        signals.push(Signal::Usage(Usage {
            prompt_tokens: count("/prompt_tokens"),
            cached_tokens: count("/prompt_tokens_details/cached_tokens"),
            answer_tokens: count("/completion_tokens"),
        }));
    }
    signals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Finish, Prompt, Schema};

    #[test]
    fn the_request_says_what_was_configured() {
        let mut config = ProviderConfig::new("p", ProviderKind::OpenAi, "http://x", "m");
        config.temperature = Some(0.5);
        let ask = Request::from(Prompt::question("be brief", "why?"));
        let modern = Shape::for_server(ProviderKind::OpenAi, "api.openai.com");
        assert_eq!(
            request(&config, &ask, 7, modern),
            json!({"model": "m", "stream": true, "stream_options": {"include_usage": true},
                "max_completion_tokens": 7, "temperature": 0.5,
                "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "why?"}]})
        );
        let older = Shape::for_server(ProviderKind::OpenAi, "localhost");
        assert_eq!(request(&config, &ask, 7, older)["max_tokens"], 7);
    }

    #[test]
    fn a_schema_is_strict() {
        let config = ProviderConfig::new("p", ProviderKind::LmStudio, "http://x", "m");
        let mut ask = Request::from(Prompt::question("", "why?"));
        ask.schema = Some(Schema {
            name: "plan".to_owned(),
            value: json!({"type": "object"}),
        });
        let body = request(&config, &ask, 7, Shape::for_server(ProviderKind::LmStudio, "x"));
        assert_eq!(
            body["response_format"],
            json!({"type": "json_schema", "json_schema": {"name": "plan", "strict": true, "schema": {"type": "object"}}})
        );
        assert_eq!(body["ttl"], 1800);
    }

    #[test]
    fn thinking_is_not_text_and_an_answer_at_once_is_read() {
        let thinking = json!({"choices": [{"delta": {"content": null, "reasoning_content": "hm"}}]});
        assert_eq!(read(&thinking), [Signal::Thought("hm".to_owned())]);
        let whole = json!({"choices": [{"message": {"content": "hi"}, "finish_reason": "length"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 2}}});
        let usage = Usage {
            prompt_tokens: Some(3),
            cached_tokens: Some(2),
            answer_tokens: Some(1),
        };
        assert_eq!(
            read(&whole),
            [
                Signal::Text("hi".to_owned()),
                Signal::Finish(Finish::Length),
                Signal::Usage(usage)
            ]
        );
        assert_eq!(read(&json!({"choices": [], "usage": null})), []);
    }
}
