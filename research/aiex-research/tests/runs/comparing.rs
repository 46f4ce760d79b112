//! Comparisons of which one side could not be read say so before anything else.

use std::sync::Arc;

use aiex_evidence::{Report, render};
use aiex_research::{Depth, Request, SourceKind};

use super::world::{Fated, World, report, request};

async fn compared(world: World, question: &str) -> Report {
    let request = Request {
        question: question.to_owned(),
        depth: Depth::Quick,
        sources: vec![SourceKind::Web],
        ..request()
    };
    report(&Arc::new(world), request).await
}

/// Of the two pages one cannot be read.
fn half_dead(world: World) -> World {
    World {
        fate: Arc::new(|call: &str| Fated {
            fails: call.starts_with("read ") && call.contains("Retry-pattern"),
            ..Fated::default()
        }),
        ..world
    }
}

fn first_words(report: &Report) -> &str {
    let short = &report.sections[0];
    assert_eq!(short.heading, "In short");
    &short.paragraphs[0].sentences[0].text
}

const COMPARED: &str = "capped back-off vs the retry pattern";

#[tokio::test(flavor = "multi_thread")]
async fn a_side_that_could_not_be_read_is_told_first_and_why() {
    for world in [World::plain(), World::with_model()] {
        let report = compared(half_dead(world), COMPARED).await;
        let told =
            "nothing was read about retry pattern (https://host1.example/Retry-pattern: connection reset)";
        assert_eq!(first_words(&report), format!("One side is missing here: {told}."));
        assert!(
            report.partial.as_deref().unwrap().starts_with(told),
            "{:?}",
            report.partial
        );
        assert!(!report.settled, "another time it may be read");
        let shown = render::markdown(&report);
        assert!(
            shown.contains("**Partial report:** nothing was read about retry pattern"),
            "{shown}"
        );
        assert!(shown.contains("One side is missing here"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_side_that_no_search_found_is_told_as_well() {
    let report = compared(World::plain(), "compare the retry pattern with zebras").await;
    assert_eq!(
        first_words(&report),
        "One side is missing here: nothing was read about zebras (no search found a source on it)."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_both_sides_were_read_none_is_missing() {
    for question in [
        COMPARED,
        "why is capped back-off better than the retry pattern",
        "how are retries decided",
    ] {
        let report = compared(World::plain(), question).await;
        assert!(!first_words(&report).contains("missing"), "{question}");
        let partial = report.partial.unwrap_or_default();
        assert!(
            !partial.contains("nothing was read about"),
            "{question}: {partial}"
        );
    }
}
