//! Symbols by name. Nothing here is scored: a name matches or does not.

use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocSet, SegmentReader, TERMINATED, Term};

use super::LexicalIndex;
use crate::analyser::analyse;
use crate::error::LexicalError;
use crate::fields::CHUNK;

impl LexicalIndex {
    /// The chunks that define a symbol of this name: those that write it just so, then those that write it in
    /// another case; each by ascending id.
    pub fn symbols(&self, name: &str, limit: usize) -> Result<Vec<u64>, LexicalError> {
        self.call("look up a symbol", || {
            let mut found = self.chunks_of(self.fields().symbol, name)?;
            for chunk in self.chunks_of(self.fields().folded, &name.to_lowercase())? {
                if found.len() >= limit {
                    break;
                }
                if !found.contains(&chunk) {
                    found.push(chunk);
                }
            }
            found.truncate(limit);
            Ok(found)
        })
    }

    /// The chunks whose text, file name or breadcrumb holds a name whole and not only its parts, in any case. Nothing for
    /// a word of one part, which is told from no other, and for a name that more than `limit` chunks hold.
    pub fn holding(&self, name: &str, limit: usize) -> Result<Option<Vec<u64>>, LexicalError> {
        let mut terms = Vec::new();
        analyse(name, |term, _| terms.push(term.to_owned()));
        let Some((whole, [_, ..])) = terms.split_first() else {
            return Ok(None);
        };
        self.call("look for a name", || {
            let text = self.fields().text;
            let term = Term::from_field_text(text, whole);
            if limit < self.reader.searcher().doc_freq(&term)? as usize {
                return Ok(None);
            }
            self.chunks_of(text, whole).map(Some)
        })
    }

    /// The chunks that define a symbol whose name begins so in any case: by name, then by id.
    pub fn symbol_prefix(&self, prefix: &str, limit: usize) -> Result<Vec<u64>, LexicalError> {
        let prefix = prefix.to_lowercase();
        self.call("look up a symbol by its beginning", || {
            let mut found: Vec<(Vec<u8>, u64)> = Vec::new();
            for reader in self.reader.searcher().segment_readers() {
                let inverted = reader.inverted_index(self.fields().folded)?;
                let mut names = inverted.terms().range().ge(prefix.as_bytes()).into_stream()?;
                // Names come in order, so a segment has nothing to add after `limit` of its own.
                let mut of_segment = 0;
                while of_segment < limit && names.advance() && names.key().starts_with(prefix.as_bytes()) {
                    let name = names.key().to_vec();
                    let mut docs =
                        inverted.read_postings_from_terminfo(names.value(), IndexRecordOption::Basic)?;
                    visit(reader, &mut docs, |chunk| {
                        of_segment += 1;
                        found.push((name.clone(), chunk));
                    })?;
                }
            }
            found.sort_unstable();
            let mut chunks: Vec<u64> = Vec::new();
            for (_, chunk) in found {
                if chunks.len() >= limit {
                    break;
                }
                if !chunks.contains(&chunk) {
                    chunks.push(chunk);
                }
            }
            Ok(chunks)
        })
    }

    fn chunks_of(&self, field: Field, name: &str) -> tantivy::Result<Vec<u64>> {
        let term = Term::from_field_text(field, name);
        let mut chunks = Vec::new();
        for reader in self.reader.searcher().segment_readers() {
            let inverted = reader.inverted_index(field)?;
            if let Some(mut docs) = inverted.read_postings(&term, IndexRecordOption::Basic)? {
                visit(reader, &mut docs, |chunk| chunks.push(chunk))?;
            }
        }
        chunks.sort_unstable();
        Ok(chunks)
    }
}

fn visit(reader: &SegmentReader, docs: &mut impl DocSet, mut see: impl FnMut(u64)) -> tantivy::Result<()> {
    let chunks = reader.fast_fields().u64(CHUNK)?;
    while docs.doc() != TERMINATED {
        let doc = docs.doc();
        if reader.alive_bitset().is_none_or(|alive| alive.is_alive(doc))
            && let Some(chunk) = chunks.first(doc)
        {
            see(chunk);
        }
        docs.advance();
    }
    Ok(())
}
