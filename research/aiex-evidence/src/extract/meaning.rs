//! How near texts are in meaning to a question, as somebody outside tells it.

/// Tells how near texts are in meaning to a question.
///
/// The answer must depend on the texts alone: a run that is taken up again chooses its quotes anew, and must choose the same.
pub trait Meaning: Send + Sync {
    /// How near each text is: 1 when it means the same, 0 when it has nothing to do with the question, as a cosine tells
    /// it. One number a text, in their order.
    fn nearness(&self, question: &str, texts: &[&str]) -> Vec<f64>;
}
