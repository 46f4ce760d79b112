//! The fields of the index and how each is indexed. Nothing is stored: a hit is a chunk id, and texts live
//! elsewhere. No positions are kept, for no query asks for phrases.
//!
//! What a chunk is ranked by is one field. The names it defines, the names around it and its path are added to its
//! text, some of them several times: a term's frequency is then the weighted sum over the parts of a document, and
//! is saturated once. That is BM25F (Robertson, Zaragoza and Taylor, 2004) with whole weights, at the cost of one
//! list of postings a term.

use tantivy::TantivyDocument;
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};

use crate::document::{Document, chunk_version};

/// The name under which the analyser is known to the engine.
pub(crate) const CODE_ANALYSER: &str = "code";
/// Names longer than this are not looked up by name.
const LONGEST_NAME: usize = 256;
/// The fast field that holds the chunk's id.
pub(crate) const CHUNK: &str = "chunk";

/// How often the names that a chunk defines are added to its text, which has them once.
const NAME_WEIGHT: usize = 2;
/// How often the file's name is, without its extension.
const STEM_WEIGHT: usize = 2;
/// Folders above the file whose names are added once.
const FOLDERS: usize = 3;

/// Handles of all fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    chunk: Field,
    /// The file's version, by which chunks are deleted.
    pub(crate) version: Field,
    /// What is ranked.
    pub(crate) text: Field,
    /// Names of symbols as they are written.
    pub(crate) symbol: Field,
    /// Names of symbols in lower case.
    pub(crate) folded: Field,
    /// The whole path.
    pub(crate) path: Field,
}

impl Fields {
    pub(crate) fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let analysed = || text(CODE_ANALYSER, IndexRecordOption::WithFreqs);
        let raw = || text("raw", IndexRecordOption::Basic);
        let fields = Self {
            chunk: schema.add_u64_field(CHUNK, FAST),
            version: schema.add_u64_field("version", INDEXED),
            text: schema.add_text_field("text", analysed()),
            symbol: schema.add_text_field("symbol", raw()),
            folded: schema.add_text_field("folded", raw()),
            path: schema.add_text_field("path", analysed()),
        };
        (schema.build(), fields)
    }

    pub(crate) fn document(&self, document: &Document<'_>) -> TantivyDocument {
        let mut out = TantivyDocument::new();
        out.add_u64(self.chunk, document.chunk);
        out.add_u64(self.version, chunk_version(document.chunk));
        out.add_text(self.text, weighted_text(document));
        if !document.path.is_empty() {
            out.add_text(self.path, document.path);
        }
        for &name in document.symbols {
            if !name.is_empty() && name.len() <= LONGEST_NAME {
                out.add_text(self.symbol, name);
                out.add_text(self.folded, name.to_lowercase());
            }
        }
        out
    }
}

/// A chunk's text with what it is known by.
fn weighted_text(document: &Document<'_>) -> String {
    let mut text = String::with_capacity(document.body.len() + 256);
    text.push_str(document.body);
    let mut add = |part: &str, times: usize| {
        for _ in 0..times {
            text.push('\n');
            text.push_str(part);
        }
    };
    for name in document.symbols {
        add(name, NAME_WEIGHT);
    }
    add(document.breadcrumb, 1);
    let mut parts = document.path.rsplit('/');
    if let Some(name) = parts.next() {
        add(name.rsplit_once('.').map_or(name, |(stem, _)| stem), STEM_WEIGHT);
    }
    for folder in parts.take(FOLDERS) {
        add(folder, 1);
    }
    text
}

fn text(analyser: &str, record: IndexRecordOption) -> TextOptions {
    TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer(analyser)
            .set_index_option(record),
    )
}
