//! Providers of the settings as `aiex-llm` takes them, with the keys that the environment holds.

use aiex_config::{Environment, ProviderKind, ProviderSettings};
use aiex_llm::models::ModelConfig;
use aiex_llm::{ProviderConfig, Secret};

/// A variable that should hold a key and is not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the variable {variable} is not set")]
pub(crate) struct KeyMissing {
    variable: String,
}

impl KeyMissing {
    /// What to do about it.
    pub(crate) fn hint(&self) -> String {
        let variable = &self.variable;
        format!(
            "the daemon has the environment of the command that started it: set {variable} and run `aiex daemon restart`"
        )
    }
}

/// The keys that a variable holds, in its order; none for an empty name.
pub(crate) fn keys(variable: &str, environment: &dyn Environment) -> Result<Vec<Secret>, KeyMissing> {
    if variable.is_empty() {
        return Ok(Vec::new());
    }
    let held = environment
        .var(variable)
        .and_then(|value| value.into_string().ok());
    let keys: Vec<Secret> = held
        .iter()
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|key| !key.is_empty())
        .map(Secret::new)
        .collect();
    if keys.is_empty() {
        let variable = variable.to_owned();
        return Err(KeyMissing { variable });
    }
    Ok(keys)
}

/// A provider without its key.
fn keyless(settings: &ProviderSettings) -> ProviderConfig {
    let kind = match settings.kind {
        ProviderKind::OpenAi => aiex_llm::ProviderKind::OpenAi,
        ProviderKind::OpenAiResponses => aiex_llm::ProviderKind::OpenAiResponses,
        ProviderKind::Anthropic => aiex_llm::ProviderKind::Anthropic,
        ProviderKind::Ollama => aiex_llm::ProviderKind::Ollama,
        ProviderKind::LmStudio => aiex_llm::ProviderKind::LmStudio,
    };
    let mut config = ProviderConfig::new(&settings.name, kind, &settings.url, &settings.model);
    config.context_tokens = Some(settings.context_tokens);
    config.max_output_tokens = settings.max_output_tokens;
    config
}

/// A provider that is asked on its own: with the first of its keys.
pub(crate) fn alone(
    settings: &ProviderSettings,
    environment: &dyn Environment,
) -> Result<ProviderConfig, KeyMissing> {
    let mut config = keyless(settings);
    config.key = keys(&settings.key_env, environment)?.into_iter().next();
    Ok(config)
}

/// A provider among others: all its keys take turns.
pub(crate) fn among_others(
    settings: &ProviderSettings,
    environment: &dyn Environment,
) -> Result<ModelConfig, KeyMissing> {
    let mut config = ModelConfig::from(keyless(settings));
    config.keys = keys(&settings.key_env, environment)?;
    Ok(config)
}
