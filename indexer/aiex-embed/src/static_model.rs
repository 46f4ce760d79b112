//! The built-in model: one int8 vector a token, added up. No network, no runtime library, microseconds a text.
//!
//! A text's vector is the sum over its distinct tokens of sqrt(count) * row, scaled to length one. How the rows were made is told in
//! `model/MODEL_CARD.md`; this module knows only how to read and add them.

mod format;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::tokenizer::{Tokenizer, WordCache};
use crate::{Cost, EmbedError, Embedder, normalise};

/// The model shipped with the program.
static BUILT_IN: &[u8] = include_bytes!("../model/aiex-static-v2.bin");

/// A batch large enough that taking the buffers costs nothing, small enough to stop between batches.
const MAX_BATCH: usize = 1024;

/// A table of token vectors, read in place.
pub struct StaticModel {
    id: String,
    dimensions: usize,
    tokenizer: Tokenizer,
    scales: Vec<f32>,
    rows: &'static [u8],
    /// Buffers of calls that ended, at most as many as calls ever ran at once.
    idle: Mutex<Vec<Buffers>>,
}

#[derive(Default)]
struct Buffers {
    cache: WordCache,
    ids: Vec<u32>,
}

impl StaticModel {
    /// The model inside the program, checked and indexed on first use.
    pub fn built_in() -> Result<Arc<Self>, EmbedError> {
        static MODEL: OnceLock<Arc<StaticModel>> = OnceLock::new();
        if let Some(model) = MODEL.get() {
            return Ok(Arc::clone(model));
        }
        let model = Arc::new(Self::from_bytes(BUILT_IN)?);
        Ok(Arc::clone(MODEL.get_or_init(|| model)))
    }

    /// Reads a model file's content. The rows stay where they are.
    pub fn from_bytes(bytes: &'static [u8]) -> Result<Self, EmbedError> {
        let parts = format::parse(bytes)?;
        let tokenizer = Tokenizer::new(parts.starts.split('\n'), parts.continuations.split('\n'))
            .ok_or_else(|| EmbedError::StaticModel {
                what: "a token is malformed or doubled".into(),
            })?;
        Ok(Self {
            id: format!("static:{}:{}", parts.name, parts.checksum),
            dimensions: parts.dimensions,
            tokenizer,
            scales: parts.scales,
            rows: parts.rows,
            idle: Mutex::default(),
        })
    }

    /// How texts become tokens.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    fn row(&self, id: u32) -> &'static [u8] {
        let at = id as usize * self.dimensions;
        &self.rows[at..at + self.dimensions]
    }

    fn embed(&self, text: &str, buffers: &mut Buffers, vector: &mut [f32]) {
        let Buffers { cache, ids } = buffers;
        ids.clear();
        self.tokenizer.tokenize(text, cache, ids);
        ids.sort_unstable();
        let mut counted = ids.chunk_by(|a, b| a == b).map(|run| {
            let weight = (run.len() as f32).sqrt() * self.scales[run[0] as usize];
            (weight, self.row(run[0]))
        });
        // Four rows a pass: the sums are loaded and stored a quarter as often.
        const NOTHING: (f32, &[u8]) = (0.0, &[]);
        let mut group = [NOTHING; 4];
        loop {
            let mut filled = 0;
            for slot in &mut group {
                let Some(next) = counted.next() else { break };
                *slot = next;
                filled += 1;
            }
            if filled < group.len() {
                for &(weight, row) in &group[..filled] {
                    add(vector, weight, row);
                }
                break;
            }
            add_four(vector, &group);
        }
        normalise(vector);
    }
}

impl Embedder for StaticModel {
    fn id(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn cost(&self) -> Cost {
        Cost::Cheap
    }

    fn max_batch(&self) -> usize {
        MAX_BATCH
    }

    fn embed_documents(&self, texts: &[&str], out: &mut Vec<f32>) -> Result<(), EmbedError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buffers = idle().pop().unwrap_or_default();
        let start = out.len();
        out.resize(start + texts.len() * self.dimensions, 0.0);
        for (text, vector) in texts.iter().zip(out[start..].chunks_exact_mut(self.dimensions)) {
            self.embed(text, &mut buffers, vector);
        }
        buffers.ids.clear();
        buffers.ids.shrink_to(1 << 16);
        idle().push(buffers);
        Ok(())
    }

    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let mut vector = Vec::with_capacity(self.dimensions);
        self.embed_documents(&[text], &mut vector)?;
        Ok(vector)
    }
}

fn component(byte: u8) -> f32 {
    f32::from(byte.cast_signed())
}

fn add(vector: &mut [f32], weight: f32, row: &[u8]) {
    for (sum, &byte) in vector.iter_mut().zip(row) {
        *sum += weight * component(byte);
    }
}

fn add_four(vector: &mut [f32], rows: &[(f32, &[u8]); 4]) {
    let [(wa, a), (wb, b), (wc, c), (wd, d)] = *rows;
    for ((((sum, &a), &b), &c), &d) in vector.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *sum += (wa * component(a) + wb * component(b)) + (wc * component(c) + wd * component(d));
    }
}
