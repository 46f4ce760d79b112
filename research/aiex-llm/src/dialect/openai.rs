//! OpenAI's chat completions, as OpenAI and the servers compatible with it speak it.

use serde_json::{Value, json};

use super::{Shape, Signal, filled, finish};
use crate::{Prompt, ProviderConfig, Usage};

pub(super) fn request(config: &ProviderConfig, prompt: &Prompt, shape: Shape) -> Value {
    let messages: Vec<Value> = prompt
        .turns()
        .map(|(role, text)| json!({"role": role, "content": text}))
        .collect();
    let mut body = json!({"model": config.model, "messages": messages, "stream": true});
    let limit = if shape.modern_limit {
        "max_completion_tokens"
    } else {
        "max_tokens"
    };
    body[limit] = json!(config.max_output_tokens);
    if shape.stream_options {
        body["stream_options"] = json!({"include_usage": true});
    }
    if let Some(temperature) = config.temperature.filter(|_| shape.temperature) {
        body["temperature"] = json!(temperature);
    }
    body
}

pub(super) fn read(body: &Value) -> Vec<Signal> {
    let mut signals = Vec::new();
    // The chunk with the usage has no choices. Only one choice was asked for.
    if let Some(choice) = body.get("choices").and_then(|choices| choices.get(0)) {
        // `message` when the server answers at once although a stream was asked for.
        if let Some(delta) = choice.get("delta").or_else(|| choice.get("message")) {
            if filled(delta, "reasoning_content")
                .or_else(|| filled(delta, "reasoning"))
                .is_some()
            {
                signals.push(Signal::Thought);
            }
            // A refusal is what the model says in place of an answer.
            for key in ["content", "refusal"] {
                signals.extend(filled(delta, key).map(|text| Signal::Text(text.to_owned())));
            }
        }
        signals.extend(filled(choice, "finish_reason").map(|word| Signal::Finish(finish(word))));
    }
    if let Some(usage) = body.get("usage").filter(|usage| usage.is_object()) {
        let count = |key: &str| usage.get(key).and_then(Value::as_u64);
        let usage = Usage {
            prompt_tokens: count("prompt_tokens"),
            answer_tokens: count("completion_tokens"),
        };
        signals.push(Signal::Usage(usage));
    }
    signals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Finish, ProviderKind};

    #[test]
    fn the_request_says_what_was_configured() {
        let mut config = ProviderConfig::new("p", ProviderKind::OpenAi, "http://x", "m");
        config.temperature = Some(0.5);
        config.max_output_tokens = 7;
        let prompt = Prompt::question("be brief", "why?");
        assert_eq!(
            request(&config, &prompt, Shape::for_host("api.openai.com")),
            json!({"model": "m", "stream": true, "stream_options": {"include_usage": true},
                "max_completion_tokens": 7, "temperature": 0.5,
                "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "why?"}]})
        );
        assert_eq!(
            request(&config, &prompt, Shape::for_host("localhost"))["max_tokens"],
            7
        );
    }

    #[test]
    fn thinking_is_not_text_and_an_answer_at_once_is_read() {
        let thinking = json!({"choices": [{"delta": {"content": null, "reasoning_content": "hm"}}]});
        assert_eq!(read(&thinking), [Signal::Thought]);
        let whole = json!({"choices": [{"message": {"content": "hi"}, "finish_reason": "length"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 1}});
        let usage = Usage {
            prompt_tokens: Some(3),
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
