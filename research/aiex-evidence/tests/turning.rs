//! Sentences that an audit found vouched for though they are false, and true ones beside them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod standing;

use aiex_evidence::check::{self, Doubt, Finding};
use aiex_evidence::{Quote, Verdict};
use standing::{Run, citing};

const CACHE: &str = "/// The cache drops an entry after a write, if the disk is full.\npub fn drop_entry(&mut self) -> \
                     Option<Entry> {\n    if !self.full { return None; }\n    self.entries.pop()\n}";
const RETRY: &str = "use std::time::Duration;\n\n/// The pause between two uploads.\npub const UPLOAD_RETRY_MS: u64 = \
                     250;\n\n/// The limits.\npub fn limits() -> Limits {\n    Limits::new(UPLOAD_RETRY_MS)\n}";
const UPLOADS: &str = "The uploader gives up after 12 failed uploads. It waits 250 milliseconds between two of them, see \
                       rule 250. It retries every upload from the old host to the new host.";
const PAGES: &str = "A batch takes up to 5 pages, and stays under the limit of the server.";

fn of_page(text: &str) -> (Run, Quote) {
    Run::saying(text)
}

fn of_code(path: &str, text: &str) -> (Run, Quote) {
    let mut run = Run::default();
    let id = run.code(path, 1, text);
    let quote = run.quote(id, text);
    (run, quote)
}

fn found(claim: &str, (run, quote): &(Run, Quote)) -> Finding {
    check::check(&citing(claim, quote), run.evidence())
}

#[track_caller]
fn vouched(claim: &str, of: &(Run, Quote)) {
    let expected = Finding::Settled {
        verdict: Verdict::Supported,
        reason: None,
    };
    assert_eq!(found(claim, of), expected, "{claim}");
}

#[track_caller]
fn doubt(claim: &str, of: &(Run, Quote)) -> Doubt {
    match found(claim, of) {
        Finding::Doubtful(doubt) => doubt,
        other => panic!("{claim}: {other:?}"),
    }
}

/// No model's word makes it supported, and it is not refuted either.
#[track_caller]
fn stands(claim: &str, of: &(Run, Quote)) {
    let doubt = doubt(claim, of);
    assert!(!doubt.may_be_cleared(), "{claim}: {doubt:?}");
    assert!(matches!(
        doubt.without_model(),
        Verdict::Unchecked | Verdict::Partial
    ));
}

/// Code does not vouch for it; a model may.
#[track_caller]
fn judged(claim: &str, of: &(Run, Quote)) {
    let doubt = doubt(claim, of);
    assert!(doubt.may_be_cleared(), "{claim}: {doubt:?}");
}

#[test]
fn what_a_comment_says_is_denied_in_prose() {
    let cache = of_code("src/cache.rs", CACHE);
    vouched(
        "The cache drops an entry after a write, if the disk is full.",
        &cache,
    );
    judged("A cache drops entries after the write.", &cache);
    for turned in [
        "The cache does not drop an entry after a write.",
        "The cache drops no entry after a write.",
        "The cache drops an entry after a write, if the disk is not full.",
        "The cache drops an entry only after a write.",
        "The cache does not drop an entry after a write, if the disk is not full.",
        "The cache never drops an entry after a write.",
    ] {
        stands(turned, &cache);
    }
    judged("The cache drops an entry when the disk is full.", &cache);
    judged("The disk is full.", &cache);
}

#[test]
fn a_sentence_about_code_may_deny_what_code_says_with_signs() {
    let cache = of_code("src/cache.rs", CACHE);
    for claim in [
        "`drop_entry` gives `None` when `self.full` is not set.",
        "`drop_entry` returns None and pops no entries while self is not full.",
    ] {
        judged(claim, &cache);
    }
    let none = of_code(
        "src/find.rs",
        "/// Returns None if no key was found.\nfn find() -> Option<Key>;",
    );
    vouched("Returns `None` if no key was found.", &none);
}

#[test]
fn small_words_stand_where_the_quote_has_them() {
    let uploads = of_page(UPLOADS);
    vouched("The uploader gives up after 12 failed uploads.", &uploads);
    vouched(
        "It retries every upload from the old host to the new host.",
        &uploads,
    );
    judged("It retries from the old host to the new host.", &uploads);
    vouched("It waits 250 ms between two of them, see rule 250.", &uploads);
    judged("It waits 250 ms between two of them.", &uploads);
    stands("The uploader does not give up after 12 failed uploads.", &uploads);
    stands("It retries to the old host from the new host.", &uploads);
    stands("The uploader gives up before 12 failed uploads.", &uploads);
    judged("The uploader gives up when 12 uploads failed.", &uploads);

    let pages = of_page(PAGES);
    vouched("A batch takes at most 5 pages.", &pages);
    vouched("Batches take no more than 5 pages.", &pages);
    stands("A batch takes over 5 pages and stays above the limit.", &pages);
    stands("A batch takes at least 5 pages.", &pages);
    stands("A batch stays above the limit of the server.", &pages);

    let linked = of_page(
        "Chunks go from the [old](https://example.org/a.b) host to the new one, in the order of their names.",
    );
    vouched(
        "Chunks go from the old host to the new one, in the order of their names.",
        &linked,
    );
    judged("Chunks go from the old host to the new one.", &linked);
    stands("Chunks go to the old host from the new one.", &linked);

    let read_only = of_page("A read-only index is opened by every worker.");
    vouched("A read-only index is opened by each worker.", &read_only);
    judged("A read-only index opens every worker.", &read_only);
}

#[test]
fn what_code_looks_up_is_cleared_by_nobody() {
    let retry = of_code("src/retry.rs", RETRY);
    vouched("`UPLOAD_RETRY_MS` is at retry.rs:4.", &retry);
    for wrong in [
        "The pause `UPLOAD_RETRY_MS` stands at `retry.rs:7`.",
        "`UPLOAD_RETRY_MS` is defined in retry.rs:5-6.",
        "`limits()` is at retry.rs:1.",
        "`limits()` is at retry.rs:１.",
        "The pause `UPLOAD_RETRY_MS` is 250 seconds.",
    ] {
        stands(wrong, &retry);
    }
    judged("The pause `UPLOAD_RETRY_MS` is 250 milliseconds.", &retry);

    let uploads = of_page(UPLOADS);
    for wrong in [
        "It waits 250 seconds between two of them.",
        "It waits three hundred milliseconds between two of them.",
        "The uploader gives up after seven failed uploads.",
        "The uploader gives up after twenty failed uploads.",
        "It never waits 250 seconds between two of them.",
    ] {
        stands(wrong, &uploads);
    }
    vouched("The uploader gives up after twelve failed uploads.", &uploads);
    vouched("The uploader gives up after １２ failed uploads.", &uploads);
    assert_eq!(
        found("It waits ２５１ milliseconds between two of them.", &uploads),
        Finding::Settled {
            verdict: Verdict::Unsupported,
            reason: Some("the number ２５１ milliseconds is in none of the quotes".to_owned()),
        }
    );
}

#[test]
fn a_doubt_that_stands_goes_before_one_that_may_be_cleared() {
    let uploads = of_page(UPLOADS);
    let never = doubt(
        "IoUring never retries from the old host to the new host.",
        &uploads,
    );
    assert_eq!(never, Doubt::Negation, "and not the name");
    let bandwidth = of_page("The bandwidth of a link is shared by its users.");
    stands("Twenty penguins swim in the southern ocean.", &bandwidth);
    stands("PenGuins swim in southern oceans.", &bandwidth);
}

#[test]
fn what_a_quote_says_under_a_condition_is_not_said_without_it() {
    const CUTS: &[(&str, &str)] = &[
        (
            "The cache is dropped when the checksum does not match.",
            "The cache is dropped.",
        ),
        (
            "Unless a lock is held, the cache is dropped.",
            "The cache is dropped.",
        ),
        (
            "The cache is dropped (if the disk is full).",
            "The cache is dropped.",
        ),
        (
            "Writes wait, and reads fail, until the disk is free.",
            "Writes wait.",
        ),
        (
            "If the disk is full:\n- reads fail\n- writes wait",
            "Writes wait.",
        ),
        ("The lock may, at times, panic.", "The lock panics."),
        ("The lock may panic.", "The lock panics."),
        ("The lock is held, usually.", "The lock is held."),
        ("By default, the pool is open.", "The pool is open."),
        ("The pool is open on Windows.", "The pool is open."),
        ("Overflows panic in debug builds.", "Overflows panic."),
        ("The call works for arrays only.", "The call works."),
        ("The call works for arrays only.", "The call works for arrays."),
        (
            "`open` is deprecated since 2.0 and gives a file.",
            "`open` gives a file.",
        ),
        ("The pool holds up to 512 threads.", "The pool holds 512 threads."),
        ("The pool holds about 512 threads.", "The pool holds 512 threads."),
    ];
    for (said, cut) in CUTS {
        let (run, quote) = of_page(said);
        judged(cut, &(run, quote));
    }
    let when = Doubt::Dropped {
        word: "when".to_owned(),
    };
    let cut = of_page(CUTS[0].0);
    assert_eq!(doubt(CUTS[0].1, &cut), when);
    assert_eq!(when.without_model(), Verdict::Unchecked);
}

#[test]
fn a_condition_of_another_clause_is_not_asked_for() {
    const TAKEN: &[(&str, &str)] = &[
        ("If the disk is full, writes wait. Reads go on.", "Reads go on."),
        ("Writes wait if the disk is full; reads go on.", "Reads go on."),
        (
            "Writes wait if the disk is full, but reads go on.",
            "Reads go on.",
        ),
        (
            "Reads go on, and writes wait if the disk is full.",
            "Reads go on.",
        ),
        (
            "The cache is dropped if full. The cache is dropped daily.",
            "The cache is dropped daily.",
        ),
        ("Writes wait if asked. Writes wait.", "Writes wait."),
        (
            "The limit is 5 on Linux; the limit is 6 on Windows.",
            "The limit is 6 on Windows.",
        ),
        ("It checks if the file is there.", "It checks if a file is there."),
        (
            "A read-only index is kept even if it is empty.",
            "The read-only index is kept even if it is empty.",
        ),
        (
            "Writes wait when the disk is full, and callers are told.",
            "Writes wait when the disk is full.",
        ),
    ];
    for (said, taken) in TAKEN {
        vouched(taken, &of_page(said));
    }
    // These leave out a part of what they take: often harmless, but code does not know.
    for (said, taken) in [
        (
            "The cache, which is emptied when full, has 5 pages.",
            "The cache has 5 pages.",
        ),
        (
            "The limit is 5 on Linux and 6 on Windows.",
            "The limit is 5 on Linux.",
        ),
        (
            "A read-only index is kept even if it is empty.",
            "A read-only index is kept.",
        ),
    ] {
        judged(taken, &of_page(said));
    }
}

#[test]
fn a_denial_in_a_condition_denies_nothing_else() {
    let cache = of_page("The cache is dropped when the checksum does not match.");
    stands("The cache is not dropped.", &cache);
    stands("The cache is dropped when the checksum matches.", &cache);
    judged("The cache is dropped.", &cache);
}

#[test]
fn a_number_that_is_left_out_has_not_changed_places() {
    for (said, taken) in [
        (
            "The pool keeps 4 threads and at most 16 threads.",
            "The pool keeps at most 16 threads.",
        ),
        (
            "It waits 5 seconds then 10 seconds then 20 seconds.",
            "It waits 5 seconds then 20 seconds.",
        ),
    ] {
        judged(taken, &of_page(said));
    }
    let limits = of_page("The queue is limited to 5 entries and the pool to 200 entries.");
    judged("The pool is limited to 200 entries.", &limits);
    let batches = of_page("A worker sends 5 batches at once and 200 batches per minute.");
    judged("A worker sends 200 batches per minute.", &batches);
    for (said, swapped) in [
        (
            "The queue is limited to 5 entries and the pool to 200 entries.",
            "The queue is limited to 200 entries.",
        ),
        (
            "The pool keeps 4 threads and 16 threads are queued.",
            "The pool keeps 16 threads.",
        ),
    ] {
        stands(swapped, &of_page(said));
    }
}

#[test]
fn a_number_of_another_sentence_is_another_number() {
    let limits = of_page("The queue holds 5 entries. The pool holds 200 entries. The queue holds entries.");
    vouched("The queue holds 5 entries.", &limits);
    vouched("The pool holds 200 entries.", &limits);
    judged("The queue holds 200 entries.", &limits);
    judged("The pool holds 5 entries.", &limits);
}
