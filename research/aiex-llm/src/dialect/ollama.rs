//! Ollama's own chat.

use serde_json::{Value, json};

use super::{Constraint, Shape, Signal, filled, finish};
use crate::{ProviderConfig, Request, Usage};

/// Contexts are asked for in steps of this many tokens: Ollama loads the model anew whenever the number
/// changes, so it should not change with every question.
const CONTEXT_STEP: usize = 8192;

pub(super) fn request(config: &ProviderConfig, request: &Request, limit: u32, shape: Shape) -> Value {
    let prompt = &request.prompt;
    let messages: Vec<Value> = prompt
        .turns()
        .map(|(role, text)| json!({"role": role, "content": text}))
        .collect();
    let context = config.context_tokens.map_or_else(
        || {
            let needed = prompt.estimated_tokens() + limit as usize;
            needed.div_ceil(CONTEXT_STEP).max(1) * CONTEXT_STEP
        },
        |tokens| tokens as usize,
    );
    let mut options = json!({"num_ctx": context, "num_predict": limit});
    if let Some(temperature) = config.temperature.filter(|_| shape.temperature) {
        options["temperature"] = json!(temperature);
    }
    // Without `truncate: false` Ollama silently drops the oldest messages; without `shift: false` it forgets
    // the beginning while it writes; without `think: false` thinking models spend the answer on thoughts.
    let mut body = json!({"model": config.model, "messages": messages, "stream": true,
        "truncate": false, "shift": false, "options": options});
    if shape.think {
        body["think"] = json!(false);
    }
    if let Some(schema) = request
        .schema
        .as_ref()
        .filter(|_| shape.constraint == Constraint::Native)
    {
        body["format"] = schema.value.clone();
    }
    body
}

pub(super) fn read(body: &Value) -> Vec<Signal> {
    let mut signals = Vec::new();
    if let Some(message) = body.get("message") {
        signals.extend(filled(message, "thinking").map(|text| Signal::Thought(text.to_owned())));
        signals.extend(filled(message, "content").map(|text| Signal::Text(text.to_owned())));
    }
    if body.get("done").and_then(Value::as_bool) == Some(true) {
        let count = |key: &str| body.get(key).and_then(Value::as_u64);
        let usage = Usage {
            prompt_tokens: count("prompt_eval_count"),
            cached_tokens: None,
            answer_tokens: count("eval_count"),
        };
        if usage != Usage::default() {
            signals.push(Signal::Usage(usage));
        }
        signals.push(Signal::Finish(finish(
            filled(body, "done_reason").unwrap_or("stop"),
        )));
        signals.push(Signal::End);
    }
    signals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Finish, Prompt, ProviderKind};

    fn body(config: &ProviderConfig, text: &str) -> Value {
        let shape = Shape::for_server(ProviderKind::Ollama, "x");
        request(
            config,
            &Prompt::question("", text).into(),
            config.max_output_tokens,
            shape,
        )
    }

    #[test]
    fn nothing_is_left_to_the_server() {
        let mut config = ProviderConfig::new("o", ProviderKind::Ollama, "http://x", "qwen3:8b");
        assert_eq!(
            body(&config, "why?"),
            json!({"model": "qwen3:8b", "stream": true, "think": false, "truncate": false, "shift": false,
                "messages": [{"role": "user", "content": "why?"}],
                "options": {"num_ctx": 8192, "num_predict": 1500}})
        );
        let long = body(&config, &"word ".repeat(6000));
        assert_eq!(long["options"]["num_ctx"], 16384);
        config.context_tokens = Some(4096);
        assert_eq!(body(&config, "why?")["options"]["num_ctx"], 4096);
    }

    #[test]
    fn a_cached_prompt_has_no_count() {
        let last = json!({"message": {"content": "", "thinking": "hm"}, "done": true, "done_reason": "length", "eval_count": 5});
        let usage = Usage {
            prompt_tokens: None,
            cached_tokens: None,
            answer_tokens: Some(5),
        };
        assert_eq!(
            read(&last),
            [
                Signal::Thought("hm".to_owned()),
                Signal::Usage(usage),
                Signal::Finish(Finish::Length),
                Signal::End
            ]
        );
    }
}
