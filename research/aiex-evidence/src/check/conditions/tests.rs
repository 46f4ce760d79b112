//! What depends on what in a sentence.

use super::*;

/// Each condition and what it governs.
fn of(text: &str) -> Vec<(String, &str)> {
    conditions(text)
        .into_iter()
        .map(|condition| (condition.word, &text[condition.governs]))
        .collect()
}

#[track_caller]
fn governs(text: &str, expected: &[(&str, &str)]) {
    let found = of(text);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(word, governed)| (word.as_str(), *governed))
        .collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn a_condition_governs_the_clause_that_it_stands_in() {
    governs(
        "The cache is dropped when it is full.",
        &[("when", "The cache is dropped when it is full")],
    );
    governs(
        "Reads are cached, and writes wait until the disk is free.",
        &[("until", "and writes wait until the disk is free")],
    );
    governs(
        "Reads are cached; writes wait if the disk is busy.",
        &[("if", "writes wait if the disk is busy")],
    );
}

#[test]
fn a_condition_before_its_clause_or_behind_a_comma_governs_all_of_the_part() {
    governs(
        "If the disk is full, reads fail, and writes wait; nothing is lost.",
        &[("if", "If the disk is full, reads fail, and writes wait")],
    );
    governs(
        "Reads fail, and writes wait, unless the disk is empty.",
        &[("unless", "Reads fail, and writes wait, unless the disk is empty")],
    );
    governs("It is dropped (if full).", &[("if", "It is dropped (if full")]);
}

#[test]
fn hedges_bounds_and_cases_are_conditions() {
    governs(
        "The lock is usually held.",
        &[("usually", "The lock is usually held")],
    );
    governs("By default, it is 5.", &[("by default", "By default, it is 5")]);
    governs("It may, at times, panic.", &[("may", "may, at times, panic")]);
    governs(
        "It panics in debug builds.",
        &[("in debug builds", "It panics in debug builds")],
    );
    governs(
        "It works for arrays only.",
        &[("only", "It works for arrays only")],
    );
    governs(
        "It is there since 1.2.0.",
        &[("since 1.2.0", "It is there since 1.2.0")],
    );
    governs(
        "It is 5 on Linux and 6 on Windows.",
        &[
            ("on linux", "It is 5 on Linux and 6 on Windows"),
            ("on windows", "and 6 on Windows"),
        ],
    );
}

#[test]
fn other_senses_of_these_words_are_no_conditions() {
    for text in [
        "It checks if the file exists.",
        "It is held even if nobody waits.",
        "The `if` and `when` keywords are read.",
        "It was released in May 2024.",
        "Runs the provided closure once.",
        "A read-only index is opened.",
        "Support has been stable since.",
    ] {
        governs(text, &[]);
    }
}
