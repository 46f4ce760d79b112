//! What every embedder can do. Nothing here knows how a vector comes about.

use crate::EmbedError;

/// How much an embedded text costs, as far as the order of work is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Microseconds a text: embed while indexing.
    Cheap,
    /// Milliseconds a text, or money: embed behind, the most useful texts first.
    Expensive,
}

/// Turns texts into vectors of one length. Calls block, so they belong on a worker thread.
pub trait Embedder: Send + Sync {
    /// What the vectors depend on, the model's content included: vectors of one identity may be compared and cached.
    fn id(&self) -> &str;

    /// Components of every vector.
    fn dimensions(&self) -> usize;

    /// How much a text costs.
    fn cost(&self) -> Cost;

    /// How many texts one call handles well. Longer slices are accepted and split.
    fn max_batch(&self) -> usize;

    /// Appends one L2-normalised vector a text to `out`; a text that says nothing to the model gets the zero vector.
    /// After an error `out` is as long as before.
    fn embed_documents(&self, texts: &[&str], out: &mut Vec<f32>) -> Result<(), EmbedError>;

    /// The vector of a search query.
    fn embed_query(&self, text: &str) -> Result<Vec<f32>, EmbedError>;
}

/// Scales a vector to length one. The zero vector stays as it is.
pub fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        let scale = 1.0 / length;
        for component in vector {
            *component *= scale;
        }
    }
}
