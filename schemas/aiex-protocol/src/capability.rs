//! Optional abilities that a daemon announces in its welcome.
//!
//! A verb or an argument that came later than the first release stands behind one of these: a client asks
//! [`Call::needs`](crate::Call::needs) and does not send to a daemon that would misread it.

/// The verbs `research.*` and their events.
pub const RESEARCH: &str = "research";
/// `sources` of `search`, and the events `source` and `found`.
pub const SOURCES: &str = "sources";
/// The verbs `cache.*`.
pub const CACHE: &str = "cache";
/// The verbs `history.*` and `bookmark.*`, and searches that build on earlier ones.
pub const SESSIONS: &str = "sessions";
/// The verbs `keys.*`.
pub const KEYS: &str = "keys";
/// The verb `move_vectors`.
pub const VECTORS: &str = "vectors";
/// `after` of `search`: exhaustive searches page by page.
pub const PAGES: &str = "pages";
/// `since` of `search`: only pages of the web from the last day, week, month or year.
pub const SINCE: &str = "since";
/// `target` of `bookmark.add`: bookmarks of pages, commits and quotes.
pub const TARGETS: &str = "targets";
/// `to`, `kinds` and `relations` of `research.graph`: ways through the graph, and a choice of it.
pub const GRAPH: &str = "graph";
