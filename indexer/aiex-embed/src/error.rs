//! What can go wrong between a text and its vector, and what a user can do about it.

use std::path::PathBuf;

/// An embedder could not be opened, or could not embed.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// A static model file is not one, or is damaged.
    #[error("the static model is damaged: {what}")]
    StaticModel {
        /// What was wrong.
        what: String,
    },

    /// No usable ONNX Runtime library was found.
    #[error("ONNX Runtime's shared library was not found (looked for {name} in {looked})")]
    RuntimeMissing {
        /// The library's file name on this system.
        name: &'static str,
        /// Where it was looked for.
        looked: String,
    },

    /// The ONNX Runtime library cannot be used, most often because it is too old.
    #[error("ONNX Runtime at {path} cannot be used: {what}")]
    RuntimeUnusable {
        /// The library.
        path: PathBuf,
        /// What loading it said.
        what: String,
    },

    /// A model folder lacks a file, or one of its files says something unexpected.
    #[error("the model folder {folder} cannot be used: {what}")]
    ModelFolder {
        /// The folder.
        folder: PathBuf,
        /// What is missing or wrong.
        what: String,
    },

    /// A file could not be read or written.
    #[error("cannot {action} {path}")]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },

    /// A model could not be downloaded.
    #[error("cannot download {url}: {what}")]
    Download {
        /// The file asked for.
        url: String,
        /// What happened.
        what: String,
    },

    /// The work was called off.
    #[error("cancelled")]
    Cancelled,

    /// The ONNX model failed on texts.
    #[error("the model {id} failed: {what}")]
    Inference {
        /// The embedder.
        id: String,
        /// What the runtime said.
        what: String,
    },

    /// A setting makes no sense.
    #[error("the setting {setting} is wrong: {what}")]
    Setting {
        /// Which setting.
        setting: &'static str,
        /// Why.
        what: String,
    },

    /// The service could not be reached, or went silent.
    #[error("no answer from {url}: {what}")]
    Unreachable {
        /// The service, without credentials.
        url: String,
        /// What happened on the way.
        what: String,
    },

    /// The key of the service cannot be had now.
    #[error("{what}")]
    KeyMissing {
        /// Why.
        what: String,
        /// What to do about it.
        hint: String,
    },

    /// The service does not accept the key.
    #[error("{url} rejected the key ({status})")]
    KeyRejected {
        /// The service.
        url: String,
        /// Its HTTP status.
        status: u16,
    },

    /// The account has no credit left.
    #[error("the quota at {url} is used up: {message}")]
    QuotaExhausted {
        /// The service.
        url: String,
        /// What it said.
        message: String,
    },

    /// The service does not have the model.
    #[error("{url} has no model {model}: {message}")]
    ModelMissing {
        /// The service.
        url: String,
        /// The model asked for.
        model: String,
        /// What it said.
        message: String,
    },

    /// The texts are more than the service takes at once.
    #[error("{url} finds the texts too long: {message}")]
    TooLong {
        /// The service.
        url: String,
        /// What it said.
        message: String,
    },

    /// The service is overloaded or limits the rate, and still did after several attempts.
    #[error("{url} is busy ({status}): {message}")]
    Busy {
        /// The service.
        url: String,
        /// Its HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },

    /// The service answered with another error.
    #[error("{url} refused ({status}): {message}")]
    Refused {
        /// The service.
        url: String,
        /// Its HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },

    /// The answer is not what the protocol promises.
    #[error("{url} gave an answer that cannot be used: {what}")]
    Malformed {
        /// The service.
        url: String,
        /// What is wrong with it.
        what: String,
    },

    /// Vectors changed their length, so the model behind the address is not the one opened.
    #[error("{id} gave {found} dimensions instead of {expected}")]
    Dimensions {
        /// The embedder.
        id: String,
        /// What it was opened with.
        expected: usize,
        /// What came.
        found: usize,
    },
}

impl EmbedError {
    /// Whether another key, or one at all, would mend it.
    pub fn is_about_key(&self) -> bool {
        matches!(self, Self::KeyMissing { .. } | Self::KeyRejected { .. })
    }

    /// What a user can do, where there is something.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::RuntimeMissing { .. } | Self::RuntimeUnusable { .. } => crate::onnx::runtime::install_hint(),
            Self::ModelFolder { .. } => "the folder needs tokenizer.json, config.json, special_tokens_map.json, \
                tokenizer_config.json and model.onnx or model_quantized.onnx (also accepted below onnx/)"
                .into(),
            Self::Download { url, .. } => format!(
                "check the connection and the model's name; or fetch the files yourself, for example \
                 `curl -LO {url}`, put them into one folder and give that folder as the model"
            ),
            Self::Unreachable { url, .. } => {
                format!("is the service running? try `curl {url}`; for Ollama start it with `ollama serve`")
            }
            Self::KeyMissing { hint, .. } => hint.clone(),
            Self::KeyRejected { .. } => "check the key and that it belongs to this service".into(),
            Self::QuotaExhausted { .. } => {
                "add credit at the provider, or use the built-in model, which costs nothing".into()
            }
            Self::ModelMissing { model, .. } => {
                format!("check the model's name; for Ollama run `ollama pull {model}`")
            }
            Self::Busy { .. } => "try again later, or ask for fewer texts at once".into(),
            Self::Malformed { .. } => {
                "check that the address is the service's base, such as http://127.0.0.1:11434 or https://api.openai.com".into()
            }
            Self::Dimensions { .. } => "the model behind the address changed: open the embedder anew and rebuild its vectors".into(),
            Self::StaticModel { .. } => "the program file is damaged: install it again".into(),
            _ => return None,
        };
        Some(hint)
    }
}
