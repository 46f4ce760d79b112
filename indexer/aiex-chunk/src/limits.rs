//! The settings of the chunker, as values. Knows nothing of where they come from.

/// How large chunks are and how much work one text may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Characters a chunk should have: neighbours are merged up to this size.
    pub target_chars: u32,
    /// Characters no chunk exceeds.
    pub max_chars: u32,
    /// Texts with more bytes than this are cut by lines, without symbols.
    pub max_parse_bytes: u32,
    /// Parsing stops after this many steps of the parser, or after those that a text of its length can take, and
    /// the text is cut by lines. Steps and not time, so that a text has the same chunks on every machine.
    pub max_parse_steps: u32,
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
            // About three seconds; a step is a hundred operations of the parser, some 60 microseconds.
            max_parse_steps: 50_000,
            // Deeper nesting is generated data or an attack.
            max_depth: 1000,
            max_symbols: 50_000,
        }
    }
}

impl Limits {
    /// Steps that a text of so many bytes may take. Over twenty thousand files of twenty-seven languages none took
    /// more than one for 43 bytes; what takes twice that is pathological.
    pub(crate) fn parse_steps(&self, bytes: usize) -> u32 {
        let of_length = u32::try_from(bytes / 20)
            .unwrap_or(u32::MAX)
            .saturating_add(1_000);
        self.max_parse_steps.min(of_length)
    }

    /// The target, at least one character and never above the maximum.
    pub(crate) fn target(&self) -> usize {
        self.target_chars.clamp(1, self.max() as u32) as usize
    }

    /// The maximum, at least one character.
    pub(crate) fn max(&self) -> usize {
        self.max_chars.max(1) as usize
    }
}
