//! Questions and their answers.

use aiex_history::{ChangeKind, HistoryError, Side};

use crate::repo::{DAY, Repo, START, search, subjects, update};

/// A small project in which a retry policy comes, changes and goes.
fn project() -> Repo {
    let mut repo = Repo::new();
    repo.commit(
        "Begin",
        &[
            ("README.md", "A client.\n"),
            ("src/main.rs", "fn main() { connect(); }\n"),
        ],
    );
    repo.commit(
        "Introduce RetryPolicy for flaky sockets\n\nThe upstream closes idle connections without notice.\n\nSee the \
         incident of March: retrying twice was enough.\n\nSigned-off-by: Ada <ada@example.org>",
        &[("src/net/retry.rs", "pub struct RetryPolicy {\n    attempts: u32,\n}\n")],
    );
    repo.commit(
        "Use jitter",
        &[(
            "src/net/retry.rs",
            "pub struct RetryPolicy {\n    attempts: u32,\n    jitter: bool,\n}\n",
        )],
    );
    repo.commit(
        "Mention the RetryPolicy in the notes",
        &[("README.md", "A client.\nRetryPolicy: see src.\n")],
    );
    repo.git(&["rm", "-q", "src/net/retry.rs"]);
    repo.commit(
        "Simplify connections",
        &[("src/main.rs", "fn main() { connect_once(); }\n")],
    );
    repo.commit("Tidy words", &[("README.md", "A client that reconnects.\n")]);
    repo
}

#[test]
fn when_something_went_is_answered_by_the_commit_that_removed_its_lines() {
    let repo = project();
    let history = repo.history();
    update(&history);
    let hits = search(&history, "when was jitter removed?");
    assert_eq!(hits[0].subject, "Simplify connections");
    assert_eq!(hits[0].lines[0].side, Side::Removed);
    assert_eq!(
        (hits[0].lines[0].path.as_str(), hits[0].lines[0].text.as_str()),
        ("src/net/retry.rs", "jitter: bool,")
    );
    assert!(
        hits[0]
            .files
            .iter()
            .any(|file| file.path == "src/net/retry.rs" && file.kind == ChangeKind::Deleted)
    );
}

#[test]
fn when_something_came_is_answered_by_the_first_commit_with_its_lines() {
    let repo = project();
    let history = repo.history();
    update(&history);
    assert_eq!(
        subjects(&history, "when was retry_policy added")[0],
        "Introduce RetryPolicy for flaky sockets"
    );
    assert_eq!(
        subjects(&history, "who introduced connect once")[0],
        "Simplify connections"
    );
}

#[test]
fn why_is_answered_by_messages_and_shows_their_telling_paragraph() {
    let repo = project();
    let history = repo.history();
    update(&history);
    let hit = search(&history, "why are we retrying after idle connections").remove(0);
    assert_eq!(hit.subject, "Introduce RetryPolicy for flaky sockets");
    assert_eq!(
        hit.snippet,
        "The upstream closes idle connections without notice."
    );
    assert_eq!((hit.author.as_str(), hit.time), ("Ada", START + DAY));
    assert_eq!(hit.id.len(), 40);
}

#[test]
fn identifiers_are_found_in_any_spelling_and_by_their_parts() {
    let repo = project();
    let history = repo.history();
    update(&history);
    for query in [
        "RetryPolicy",
        "retry_policy",
        "retryPolicy",
        "retry policy",
        "policy",
    ] {
        let found = subjects(&history, query);
        assert!(
            found[..2].contains(&"Introduce RetryPolicy for flaky sockets".to_owned()),
            "{query}: {found:?}"
        );
        assert!(
            found.contains(&"Simplify connections".to_owned()),
            "{query}: {found:?}"
        );
        assert!(!found.contains(&"Begin".to_owned()), "{query}");
    }
    assert_eq!(
        subjects(&history, "simplified connection")[0],
        "Simplify connections",
        "words are stemmed"
    );
}

#[test]
fn filters_narrow_and_stand_alone() {
    let mut repo = project();
    repo.git(&["config", "user.name", "Grace"]);
    repo.write("src/lib.rs", "pub fn retry() {}\n");
    repo.git(&["add", "-A"]);
    repo.git(&[
        "-c",
        "user.name=Grace Hopper",
        "-c",
        "user.email=grace@navy.example",
        "commit",
        "-q",
        "-m",
        "Add a library",
    ]);
    repo.commit("Later", &[]);
    let history = repo.history();
    update(&history);
    assert_eq!(subjects(&history, "author:\"grace hopper\""), ["Add a library"]);
    assert_eq!(subjects(&history, "retry author:navy.example"), ["Add a library"]);
    assert_eq!(
        subjects(&history, "retry author:grace path:net"),
        Vec::<String>::new()
    );
    assert_eq!(
        subjects(&history, "path:NET/retry"),
        [
            "Simplify connections",
            "Use jitter",
            "Introduce RetryPolicy for flaky sockets"
        ]
    );
    // The commits are a day apart and begin on 2023-11-14.
    assert_eq!(
        subjects(&history, "since:2023-11-15 until:2023-11-17"),
        ["Use jitter", "Introduce RetryPolicy for flaky sockets"]
    );
    assert_eq!(subjects(&history, "").len(), 8, "an empty query lists the newest");
    assert_eq!(subjects(&history, "")[..2], ["Later", "Add a library"]);
}

#[test]
fn the_beginning_of_an_id_finds_its_commit() {
    let mut repo = project();
    let id = repo.commit("The one", &[("x", "y\n")]);
    let history = repo.history();
    update(&history);
    // Seven digits may be letters only, which is a word.
    assert_eq!(search(&history, &id)[0].id, id);
    assert_eq!(search(&history, &id[..30])[0].subject, "The one");
}

#[test]
fn of_equals_the_newer_comes_first() {
    let mut repo = Repo::new();
    for file in ["first", "second", "third"] {
        repo.commit("Bump the widget", &[(file, "gadget\n")]);
    }
    let history = repo.history();
    update(&history);
    let times: Vec<i64> = search(&history, "widget").iter().map(|hit| hit.time).collect();
    assert_eq!(times, [START + 2 * DAY, START + DAY, START]);
}

#[test]
fn operators_and_odd_characters_are_words_like_any_other() {
    let repo = project();
    let history = repo.history();
    update(&history);
    for query in [
        "NEAR(retry",
        "\"",
        "retry AND",
        "subject:",
        "a*b^c",
        "';--",
        "NOT",
        "{}",
        "\u{0}",
        "émoji 😀",
    ] {
        assert!(history.search(query, 5, START, &|| false).is_ok(), "{query}");
    }
}

#[test]
fn a_search_can_be_cancelled() {
    let repo = project();
    let history = repo.history();
    update(&history);
    assert!(matches!(
        history.search("retry", 5, START, &|| true),
        Err(HistoryError::Cancelled)
    ));
}

#[test]
fn churn_counts_commits_by_file_in_a_span_of_days() {
    let repo = project();
    let history = repo.history();
    update(&history);
    let all = history.churn(1_000, START + 10 * DAY).unwrap();
    assert_eq!(
        (all["README.md"].commits, all["README.md"].last),
        (3, START + 5 * DAY)
    );
    assert_eq!(all["src/net/retry.rs"].commits, 3);
    let recent = history.churn(1, START + 5 * DAY + 10).unwrap();
    assert_eq!(recent.keys().collect::<Vec<_>>(), ["README.md"]);
}
