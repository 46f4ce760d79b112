//! Citations are mended; words are not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod standing;

use aiex_evidence::repair::{self, Repair};
use aiex_evidence::{Paragraph, Section, Sentence, Verdict, check, draft};
use proptest::prelude::*;
use standing::small_run;

fn settled(prose: &str) -> Vec<Section> {
    let run = small_run();
    let mut sections = draft::parse(prose, run.evidence()).sections;
    for sentence in sections.iter_mut().flat_map(Section::sentences_mut) {
        check::settle(sentence, run.evidence());
    }
    sections
}

fn mended(prose: &str) -> (Repair, Sentence) {
    let run = small_run();
    let mut sections = settled(prose);
    let sentence = sections[0].sentences_mut().next().unwrap();
    let repair = repair::repair(sentence, run.evidence());
    (repair, sentence.clone())
}

#[test]
fn a_wrong_citation_is_swapped_for_a_quote_that_says_it() {
    let (repair, sentence) = mended("An idle thread of the pool is stopped after 10 seconds [S2.1].");
    assert!(matches!(repair, Repair::Swapped(id) if id.to_string() == "S1.2"));
    assert_eq!(
        (sentence.verdict, sentence.cites.len()),
        (Some(Verdict::Supported), 1)
    );
    let (repair, _) = mended("The blocking pool holds at most 512 threads.");
    assert!(
        matches!(repair, Repair::Swapped(id) if id.to_string() == "S1.1"),
        "one without citation finds its own"
    );
}

#[test]
fn a_second_quote_is_added_when_both_are_needed() {
    let (repair, sentence) = mended(
        "The blocking pool holds at most 512 threads, and an idle thread of the pool is stopped after 10 seconds [S1.1].",
    );
    assert!(matches!(repair, Repair::Added(id) if id.to_string() == "S1.2"));
    assert_eq!(sentence.verdict, Some(Verdict::Supported));
}

#[test]
fn what_no_quote_says_is_marked_and_kept() {
    let (repair, sentence) = mended("The blocking pool holds at most 9000 threads [S1.1].");
    assert_eq!(repair, Repair::Marked);
    assert_eq!(sentence.verdict, Some(Verdict::Unsupported));
    assert_eq!(sentence.text, "The blocking pool holds at most 9000 threads.");
}

#[test]
fn the_answer_in_short_takes_its_citations_from_what_follows() {
    let run = small_run();
    let mut sections = settled(
        "# Short\n\nA blocking pool holds at most 512 threads.\n\n# Long\n\nThe blocking pool holds at most 512 threads [S1.1].",
    );
    let before = sections.clone();
    assert_eq!(repair::inherit(&mut sections, run.evidence()), 1);
    assert_eq!(
        sections[0].sentences().next().unwrap().verdict,
        Some(Verdict::Supported)
    );
    repair::guard(&before, &sections).unwrap();
}

#[test]
fn the_guard_names_the_first_text_that_changed() {
    let before = settled("# One\n\nA first. A second [S1.1].");
    let mut after = before.clone();
    after[0].paragraphs[0].sentences[1].text.push('!');
    let tampered = repair::guard(&before, &after).unwrap_err();
    assert_eq!(
        (
            tampered.section,
            tampered.before.as_str(),
            tampered.after.as_str()
        ),
        (1, "A second.", "A second.!")
    );
    assert!(repair::guard(&before, &[]).is_err());
    let mut moved = before.clone();
    moved[0].paragraphs.push(Paragraph::default());
    assert!(repair::guard(&before, &moved).is_err());
}

proptest! {
    #[test]
    fn a_repair_changes_nothing_but_citations_and_verdicts(
        prose in proptest::collection::vec("(The pool holds|An idle thread|It) (at most|never|is stopped after) [0-9]{1,3} (threads|seconds)( \\[S[1-5]\\.[1-3]\\])?\\.", 1..6)
    ) {
        let run = small_run();
        let before = settled(&prose.join(" "));
        let mut after = before.clone();
        for sentence in after.iter_mut().flat_map(Section::sentences_mut) {
            repair::repair(sentence, run.evidence());
            prop_assert!(sentence.cites.iter().all(|id| run.evidence().quote(*id).is_some()));
        }
        repair::inherit(&mut after, run.evidence());
        prop_assert_eq!(repair::guard(&before, &after), Ok(()));
    }
}
