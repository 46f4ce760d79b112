//! What is kept, and for how long: through reopening, deaths, damage and newer formats.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::PathBuf;

use aiex_sessions::{Bookmark, MAX_PLACES, MAX_SEARCHES, Mark, Place, Search, Sessions, SessionsError};
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sessions.db");
    (dir, file)
}

fn search(root: &str, query: &str) -> Search {
    Search {
        at_ms: 1_000,
        root: root.to_owned(),
        verb: "search".to_owned(),
        query: query.to_owned(),
        sources: vec!["code".to_owned(), "docs".to_owned()],
        found: 3,
        places: vec![Place {
            path: "src/a.rs".to_owned(),
            first_line: 3,
            last_line: 9,
        }],
        ..Search::default()
    }
}

fn bookmark(path: &str, note: &str, tags: &[&str]) -> Bookmark {
    Bookmark {
        at_ms: 1_000,
        mark: Mark::Lines {
            root: "/r".to_owned(),
            path: path.to_owned(),
            first_line: 3,
            last_line: 4,
        },
        text: "fn a() {\n}".to_owned(),
        note: note.to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    }
}

fn queries(sessions: &Sessions, root: Option<&str>, text: &str) -> Vec<String> {
    let found = sessions.history(root, text, 100).unwrap();
    found.into_iter().map(|past| past.search.query).collect()
}

#[test]
fn what_was_kept_is_there_when_the_file_is_opened_again() {
    let (_dir, file) = folder();
    let mut sessions = Sessions::open(&file).unwrap();
    sessions.record(&[search("/r", "retry")]).unwrap();
    let id = sessions.keep(&bookmark("src/a.rs", "look", &["todo"])).unwrap();
    drop(sessions);
    let sessions = Sessions::open(&file).unwrap();
    let history = sessions.history(None, "", 10).unwrap();
    assert_eq!(history[0].search, search("/r", "retry"));
    let bookmarks = sessions.bookmarks(None, "", &[]).unwrap();
    assert_eq!((bookmarks.len(), bookmarks[0].id), (1, id));
    assert_eq!(bookmarks[0].bookmark, bookmark("src/a.rs", "look", &["todo"]));
}

#[test]
fn the_way_back_leads_along_what_was_followed_up_on() {
    let (_dir, file) = folder();
    let mut sessions = Sessions::open(&file).unwrap();
    let mut follows = None;
    for number in 1..=6 {
        let one = Search {
            follows,
            ..search("/r", &number.to_string())
        };
        sessions.record(&[search("/other", "between"), one]).unwrap();
        follows = sessions.last("", None).unwrap().map(|last| last.id);
    }
    let way = |sessions: &Sessions, steps| -> Vec<String> {
        let way = sessions.way_back("", Some("/r"), steps).unwrap();
        way.into_iter().map(|past| past.search.query).collect()
    };
    assert_eq!(way(&sessions, 4), ["6", "5", "4", "3"]);
    assert_eq!(way(&sessions, 9).len(), 6);
    assert!(way(&sessions, 0).is_empty());
    // A search that follows nothing is a beginning.
    sessions.record(&[search("/r", "anew")]).unwrap();
    assert_eq!(way(&sessions, 4), ["anew"]);
    assert!(sessions.way_back("", Some("/nowhere"), 4).unwrap().is_empty());
}

/// A file as the first format had it, with a search, a bookmark, and the trace of one that was removed.
const FIRST_FORMAT: &str = r#"
CREATE TABLE searches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    session TEXT NOT NULL,
    root TEXT NOT NULL,
    verb TEXT NOT NULL,
    mode TEXT NOT NULL,
    query TEXT NOT NULL,
    sources TEXT NOT NULL,
    found INTEGER NOT NULL,
    places TEXT NOT NULL
) STRICT;
CREATE INDEX searches_by_root ON searches (root, id);
CREATE INDEX searches_by_session ON searches (session, id);
CREATE TABLE bookmarks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    root TEXT NOT NULL,
    path TEXT NOT NULL,
    first_line INTEGER NOT NULL,
    last_line INTEGER NOT NULL,
    text TEXT NOT NULL,
    note TEXT NOT NULL,
    tags TEXT NOT NULL
) STRICT;
INSERT INTO searches VALUES (1, 1000, '', '/r', 'search', '', 'retry', 'code,docs', 3,
    '[{"path":"src/a.rs","first_line":3,"last_line":9}]');
INSERT INTO bookmarks VALUES (7, 1000, '/r', 'src/a.rs', 3, 4, 'fn a() {' || char(10) || '}', 'look', '["todo"]');
INSERT INTO bookmarks VALUES (8, 1000, '/r', 'src/b.rs', 3, 4, 'gone', '', '[]');
DELETE FROM bookmarks WHERE id = 8;
PRAGMA user_version = 1;
"#;
/// What turns it into the second.
const SECOND_FORMAT: &str = "ALTER TABLE searches ADD COLUMN follows INTEGER; PRAGMA user_version = 2;";

#[test]
fn a_file_of_an_earlier_format_is_taken_over_as_it_is() {
    for formats in [&[FIRST_FORMAT][..], &[FIRST_FORMAT, SECOND_FORMAT]] {
        let (_dir, file) = folder();
        let raw = rusqlite::Connection::open(&file).unwrap();
        for sql in formats {
            raw.execute_batch(sql).unwrap();
        }
        drop(raw);
        let mut sessions = Sessions::open(&file).unwrap();
        assert_eq!(
            sessions.history(None, "", 10).unwrap()[0].search,
            search("/r", "retry")
        );
        let kept = sessions.bookmarks(None, "", &[]).unwrap();
        assert_eq!((kept.len(), kept[0].id), (1, 7));
        assert_eq!(kept[0].bookmark, bookmark("src/a.rs", "look", &["todo"]));
        let next = Search {
            follows: Some(1),
            ..search("/r", "limit")
        };
        sessions.record(&[next]).unwrap();
        assert_eq!(sessions.way_back("", None, 4).unwrap().len(), 2);
        // A number that was given out once stays given out.
        let page = Bookmark {
            mark: Mark::Page {
                url: "https://example.org".to_owned(),
            },
            ..bookmark("", "look", &[])
        };
        assert_eq!(sessions.keep(&page).unwrap(), 9);
        drop(sessions);
        let sessions = Sessions::open(&file).unwrap();
        let kept = sessions.bookmarks(None, "", &[]).unwrap();
        assert_eq!((kept.len(), &kept[0].bookmark), (2, &page));
    }
}

#[test]
fn a_process_that_dies_loses_nothing_it_was_told_is_kept() {
    let (dir, file) = folder();
    let mut sessions = Sessions::open(&file).unwrap();
    sessions.keep(&bookmark("src/a.rs", "", &[])).unwrap();
    sessions.record(&[search("/r", "retry")]).unwrap();
    // The files as a death leaves them: the log is not yet folded into the database, which is never closed.
    let copy = dir.path().join("copy.db");
    for suffix in ["", "-wal"] {
        let name = |file: &PathBuf| format!("{}{suffix}", file.display());
        fs::copy(name(&file), name(&copy)).unwrap();
    }
    let after = Sessions::open(&copy).unwrap();
    assert_eq!(after.bookmarks(None, "", &[]).unwrap().len(), 1);
    assert_eq!(queries(&after, None, ""), ["retry"]);
}

#[test]
fn the_history_is_listed_newest_first_and_by_repository_and_text() {
    let (_dir, file) = folder();
    let mut sessions = Sessions::open(&file).unwrap();
    let searches = [
        search("/a", "Retry"),
        search("/b", "limit"),
        search("/a", "retry limit"),
    ];
    sessions.record(&searches).unwrap();
    assert_eq!(queries(&sessions, None, ""), ["retry limit", "limit", "Retry"]);
    assert_eq!(queries(&sessions, Some("/a"), ""), ["retry limit", "Retry"]);
    assert_eq!(queries(&sessions, Some("/a"), "RETRY"), ["retry limit", "Retry"]);
    assert_eq!(queries(&sessions, None, "%"), [""; 0]);
    assert_eq!(sessions.history(None, "", 1).unwrap().len(), 1);
}

#[test]
fn the_last_search_is_that_of_the_session_or_of_the_repository() {
    let (_dir, file) = folder();
    let mut sessions = Sessions::open(&file).unwrap();
    let named = |session: &str, root: &str, query: &str| Search {
        session: session.to_owned(),
        ..search(root, query)
    };
    let searches = [
        named("s", "/a", "one"),
        named("", "/a", "two"),
        named("s", "/b", "three"),
    ];
    sessions.record(&searches).unwrap();
    let last = |session: &str, root| {
        let last = sessions.last(session, root).unwrap();
        last.map(|past| past.search.query)
    };
    assert_eq!(last("", Some("/a")).as_deref(), Some("two"));
    assert_eq!(last("s", None).as_deref(), Some("three"));
    assert_eq!(last("s", Some("/a")).as_deref(), Some("one"));
    assert_eq!(last("t", None), None);
}

#[test]
fn only_the_newest_searches_and_the_best_places_are_kept() {
    let (_dir, file) = folder();
    let mut sessions = Sessions::open(&file).unwrap();
    let many: Vec<Search> = (0..MAX_SEARCHES + 5)
        .map(|n| search("/r", &n.to_string()))
        .collect();
    sessions.record(&many).unwrap();
    let all = sessions.history(None, "", usize::MAX).unwrap();
    assert_eq!(all.len(), MAX_SEARCHES);
    assert_eq!(all.last().unwrap().search.query, "5");
    let place = search("", "").places.remove(0);
    let wide = Search {
        places: vec![place; MAX_PLACES + 1],
        ..search("/r", "wide")
    };
    sessions.record(&[wide]).unwrap();
    let last = sessions.last("", None).unwrap().unwrap();
    assert_eq!(last.search.places.len(), MAX_PLACES);
    assert_eq!(
        sessions.history(None, "", usize::MAX).unwrap().len(),
        MAX_SEARCHES
    );
}

#[test]
fn searches_are_forgotten_by_repository_and_age() {
    let (_dir, file) = folder();
    let mut sessions = Sessions::open(&file).unwrap();
    let at = |at_ms, root: &str| Search {
        at_ms,
        ..search(root, &format!("{root}{at_ms}"))
    };
    sessions.record(&[at(1, "/a"), at(5, "/a"), at(1, "/b")]).unwrap();
    assert_eq!(sessions.forget(Some("/a"), Some(5)).unwrap(), 1);
    assert_eq!(queries(&sessions, None, ""), ["/b1", "/a5"]);
    assert_eq!(sessions.forget(None, None).unwrap(), 2);
}

#[test]
fn bookmarks_are_found_by_text_and_tags_and_removed_all_or_none() {
    let (_dir, file) = folder();
    let mut sessions = Sessions::open(&file).unwrap();
    let first = sessions
        .keep(&bookmark("src/a.rs", "Slow", &["perf", "todo"]))
        .unwrap();
    let second = sessions.keep(&bookmark("src/b.rs", "", &["todo"])).unwrap();
    let ids = |text: &str, tags: &[&str]| -> Vec<u64> {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let found = sessions.bookmarks(Some("/r"), text, &tags).unwrap();
        found.iter().map(|one| one.id).collect()
    };
    assert_eq!(ids("", &[]), [second, first]);
    assert_eq!(ids("slow", &[]), [first]);
    assert_eq!(ids("src/B", &[]), [second]);
    assert_eq!(ids("FN A", &["perf", "todo"]), [first]);
    assert_eq!(ids("", &["nope"]), [0; 0]);
    assert_eq!(sessions.bookmarks(Some("/x"), "", &[]).unwrap(), []);
    let missing = sessions.remove(&[first, 99]).unwrap_err();
    assert_eq!(missing, SessionsError::NoSuchBookmark { ids: vec![99] });
    assert_eq!(sessions.remove(&[first, second, first]).unwrap().len(), 2);
    // A number never comes to mean another bookmark.
    assert!(sessions.keep(&bookmark("src/c.rs", "", &[])).unwrap() > second);
}

#[test]
fn a_damaged_file_is_told_and_left_as_it_is() {
    let (_dir, file) = folder();
    fs::write(
        &file,
        "these are not the pages that you are looking for".repeat(100),
    )
    .unwrap();
    let before = fs::read(&file).unwrap();
    let error = Sessions::open(&file).unwrap_err();
    assert!(matches!(error, SessionsError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
    assert!(error.hint().contains("move the file away"));
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn a_file_of_another_program_or_of_a_newer_version_is_left_as_it_is() {
    let (_dir, file) = folder();
    let raw = rusqlite::Connection::open(&file).unwrap();
    raw.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(raw);
    assert!(matches!(
        Sessions::open(&file),
        Err(SessionsError::Damaged { .. })
    ));
    fs::remove_file(&file).unwrap();

    drop(Sessions::open(&file).unwrap());
    let raw = rusqlite::Connection::open(&file).unwrap();
    raw.pragma_update(None, "user_version", 9).unwrap();
    drop(raw);
    let error = Sessions::open(&file).unwrap_err();
    assert!(
        matches!(
            error,
            SessionsError::Newer {
                found: 9,
                known: 3,
                ..
            }
        ),
        "{error:?}"
    );
}

/// The variable that holds the file to write, in the process that may write no large files.
#[cfg(unix)]
const LIMITED: &str = "AIEX_TEST_LIMITED_SESSIONS";

#[cfg(unix)]
#[test]
fn a_bookmark_that_could_not_be_put_on_the_disk_is_not_said_to_be_kept() {
    let large = Bookmark {
        text: "x".repeat(200_000),
        ..bookmark("src/a.rs", "", &[])
    };
    if let Some(file) = std::env::var_os(LIMITED) {
        let sessions = Sessions::open(&PathBuf::from(file)).unwrap();
        let kept = sessions.keep(&large);
        assert!(matches!(kept, Err(SessionsError::Unusable { .. })), "{kept:?}");
        return;
    }
    let (_dir, file) = folder();
    let sessions = Sessions::open(&file).unwrap();
    // A limit holds for a whole process, so this test runs once more under it: 64 KiB of a file, then writes fail.
    let output = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 128; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "a_bookmark_that_could_not_be_put_on_the_disk_is_not_said_to_be_kept",
        ])
        .env(LIMITED, &file)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert!(sessions.bookmarks(None, "", &[]).unwrap().is_empty());
    assert_eq!(sessions.keep(&large).unwrap(), 1);
}
