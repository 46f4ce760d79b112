//! Whatever matches is admitted: over random expressions and texts, and by way of segments.

#![allow(clippy::unwrap_used)]

use aiex_grams::{Builder, Candidates, Document, Folder, Gram, Query, merge};
use proptest::prelude::*;
use regex::RegexBuilder;

/// Expressions over few letters, so that they match often: literals, classes, sets of alternatives, repetitions,
/// anchors, both cases, letters beyond ASCII.
fn pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        8 => "[abkAKsS_]{1,6}",
        2 => "[éßſK]{1,2}",
        1 => Just(".".to_owned()),
        1 => Just("[ab]".to_owned()),
        1 => Just("[^a]".to_owned()),
        1 => Just("[a-k]".to_owned()),
        1 => Just("[A-Z_]".to_owned()),
        1 => Just(r"\w".to_owned()),
        1 => Just(r"\s".to_owned()),
        1 => Just(r"\b".to_owned()),
        1 => Just("^".to_owned()),
        1 => Just("$".to_owned()),
        1 => Just(r"\n".to_owned()),
        1 => Just("(?-u:[a-b])".to_owned()),
        1 => Just(String::new()),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 1..5).prop_map(|parts| parts.concat()),
            2 => prop::collection::vec(inner.clone(), 1..5).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            1 => inner.clone().prop_map(|part| format!("({part})*")),
            1 => inner.clone().prop_map(|part| format!("(?:{part})+")),
            1 => inner.clone().prop_map(|part| format!("(?:{part})?")),
            1 => (inner.clone(), 0_u32..4, 0_u32..3).prop_map(|(part, least, more)| format!(
                "(?:{part}){{{least},{}}}",
                least + more
            )),
            1 => (inner.clone(), 1_u32..12).prop_map(|(part, times)| format!("(?:{part}){{{times}}}")),
            2 => inner.clone().prop_map(|part| format!("(?i:{part})")),
            1 => inner.prop_map(|part| format!("(?s:{part})")),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    "[abkAKsS_éßſK \n]{0,40}"
}

/// A text that matches, more often than chance would have it: what the pattern itself spells.
fn likely_text(pattern: &str) -> String {
    pattern
        .chars()
        .filter(|letter| letter.is_alphabetic() || *letter == '_')
        .collect()
}

fn admits(query: &Query, text: &str) -> bool {
    let grams: std::collections::HashSet<Gram> = Gram::all(text.as_bytes()).collect();
    query.admits(&|gram| grams.contains(&gram))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_text_in_which_an_expression_matches_is_admitted(
        pattern in pattern(),
        texts in prop::collection::vec(text(), 1..12),
    ) {
        let regex = RegexBuilder::new(&pattern).multi_line(true).build().unwrap();
        let query = Query::of_pattern(&pattern).unwrap();
        let likely = likely_text(&pattern);
        for text in texts.iter().chain([&likely]) {
            prop_assert!(!regex.is_match(text) || admits(&query, text), "{pattern:?} in {text:?}: {query:?}");
        }
    }

    #[test]
    fn a_text_in_which_a_literal_stands_is_admitted(before in text(), literal in text(), behind in text()) {
        let text = format!("{before}{literal}{behind}");
        prop_assert!(admits(&Query::of_literal(&literal), &text));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn segments_name_exactly_the_documents_that_a_query_admits(
        texts in prop::collection::vec(text(), 1..40),
        patterns in prop::collection::vec(pattern(), 1..12),
        cuts in prop::collection::vec(0_usize..40, 0..3),
        gone in prop::collection::hash_set(0_u32..40, 0..20),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap().folder;
        let mut segments = Vec::new();
        let mut builder = Builder::default();
        for (at, text) in texts.iter().enumerate() {
            if cuts.contains(&at) && !builder.is_empty() {
                segments.push(std::mem::take(&mut builder).write(&folder).unwrap());
            }
            // Not in the order of their ids.
            builder.add(document(at as u32 ^ 1), text);
        }
        segments.push(builder.write(&folder).unwrap());
        let all: Vec<_> = segments.iter().collect();
        let merged = merge(&folder, &all, &|document| !gone.contains(&document.id), &|| false).unwrap();
        for pattern in &patterns {
            let query = Query::of_pattern(pattern).unwrap();
            let mut expected: Vec<u32> = (0..texts.len())
                .filter(|at| admits(&query, &texts[*at]))
                .map(|at| at as u32 ^ 1)
                .collect();
            expected.sort_unstable();
            prop_assert_eq!(&found(&all, &query), &expected, "{}", pattern);
            expected.retain(|id| !gone.contains(id));
            let left: Vec<_> = merged.iter().collect();
            prop_assert_eq!(&found(&left, &query), &expected, "{}, merged", pattern);
        }
    }
}

fn document(id: u32) -> Document {
    Document {
        id,
        stamp: u64::from(id) << 20,
    }
}

fn found(segments: &[&aiex_grams::Segment], query: &Query) -> Vec<u32> {
    let mut ids = Vec::new();
    for segment in segments {
        let documents = segment.documents();
        match segment.candidates(query).unwrap() {
            Candidates::All => ids.extend(documents.iter().map(|document| document.id)),
            Candidates::At(places) => ids.extend(places.iter().map(|place| documents[*place as usize].id)),
        }
    }
    ids.sort_unstable();
    ids
}
