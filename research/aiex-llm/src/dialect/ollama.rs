//! Ollama's own chat.

use serde_json::{Value, json};

use super::{Signal, filled, finish};
use crate::{Prompt, ProviderConfig, Usage};

/// Contexts are asked for in steps of this many tokens: Ollama loads the model anew whenever the number
/// changes, so it should not change with every question.
const CONTEXT_STEP: usize = 8192;

pub(super) fn request(config: &ProviderConfig, prompt: &Prompt) -> Value {
    let messages: Vec<Value> = prompt
        .turns()
        .map(|(role, text)| json!({"role": role, "content": text}))
        .collect();
    let context = config.context_tokens.map_or_else(
        || {
            let needed = prompt.estimated_tokens() + config.max_output_tokens as usize;
            needed.div_ceil(CONTEXT_STEP).max(1) * CONTEXT_STEP
        },
        |tokens| tokens as usize,
    );
    let mut options = json!({"num_ctx": context, "num_predict": config.max_output_tokens});
    if let Some(temperature) = config.temperature {
        options["temperature"] = json!(temperature);
    }
    // Without `truncate: false` Ollama silently drops the oldest messages; without `shift: false` it forgets
    // the beginning while it writes; without `think: false` thinking models spend the answer on thoughts.
    json!({"model": config.model, "messages": messages, "stream": true, "think": false,
        "truncate": false, "shift": false, "options": options})
}

pub(super) fn read(body: &Value) -> Vec<Signal> {
    let mut signals = Vec::new();
    if let Some(message) = body.get("message") {
        if filled(message, "thinking").is_some() {
            signals.push(Signal::Thought);
        }
        signals.extend(filled(message, "content").map(|text| Signal::Text(text.to_owned())));
    }
    if body.get("done").and_then(Value::as_bool) == Some(true) {
        let count = |key: &str| body.get(key).and_then(Value::as_u64);
        let usage = Usage {
            prompt_tokens: count("prompt_eval_count"),
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
    use crate::{Finish, ProviderKind};

    #[test]
    fn nothing_is_left_to_the_server() {
        let mut config = ProviderConfig::new("o", ProviderKind::Ollama, "http://x", "qwen3:8b");
        let body = request(&config, &Prompt::question("", "why?"));
        assert_eq!(
            body,
            json!({"model": "qwen3:8b", "stream": true, "think": false, "truncate": false, "shift": false,
                "messages": [{"role": "user", "content": "why?"}],
                "options": {"num_ctx": 8192, "num_predict": 1500}})
        );
        let long = request(&config, &Prompt::question("", "word ".repeat(6000)));
        assert_eq!(long["options"]["num_ctx"], 16384);
        config.context_tokens = Some(4096);
        assert_eq!(
            request(&config, &Prompt::question("", "why?"))["options"]["num_ctx"],
            4096
        );
    }

    #[test]
    fn a_cached_prompt_has_no_count() {
        let last = json!({"message": {"content": "", "thinking": "hm"}, "done": true, "done_reason": "length", "eval_count": 5});
        let usage = Usage {
            prompt_tokens: None,
            answer_tokens: Some(5),
        };
        assert_eq!(
            read(&last),
            [
                Signal::Thought,
                Signal::Usage(usage),
                Signal::Finish(Finish::Length),
                Signal::End
            ]
        );
    }
}
