//! What postings point at.

/// A text as its owner knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Document {
    /// Its number.
    pub id: u32,
    /// A digest of what the number meant when the text was read. An owner who gave the number out once more, after a
    /// crash, sees that this is another text.
    pub stamp: u64,
}
