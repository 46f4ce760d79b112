//! From texts to a segment.

use std::collections::HashMap;

use crate::document::Document;
use crate::error::GramsError;
use crate::folder::Folder;
use crate::gram::{Distinct, Gram};
use crate::segment::Segment;
use crate::writer::Writer;

/// Pairs for which room is made at a time.
const GROWTH: usize = 1 << 18;

/// Gathers the grams of texts. It holds 8 bytes for each distinct gram of each text: about 2 for each byte of source.
pub struct Builder {
    distinct: Distinct,
    documents: Vec<Document>,
    /// Gram, then the place of its document.
    pairs: Vec<u64>,
    text_bytes: u64,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            distinct: Distinct::new(),
            documents: Vec::new(),
            pairs: Vec::new(),
            text_bytes: 0,
        }
    }
}

impl Builder {
    /// Adds a text. Each document is added once.
    pub fn add(&mut self, document: Document, text: &str) {
        let place = self.documents.len() as u64;
        self.documents.push(document);
        self.text_bytes += text.len() as u64;
        let grams = self.distinct.of(text.as_bytes());
        if self.pairs.capacity() - self.pairs.len() < grams.len() {
            // Doubling would take as much again.
            self.pairs.reserve_exact(grams.len().max(GROWTH));
        }
        self.pairs
            .extend(grams.iter().map(|gram| u64::from(gram.number()) << 32 | place));
    }

    /// Texts so far.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Bytes of the texts so far.
    pub fn text_bytes(&self) -> u64 {
        self.text_bytes
    }

    /// Bytes of memory that it holds and that grow with the texts.
    pub fn memory(&self) -> u64 {
        (self.pairs.capacity() * size_of::<u64>()) as u64
    }

    /// Writes the segment.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(mut self, folder: &Folder) -> Result<Segment, GramsError> {
        drop(self.distinct);
        let mut order: Vec<u32> = (0..self.documents.len() as u32).collect();
        order.sort_by_key(|place| self.documents[*place as usize].id);
        let mut ranks: HashMap<u32, u32> = HashMap::new();
        let is_sorted = order.is_sorted();
        if !is_sorted {
            ranks.extend(order.iter().copied().zip(0..));
        }
        for pair in &mut self.pairs {
            if let Some(rank) = ranks.get(&(*pair as u32)) {
                *pair = *pair >> 32 << 32 | u64::from(*rank);
            }
        }
        self.pairs.sort_unstable();
        let documents = order
            .iter()
            .map(|place| self.documents[*place as usize])
            .collect();
        let mut writer = Writer::create(folder, documents)?;
        let mut places = Vec::new();
        for same in self.pairs.chunk_by(|a, b| a >> 32 == b >> 32) {
            let Some(gram) = same
                .first()
                .and_then(|pair| Gram::from_number((pair >> 32) as u32))
            else {
                continue;
            };
            places.clear();
            places.extend(same.iter().map(|pair| *pair as u32));
            writer.add(gram, &places)?;
        }
        writer.finish(folder)
    }
}
