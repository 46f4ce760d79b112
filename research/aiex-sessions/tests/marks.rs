//! Bookmarks of what is no lines.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use aiex_sessions::{Bookmark, Mark, Sessions};

/// Bookmarks of a page, a commit of `/r` and a quote.
fn bookmarks() -> [Bookmark; 3] {
    let of = |mark, text: &str| Bookmark {
        at_ms: 1_000,
        mark,
        text: text.to_owned(),
        note: "look".to_owned(),
        tags: vec!["todo".to_owned()],
    };
    let page = Mark::Page {
        url: "https://example.org/Retry".to_owned(),
    };
    let commit = Mark::Commit {
        root: "/r".to_owned(),
        commit: "0af3".repeat(10),
        subject: "Wait \"longer\"".to_owned(),
    };
    let quote = Mark::Quote {
        run: "20260131-0af3c9".to_owned(),
        source: 1,
        number: 2,
        place: "src/a.rs:3".to_owned(),
    };
    [
        of(page, ""),
        of(commit, "The server needs a second."),
        of(quote, "It waits."),
    ]
}

#[test]
fn pages_commits_and_quotes_are_kept_found_and_removed_like_lines() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sessions.db");
    let sessions = Sessions::open(&file).unwrap();
    let all = bookmarks();
    let ids = all.each_ref().map(|one| sessions.keep(one).unwrap());
    drop(sessions);
    let mut sessions = Sessions::open(&file).unwrap();
    let found = |root: Option<&str>, text: &str| -> Vec<u64> {
        let found = sessions.bookmarks(root, text, &["todo".to_owned()]).unwrap();
        for one in &found {
            assert_eq!(Some(&one.bookmark), all.get(one.id as usize - 1));
        }
        found.iter().map(|one| one.id).collect()
    };
    let [page, commit, quote] = ids;
    assert_eq!(found(None, ""), [quote, commit, page]);
    assert_eq!(found(Some("/r"), ""), [quote, commit, page]);
    // Only a commit is of a repository.
    assert_eq!(found(Some("/other"), ""), [quote, page]);
    assert_eq!(found(None, "EXAMPLE.org/retry"), [page]);
    assert_eq!(found(None, "0af30af3"), [commit]);
    assert_eq!(found(None, "wait \"longer"), [commit]);
    assert_eq!(found(None, "needs a second"), [commit]);
    assert_eq!(found(None, "0af3c9#s1.2 src/a"), [quote]);
    let removed = sessions.remove(&ids).unwrap();
    assert!(removed.iter().map(|one| &one.bookmark).eq(&all));
}
