//! What goes into an index and what comes out. Nothing here knows how it is kept.

/// The bits of a chunk id that number the chunk within its file's version.
const ORDINAL_BITS: u32 = 16;

/// The version of a file that a chunk belongs to: the upper bits of its id.
pub fn chunk_version(chunk: u64) -> u64 {
    chunk >> ORDINAL_BITS
}

/// One chunk to be found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Document<'a> {
    /// Its id: the file's version shifted left by 16, and the chunk's number in the file.
    pub chunk: u64,
    /// Its text.
    pub body: &'a str,
    /// The names that it defines, as they are written.
    pub symbols: &'a [&'a str],
    /// The file's path.
    pub path: &'a str,
    /// Where in the file it is: modules, types, headings.
    pub breadcrumb: &'a str,
}

/// A search.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Words in any form (a question, identifiers, code), each piece with the weight of its terms. A term that
    /// several pieces have counts once, with the greatest weight.
    pub pieces: &'a [(&'a str, f32)],
    /// How many chunks at most.
    pub limit: usize,
}

/// A chunk found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The chunk.
    pub chunk: u64,
    /// Its BM25 score, summed over terms; only good for comparing hits of one search.
    pub score: f32,
}

/// What one term gave to a score.
#[derive(Clone, Debug, PartialEq)]
pub struct TermScore {
    /// The term, as it is indexed.
    pub term: String,
    /// Its part of the score.
    pub score: f32,
}

/// How much a word tells, by where it stands: a word that is everywhere tells nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rarity {
    /// In texts.
    pub text: f32,
    /// In paths.
    pub path: f32,
    /// Whether any chunk holds it, in its text or its path; also one that is deleted and not merged away.
    pub is_held: bool,
}
