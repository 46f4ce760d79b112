//! What contents are called, and by which rules they are made.

use aiex_chunk::Language;

/// Names a content: a digest of bytes, language and the rules that were applied to them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentKey(pub [u8; 32]);

impl ContentKey {
    /// The key of a file's bytes (by their digest) read as `language`.
    pub fn new(hash: &[u8; 32], language: Option<Language>) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(hash);
        hasher.update(&aiex_chunk::VERSION.to_le_bytes());
        hasher.update(&aiex_files::secret::VERSION.to_le_bytes());
        hasher.update(language.map_or("-", Language::name).as_bytes());
        Self(*hasher.finalize().as_bytes())
    }
}

/// Names the rules by which contents are made of files. What others made is looked at again: a program that knows
/// better must not serve what an older one thought.
pub(crate) fn rules() -> String {
    format!(
        "files {}, secrets {}, chunks {}",
        aiex_files::filter::VERSION,
        aiex_files::secret::VERSION,
        aiex_chunk::VERSION
    )
}

impl std::fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for byte in &self.0[..6] {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}
