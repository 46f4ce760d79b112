//! Errors planted into true sentences: every one is caught, and the true sentences pass.
//!
//! Each case is a page, a quote of it, a true sentence about the quote in other words, and the same sentence with one
//! error. Caught means: not supported, whatever a model says that is asked. The error is often a fact that stands elsewhere on
//! the page or in the quote.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod planting;
mod standing;

use std::collections::BTreeMap;

use aiex_evidence::Verdict;
use aiex_evidence::check::{self, Finding};
use fastrand::Rng;
use planting::{CUTS, Case, FAMILIES, PACKAGES, THINGS, around, pick};
use standing::citing;

/// Whether a sentence is supported in the end, if a model says so of all that it is asked.
fn passes(claim: &str, case: &Case) -> bool {
    match check::check(&citing(claim, &case.quote), case.run.evidence()) {
        Finding::Doubtful(doubt) => doubt.may_be_cleared(),
        found => is_supported(&found),
    }
}

fn is_supported(found: &Finding) -> bool {
    matches!(
        found,
        Finding::Settled {
            verdict: Verdict::Supported,
            ..
        }
    )
}

#[test]
fn no_sentence_is_vouched_for_by_code_in_which_a_word_was_changed_or_two_changed_places() {
    const OTHERS: &[&str] = &[
        "prevented",
        "encrypts",
        "worse",
        "rejected",
        "megabytes",
        "ignored",
    ];
    let mut random = Rng::with_seed(11);
    for _ in 0..300 {
        let (thing, package) = (pick(&mut random, THINGS), pick(&mut random, PACKAGES));
        let passage = format!(
            "When the {thing} fills up, {package} drops the oldest entries and tells waiting callers about that."
        );
        let (run, quote) = around(&mut random, &passage, "");
        let mut words: Vec<&str> = passage.trim_end_matches('.').split(' ').collect();
        // Those that carry meaning.
        let telling = [2, 3, 4, 6, 7, 9, 10, 12, 13, 14];
        let at = telling[random.usize(..telling.len())];
        if random.bool() {
            words[at] = OTHERS[random.usize(..OTHERS.len())];
        } else {
            let other = telling[random.usize(..telling.len())];
            if words[at] == words[other] {
                continue;
            }
            words.swap(at, other);
        }
        let turned = format!("{}.", words.join(" "));
        let found = check::check(&citing(&turned, &quote), run.evidence());
        assert!(!is_supported(&found), "{turned} / {passage}");
        let kept = check::check(&citing(&passage, &quote), run.evidence());
        assert!(is_supported(&kept), "{passage}: {kept:?}");
    }
}

#[test]
fn every_planted_error_is_caught_and_true_sentences_pass() {
    let mut random = Rng::with_seed(7);
    let mut missed = Vec::new();
    let mut alarms = Vec::new();
    let mut counts: BTreeMap<&str, (u32, u32, u32)> = BTreeMap::new();
    for family in FAMILIES {
        for _ in 0..100 {
            let case = family(&mut random);
            assert_ne!(case.truth, case.planted);
            let count = counts.entry(case.family).or_default();
            count.0 += 1;
            if passes(&case.planted, &case) {
                missed.push(format!("{}: {} / {}", case.family, case.planted, case.quote.text));
                count.1 += 1;
            }
            if !passes(&case.truth, &case) {
                let found = check::check(&citing(&case.truth, &case.quote), case.run.evidence());
                alarms.push(format!(
                    "{}: {} / {}: {found:?}",
                    case.family, case.truth, case.quote.text
                ));
                count.2 += 1;
            }
        }
    }
    let total: u32 = counts.values().map(|(total, ..)| total).sum();
    assert!(
        missed.is_empty(),
        "{} of {total} missed: {:#?} {counts:?}",
        missed.len(),
        &missed[..missed.len().min(12)]
    );
    assert!(
        alarms.is_empty(),
        "{} false alarms of {total}: {:#?} {counts:?}",
        alarms.len(),
        &alarms[..alarms.len().min(12)]
    );
}

#[test]
fn code_vouches_for_no_sentence_that_leaves_out_what_its_quote_says_it_under() {
    let mut random = Rng::with_seed(13);
    for family in CUTS {
        for _ in 0..200 {
            let case = family(&mut random);
            let found = |claim: &str| check::check(&citing(claim, &case.quote), case.run.evidence());
            let (cut, kept) = (found(&case.planted), found(&case.truth));
            assert!(
                matches!(&cut, Finding::Doubtful(doubt) if doubt.may_be_cleared() && doubt.without_model() == Verdict::Unchecked),
                "{}: {} / {}: {cut:?}",
                case.family,
                case.planted,
                case.quote.text
            );
            assert!(
                is_supported(&kept),
                "{}: {} / {}: {kept:?}",
                case.family,
                case.truth,
                case.quote.text
            );
        }
    }
}

#[test]
fn no_sentence_is_vouched_for_by_code_in_which_a_small_word_was_put_in_or_is_another() {
    const PASSAGES: &[&str] = &[
        "The uploader gives up after 12 failed uploads and moves the rest from the old host to the new host.",
        "If the disk is full, a batch takes up to 5 pages and stays under the limit until the server starts.",
        "Some callers may wait when the queue is empty, or every worker sleeps between two calls.",
    ];
    const SMALL: &[&str] = &[
        "above", "after", "before", "below", "from", "if", "over", "to", "under", "unless", "until", "when",
        "may", "must", "some", "all", "or",
    ];
    const DENYING: &[&str] = &["not", "never", "only", "no", "without"];
    for passage in PASSAGES {
        let (run, quote) = standing::Run::saying(passage);
        let words: Vec<&str> = passage.trim_end_matches('.').split(' ').collect();
        let is_vouched = |words: &[&str]| {
            let claim = format!("{}.", words.join(" "));
            is_supported(&check::check(&citing(&claim, &quote), run.evidence()))
        };
        assert!(is_vouched(&words));
        for at in 0..words.len() {
            for word in DENYING {
                let mut turned = words.clone();
                turned.insert(at, word);
                assert!(!is_vouched(&turned), "{turned:?}");
            }
            let here = words[at].to_lowercase();
            for word in SMALL
                .iter()
                .filter(|word| SMALL.contains(&here.as_str()) && **word != here)
            {
                let mut turned = words.clone();
                turned[at] = word;
                assert!(!is_vouched(&turned), "{turned:?}");
            }
        }
    }
}
