//! Sentences in their quotes' own words, in their order, that leave some of them out.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod standing;

use aiex_evidence::Verdict;
use aiex_evidence::check::{self, Doubt, Finding};
use standing::{Run, citing};

fn found(claim: &str, said: &str) -> Finding {
    let (run, quote) = Run::saying(said);
    check::check(&citing(claim, &quote), run.evidence())
}

/// What a quote says, and a sentence that says more by leaving something out.
const MORE: &[(&str, &str)] = &[
    (
        "The echo reader hardly checks the signature.",
        "The echo reader checks the signature.",
    ),
    (
        "The echo reader barely checks the signature.",
        "The echo reader checks the signature.",
    ),
    (
        "The echo reader scarcely checks the signature.",
        "The echo reader checks the signature.",
    ),
    (
        "The echo reader almost always checks the lock.",
        "The echo reader always checks the lock.",
    ),
    (
        "The echo reader locks every second file.",
        "The echo reader locks every file.",
    ),
    ("Half of the readers lock the file.", "The readers lock the file."),
    ("Most of the readers lock the file.", "The readers lock the file."),
    (
        "All but one of the readers lock the file.",
        "The readers lock the file.",
    ),
    (
        "The reader locks the file (network drives only).",
        "The reader locks the file.",
    ),
    (
        "The reader locks the file - on network drives.",
        "The reader locks the file.",
    ),
    (
        "The scan is expected to finish within nine seconds.",
        "The scan finishes within nine seconds.",
    ),
    ("The reader tries to lock the file.", "The reader locks the file."),
    (
        "The reader is designed to lock the file.",
        "The reader locks the file.",
    ),
    ("The reader used to lock the file.", "The reader locks the file."),
    ("The reader has to lock the file.", "The reader locks the file."),
    ("The reader will lock the file.", "The reader locks the file."),
    (
        "The file was locked by the reader.",
        "The file is locked by the reader.",
    ),
    (
        "According to its author, the olive reader never loses a page.",
        "The olive reader never loses a page.",
    ),
    (
        "According to its author, the reader is fast, and the writer never loses a page.",
        "The writer never loses a page.",
    ),
    (
        "Users reported that the olive reader leaks.",
        "The olive reader leaks.",
    ),
    (
        "The users say that the reader is fast, and the writer leaks.",
        "The writer leaks.",
    ),
    (
        "The users say that the reader is fast, and that the writer leaks.",
        "The writer leaks.",
    ),
    (
        "The page is drawn in browsers that support it.",
        "The page is drawn.",
    ),
    (
        "The reader closes the file with the lock enabled.",
        "The reader closes the file.",
    ),
    (
        "The reader is stopped through the admin endpoint.",
        "The reader is stopped.",
    ),
    ("The reader waits for up to 3 requests.", "The reader waits."),
    (
        "The echo reader is faster than the olive reader.",
        "The echo reader is faster.",
    ),
    (
        "Previously the reader locked the file.",
        "The reader locked the file.",
    ),
    (
        "Previously, the reader locked the file, and the writer waited.",
        "The writer waited.",
    ),
    (
        "Experimental: the reader locks the file.",
        "The reader locks the file.",
    ),
    ("The reader is fast under light load.", "The reader is fast."),
    ("The pool has 5 threads per process.", "The pool has 5 threads."),
    (
        "The reader locks the file except on network drives.",
        "The reader locks the file.",
    ),
    (
        "The reader locks the file; except on network drives.",
        "The reader locks the file.",
    ),
    (
        "The reader locks the file, but network drives are left out.",
        "The reader locks the file.",
    ),
    (
        "The reader locks the file, or the call is refused.",
        "The reader locks the file.",
    ),
    (
        "The reader locks the file, at least on Linux.",
        "The reader locks the file.",
    ),
    (
        "The file is locked, and pages are kept, on most drives.",
        "The file is locked.",
    ),
    ("The reader may lock the file, and sync it.", "Sync it."),
    (
        "The reader, which is off by default, locks the file.",
        "The reader locks the file.",
    ),
    ("Most readers lock most files.", "Readers lock most files."),
    ("The reader locks just the index.", "The reader locks the index."),
];

#[test]
fn code_vouches_for_no_sentence_that_leaves_out_words_of_what_it_takes() {
    let vouched: Vec<_> = MORE
        .iter()
        .map(|(said, claim)| (said, claim, found(claim, said)))
        .filter(|(.., found)| {
            !matches!(found, Finding::Doubtful(doubt) if doubt.may_be_cleared() && doubt.without_model() == Verdict::Unchecked)
        })
        .collect();
    assert!(
        vouched.is_empty(),
        "{} of {}: {vouched:#?}",
        vouched.len(),
        MORE.len()
    );
}

#[test]
fn what_says_nothing_and_what_stands_beside_it_may_be_left_out() {
    for (said, claim) in [
        (
            "Note that the reader therefore also locks the file.",
            "The reader locks the file.",
        ),
        (
            "However, the reader then simply locks this file.",
            "The reader locks the file.",
        ),
        (
            "Please note: the reader locks its file.",
            "The reader locks the file.",
        ),
        (
            "If it is full, the writer waits. The reader locks the file.",
            "The reader locks the file.",
        ),
        (
            "The writer waits if it is full, and the reader locks the file.",
            "The reader locks the file.",
        ),
        (
            "The reader locks the file, and the writer usually waits.",
            "The reader locks the file.",
        ),
        (
            "The reader locks the file; writes wait.",
            "The reader locks the file.",
        ),
        (
            "The reader locks the file, and closes it.",
            "The reader locks the file.",
        ),
        (
            "The writer waits, but the reader locks the file.",
            "The reader locks the file.",
        ),
        (
            "`read` locks the file, and `write` waits if it is full.",
            "`read` locks the file.",
        ),
        (
            "The pool holds up to 5 threads.",
            "The pool holds no more than five threads.",
        ),
    ] {
        let expected = Finding::Settled {
            verdict: Verdict::Supported,
            reason: None,
        };
        assert_eq!(found(claim, said), expected, "{claim} / {said}");
    }
}

#[test]
fn the_first_word_that_is_left_out_is_named() {
    let word = "hardly".to_owned();
    let doubt = Finding::Doubtful(Doubt::Dropped { word });
    assert_eq!(found(MORE[0].1, MORE[0].0), doubt);
}
