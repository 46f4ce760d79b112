//! Providers of the settings as `aiex-llm` takes them.

use aiex_config::{ProviderKind, ProviderSettings};
use aiex_llm::models::ModelConfig;
use aiex_llm::{ProviderConfig, Secret};

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
