//! What is taken as a quote, and what is not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod standing;

use aiex_evidence::{Quotes, Rejected};
use proptest::prelude::*;
use standing::Run;

const PAGE: &str = "Intro.\n\nThe  “runtime” starts one worker\nthread per core — and keeps up to 512 threads\u{a0}for blocking work. \
                    It doesn’t move tasks between runtimes.\n\nThe caf\u{e9} is closed, and the rest of this page says nothing else at all.";

fn accepted(text: &str) -> Result<String, Rejected> {
    let mut run = Run::default();
    let id = run.page("https://example.org/", "", PAGE);
    let source = run.sources.get(id).unwrap();
    let mut quotes = Quotes::new();
    let id = quotes.accept(source, text, Some(1))?;
    let quote = quotes.get(id).unwrap();
    assert!(quote.is_in(source), "a quote is always a piece of the snapshot");
    assert_eq!(quote.sub_question, Some(1));
    Ok(quote.text.clone())
}

#[test]
fn a_verbatim_quote_keeps_the_bytes_of_the_snapshot() {
    assert_eq!(
        accepted("The \"runtime\" starts one worker thread per core - and keeps up to 512 threads for blocking work.").unwrap(),
        "The  “runtime” starts one worker\nthread per core — and keeps up to 512 threads\u{a0}for blocking work."
    );
    assert_eq!(
        accepted("“It doesn't move tasks between runtimes.”").unwrap(),
        "It doesn’t move tasks between runtimes."
    );
    assert_eq!(
        accepted("The cafe\u{301} is closed").unwrap(),
        "The café is closed"
    );
    assert_eq!(
        accepted("...starts one worker thread...").unwrap(),
        "starts one worker\nthread"
    );
}

#[test]
fn small_slips_are_mended_and_changed_facts_are_not() {
    let slip =
        "the runtime starts one worker thread per core and keeps up to 512 threads for the blocking work";
    assert!(accepted(slip).unwrap().ends_with("blocking work"));
    let wrong = "the runtime starts one worker thread per core and keeps up to 256 threads for blocking work";
    assert!(matches!(accepted(wrong), Err(Rejected::Altered { word, .. }) if word == "256"));
    let denied = "It does move tasks between runtimes. The café is closed, and the rest of this page says nothing else at all.";
    assert!(matches!(accepted(denied), Err(Rejected::Altered { .. })));
}

#[test]
fn what_the_source_does_not_say_is_refused_with_a_hint() {
    for text in [
        "",
        "the",
        "Rust is a systems programming language.",
        &"word ".repeat(1000),
    ] {
        let refused = accepted(text).unwrap_err();
        assert!(!refused.hint().is_empty() && !refused.to_string().is_empty());
    }
    assert!(matches!(accepted("the"), Err(Rejected::TooShort { chars: 3 })));
    assert!(matches!(
        accepted(&"word ".repeat(1000)),
        Err(Rejected::TooLong { .. })
    ));
}

#[test]
fn a_passage_that_is_quoted_already_keeps_its_number() {
    let mut run = Run::default();
    let id = run.page("https://example.org/", "", PAGE);
    let first = run.quote(id, "It doesn't move tasks between runtimes.");
    let second = run.quote(id, "move tasks between runtimes");
    let third = run.quote(id, "The café is closed");
    assert_eq!((first.id, second.id.number, third.id.number), (second.id, 1, 2));
}

#[test]
fn a_source_read_twice_keeps_its_number_and_its_first_text() {
    let mut run = Run::default();
    let first = run.page("https://example.org/", "A", "one");
    let again = run.page("https://example.org/", "B", "two");
    let other = run.page("https://example.org/other", "C", "three");
    assert_eq!(
        (first, run.sources.get(first).unwrap().text.as_str()),
        (again, "one")
    );
    assert_ne!(first, other);
    assert!(
        run.sources.get(aiex_evidence::SourceId(0)).is_none()
            && run.sources.get(aiex_evidence::SourceId(3)).is_none()
    );
}

proptest! {
    #[test]
    fn any_piece_of_a_page_is_accepted_and_found_where_it_says(page in "\\PC{20,200}", from in 0usize..100, length in 12usize..100) {
        let mut run = Run::default();
        let id = run.page("https://example.org/", "", &page);
        let piece: String = page.chars().skip(from).take(length).collect();
        let mut quotes = Quotes::new();
        let source = run.sources.get(id).unwrap();
        match quotes.accept(source, &piece, None) {
            Ok(id) => prop_assert!(quotes.get(id).unwrap().is_in(source)),
            Err(refused) => prop_assert!(matches!(refused, Rejected::TooShort { .. }), "{refused}"),
        }
    }

    #[test]
    fn whatever_is_accepted_is_a_piece_of_the_snapshot(page in "([a-c]{1,3}[ .\n]){5,60}", text in "([a-c]{1,3}[ .\n]){4,20}") {
        let mut run = Run::default();
        let id = run.page("https://example.org/", "", &page);
        let source = run.sources.get(id).unwrap();
        let mut quotes = Quotes::new();
        if let Ok(id) = quotes.accept(source, &text, None) {
            prop_assert!(quotes.get(id).unwrap().is_in(source));
        }
    }
}
