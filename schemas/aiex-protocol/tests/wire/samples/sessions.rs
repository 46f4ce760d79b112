//! Samples of what history, bookmarks and searches that build on earlier ones say.

use aiex_protocol::journal::QuoteRef;
use aiex_protocol::search::{AskArgs, Mode, SearchArgs};
use aiex_protocol::sessions::{
    AddBookmark, Bookmark, BookmarkList, BookmarkStanding, BookmarkTarget, ClearHistory, History,
    HistoryCleared, ListBookmarks, ListHistory, PastPlace, PastSearch, RemoveBookmarks,
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
                target: None,
            }),
        ),
        (
            "request-bookmark-add-page",
            Call::BookmarkAdd(AddBookmark {
                note: "how others wait".into(),
                target: Some(page()),
                ..AddBookmark::default()
            }),
        ),
        (
            "request-bookmark-add-commit",
            Call::BookmarkAdd(AddBookmark {
                repo: ROOT.into(),
                target: Some(commit("0af3c9d")),
                ..AddBookmark::default()
            }),
        ),
        (
            "request-bookmark-add-quote",
            Call::BookmarkAdd(AddBookmark {
                tags: vec!["perf".into()],
                target: Some(quote()),
                ..AddBookmark::default()
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
        ..Bookmark::default()
    }
}

fn page() -> BookmarkTarget {
    BookmarkTarget::Page {
        url: "https://example.org/retry".into(),
    }
}

fn commit(id: &str) -> BookmarkTarget {
    BookmarkTarget::Commit { commit: id.into() }
}

fn quote() -> BookmarkTarget {
    BookmarkTarget::Quote {
        run: "20260131-0af3c9".into(),
        quote: QuoteRef { source: 1, number: 2 },
    }
}

/// Bookmarks of everything that is not lines.
pub(crate) fn bookmarks_of_targets() -> Event {
    let of = |id, target| Bookmark {
        id,
        at_ms: 1_767_225_600_000,
        target: Some(target),
        ..Bookmark::default()
    };
    let bookmarks = vec![
        Bookmark {
            note: "how others wait".into(),
            ..of(6, page())
        },
        Bookmark {
            repo: ROOT.into(),
            text: "It answers 503 for a second after a deploy.".into(),
            standing: Some(BookmarkStanding::Kept {}),
            title: "Retry when the server is overloaded".into(),
            ..of(5, commit(&"0af3".repeat(10)))
        },
        Bookmark {
            text: "The back-off doubles with each attempt.".into(),
            tags: vec!["perf".into()],
            standing: Some(BookmarkStanding::Gone { why: None }),
            title: "src/retry.rs:10-12@0af3c9d".into(),
            ..of(4, quote())
        },
    ];
    Event::Bookmarks(BookmarkList { bookmarks })
}
