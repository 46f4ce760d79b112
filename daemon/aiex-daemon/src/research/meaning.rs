//! How near texts are in meaning, as the model inside the program tells it.
//!
//! Not the embedder that the user chose: that one may be a service, which costs, is away at times and answers a little
//! differently each time, while a run that is taken up again must choose the quotes that it chose before.

use aiex_config::{EmbedderKind, EmbedderSettings};
use aiex_embed::{EmbedError, Embedder};
use aiex_evidence::extract::Meaning;

use crate::embedder;

/// Compares texts by their vectors: tens of microseconds each. Calls block.
pub(crate) struct BuiltIn(());

impl BuiltIn {
    /// Nothing when the settings switch embedding off.
    pub(crate) fn wanted_by(settings: &EmbedderSettings) -> Option<Self> {
        (settings.kind != EmbedderKind::Off).then_some(Self(()))
    }
}

impl Meaning for BuiltIn {
    fn nearness(&self, question: &str, texts: &[&str]) -> Vec<f64> {
        // Opened once in a process, by whoever comes first.
        let Some(embedder) = embedder::built_in().embedder else {
            return vec![0.0; texts.len()];
        };
        compared(embedder.as_ref(), question, texts).unwrap_or_else(|error| {
            tracing::warn!(%error, "quotes are chosen by their words alone");
            vec![0.0; texts.len()]
        })
    }
}

/// The cosines of texts with a question: the vectors have length one.
fn compared(embedder: &dyn Embedder, question: &str, texts: &[&str]) -> Result<Vec<f64>, EmbedError> {
    let asked = embedder.embed_query(question)?;
    let mut vectors = Vec::new();
    embedder.embed_documents(texts, &mut vectors)?;
    let cosine = |vector: &[f32]| vector.iter().zip(&asked).map(|(a, b)| f64::from(a * b)).sum();
    Ok(vectors.chunks_exact(asked.len()).map(cosine).collect())
}

#[cfg(test)]
mod tests {
    use aiex_config::Settings;

    use super::*;

    #[test]
    fn the_same_in_other_words_is_nearer_than_something_else_and_always_as_near() {
        let meaning = BuiltIn::wanted_by(&Settings::default().embedder).unwrap();
        let texts = [
            "Removes a directory and everything within it.",
            "The licence of this file is told at its head.",
        ];
        let question = "how is a folder deleted";
        let near = meaning.nearness(question, &texts);
        assert!(near[0] > near[1], "{near:?}");
        assert_eq!(meaning.nearness(question, &texts), near);
        assert_eq!(meaning.nearness(question, &texts[1..]), near[1..]);
        assert_eq!(meaning.nearness(question, &[]), Vec::<f64>::new());
    }

    #[test]
    fn who_switches_embedding_off_has_words_decide_alone() {
        let mut settings = Settings::default().embedder;
        settings.kind = EmbedderKind::Off;
        assert!(BuiltIn::wanted_by(&settings).is_none());
    }
}
