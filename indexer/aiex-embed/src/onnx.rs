//! ONNX models through fastembed: from a folder, or fetched once from a hub.
//!
//! ONNX Runtime itself is not part of the program: its shared library is looked for first ([`runtime`]), because what loads it
//! later would panic without it. Which model is good for what is not known here.

pub mod hub;
pub mod runtime;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use fastembed::{InitOptionsUserDefined, Pooling, TextEmbedding, TokenizerFiles, UserDefinedEmbeddingModel};
use serde_json::Value;

use crate::{Cost, EmbedError, Embedder, normalise};

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSource {
    /// A folder with the model's files.
    Folder(PathBuf),
    /// A model of a hub.
    Hub(hub::HubModel),
}

/// An ONNX model and how to run it.
#[derive(Clone, Debug)]
pub struct OnnxSettings {
    /// The model.
    pub source: ModelSource,
    /// ONNX Runtime's shared library or the folder that holds it; the system's library folders are searched when absent.
    pub runtime: Option<PathBuf>,
    /// Tokens of a text that the model sees; the model's own limit when that is lower.
    pub max_tokens: usize,
    /// Threads of one inference; all cores when absent.
    pub threads: Option<usize>,
    /// Put before every query, for models trained with such a prefix.
    pub query_prefix: String,
    /// Put before every document.
    pub document_prefix: String,
}

impl OnnxSettings {
    /// A model with the usual settings: 256 tokens cover a chunk, and time grows faster than length.
    pub fn new(source: ModelSource) -> Self {
        Self {
            source,
            runtime: None,
            max_tokens: 256,
            threads: None,
            query_prefix: String::new(),
            document_prefix: String::new(),
        }
    }
}

/// The files beside the model, by the names every exported model uses.
pub(crate) const TOKENIZER_FILES: [&str; 4] = [
    "tokenizer.json",
    "config.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
];
/// Where the model itself may lie, the first found wins: quantised models are as good here and four times smaller.
pub(crate) const MODEL_FILES: [&str; 4] = [
    "model_quantized.onnx",
    "onnx/model_quantized.onnx",
    "model.onnx",
    "onnx/model.onnx",
];
/// Where sentence-transformers says how token vectors become one.
pub(crate) const POOLING_FILE: &str = "1_Pooling/config.json";

/// Longer batches only hold more memory.
const BATCH: usize = 32;
/// A tokenizer with a large vocabulary has about 20 MB.
pub(crate) const MAX_SMALL_FILE: u64 = 64 << 20;
/// The model is read into memory.
pub(crate) const MAX_MODEL_FILE: u64 = 2 << 30;

/// An ONNX model, loaded.
pub struct OnnxEmbedder {
    id: String,
    dimensions: usize,
    model: Mutex<TextEmbedding>,
    query_prefix: String,
    document_prefix: String,
}

impl OnnxEmbedder {
    /// Finds the runtime, fetches the model if it comes from a hub, loads it and embeds one word to learn the dimensions.
    pub fn open(settings: &OnnxSettings, cancelled: &dyn Fn() -> bool) -> Result<Self, EmbedError> {
        runtime::load(settings.runtime.as_deref())?;
        let folder = match &settings.source {
            ModelSource::Folder(folder) => folder.clone(),
            ModelSource::Hub(model) => hub::fetch(model, cancelled)?,
        };
        let files = ModelFiles::read(&folder)?;
        let id = files.id(settings);
        let pooling = files.pooling.clone();
        let mut options = InitOptionsUserDefined::new().with_max_length(settings.max_tokens);
        if let Some(threads) = settings.threads {
            options = options.with_intra_threads(threads);
        }
        let definition = UserDefinedEmbeddingModel::new(files.model, files.tokenizer).with_pooling(pooling);
        let unusable = |what: String| EmbedError::ModelFolder {
            folder: folder.clone(),
            what,
        };
        let model = TextEmbedding::try_new_from_user_defined(definition, options)
            .map_err(|error| unusable(format!("{error:#}")))?;
        let mut embedder = Self {
            id,
            dimensions: 0,
            model: Mutex::new(model),
            query_prefix: settings.query_prefix.clone(),
            document_prefix: settings.document_prefix.clone(),
        };
        embedder.dimensions = embedder
            .infer(&["dimensions".to_owned()])?
            .first()
            .map_or(0, Vec::len);
        if embedder.dimensions == 0 {
            return Err(unusable("the model gives empty vectors".into()));
        }
        Ok(embedder)
    }

    fn infer(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        model
            .embed(texts, Some(BATCH))
            .map_err(|error| EmbedError::Inference {
                id: self.id.clone(),
                what: format!("{error:#}"),
            })
    }

    fn embed(&self, texts: &[&str], prefix: &str, out: &mut Vec<f32>) -> Result<(), EmbedError> {
        let filled: Vec<usize> = (0..texts.len())
            .filter(|&at| !texts[at].trim().is_empty())
            .collect();
        let mut vectors = vec![0.0; texts.len() * self.dimensions];
        for group in filled.chunks(BATCH) {
            let batch: Vec<String> = group.iter().map(|&at| format!("{prefix}{}", texts[at])).collect();
            let inferred = self.infer(&batch)?;
            for (&at, mut vector) in group.iter().zip(inferred) {
                if vector.len() != self.dimensions {
                    return Err(EmbedError::Dimensions {
                        id: self.id.clone(),
                        expected: self.dimensions,
                        found: vector.len(),
                    });
                }
                normalise(&mut vector);
                vectors[at * self.dimensions..][..self.dimensions].copy_from_slice(&vector);
            }
        }
        out.extend(vectors);
        Ok(())
    }
}

impl Embedder for OnnxEmbedder {
    fn id(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn cost(&self) -> Cost {
        Cost::Expensive
    }

    fn max_batch(&self) -> usize {
        BATCH
    }

    fn embed_documents(&self, texts: &[&str], out: &mut Vec<f32>) -> Result<(), EmbedError> {
        self.embed(texts, &self.document_prefix, out)
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let mut vector = Vec::with_capacity(self.dimensions);
        self.embed(&[text], &self.query_prefix, &mut vector)?;
        Ok(vector)
    }
}

/// The content of a model folder.
struct ModelFiles {
    model: Vec<u8>,
    tokenizer: TokenizerFiles,
    pooling: Pooling,
}

impl ModelFiles {
    fn read(folder: &Path) -> Result<Self, EmbedError> {
        let missing = |what: String| EmbedError::ModelFolder {
            folder: folder.into(),
            what,
        };
        let small = |name: &str| {
            read(&folder.join(name), MAX_SMALL_FILE)?.ok_or_else(|| missing(format!("{name} is missing")))
        };
        let [tokenizer, config, special_tokens, tokenizer_config] = TOKENIZER_FILES;
        let tokenizer = TokenizerFiles {
            tokenizer_file: small(tokenizer)?,
            config_file: small(config)?,
            special_tokens_map_file: small(special_tokens)?,
            tokenizer_config_file: small(tokenizer_config)?,
        };
        let pooling = match read(&folder.join(POOLING_FILE), MAX_SMALL_FILE)? {
            Some(content) => pooling(&content).ok_or_else(|| {
                missing(format!(
                    "{POOLING_FILE} asks for neither mean nor first-token pooling"
                ))
            })?,
            None => Pooling::Mean,
        };
        for name in MODEL_FILES {
            if let Some(model) = read(&folder.join(name), MAX_MODEL_FILE)? {
                return Ok(Self {
                    model,
                    tokenizer,
                    pooling,
                });
            }
        }
        Err(missing("model.onnx or model_quantized.onnx is missing".into()))
    }

    /// Everything that changes a vector is in the identity.
    fn id(&self, settings: &OnnxSettings) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(blake3::hash(&self.model).as_bytes());
        hasher.update(blake3::hash(&self.tokenizer.tokenizer_file).as_bytes());
        let rest = (
            &settings.query_prefix,
            &settings.document_prefix,
            settings.max_tokens,
            &self.pooling,
        );
        hasher.update(format!("{rest:?}").as_bytes());
        let name = match &settings.source {
            ModelSource::Folder(folder) => folder
                .file_name()
                .map_or_else(|| "model".into(), |name| name.to_string_lossy().into_owned()),
            ModelSource::Hub(model) => model.id.clone(),
        };
        format!("onnx:{name}:{}", &hasher.finalize().to_hex()[..16])
    }
}

/// How sentence-transformers' settings ask for token vectors to be joined.
fn pooling(content: &[u8]) -> Option<Pooling> {
    let value: Value = serde_json::from_slice(content).ok()?;
    let asks = |name: &str| value.get(name).and_then(Value::as_bool).unwrap_or(false);
    if asks("pooling_mode_cls_token") {
        Some(Pooling::Cls)
    } else if asks("pooling_mode_mean_tokens") {
        Some(Pooling::Mean)
    } else {
        None
    }
}

/// A file's content; `None` when it is not there.
fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, EmbedError> {
    let failed = |source| EmbedError::File {
        action: "read",
        path: path.into(),
        source,
    };
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
        Ok(metadata) if metadata.len() > limit => {
            return Err(failed(std::io::Error::other(format!(
                "it is larger than {limit} bytes"
            ))));
        }
        Ok(_) => {}
    }
    std::fs::read(path).map(Some).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "{}").unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_without_a_file_is_refused_by_that_files_name() {
        let folder = folder_with(&TOKENIZER_FILES[..2]);
        let error = ModelFiles::read(folder.path()).err().unwrap();
        assert!(error.to_string().contains("special_tokens_map.json"), "{error}");
        let folder = folder_with(&TOKENIZER_FILES);
        let error = ModelFiles::read(folder.path()).err().unwrap();
        assert!(error.to_string().contains("model.onnx"), "{error}");
        assert!(error.hint().unwrap().contains("tokenizer.json"));
    }

    #[test]
    fn the_identity_follows_the_content_and_the_prefixes() {
        let folder = folder_with(&[&TOKENIZER_FILES[..], &["onnx/model.onnx"]].concat());
        let mut settings = OnnxSettings::new(ModelSource::Folder(folder.path().into()));
        let first = ModelFiles::read(folder.path()).unwrap().id(&settings);
        settings.query_prefix = "query: ".into();
        let prefixed = ModelFiles::read(folder.path()).unwrap().id(&settings);
        std::fs::write(folder.path().join("onnx/model.onnx"), "other").unwrap();
        let changed = ModelFiles::read(folder.path()).unwrap().id(&settings);
        assert!(first != prefixed && prefixed != changed);
    }

    #[test]
    fn pooling_comes_from_the_models_own_settings() {
        assert!(matches!(
            pooling(br#"{"pooling_mode_cls_token": true}"#),
            Some(Pooling::Cls)
        ));
        assert!(matches!(
            pooling(br#"{"pooling_mode_mean_tokens": true}"#),
            Some(Pooling::Mean)
        ));
        assert!(pooling(br#"{"pooling_mode_lasttoken": true}"#).is_none());
    }
}
