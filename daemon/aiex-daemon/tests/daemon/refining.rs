//! Searches that take the place of earlier ones of their connection.

use std::collections::HashMap;

use aiex_protocol::search::{Hit, SearchArgs};
use aiex_protocol::{Call, ErrorCode, Event, RequestId, ServerFrame};

use crate::harness::{Daemon, search};

fn refining(query: &str, earlier: u64) -> Call {
    let Call::Search(args) = search(query) else {
        panic!("a search")
    };
    Call::Search(SearchArgs {
        refines: Some(earlier),
        ..args
    })
}

fn final_hits(events: &[Event]) -> Vec<Hit> {
    let mut lists = events.iter().filter_map(|event| match event {
        Event::Hits(hits) => Some(hits.hits.clone()),
        _ => None,
    });
    lists.next_back().unwrap()
}

#[tokio::test]
async fn a_search_that_runs_is_cancelled_and_its_words_count() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    client.send(1, search("hang")).await;
    daemon.until(|daemon| daemon.num_hanging() == 1).await;
    client.send(2, refining("limit", 1)).await;
    let mut events: HashMap<RequestId, Vec<Event>> = HashMap::new();
    while events
        .values()
        .filter(|events| events.last().unwrap().is_last())
        .count()
        < 2
    {
        let Some(ServerFrame::Event(envelope)) = client.next().await else {
            panic!("no event")
        };
        events.entry(envelope.id).or_default().push(envelope.event);
    }
    let Some(Event::Error(error)) = events[&RequestId(1)].last() else {
        panic!("not cancelled")
    };
    assert_eq!(error.code, ErrorCode::Cancelled);
    daemon.until(|daemon| daemon.num_hanging() == 0).await;
    let brought = final_hits(&events[&RequestId(2)]).pop().unwrap();
    assert_eq!(brought.path, "src/hang.rs");
    assert!(
        brought.why.contains(&"from the search before: hang".to_owned()),
        "{brought:?}"
    );
}

#[tokio::test]
async fn a_search_that_is_over_lends_its_words_and_an_unknown_one_changes_nothing() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    client.ask(1, search("hang on")).await;
    let found = final_hits(&client.ask(2, refining("limit", 1)).await);
    assert_eq!(found.last().unwrap().path, "src/hang.rs");
    let found = final_hits(&client.ask(3, refining("limit", 77)).await);
    assert_eq!(found.len(), 2);
    // The ids of another connection are not known here.
    let mut other = daemon.connect().await;
    assert_eq!(final_hits(&other.ask(2, refining("limit", 1)).await).len(), 2);
}
