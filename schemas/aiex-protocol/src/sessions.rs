//! What the user searched for and what they keep: history and bookmarks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::QuoteRef;
use crate::search::Mode;

/// Arguments of `history.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ListHistory {
    /// A folder in the repository; the searches of every repository when empty.
    pub repo: String,
    /// Only searches whose query holds this, whatever the case.
    pub text: String,
    /// How many at most; 0 means the default (20).
    pub limit: u32,
}

/// Arguments of `history.clear`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClearHistory {
    /// A folder in the repository; the searches of every repository when empty.
    pub repo: String,
    /// Only searches that were made more than this many milliseconds ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older_than_ms: Option<u64>,
}

/// The history. Comes back from `history.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct History {
    /// The newest first.
    pub searches: Vec<PastSearch>,
}

/// A search that was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PastSearch {
    /// Its number; later ones are larger.
    pub id: u64,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Its session, if it had one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub session: String,
    /// Absolute path of the repository.
    pub repo: String,
    /// `search` or `ask`.
    pub verb: String,
    /// How the query was read.
    pub mode: Mode,
    /// What was looked for, secrets redacted.
    pub query: String,
    /// Where, by name; in code alone when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// How much was found.
    pub found: u64,
    /// The best places in code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<PastPlace>,
}

/// A place that a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PastPlace {
    /// Path inside the repository, with `/`.
    pub path: String,
    /// First line, from 1.
    pub first_line: u32,
    /// Last line, inclusive.
    pub last_line: u32,
}

/// What `history.clear` took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HistoryCleared {
    /// Searches.
    pub searches: u64,
}

/// Arguments of `bookmark.add`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AddBookmark {
    /// A folder in the repository; of no meaning for pages and quotes.
    pub repo: String,
    /// The file: an absolute path without links, or one from the repository's root.
    pub path: String,
    /// The first line to keep, from 1.
    pub first_line: u32,
    /// The last line to keep, inclusive.
    pub last_line: u32,
    /// What to say of them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Words to find them by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What to keep instead of lines: the path and the lines are not looked at then. Needs the capability
    /// [`TARGETS`](crate::capability::TARGETS).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<BookmarkTarget>,
}

/// What a bookmark is of, when it is not lines of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BookmarkTarget {
    /// A page of the web. It is not fetched.
    Page {
        /// Its address: `http` or `https`.
        url: String,
    },
    /// A commit of the repository.
    Commit {
        /// Its id: 40 hexadecimal digits, or the first of them, at least 7, when it is asked for.
        commit: String,
    },
    /// A quote of a report.
    Quote {
        /// The run's whole name.
        run: String,
        /// The quote.
        quote: QuoteRef,
    },
}

/// Arguments of `bookmark.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ListBookmarks {
    /// A folder in the repository; the bookmarks of every repository when empty. Those of pages and quotes belong to
    /// none, and are listed in each.
    pub repo: String,
    /// Only bookmarks whose place, note or text hold this, whatever the case.
    pub text: String,
    /// Only bookmarks with all of these tags.
    pub tags: Vec<String>,
}

/// Arguments of `bookmark.remove`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RemoveBookmarks {
    /// Their numbers. All are removed, or none.
    pub ids: Vec<u64>,
}

/// Bookmarks: the one that was added, those listed (the newest first), those removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BookmarkList {
    /// The bookmarks.
    pub bookmarks: Vec<Bookmark>,
}

/// Lines that the user keeps, or a page, a commit or a quote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Bookmark {
    /// Its number.
    pub id: u64,
    /// Since when, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Absolute path of the repository; empty for pages and quotes.
    pub repo: String,
    /// Path inside the repository, with `/`; empty when there is a target, as the lines are 0 then.
    pub path: String,
    /// The first line when it was kept, from 1.
    pub first_line: u32,
    /// The last line when it was kept, inclusive.
    pub last_line: u32,
    /// The lines as they were, secrets redacted: or the first paragraph of a commit below its subject, or what is quoted.
    pub text: String,
    /// What the user said of them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Words to find them by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What has become of them, when somebody looked; a page is never looked at, a commit or a quote is kept or gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<BookmarkStanding>,
    /// What is kept, when it is not lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<BookmarkTarget>,
    /// The subject of a commit, secrets redacted, or where a quote lies, as reports show it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
}

/// What has become of what a bookmark keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum BookmarkStanding {
    /// They stand where they stood; the commit, or the quote's run, is there.
    Kept {},
    /// They stand elsewhere in the file.
    Moved {
        /// The first line now, from 1.
        first_line: u32,
        /// The last line now, inclusive.
        last_line: u32,
    },
    /// The file is there, and they are not as they were.
    Changed {},
    /// The file is not there, or is not read any more; the commit or the run is not there.
    Gone {
        /// Why it is not read, when it is there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
}
