//! Engines of the settings as `aiex-web` takes them.

use aiex_config::{Environment, JsonPlaces, WebSettings};
use aiex_web::{Configured, EngineConfig, EngineKind, JsonEndpoint};

use crate::answer::provider;

/// The engines, with the keys that the environment holds. One whose key is missing stays: it says so when it is asked.
pub(super) fn configured(settings: &WebSettings, environment: &dyn Environment) -> Configured {
    let engines = settings.engines.iter().map(|engine| {
        let keys = provider::keys(&engine.key_env, environment).unwrap_or_else(|missing| {
            tracing::warn!(engine = engine.name, %missing, hint = missing.hint(), "asked without a key");
            Vec::new()
        });
        let is_json = engine.kind == aiex_config::EngineKind::Json;
        EngineConfig {
            name: engine.name.clone(),
            base_url: (!is_json && !engine.url.is_empty()).then(|| engine.url.clone()),
            weight: f64::from(engine.weight),
            ..EngineConfig::new(kind(engine)).with_keys(keys)
        }
    });
    Configured {
        engines: engines.collect(),
        ..Configured::default()
    }
}

fn kind(engine: &aiex_config::EngineSettings) -> EngineKind {
    match engine.kind {
        aiex_config::EngineKind::Serper => EngineKind::Serper,
        aiex_config::EngineKind::Tavily => EngineKind::Tavily,
        aiex_config::EngineKind::Brave => EngineKind::Brave,
        aiex_config::EngineKind::SearxNg => EngineKind::SearxNg,
        aiex_config::EngineKind::Exa => EngineKind::Exa,
        aiex_config::EngineKind::StackExchange => EngineKind::StackExchange,
        aiex_config::EngineKind::GitHub => EngineKind::GitHub,
        aiex_config::EngineKind::DocsRs => EngineKind::DocsRs,
        aiex_config::EngineKind::Wikipedia => EngineKind::Wikipedia,
        aiex_config::EngineKind::ArXiv => EngineKind::ArXiv,
        aiex_config::EngineKind::Json => EngineKind::Json(endpoint(&engine.url, &engine.places)),
    }
}

fn endpoint(template: &str, places: &JsonPlaces) -> JsonEndpoint {
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    JsonEndpoint {
        template: template.to_owned(),
        results: places.results.clone(),
        title: places.title.clone(),
        url: places.link.clone(),
        snippet: some(&places.snippet),
        date: some(&places.date),
        key_header: some(&places.key_header),
        key_prefix: places.key_prefix.clone(),
    }
}
