//! Which embedder to open, as a plain value.

use std::sync::Arc;

use crate::http::{HttpEmbedder, HttpSettings};
use crate::onnx::{OnnxEmbedder, OnnxSettings};
use crate::static_model::StaticModel;
use crate::{EmbedError, Embedder};

/// An embedder and all it needs to open.
#[derive(Clone, Debug, Default)]
pub enum EmbedderChoice {
    /// The static model inside the program: no download, no network.
    #[default]
    BuiltIn,
    /// An ONNX model from a folder or a hub.
    Onnx(OnnxSettings),
    /// A service that speaks OpenAI's or Ollama's embedding protocol.
    Http(HttpSettings),
}

/// Opens an embedder. Blocks: a hub model may be downloaded, a service is asked for one vector.
pub fn open(choice: &EmbedderChoice) -> Result<Arc<dyn Embedder>, EmbedError> {
    Ok(match choice {
        EmbedderChoice::BuiltIn => StaticModel::built_in()?,
        EmbedderChoice::Onnx(settings) => Arc::new(OnnxEmbedder::open(settings, &|| false)?),
        EmbedderChoice::Http(settings) => Arc::new(HttpEmbedder::open(settings.clone())?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cost;

    #[test]
    fn the_default_choice_needs_nothing() {
        let embedder = open(&EmbedderChoice::default()).unwrap();
        assert_eq!(embedder.cost(), Cost::Cheap);
        assert_eq!(
            embedder.embed_query("read a file").unwrap().len(),
            embedder.dimensions()
        );
    }
}
