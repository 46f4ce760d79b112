//! Which claims are borne out, which are not, and which are in doubt.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod standing;

use aiex_evidence::check::{self, Doubt, Finding};
use aiex_evidence::{Sentence, Verdict};
use standing::{Run, citing};

fn finding(claim: &str, quote: &str) -> Finding {
    let (run, quote) = Run::saying(quote);
    check::check(&citing(claim, &quote), run.evidence())
}

#[track_caller]
fn supported(claim: &str, quote: &str) {
    let found = finding(claim, quote);
    assert!(
        matches!(
            found,
            Finding::Settled {
                verdict: Verdict::Supported,
                ..
            }
        ),
        "{claim} / {quote}: {found:?}"
    );
}

#[track_caller]
fn unsupported(claim: &str, quote: &str, expected: &str) {
    let found = finding(claim, quote);
    let Finding::Settled {
        verdict: Verdict::Unsupported,
        reason: Some(reason),
    } = &found
    else {
        panic!("{claim} / {quote}: {found:?}");
    };
    assert_eq!(reason, expected);
}

#[track_caller]
fn doubtful(claim: &str, quote: &str) -> Doubt {
    match finding(claim, quote) {
        Finding::Doubtful(doubt) => doubt,
        other => panic!("{claim} / {quote}: {other:?}"),
    }
}

const POOL: &str =
    "The blocking pool holds at most 512 threads, and an idle thread is stopped after 10 seconds.";

#[test]
fn a_passage_without_the_marks_of_its_markup_says_what_the_passage_says() {
    let quote =
        "When nothing is registered, an error is returned instead. See :meth:`~Scale.weigh` for more.";
    supported(
        "When nothing is registered, an error is returned instead. See `Scale.weigh` for more.",
        quote,
    );
    supported("See `Scale.weigh` for more.", quote);
}

#[test]
fn a_claim_in_the_words_of_the_quote_is_supported() {
    supported("The blocking pool holds at most 512 threads.", POOL);
    supported("An idle thread is stopped after 10 s.", POOL);
    supported("Idle threads stop after 10,000 ms.", POOL);
    supported("The blocking pool holds at most **512** threads.", POOL);
    supported(
        "`spawn_blocking` runs a closure on the blocking pool.",
        "Thus `spawn_blocking` also runs the closure on the blocking pool.",
    );
    supported("The cache takes about 3.5 MB.", "The cache takes 3.47 MB.");
    for (claim, quote) in [
        ("The pool holds at most 512 threads.", POOL),
        (
            "The cache takes about 3.5 MB.",
            "On this machine the cache takes 3.47 MB.",
        ),
        (
            "`spawn_blocking` runs a closure on the blocking pool.",
            "Call `spawn_blocking` to run a closure on the blocking pool.",
        ),
    ] {
        assert!(matches!(doubtful(claim, quote), Doubt::Dropped { .. }), "{claim}");
    }
}

#[test]
fn one_other_word_or_another_order_is_for_somebody_to_judge() {
    const LEVELS: &str = "We prefer compactions triggered by too much data in a level over the compactions triggered \
                          by seeks. Level-0 compaction is started when we hit this many files. Reads are faster then.";
    for turned in [
        "We prefer compactions triggered by seeks over the compactions triggered by too much data in a level.",
        "Level-0 compaction is prevented when we hit this many files.",
        "Level-0 compaction is started when we hit this many megabytes.",
        "Files are started when we hit this many of level-0 compaction.",
    ] {
        assert_eq!(doubtful(turned, LEVELS), Doubt::Reworded, "{turned}");
    }
    assert_eq!(Doubt::Reworded.without_model(), Verdict::Unchecked);
    assert!(Doubt::Reworded.may_be_cleared());
    supported(
        "Level-0 compaction is started when we hit this many files.",
        LEVELS,
    );
}

#[test]
fn a_fact_that_is_in_no_quote_is_named() {
    unsupported(
        "The blocking pool holds at most 256 threads.",
        POOL,
        "the number 256 is in none of the quotes",
    );
    unsupported(
        "An idle thread is stopped after 10 ms.",
        POOL,
        "the number 10 ms is in none of the quotes",
    );
    unsupported(
        "It was added in 1.39.0.",
        "It was added in 1.38.0.",
        "the version 1.39.0 is in none of the quotes",
    );
    unsupported(
        "It came on 2024-05-04.",
        "It came on 3 May 2024.",
        "the date 2024-05-04 is in none of the quotes",
    );
    unsupported(
        "It says “threads never stop”.",
        "It says that threads never sleep or stop.",
        "the words “threads never stop” are in none of the quotes",
    );
    unsupported(
        "Call `spawn_local` for it.",
        "Call `spawn_blocking` for it.",
        "the name `spawn_local` is in none of the quotes",
    );
}

#[test]
fn a_place_must_lie_in_a_cited_span() {
    let mut run = Run::default();
    let code = run.code(
        "src/pool.rs",
        40,
        "pub const MAX_THREADS: usize = 512;\npub fn pool() -> Pool {\n}",
    );
    let quote = run.quote(code, "pub const MAX_THREADS: usize = 512;");
    let verdict = |claim: &str| match check::check(&citing(claim, &quote), run.evidence()) {
        Finding::Settled { verdict, .. } => verdict,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        verdict("`MAX_THREADS` is 512 (src/pool.rs:40)."),
        Verdict::Supported
    );
    assert_eq!(
        verdict("`MAX_THREADS` is 512 (`pool.rs:40-42`)."),
        Verdict::Supported
    );
    assert_eq!(
        verdict("`MAX_THREADS` is 512 (src/pool.rs:40-43)."),
        Verdict::Unsupported
    );
    assert_eq!(
        verdict("`MAX_THREADS` is 512 (src/pool.rs:39)."),
        Verdict::Unsupported
    );
    assert_eq!(
        verdict("`MAX_THREADS` is 512 (src/other.rs:40)."),
        Verdict::Unsupported
    );
}

#[test]
fn a_name_must_stand_on_the_lines_that_are_said_of_it() {
    let mut run = Run::default();
    let text = "pub const MAX_THREADS: usize = 512;\npub fn pool() -> Pool {\n    Pool::new(MAX_THREADS)\n}";
    let code = run.code("src/pool.rs", 40, text);
    let quote = run.quote(code, text);
    let found = |claim: &str| check::check(&citing(claim, &quote), run.evidence());
    let supported = Finding::Settled {
        verdict: Verdict::Supported,
        reason: None,
    };
    for claim in [
        "`MAX_THREADS` is 512 (src/pool.rs:40).",
        "`pool()` is a `Pool` of `MAX_THREADS` (src/pool.rs:41).",
        "`Pool::new` is of `MAX_THREADS` (src/pool.rs:40-42).",
    ] {
        assert_eq!(found(claim), supported, "{claim}");
    }
    let elsewhere = Doubt::Elsewhere {
        name: "`MAX_THREADS`".to_owned(),
        place: "src/pool.rs:43".to_owned(),
    };
    assert_eq!(elsewhere.without_model(), Verdict::Partial);
    assert_eq!(
        found("`MAX_THREADS` is 512 (src/pool.rs:43)."),
        Finding::Doubtful(elsewhere)
    );
}

#[test]
fn of_several_names_each_must_stand_where_it_is_said_to() {
    let mut run = Run::default();
    let text = "pub const MAX_THREADS: usize = 512;\npub fn pool() -> Pool {\n    Pool::new(MAX_THREADS)\n}\n\npub fn queue() {}";
    let code = run.code("src/pool.rs", 40, text);
    let quote = run.quote(code, text);
    let found = |claim: &str| check::check(&citing(claim, &quote), run.evidence());
    let elsewhere = |claim: &str| matches!(found(claim), Finding::Doubtful(Doubt::Elsewhere { .. }));
    for wrong in [
        "`MAX_THREADS` and `pool()` are defined in src/pool.rs:40.",
        "`pool()`, `queue()` and `MAX_THREADS` are at src/pool.rs:40-41.",
        "`MAX_THREADS` is at src/pool.rs:40, `queue()` is at src/pool.rs:41.",
        "`MAX_THREADS` (src/pool.rs:41) and `queue()` (src/pool.rs:45) are public.",
        "MAX_THREADS is in src/pool.rs:43.",
        "src/pool.rs:40 has `MAX_THREADS`, src/pool.rs:45 has `pool()`.",
    ] {
        assert!(elsewhere(wrong), "{wrong}: {:?}", found(wrong));
    }
    for right in [
        "`MAX_THREADS` and `pool()` are defined in src/pool.rs:40-41.",
        "`MAX_THREADS` and `queue()` are defined in src/pool.rs:40 and src/pool.rs:45.",
        "`MAX_THREADS` (src/pool.rs:40) and `queue()` (src/pool.rs:45) are public.",
        "`pool()` gives a `Pool`, made of `MAX_THREADS` (src/pool.rs:41).",
        "src/pool.rs:40 has `MAX_THREADS`, src/pool.rs:45 has `queue()`.",
        "At src/pool.rs:41, `pool()` makes a `Pool`.",
        "GitHub shows it in src/pool.rs:43.",
    ] {
        assert!(!elsewhere(right), "{right}: {:?}", found(right));
    }
}

#[test]
fn a_changed_sense_is_doubtful_never_refuted() {
    assert_eq!(
        doubtful("The blocking pool never holds 512 threads.", POOL),
        Doubt::Negation
    );
    assert!(matches!(
        doubtful(
            "The pool is faster than the queue.",
            "The pool is slower than the queue."
        ),
        Doubt::Opposite { .. }
    ));
    assert!(matches!(
        doubtful(
            "An idle thread is stopped after 512 seconds.",
            "The pool holds 512 threads. An idle thread is stopped after 10 seconds."
        ),
        Doubt::Loose { .. } | Doubt::Swapped { .. }
    ));
    assert!(matches!(
        doubtful("Rayon steals work between deques.", POOL),
        Doubt::FewWords { .. }
    ));
    assert!(matches!(
        doubtful("The ThreadPool holds at most 512 threads.", POOL),
        Doubt::Name { .. }
    ));
    for doubt in [Doubt::Negation, Doubt::Code, Doubt::FewWords { share: 0.1 }] {
        assert_eq!(doubt.without_model(), Verdict::Unchecked);
    }
}

#[test]
fn a_fact_beside_the_quote_is_partly_borne_out() {
    let mut run = Run::default();
    let page = run.page(
        "https://example.org/",
        "Pool",
        "The blocking pool holds threads. At most it has 512 of them.",
    );
    let quote = run.quote(page, "The blocking pool holds threads.");
    let mut sentence = citing("The blocking pool holds 512 threads.", &quote);
    let doubt = check::settle(&mut sentence, run.evidence()).unwrap();
    assert_eq!(
        doubt,
        Doubt::Beside {
            fact: "512".to_owned()
        }
    );
    assert_eq!(sentence.verdict, Some(Verdict::Partial));
    assert_eq!(
        sentence.reason.as_deref(),
        Some("512 stands beside the quote, not in it")
    );
}

#[test]
fn sentences_that_claim_nothing_are_exempt_and_claims_without_citation_are_not() {
    let run = standing::small_run();
    let found = |text: &str| {
        let sentence = Sentence {
            text: text.into(),
            cites: vec![],
            verdict: None,
            reason: None,
            judged: false,
        };
        check::check(&sentence, run.evidence())
    };
    for text in [
        "The options are:",
        "What does it cost?",
        "In summary, it depends on the load.",
        "Limits",
        "This section compares both.",
    ] {
        assert_eq!(found(text), Finding::Exempt, "{text}");
    }
    for text in [
        "The pool holds 512 threads.",
        "Tokio is the most popular runtime.",
        "In summary, it takes 5 ms.",
    ] {
        assert!(
            matches!(found(text), Finding::Settled { verdict: Verdict::Unsupported, reason: Some(reason) } if reason == "it cites nothing"),
            "{text}"
        );
    }
}

#[test]
fn code_is_borne_out_when_the_quotes_hold_every_line() {
    let code = "pub const MAX_THREADS: usize = 512;\n\npub fn pool() -> Pool {";
    supported("```rust\npub const MAX_THREADS: usize = 512;\n```", code);
    assert_eq!(
        doubtful("```rust\npub const MAX_THREADS: usize = 100;\n```", code),
        Doubt::Code
    );
}

#[test]
fn a_quote_that_is_no_piece_of_its_source_bears_nothing_out() {
    let (run, quote) = Run::saying(POOL);
    let mut forged = vec![quote.clone()];
    forged[0].text = "The blocking pool holds at most 256 threads.".to_owned();
    let evidence = aiex_evidence::Evidence {
        sources: &run.sources,
        quotes: &forged,
    };
    let found = check::check(
        &citing("The blocking pool holds at most 256 threads.", &quote),
        evidence,
    );
    assert!(matches!(
        found,
        Finding::Settled {
            verdict: Verdict::Unsupported,
            ..
        }
    ));
}

#[test]
fn a_models_word_clears_no_contradiction_and_no_sentence_that_shares_nothing() {
    for doubt in [
        doubtful("The blocking pool never holds 512 threads.", POOL),
        doubtful("Gardening takes patience and water.", POOL),
    ] {
        assert!(!doubt.may_be_cleared(), "{doubt}");
    }
    let some = Doubt::FewWords { share: 0.4 };
    assert!(some.may_be_cleared());
}

#[test]
fn a_path_is_no_mix_of_two_that_the_quote_has() {
    let calls = "`Pool::close` comes before `Queue::open`, which calls `tokio::task::spawn` and `flush`.";
    unsupported(
        "`Pool::open` comes.",
        calls,
        "the name `Pool::open` is in none of the quotes",
    );
    for said in [
        "`Queue::open` calls `flush`.",
        "`Pool::flush` is called.",
        "`tokio::spawn` is called.",
    ] {
        assert!(
            !matches!(
                finding(said, calls),
                Finding::Settled {
                    verdict: Verdict::Unsupported,
                    ..
                }
            ),
            "{said}"
        );
    }
}
