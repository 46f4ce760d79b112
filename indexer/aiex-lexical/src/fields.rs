//! The fields of the index and how each is indexed. Nothing is stored: a hit is a chunk id, and texts live
//! elsewhere. No positions are kept, for no query asks for phrases.

use tantivy::TantivyDocument;
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};

use crate::document::{Document, Weights, chunk_version};

/// The name under which the analyser is known to the engine.
pub(crate) const CODE_ANALYSER: &str = "code";
/// Names longer than this are not looked up by name.
const LONGEST_NAME: usize = 256;
/// The fast field that holds the chunk's id.
pub(crate) const CHUNK: &str = "chunk";

/// Handles of all fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    chunk: Field,
    /// The file's version, by which chunks are deleted.
    pub(crate) version: Field,
    pub(crate) body: Field,
    /// Names of symbols, analysed.
    pub(crate) name: Field,
    /// Names of symbols as they are written.
    pub(crate) symbol: Field,
    /// Names of symbols in lower case.
    pub(crate) folded: Field,
    pub(crate) path: Field,
    pub(crate) breadcrumb: Field,
    pub(crate) comments: Field,
}

impl Fields {
    pub(crate) fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let analysed = || text(CODE_ANALYSER, IndexRecordOption::WithFreqs);
        let fields = Self {
            chunk: schema.add_u64_field(CHUNK, FAST),
            version: schema.add_u64_field("version", INDEXED),
            body: schema.add_text_field("body", analysed()),
            name: schema.add_text_field("name", analysed()),
            symbol: schema.add_text_field("symbol", text("raw", IndexRecordOption::Basic)),
            // Scored together with the others, which the engine prunes only if all have frequencies.
            folded: schema.add_text_field("folded", text("raw", IndexRecordOption::WithFreqs)),
            path: schema.add_text_field("path", analysed()),
            breadcrumb: schema.add_text_field("breadcrumb", analysed()),
            comments: schema.add_text_field("comments", analysed()),
        };
        (schema.build(), fields)
    }

    /// The fields a query looks in, with the names that [`Weights`] gives them.
    pub(crate) fn scored(&self, weights: &Weights) -> [(Field, &'static str, f32); 6] {
        [
            (self.body, "body", weights.body),
            (self.folded, "symbol", weights.symbol),
            (self.name, "name", weights.name),
            (self.path, "path", weights.path),
            (self.breadcrumb, "breadcrumb", weights.breadcrumb),
            (self.comments, "comments", weights.comments),
        ]
    }

    pub(crate) fn document(&self, document: &Document<'_>) -> TantivyDocument {
        let mut out = TantivyDocument::new();
        out.add_u64(self.chunk, document.chunk);
        out.add_u64(self.version, chunk_version(document.chunk));
        for (field, text) in [
            (self.body, document.body),
            (self.path, document.path),
            (self.breadcrumb, document.breadcrumb),
            (self.comments, document.comments),
        ] {
            if !text.is_empty() {
                out.add_text(field, text);
            }
        }
        for &name in document.symbols {
            out.add_text(self.name, name);
            if !name.is_empty() && name.len() <= LONGEST_NAME {
                out.add_text(self.symbol, name);
                out.add_text(self.folded, name.to_lowercase());
            }
        }
        out
    }
}

fn text(analyser: &str, record: IndexRecordOption) -> TextOptions {
    TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer(analyser)
            .set_index_option(record),
    )
}
