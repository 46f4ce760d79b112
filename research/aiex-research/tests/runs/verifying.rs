//! An old report is checked again.

use std::sync::Arc;

use aiex_research::{Present, QuoteState};
use tokio_util::sync::CancellationToken;

use super::world::{World, events, open, request};

#[tokio::test(flavor = "multi_thread")]
async fn an_old_report_is_held_against_its_sources_as_they_are_now() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::with_model());
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    events(&research, &run).await;
    let cancel = CancellationToken::new();
    let fresh = research.verify(&run, &cancel).await.unwrap();
    assert!(fresh.quotes > 4);
    assert_eq!(
        (fresh.kept, fresh.standing, fresh.drifted.len()),
        (fresh.quotes, fresh.claims, 0)
    );

    let report = research.report(&run).await.unwrap();
    let label = |path: &str| {
        let source = report
            .sources
            .iter()
            .find(|source| source.origin.label().contains(path))
            .unwrap();
        (source.origin.label(), source.text.clone())
    };
    let (retry, text) = label("src/retry.rs");
    let (backoff, pause) = label("src/backoff.rs");
    let (failure, _) = label("src/failure.rs");
    {
        let mut present = world.present.lock().unwrap();
        present.insert(
            retry.clone(),
            Present::There {
                text: format!("// a new line\n\n{text}"),
            },
        );
        present.insert(
            backoff.clone(),
            Present::There {
                text: pause.replace("200", "300"),
            },
        );
        present.insert(failure.clone(), Present::Gone);
    }
    let today = research.verify(&run, &cancel).await.unwrap();
    // A drift names the lines of the quote, not those of the span that was read.
    let path = |place: &str| place.split(':').next().unwrap_or_default().to_owned();
    let state = |place: &str| {
        &today
            .drifted
            .iter()
            .find(|drift| path(&drift.place) == path(place))
            .unwrap()
            .state
    };
    assert!(
        matches!(state(&retry), QuoteState::Moved { first_line: 3.., .. }),
        "{:?}",
        today.drifted
    );
    assert_eq!(state(&backoff), &QuoteState::Changed);
    assert_eq!(state(&failure), &QuoteState::Gone);
    assert!(today.standing < today.claims && today.standing > 0, "{today:?}");
}
