//! What the user searched for and what they keep: a history of searches and bookmarks.
//!
//! Both lie in one SQLite file. Users made what is in it, so nothing here ever deletes or replaces a file that cannot
//! be read: that is told, with what to do ([`SessionsError::hint`]). Calls block. The crate knows nothing of indexes and
//! of where files lie; who reads a file gives its text to [`standing`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod bookmarks;
mod error;
mod mark;
mod searches;
mod standing;
mod store;

pub use bookmarks::{Bookmark, KeptBookmark, MAX_BOOKMARKS};
pub use error::SessionsError;
pub use mark::Mark;
pub use searches::{MAX_PLACES, MAX_SEARCHES, PastSearch, Place, Search};
pub use standing::{Standing, standing};
pub use store::Sessions;
