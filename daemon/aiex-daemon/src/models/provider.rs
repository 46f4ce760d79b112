//! Providers of the settings as `aiex-llm` takes them.

use aiex_config::{ProviderKind, ProviderSettings};
use aiex_llm::models::ModelConfig;
use aiex_llm::{Deadlines, ProviderConfig, Secret};

use crate::keys::Wanted;

/// Where its key comes from.
pub(super) fn wanted(settings: &ProviderSettings) -> Wanted {
    Wanted::new(&settings.name, &settings.key_env)
}

/// A provider with its keys, which take turns.
pub(super) fn with_keys(settings: &ProviderSettings, keys: Vec<Secret>) -> ModelConfig {
    let kind = match settings.kind {
        ProviderKind::OpenAi => aiex_llm::ProviderKind::OpenAi,
        ProviderKind::OpenAiResponses => aiex_llm::ProviderKind::OpenAiResponses,
        ProviderKind::Anthropic => aiex_llm::ProviderKind::Anthropic,
        ProviderKind::Ollama => aiex_llm::ProviderKind::Ollama,
        ProviderKind::LmStudio => aiex_llm::ProviderKind::LmStudio,
    };
    let mut provider = ProviderConfig::new(&settings.name, kind, &settings.url, &settings.model);
    provider.context_tokens = Some(settings.context_tokens);
    provider.max_output_tokens = settings.max_output_tokens;
    provider.deadlines = Deadlines {
        first_byte: settings.first_byte,
        idle: settings.idle,
        total: settings.total,
        ..provider.deadlines
    };
    let mut config = ModelConfig::from(provider);
    config.keys = keys;
    config.requests_per_minute = limit(settings.requests_per_minute);
    config.tokens_per_minute = limit(settings.tokens_per_minute);
    config
}

/// In the settings 0 means that there is none.
fn limit(value: u32) -> Option<u32> {
    (value > 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use aiex_config::DEFAULTS;
    use aiex_llm::{Failure, LlmError, Target};

    use super::*;

    #[test]
    fn deadlines_and_limits_of_the_settings_are_kept() {
        let settings = ProviderSettings {
            name: "slow".to_owned(),
            kind: ProviderKind::Ollama,
            url: "http://127.0.0.1:11434".to_owned(),
            model: "m".to_owned(),
            key_env: String::new(),
            context_tokens: 4096,
            max_output_tokens: 512,
            requests_per_minute: 0,
            tokens_per_minute: 9000,
            first_byte: Duration::from_secs(300),
            idle: Duration::from_secs(90),
            total: Duration::from_secs(3600),
            tokenizer: String::new(),
        };
        let config = with_keys(&settings, Vec::new());
        let deadlines = Deadlines {
            first_byte: settings.first_byte,
            idle: settings.idle,
            total: settings.total,
            ..Deadlines::default()
        };
        assert_eq!(config.provider.deadlines, deadlines);
        assert_eq!(config.requests_per_minute, None);
        assert_eq!(config.tokens_per_minute, Some(9000));
    }

    #[test]
    fn hints_name_settings_that_there_are() {
        let text = || "x".to_owned();
        let (status, message, reason) = (404, text(), text());
        let after = Duration::from_secs(1);
        let failures = [
            Failure::BadSettings { reason: text() },
            Failure::ContextOverflow {
                model: text(),
                limit: None,
                requested: None,
                message: text(),
            },
            Failure::ModelMissing {
                model: text(),
                message: text(),
            },
            Failure::ModelTooLarge {
                model: text(),
                message: text(),
            },
            Failure::Unreachable {
                endpoint: text(),
                reason,
            },
            Failure::FirstByteTimeout { after },
            Failure::IdleTimeout { after },
            Failure::Silent { after },
            Failure::TotalTimeout { after },
            Failure::EmptyAnswer { only_thinking: true },
            Failure::NotJson {
                status,
                content_type: text(),
                excerpt: text(),
            },
            Failure::Redirected { status, to: text() },
            Failure::Http { status, message },
        ];
        for kind in aiex_llm::ProviderKind::ALL {
            for failure in &failures {
                let target = Target {
                    provider: "P1".to_owned(),
                    kind,
                    model: "M1".to_owned(),
                    endpoint: "http://h".to_owned(),
                    has_key: true,
                };
                let error = LlmError {
                    target: Arc::new(target),
                    failure: failure.clone(),
                };
                let hint = error.hint();
                for name in hint.split('`').skip(1).step_by(2) {
                    let is_setting = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                    let there = DEFAULTS.contains(&format!("\n#{name} = "));
                    assert!(!is_setting || there, "{hint}");
                }
            }
        }
    }
}
