//! Samples of what history, bookmarks and searches that build on earlier ones say.

use aiex_protocol::search::{AskArgs, Mode, SearchArgs};
use aiex_protocol::sessions::{
    AddBookmark, Bookmark, BookmarkList, BookmarkStanding, ClearHistory, History, HistoryCleared,
    ListBookmarks, ListHistory, PastPlace, PastSearch, RemoveBookmarks,
};
use aiex_protocol::{Call, Event};

const ROOT: &str = "/src/queue";

fn follow_up() -> SearchArgs {
    SearchArgs {
        query: "where is the limit?".into(),
        repo: ROOT.into(),
        session: "window-1".into(),
        follow_up: true,
        within_last: true,
        refines: Some(6),
        unrecorded: true,
        ..SearchArgs::default()
    }
}

pub(crate) fn calls() -> Vec<(&'static str, Call)> {
    vec![
        ("request-search-follow-up", Call::Search(follow_up())),
        (
            "request-ask-follow-up",
            Call::Ask(AskArgs {
                search: follow_up(),
                ..AskArgs::default()
            }),
        ),
        (
            "request-history-list",
            Call::HistoryList(ListHistory {
                repo: ROOT.into(),
                text: "limit".into(),
                limit: 20,
            }),
        ),
        (
            "request-history-clear",
            Call::HistoryClear(ClearHistory {
                repo: ROOT.into(),
                older_than_ms: Some(86_400_000),
            }),
        ),
        (
            "request-bookmark-add",
            Call::BookmarkAdd(AddBookmark {
                repo: ROOT.into(),
                path: "src/retry.rs".into(),
                first_line: 10,
                last_line: 12,
                note: "too slow".into(),
                tags: vec!["perf".into()],
            }),
        ),
        (
            "request-bookmark-list",
            Call::BookmarkList(ListBookmarks {
                repo: ROOT.into(),
                text: "slow".into(),
                tags: vec!["perf".into()],
            }),
        ),
        (
            "request-bookmark-remove",
            Call::BookmarkRemove(RemoveBookmarks { ids: vec![3, 4] }),
        ),
    ]
}

pub(crate) fn events() -> Vec<(&'static str, Event)> {
    vec![
        (
            "event-history",
            Event::History(History {
                searches: vec![PastSearch {
                    id: 12,
                    at_ms: 1_767_225_600_000,
                    session: "window-1".into(),
                    repo: ROOT.into(),
                    verb: "search".into(),
                    mode: Mode::Auto,
                    query: "where is the limit?".into(),
                    sources: vec!["code".into(), "docs".into()],
                    found: 7,
                    places: vec![PastPlace {
                        path: "src/retry.rs".into(),
                        first_line: 10,
                        last_line: 42,
                    }],
                }],
            }),
        ),
        (
            "event-history-cleared",
            Event::HistoryCleared(HistoryCleared { searches: 7 }),
        ),
        (
            "event-bookmarks",
            Event::Bookmarks(BookmarkList {
                bookmarks: vec![
                    bookmark(Some(BookmarkStanding::Moved {
                        first_line: 20,
                        last_line: 22,
                    })),
                    bookmark(Some(BookmarkStanding::Kept {})),
                    bookmark(Some(BookmarkStanding::Changed {})),
                    bookmark(Some(BookmarkStanding::Gone {
                        why: Some("it is a link now".into()),
                    })),
                    bookmark(None),
                ],
            }),
        ),
    ]
}

fn bookmark(standing: Option<BookmarkStanding>) -> Bookmark {
    Bookmark {
        id: 3,
        at_ms: 1_767_225_600_000,
        repo: ROOT.into(),
        path: "src/retry.rs".into(),
        first_line: 10,
        last_line: 12,
        text: "fn next_delay(&self) -> Duration {\n    …\n}".into(),
        note: "too slow".into(),
        tags: vec!["perf".into()],
        standing,
    }
}
