//! The embedder that the settings ask for, or the one inside the program when that cannot be had.

use std::path::PathBuf;
use std::sync::Arc;

use aiex_config::{EmbedderKind, EmbedderSettings, Environment as _, Home, ProcessEnvironment};
use aiex_embed::http::{HttpSettings, Protocol};
use aiex_embed::onnx::hub::HubModel;
use aiex_embed::onnx::{ModelSource, OnnxSettings};
use aiex_embed::{Embedder, EmbedderChoice, Secret};

use crate::error::chain;

/// The hub model that is used when none is named: small, and under the Apache licence.
const DEFAULT_HUB_MODEL: &str = "Xenova/all-MiniLM-L6-v2";

/// An embedder, or none, and why it is not the one that was asked for.
pub(crate) struct Opened {
    pub(crate) embedder: Option<Arc<dyn Embedder>>,
    pub(crate) problem: Option<String>,
}

impl Opened {
    /// As `status` shows it.
    pub(crate) fn label(&self) -> String {
        match &self.embedder {
            Some(embedder) => format!("{} ({})", embedder.id(), embedder.dimensions()),
            None => "none".to_owned(),
        }
    }
}

/// Opens the embedder. Blocks: a model may be downloaded, a service asked.
pub(crate) fn open(settings: &EmbedderSettings, home: &Home) -> Opened {
    let Some(choice) = choice(settings, home) else {
        return Opened {
            embedder: None,
            problem: None,
        };
    };
    let error = match choice.and_then(|choice| aiex_embed::open(&choice).map_err(|error| told(&error))) {
        Ok(embedder) => {
            return Opened {
                embedder: Some(embedder),
                problem: None,
            };
        }
        Err(error) => error,
    };
    tracing::warn!(%error, kind = %settings.kind, "the configured embedder cannot be used");
    match aiex_embed::open(&EmbedderChoice::BuiltIn) {
        Ok(embedder) => Opened {
            embedder: Some(embedder),
            problem: Some(error),
        },
        Err(built_in) => Opened {
            embedder: None,
            problem: Some(format!("{error}; {}", told(&built_in))),
        },
    }
}

fn told(error: &aiex_embed::EmbedError) -> String {
    match error.hint() {
        Some(hint) => format!("{} ({hint})", chain(error)),
        None => chain(error),
    }
}

/// What the settings ask for; nothing when they switch embedding off.
fn choice(settings: &EmbedderSettings, home: &Home) -> Option<Result<EmbedderChoice, String>> {
    let protocol = match settings.kind {
        EmbedderKind::Off => return None,
        EmbedderKind::BuiltIn => return Some(Ok(EmbedderChoice::BuiltIn)),
        EmbedderKind::Onnx => return Some(Ok(EmbedderChoice::Onnx(onnx(settings, home)))),
        EmbedderKind::OpenAi => Protocol::OpenAi,
        EmbedderKind::Ollama => Protocol::Ollama,
    };
    let mut http = HttpSettings::new(protocol, &settings.url, &settings.model);
    if !settings.key_env.is_empty() {
        let key = ProcessEnvironment
            .var(&settings.key_env)
            .and_then(|key| key.into_string().ok());
        match key {
            Some(key) => http.key = Some(Secret::new(key)),
            None => return Some(Err(format!("the variable {} is not set", settings.key_env))),
        }
    }
    Some(Ok(EmbedderChoice::Http(http)))
}

fn onnx(settings: &EmbedderSettings, home: &Home) -> OnnxSettings {
    let source = if settings.folder.is_empty() {
        let model = if settings.model.is_empty() {
            DEFAULT_HUB_MODEL
        } else {
            &settings.model
        };
        ModelSource::Hub(HubModel::new(model, home.cache_dir().join("models")))
    } else {
        ModelSource::Folder(PathBuf::from(&settings.folder))
    };
    let mut onnx = OnnxSettings::new(source);
    onnx.runtime = Some(&settings.runtime)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    onnx
}
