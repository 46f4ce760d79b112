//! The settings of the chunker, as values. Knows nothing of where they come from.

use std::time::Duration;

/// How large chunks are and how much work one text may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Characters a chunk should have: neighbours are merged up to this size.
    pub target_chars: u32,
    /// Characters no chunk exceeds.
    pub max_chars: u32,
    /// Texts with more bytes than this are cut by lines, without symbols.
    pub max_parse_bytes: u32,
    /// Parsing stops after this time and the text is cut by lines.
    pub parse_timeout: Duration,
    /// Levels of the syntax tree that are looked into.
    pub max_depth: u32,
    /// Symbols kept from one text.
    pub max_symbols: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // The size that published measurements of code retrieval converge on.
            target_chars: 750,
            // Twice the target: about 500 tokens, the window of small embedding models.
            max_chars: 1500,
            // Hand-written files are smaller; larger ones are generated and their symbols are noise.
            max_parse_bytes: 4 << 20,
            // Parsing runs at some megabytes a second, so this is only reached by pathological input.
            parse_timeout: Duration::from_secs(2),
            // Deeper nesting is generated data or an attack.
            max_depth: 1000,
            max_symbols: 50_000,
        }
    }
}

impl Limits {
    /// The target, at least one character and never above the maximum.
    pub(crate) fn target(&self) -> usize {
        self.target_chars.clamp(1, self.max() as u32) as usize
    }

    /// The maximum, at least one character.
    pub(crate) fn max(&self) -> usize {
        self.max_chars.max(1) as usize
    }
}
