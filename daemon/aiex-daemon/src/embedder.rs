//! The embedder that the settings ask for, or the one inside the program when that cannot be had.

use std::path::PathBuf;
use std::sync::Arc;

use aiex_config::{EmbedderKind, EmbedderSettings, Home};
use aiex_embed::http::{HttpSettings, Protocol};
use aiex_embed::onnx::hub::HubModel;
use aiex_embed::onnx::{ModelSource, OnnxSettings};
use aiex_embed::{Embedder, EmbedderChoice, Secret};

use crate::error::chain;
use crate::keys::Taken;

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

/// Opens the embedder. Blocks: a model may be downloaded, a service asked. `keys` is called if one is needed.
pub(crate) fn open(settings: &EmbedderSettings, home: &Home, keys: impl FnOnce() -> Taken) -> Opened {
    let Some(choice) = choice(settings, home, keys) else {
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
fn choice(
    settings: &EmbedderSettings,
    home: &Home,
    keys: impl FnOnce() -> Taken,
) -> Option<Result<EmbedderChoice, String>> {
    let protocol = match settings.kind {
        EmbedderKind::Off => return None,
        EmbedderKind::BuiltIn => return Some(Ok(EmbedderChoice::BuiltIn)),
        EmbedderKind::Onnx => return Some(Ok(EmbedderChoice::Onnx(onnx(settings, home)))),
        EmbedderKind::OpenAi => Protocol::OpenAi,
        EmbedderKind::Ollama => Protocol::Ollama,
    };
    let mut http = HttpSettings::new(protocol, &settings.url, &settings.model);
    match keys() {
        Ok(keys) => http.key = keys.first().map(|key| Secret::new(key.expose())),
        // The embedder is opened once, when nobody can have unlocked anything yet.
        Err(problem) if problem.is_locked() => {
            return Some(Err(format!(
                "{problem} when the embedder is opened: keep it with `aiex keys set embedder --in system`, in a \
                 variable (`embedder.key_env`), or give the daemon the passphrase (AIEX_KEYS_PASSPHRASE_FILE)"
            )));
        }
        Err(problem) => return Some(Err(format!("{problem} ({})", problem.hint()))),
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
