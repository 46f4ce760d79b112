//! History and bookmarks on the wire.

use aiex_protocol::journal::QuoteRef;
use aiex_protocol::search::Mode;
use aiex_protocol::sessions as wire;
use aiex_protocol::{ErrorCode, WireError};
use aiex_sessions::{KeptBookmark, Mark, PastSearch, SessionsError, Standing};

/// A failure, as it travels.
pub(crate) fn error(error: &SessionsError) -> WireError {
    let code = match error {
        SessionsError::Damaged { .. } | SessionsError::Newer { .. } | SessionsError::Unusable { .. } => {
            ErrorCode::Storage
        }
        SessionsError::Full { .. } => ErrorCode::InvalidRequest,
        SessionsError::NoSuchBookmark { .. } => ErrorCode::NotFound,
    };
    WireError::new(code, error.to_string()).with_hint(error.hint())
}

/// A search that was made.
pub(crate) fn past(past: PastSearch) -> wire::PastSearch {
    let PastSearch { id, search } = past;
    let places = search.places.into_iter().map(|place| wire::PastPlace {
        path: place.path,
        first_line: place.first_line,
        last_line: place.last_line,
    });
    wire::PastSearch {
        id,
        at_ms: search.at_ms,
        session: search.session,
        repo: search.root,
        verb: search.verb,
        mode: mode(&search.mode),
        query: search.query,
        sources: search.sources,
        found: search.found,
        places: places.collect(),
    }
}

/// How a query is read, as it is kept.
pub(crate) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Auto => "",
        Mode::Regex => "regex",
        Mode::Literal => "literal",
    }
}

fn mode(name: &str) -> Mode {
    match name {
        "regex" => Mode::Regex,
        "literal" => Mode::Literal,
        _ => Mode::Auto,
    }
}

/// A bookmark, and what has become of what it keeps if that is known.
pub(crate) fn bookmark(kept: KeptBookmark, standing: Option<wire::BookmarkStanding>) -> wire::Bookmark {
    let KeptBookmark { id, bookmark } = kept;
    let told = wire::Bookmark {
        id,
        at_ms: bookmark.at_ms,
        text: bookmark.text,
        note: bookmark.note,
        tags: bookmark.tags,
        standing,
        ..wire::Bookmark::default()
    };
    match bookmark.mark {
        Mark::Lines {
            root,
            path,
            first_line,
            last_line,
        } => wire::Bookmark {
            repo: root,
            path,
            first_line,
            last_line,
            ..told
        },
        Mark::Page { url } => wire::Bookmark {
            target: Some(wire::BookmarkTarget::Page { url }),
            ..told
        },
        Mark::Commit {
            root,
            commit,
            subject,
        } => wire::Bookmark {
            repo: root,
            target: Some(wire::BookmarkTarget::Commit { commit }),
            title: subject,
            ..told
        },
        Mark::Quote {
            run,
            source,
            number,
            place,
        } => wire::Bookmark {
            target: Some(wire::BookmarkTarget::Quote {
                run,
                quote: QuoteRef { source, number },
            }),
            title: place,
            ..told
        },
    }
}

/// What has become of lines; `why` says why a file that is there is not read.
pub(crate) fn standing(standing: Standing, why: Option<String>) -> wire::BookmarkStanding {
    match standing {
        Standing::Kept => wire::BookmarkStanding::Kept {},
        Standing::Moved {
            first_line,
            last_line,
        } => wire::BookmarkStanding::Moved {
            first_line,
            last_line,
        },
        Standing::Changed => wire::BookmarkStanding::Changed {},
        Standing::Gone => wire::BookmarkStanding::Gone { why },
    }
}
