//! The embedder that the settings ask for, or the one inside the program when that cannot be had.
//!
//! One that lacks nothing but its key is waited for instead: vectors of another would only be thrown away once the key
//! is kept or its file opened.

use std::path::PathBuf;
use std::sync::Arc;

use aiex_config::{EmbedderKind, EmbedderSettings, Home};
use aiex_embed::http::{HttpSettings, KeySource, Protocol};
use aiex_embed::onnx::hub::HubModel;
use aiex_embed::onnx::{ModelSource, OnnxSettings};
use aiex_embed::{EmbedError, Embedder, EmbedderChoice, Secret};

use crate::error::chain;
use crate::keys::{EMBEDDER, Keys, Wanted};

/// The hub model that is used when none is named: small, and under the Apache licence.
const DEFAULT_HUB_MODEL: &str = "Xenova/all-MiniLM-L6-v2";

/// An embedder, or none, and why it is not the one that was asked for.
pub(crate) struct Opened {
    pub(crate) embedder: Option<Arc<dyn Embedder>>,
    pub(crate) problem: Option<String>,
    /// Whether a key is all that it lacks.
    pub(crate) awaits_key: bool,
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

/// Opens the embedder. Blocks: a model may be downloaded, a service asked. One behind HTTP takes its key anew for every
/// request.
pub(crate) fn open(settings: &EmbedderSettings, home: &Home, keys: &Arc<Keys>) -> Opened {
    let nothing = Opened {
        embedder: None,
        problem: None,
        awaits_key: false,
    };
    let Some(choice) = choice(settings, home, keys) else {
        return nothing;
    };
    let (error, awaits_key) = match aiex_embed::open(&choice) {
        Ok(embedder) => {
            return Opened {
                embedder: Some(embedder),
                ..nothing
            };
        }
        Err(error) => (told(&error), error.is_about_key()),
    };
    tracing::warn!(%error, kind = %settings.kind, "the configured embedder cannot be used");
    if awaits_key {
        return Opened {
            problem: Some(error),
            awaits_key,
            ..nothing
        };
    }
    let instead = built_in();
    let also = instead
        .problem
        .map_or_else(String::new, |also| format!("; {also}"));
    Opened {
        problem: Some(format!("{error}{also}")),
        ..instead
    }
}

/// The embedder inside the program.
pub(crate) fn built_in() -> Opened {
    let (embedder, problem) = match aiex_embed::open(&EmbedderChoice::BuiltIn) {
        Ok(embedder) => (Some(embedder), None),
        Err(error) => (None, Some(told(&error))),
    };
    Opened {
        embedder,
        problem,
        awaits_key: false,
    }
}

fn told(error: &aiex_embed::EmbedError) -> String {
    match error.hint() {
        Some(hint) => format!("{} ({hint})", chain(error)),
        None => chain(error),
    }
}

/// What the settings ask for; nothing when they switch embedding off.
fn choice(settings: &EmbedderSettings, home: &Home, keys: &Arc<Keys>) -> Option<EmbedderChoice> {
    let protocol = match settings.kind {
        EmbedderKind::Off => return None,
        EmbedderKind::BuiltIn => return Some(EmbedderChoice::BuiltIn),
        EmbedderKind::Onnx => return Some(EmbedderChoice::Onnx(onnx(settings, home))),
        EmbedderKind::OpenAi => Protocol::OpenAi,
        EmbedderKind::Ollama => Protocol::Ollama,
    };
    let mut http = HttpSettings::new(protocol, &settings.url, &settings.model);
    let (keys, wanted) = (keys.clone(), Wanted::new(EMBEDDER, &settings.key_env));
    http.key = KeySource::new(move || match keys.of(&wanted) {
        Ok(keys) => Ok(keys.first().map(|key| Secret::new(key.expose()))),
        Err(problem) => Err(EmbedError::KeyMissing {
            what: problem.to_string(),
            hint: problem.hint(),
        }),
    });
    Some(EmbedderChoice::Http(http))
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
