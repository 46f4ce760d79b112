//! How lists of places from several sources become one.

use aiex_evidence::Origin;

use super::*;

fn found(name: &str) -> aiex_research::Found {
    aiex_research::Found {
        origin: Origin::Web {
            url: format!("https://example.org/{name}"),
        },
        title: name.to_owned(),
        snippet: format!("text of {name}"),
        score: 1.0,
        text: None,
        date: None,
        licence: None,
        instructs: false,
    }
}

#[test]
fn lists_are_interleaved_and_code_keeps_the_places_between() {
    let others = HashMap::from([
        (SourceKind::Docs, vec![found("a"), found("b")]),
        (SourceKind::Git, vec![found("c")]),
    ]);
    let merged = merge("where are retries decided", (3, 0), &others, 10);
    let ranks: Vec<_> = merged
        .found
        .iter()
        .map(|placed| (placed.found.title.as_str(), placed.rank))
        .collect();
    assert_eq!(ranks, [("a", 2), ("b", 4), ("c", 6)]);
    assert_eq!(merged.hits, 3);
}

#[test]
fn what_two_sources_return_stands_once_and_higher() {
    let others = HashMap::from([
        (SourceKind::Docs, vec![found("x"), found("same")]),
        (SourceKind::Web, vec![found("same")]),
    ]);
    let merged = merge("where are retries decided", (0, 0), &others, 10);
    assert_eq!(merged.found.len(), 2);
    assert_eq!(merged.found[0].found.title, "same");
    assert_eq!(merged.found[0].also, [SourceKind::Web]);
}

#[test]
fn no_more_than_the_limit_is_shown() {
    let others = HashMap::from([(SourceKind::Docs, (0..9).map(|n| found(&n.to_string())).collect())]);
    let merged = merge("retries", (9, 0), &others, 5);
    assert_eq!(merged.hits + merged.found.len(), 5);
}

#[test]
fn commits_come_before_code_that_has_none_of_the_words_or_when_the_past_is_asked_for() {
    let others = HashMap::from([(SourceKind::Git, vec![found("a"), found("b")])]);
    let ranks = |query: &str, nowhere: usize| -> Vec<u32> {
        let merged = merge(query, (4, nowhere), &others, 10);
        merged.found.iter().map(|placed| placed.rank).collect()
    };
    assert_eq!(ranks("teardown order", 0), [5, 6]);
    assert_eq!(ranks("teardown order", 1), [2, 4]);
    assert_eq!(ranks("how are handlers torn down", 0), [5, 6]);
    assert_eq!(ranks("why was the order of handlers changed", 0), [1, 3]);
}
