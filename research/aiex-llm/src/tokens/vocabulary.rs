//! A model's vocabulary from the file that open models come with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A model's vocabulary and its rules of cutting text, as in `tokenizer.json`. Clones share it; that of a large model takes
/// some hundred megabytes.
#[derive(Clone)]
pub struct Tokenizer(Arc<tokenizers::Tokenizer>);

/// A file that is no vocabulary.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct Unreadable {
    path: PathBuf,
    reason: String,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`. Blocks: a large one takes a second.
    ///
    /// # Errors
    /// When the file cannot be read or is something else.
    pub fn read(path: &Path) -> Result<Self, Unreadable> {
        let unreadable = |reason: &dyn fmt::Display| Unreadable {
            path: path.to_owned(),
            reason: reason.to_string(),
        };
        let bytes = std::fs::read(path).map_err(|error| unreadable(&error))?;
        let mut tokenizer = tokenizers::Tokenizer::from_bytes(bytes)
            .map_err(|error| unreadable(&format_args!("it is no tokenizer.json ({error})")))?;
        // Files say how texts are to be cut and filled up for the training that they come from.
        tokenizer
            .with_truncation(None)
            .map_err(|error| unreadable(&error))?
            .with_padding(None);
        Ok(Self(Arc::new(tokenizer)))
    }

    /// The tokens of `text`; `None` for one that the vocabulary cannot cut.
    pub(super) fn count(&self, text: &str) -> Option<usize> {
        self.0.encode_fast(text, false).ok().map(|encoded| encoded.len())
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokenizer of {} words", self.0.get_vocab_size(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each word is a token, and no text has more than two of them.
    const WORDS: &str = r#"{
        "version": "1.0",
        "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
        "padding": null,
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": null,
        "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "tree": 1}, "unk_token": "[UNK]"}
    }"#;

    fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn a_file_counts_all_of_a_text() {
        let (_folder, path) = written(WORDS);
        let tokenizer = Tokenizer::read(&path).unwrap();
        assert_eq!(tokenizer.count("how is a tree cut"), Some(5));
        assert_eq!(tokenizer.count(""), Some(0));
    }

    #[test]
    fn what_is_no_vocabulary_is_told_with_its_path() {
        let (_folder, path) = written("{\"model\": \"llama\"}");
        let told = Tokenizer::read(&path).unwrap_err().to_string();
        assert!(told.starts_with(&path.display().to_string()), "{told}");
        assert!(told.contains("it is no tokenizer.json"), "{told}");
        let missing = path.with_file_name("other.json");
        let told = Tokenizer::read(&missing).unwrap_err().to_string();
        assert!(
            told.contains("No such file") || told.contains("cannot find"),
            "{told}"
        );
    }
}
