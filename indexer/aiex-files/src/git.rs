//! Facts that git already keeps: where `HEAD` is, and the object ids of files it knows to be unchanged. It starts no
//! process, takes no lock and writes nothing.

mod head;
mod index;

pub use head::{Head, excludes_file, head};
pub use index::{CleanBlobs, GitError, IndexEntry, clean_blobs, matches};
