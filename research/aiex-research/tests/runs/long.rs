//! What is too long to be read, or to be shown to a model, is told.

use std::sync::Arc;

use aiex_research::Event;

use super::world::{World, events, open, request};

/// A world whose pages go on for so many bytes after what they say.
fn world_of_long_pages(bytes: usize) -> World {
    let says = move |_: &str, text: &str| {
        let rest = "Nothing of this belongs to it. ".repeat(bytes / 30);
        Ok(format!("{text}\n\n{rest}"))
    };
    World {
        says: Arc::new(says),
        ..World::with_model()
    }
}

async fn told(world: World) -> (Vec<Event>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(world);
    let research = open(folder.path(), &world).await;
    let run = research.start(request()).await.unwrap();
    let events = events(&research, &run).await;
    let report = research.report(&run).await.unwrap();
    let titles = report.sources.iter().map(|source| source.title.clone());
    (events, titles.collect())
}

fn speaks_of_passages(events: &[Event]) -> bool {
    let is_told =
        |event: &Event| matches!(event, Event::Fallback { reason, .. } if reason.contains("the passages of"));
    events.iter().any(is_told)
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_model_sees_passages_of_a_long_page_is_told() {
    let (events, _) = told(world_of_long_pages(30_000)).await;
    assert!(speaks_of_passages(&events), "{events:?}");
    let (events, titles) = told(World::with_model()).await;
    assert!(!speaks_of_passages(&events), "{events:?}");
    assert!(titles.iter().all(|title| !title.contains("only its beginning")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_end_is_cut_off_says_so_where_it_is_listed() {
    let (_, titles) = told(world_of_long_pages(300_000)).await;
    assert!(
        titles.iter().any(|title| title.ends_with("(only its beginning)")),
        "{titles:?}"
    );
}
