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
    /// Its comments and documentation, where the caller tells them apart; else empty.
    pub comments: &'a str,
}

/// How much a term found in each field counts. A field with weight 0 is not searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// The text: the measure of the others.
    pub body: f32,
    /// A word of the query is the whole name of a symbol that is defined here.
    pub symbol: f32,
    /// A word of the query is the name, or a part of the name, of a symbol that is defined here.
    pub name: f32,
    /// Directories, file name and extension.
    pub path: f32,
    /// The names around the chunk.
    pub breadcrumb: f32,
    /// Comments and documentation, which the text has too.
    pub comments: f32,
}

impl Default for Weights {
    /// A definition outweighs a use; a path outweighs a mention, because it is short and chosen; the names around
    /// a chunk say less about it than its own.
    fn default() -> Self {
        Self {
            body: 1.0,
            symbol: 2.0,
            name: 1.0,
            path: 0.8,
            breadcrumb: 0.4,
            comments: 0.3,
        }
    }
}

/// A search.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// Words in any form: a question, identifiers, code.
    pub text: &'a str,
    /// How many chunks at most.
    pub limit: usize,
    /// What each field counts.
    pub weights: Weights,
}

/// A chunk found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The chunk.
    pub chunk: u64,
    /// Its BM25 score, summed over terms and fields; only good for comparing hits of one search.
    pub score: f32,
}

/// What one term in one field gave to a score.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldScore {
    /// The field, named as in [`Weights`].
    pub field: &'static str,
    /// The term, as it is indexed.
    pub term: String,
    /// Its part of the score.
    pub score: f32,
}
