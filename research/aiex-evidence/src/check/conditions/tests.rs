//! Where conditions stand.

use super::*;

#[track_caller]
fn holds(text: &str, expected: &[&str]) {
    let found: Vec<&str> = conditions(text).into_iter().map(|own| &text[own]).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn a_condition_ends_with_its_clause_or_at_the_comma_that_sets_it_off() {
    holds("The cache is dropped when it is full.", &["when it is full"]);
    holds(
        "If the disk is full, reads fail, and writes wait.",
        &["If the disk is full"],
    );
    holds(
        "Reads are cached, and writes wait until the disk is free.",
        &["until the disk is free"],
    );
    holds("It is dropped (if full).", &["if full"]);
    holds(
        "Reads fail, and writes wait, unless the disk is empty.",
        &["unless the disk is empty"],
    );
}

#[test]
fn other_senses_of_these_words_are_no_conditions() {
    for text in [
        "It checks if the file exists.",
        "It is held even if nobody waits.",
        "The `if` and `when` keywords are read.",
        "Runs the provided closure once.",
    ] {
        holds(text, &[]);
    }
}
