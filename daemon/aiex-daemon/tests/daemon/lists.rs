//! Verbs whose answer is a list: outline, symbols, refs, pack, similar.

use std::time::Duration;

use aiex_protocol::code::{OutlineArgs, PackArgs, Place, RefsArgs, SimilarArgs, SymbolsArgs};
use aiex_protocol::search::SearchArgs;
use aiex_protocol::{Call, ClientFrame, ErrorCode, Event, RequestId};

use crate::harness::Daemon;

fn place() -> Place {
    Place {
        repo: "/fake".to_owned(),
        ..Place::default()
    }
}

fn anywhere(query: &str) -> SearchArgs {
    SearchArgs {
        query: query.to_owned(),
        repo: "/fake".to_owned(),
        ..SearchArgs::default()
    }
}

#[tokio::test]
async fn outlines_start_from_the_folder_that_the_request_names() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    let args = OutlineArgs {
        place: place(),
        from: "/fake/src".to_owned(),
        paths: vec!["retry.rs".to_owned()],
        limit: 2,
    };
    let events = client.ask(1, Call::Outline(args.clone())).await;
    let [
        Event::Accepted { .. },
        Event::Outline(report),
        Event::Done {
            summary: Some(summary),
        },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(report.files[0].path, "/fake/src/retry.rs");
    assert_eq!((report.files[0].symbols.len(), report.is_whole), (2, false));
    assert_eq!((summary.generation, summary.is_exhaustive), (7, false));

    let missing = OutlineArgs {
        paths: vec!["missing.rs".to_owned()],
        ..args.clone()
    };
    let events = client.ask(2, Call::Outline(missing)).await;
    let Some(Event::Error(error)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(error.code, ErrorCode::NotFound);
    assert!(error.hint.is_some());

    let none = OutlineArgs {
        paths: Vec::new(),
        ..args
    };
    let events = client.ask(3, Call::Outline(none)).await;
    assert!(matches!(events.last(), Some(Event::Error(error)) if error.code == ErrorCode::InvalidRequest));
}

#[tokio::test]
async fn symbols_have_a_limit_even_when_none_is_asked_for() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    for (id, query, limit, expected) in [(1, "retry", 0, 50), (2, "", 0, 60), (3, "retry", 3, 3)] {
        let args = SymbolsArgs {
            place: place(),
            query: query.to_owned(),
            limit,
            ..SymbolsArgs::default()
        };
        let events = client.ask(id, Call::Symbols(args)).await;
        let Event::Symbols(report) = &events[1] else {
            panic!("{events:?}")
        };
        assert_eq!((report.symbols.len(), report.total), (expected, 60));
    }
}

#[tokio::test]
async fn refs_tell_what_could_not_be_read_and_what_was_not_waited_for() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    let args = RefsArgs {
        place: place(),
        name: "retry".to_owned(),
        ..RefsArgs::default()
    };
    let events = client.ask(1, Call::Refs(args)).await;
    let notice =
        |event: &Event, said: &str| matches!(event, Event::Notice { message } if message.contains(said));
    assert!(
        notice(&events[1], "4 files saved just now may be missing"),
        "{events:?}"
    );
    assert!(notice(&events[2], "a text is damaged"), "{events:?}");
    let Event::Refs(report) = &events[3] else {
        panic!("{events:?}")
    };
    assert_eq!(report.definitions[0].kind.as_deref(), Some("function"));
    assert_eq!(report.uses[0].kind, None);
    assert!(!report.is_whole);
}

#[tokio::test]
async fn refs_can_be_cancelled() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    let args = RefsArgs {
        place: place(),
        name: "hang".to_owned(),
        ..RefsArgs::default()
    };
    client.send(1, Call::Refs(args)).await;
    daemon.until(|daemon| daemon.num_hanging() == 1).await;
    client.frame(&ClientFrame::Cancel { id: RequestId(1) }).await;
    let events = tokio::time::timeout(Duration::from_secs(10), client.read_all(1)).await;
    let last = events.unwrap().pop().unwrap().event;
    assert!(matches!(last, Event::Error(error) if error.code == ErrorCode::Cancelled));
    daemon.until(|daemon| daemon.num_hanging() == 0).await;
}

#[tokio::test]
async fn packs_have_a_budget_even_when_none_is_asked_for() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    for (id, tokens, budget) in [(1, 0, 2_000), (2, 500, 500)] {
        let args = PackArgs {
            search: anywhere("retry"),
            tokens,
        };
        let events = client.ask(id, Call::Pack(args)).await;
        let Event::Pack(report) = &events[1] else {
            panic!("{events:?}")
        };
        assert_eq!((report.budget, report.tokens), (budget, budget));
    }
    let empty = PackArgs {
        search: anywhere(" "),
        tokens: 0,
    };
    let events = client.ask(3, Call::Pack(empty)).await;
    assert!(matches!(events.last(), Some(Event::Error(error)) if error.code == ErrorCode::InvalidRequest));
}

#[tokio::test]
async fn likenesses_come_as_hits() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    let like = |line| {
        Call::Similar(SimilarArgs {
            search: anywhere(""),
            path: "src/retry.rs".to_owned(),
            line,
            ..SimilarArgs::default()
        })
    };
    let events = client.ask(1, like(4)).await;
    let Event::Hits(hits) = &events[1] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (hits.hits[0].rank, hits.hits[0].path.as_str()),
        (1, "src/wait.rs")
    );
    let events = client.ask(2, like(10)).await;
    assert!(matches!(events.last(), Some(Event::Error(error)) if error.code == ErrorCode::InvalidRequest));
}
