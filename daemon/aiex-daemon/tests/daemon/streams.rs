//! Requests and their events: order, cancelling, deadlines, slow readers, resuming, watching.

use std::time::Duration;

use aiex_daemon::stream::Retention;
use aiex_protocol::search::{SearchArgs, Stage};
use aiex_protocol::status::{SkippedArgs, StatusArgs};
use aiex_protocol::{
    Call, ClientFrame, ErrorCode, Event, Request, RequestId, ServerFrame, StreamId, WireError,
};

use crate::harness::{Daemon, search, settings};

fn error_of(events: &[Event]) -> &WireError {
    match events.last() {
        Some(Event::Error(error)) => error,
        other => panic!("not an error: {other:?}"),
    }
}

fn stream_of(event: &Event) -> StreamId {
    match event {
        Event::Accepted { stream } => stream.clone(),
        other => panic!("not accepted: {other:?}"),
    }
}

#[tokio::test]
async fn a_search_tells_early_hits_then_final_ones_then_is_done() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    client.send(5, search("retry")).await;
    let all = client.read_all(5).await;
    assert_eq!(
        all.iter().map(|envelope| envelope.seq).collect::<Vec<_>>(),
        [0, 1, 2, 3]
    );
    assert!(matches!(all[0].event, Event::Accepted { .. }));
    assert!(matches!(&all[1].event, Event::Hits(hits) if hits.stage == Stage::Early));
    let Event::Hits(hits) = &all[2].event else {
        panic!("{:?}", all[2])
    };
    assert_eq!(hits.stage, Stage::Final);
    assert_eq!(
        (hits.hits[0].rank, hits.hits[0].path.as_str()),
        (1, "src/retry.rs")
    );
    assert_eq!((hits.hits[1].rank, hits.hits[1].repo.as_str()), (2, "/fake"));
    let Event::Done {
        summary: Some(summary),
    } = &all[3].event
    else {
        panic!("{:?}", all[3])
    };
    assert_eq!(
        (summary.generation, summary.is_complete, summary.route.as_str()),
        (7, true, "symbol")
    );
}

#[tokio::test]
async fn an_id_is_free_again_when_its_request_has_ended() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    for _ in 0..50 {
        assert!(matches!(
            client.ask(1, search("retry")).await.last(),
            Some(Event::Done { .. })
        ));
    }
    client.send(2, search("hang")).await;
    client.event(2).await;
    let Some(Event::Error(error)) = client.ask(2, search("retry")).await.pop() else {
        panic!("no error")
    };
    assert_eq!(error.code, ErrorCode::InvalidRequest);
}

#[tokio::test]
async fn requests_of_one_connection_run_side_by_side() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    client.send(1, search("hang")).await;
    client.event(1).await;
    let events = client.ask(2, search("retry")).await;
    assert!(matches!(events.last(), Some(Event::Done { .. })));
    client.frame(&ClientFrame::Cancel { id: RequestId(1) }).await;
    client.read_all(1).await;
}

#[tokio::test]
async fn cancelling_stops_the_work() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    client.send(1, search("hang")).await;
    client.event(1).await;
    daemon.until(|daemon| daemon.num_hanging() == 1).await;
    client.frame(&ClientFrame::Cancel { id: RequestId(1) }).await;
    let Event::Error(error) = client.event(1).await.event else {
        panic!("no error")
    };
    assert_eq!(error.code, ErrorCode::Cancelled);
    daemon.until(|daemon| daemon.num_hanging() == 0).await;
}

#[tokio::test]
async fn a_deadline_names_the_step_and_stops_the_work() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    let request = Request {
        id: RequestId(1),
        call: search("hang"),
        // Enough to get to the search on any machine.
        deadline_ms: Some(1500),
        trace: Some("trace-1".to_owned()),
    };
    client.request(request).await;
    let all = client.read_all(1).await;
    let Event::Error(error) = &all.last().unwrap().event else {
        panic!("no error")
    };
    assert_eq!(error.code, ErrorCode::DeadlineExceeded);
    assert!(error.message.contains("while searching"), "{error}");
    daemon.until(|daemon| daemon.num_hanging() == 0).await;
}

#[tokio::test]
async fn freshness_that_does_not_come_is_an_error_with_counts() {
    let daemon = Daemon::start();
    let args = SearchArgs {
        query: "retry".to_owned(),
        repo: "/fake".to_owned(),
        wait_fresh_ms: Some(10),
        ..SearchArgs::default()
    };
    let events = daemon.connect().await.ask(1, Call::Search(args)).await;
    let error = error_of(&events);
    assert_eq!(error.code, ErrorCode::DeadlineExceeded);
    assert!(error.message.contains("4 files pending"), "{error}");
}

#[tokio::test]
async fn a_panic_in_a_request_is_an_error_of_that_request_only() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    let events = client.ask(1, search("panic")).await;
    assert_eq!(error_of(&events).code, ErrorCode::Internal);
    assert!(error_of(&events).message.contains("a bug in the search"));
    assert!(matches!(
        client.ask(2, search("retry")).await.last(),
        Some(Event::Done { .. })
    ));
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_and_the_connection_stays() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    for (id, text) in [
        (0, "nonsense"),
        (9, r#"{"type":"request","id":9,"verb":"fly","args":{}}"#),
    ] {
        client.text(text).await;
        let Event::Error(error) = client.event(id).await.event else {
            panic!("no error")
        };
        assert_eq!(error.code, ErrorCode::InvalidRequest);
    }
    for query in ["", "invalid"] {
        assert_eq!(
            error_of(&client.ask(3, search(query)).await).code,
            ErrorCode::InvalidRequest
        );
    }
    let refused = Call::Search(SearchArgs {
        query: "x".to_owned(),
        repo: "/".to_owned(),
        ..SearchArgs::default()
    });
    let events = client.ask(4, refused).await;
    assert_eq!(error_of(&events).code, ErrorCode::RootRefused);
    assert_eq!(error_of(&events).hint.as_deref(), Some("pass --yes"));
    let relative = Call::Search(SearchArgs {
        query: "x".to_owned(),
        repo: "src".to_owned(),
        ..SearchArgs::default()
    });
    assert_eq!(
        error_of(&client.ask(5, relative).await).code,
        ErrorCode::InvalidRequest
    );
}

#[tokio::test]
async fn a_slow_reader_gets_a_gap_and_the_end_and_holds_nobody_up() {
    let daemon = Daemon::start_with(settings(), |options| {
        options.retention = Retention {
            events: 64,
            bytes: 1 << 20,
            linger: Duration::from_secs(60),
        };
    });
    let (mut slow, mut quick) = (daemon.connect().await, daemon.connect().await);
    slow.send(1, search("flood")).await;
    // Nothing is read by the slow one until the work is over.
    loop {
        let events = quick.ask(1, Call::Status(StatusArgs::default())).await;
        let Some(Event::Status(status)) = events.iter().find(|event| matches!(event, Event::Status(_)))
        else {
            panic!("{events:?}")
        };
        // The status request itself runs.
        if status.running_requests == 1 {
            break;
        }
    }
    let all = slow.read_all(1).await;
    let missed: u64 = all
        .iter()
        .map(|envelope| match envelope.event {
            Event::Gap { missed } => missed,
            _ => 0,
        })
        .sum();
    assert!(missed > 1000, "{missed}");
    assert!(all.len() < 4000, "{}", all.len());
    let last_hits = all.iter().rev().find_map(|envelope| match &envelope.event {
        Event::Hits(hits) => Some(hits),
        _ => None,
    });
    assert_eq!(last_hits.unwrap().stage, Stage::Final);
    assert!(matches!(all.last().unwrap().event, Event::Done { .. }));
    // 5,000 early lists, the final one, accepted and done.
    assert_eq!(all.last().unwrap().seq, 5002);
}

#[tokio::test]
async fn a_stream_is_taken_up_after_the_connection_was_lost() {
    let daemon = Daemon::start();
    let mut first = daemon.connect().await;
    first.send(1, search("retry")).await;
    let stream = stream_of(&first.event(1).await.event);
    drop(first);
    let mut second = daemon.connect().await;
    second
        .frame(&ClientFrame::Resume {
            id: RequestId(8),
            stream,
            after: 0,
        })
        .await;
    let rest = second.read_all(8).await;
    assert_eq!(
        rest.iter().map(|envelope| envelope.seq).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert!(matches!(rest[2].event, Event::Done { .. }));
}

#[tokio::test]
async fn work_that_nobody_comes_back_for_is_cancelled() {
    let daemon = Daemon::start_with(settings(), |options| {
        options.retention.linger = Duration::from_millis(20);
    });
    let mut client = daemon.connect().await;
    client.send(1, search("hang")).await;
    client.event(1).await;
    daemon.until(|daemon| daemon.num_hanging() == 1).await;
    drop(client);
    daemon.until(|daemon| daemon.num_hanging() == 0).await;
}

#[tokio::test]
async fn two_clients_watch_one_stream() {
    let daemon = Daemon::start();
    let (mut one, mut two) = (daemon.connect().await, daemon.connect().await);
    one.send(1, search("hang")).await;
    let stream = stream_of(&one.event(1).await.event);
    two.frame(&ClientFrame::Resume {
        id: RequestId(2),
        stream,
        after: 0,
    })
    .await;
    two.frame(&ClientFrame::Cancel { id: RequestId(2) }).await;
    for (client, id) in [(&mut one, 1), (&mut two, 2)] {
        let envelope = client.event(id).await;
        assert_eq!(envelope.seq, 1);
        assert!(matches!(
            envelope.event,
            Event::Error(WireError {
                code: ErrorCode::Cancelled,
                ..
            })
        ));
    }
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_said_to_be_gone() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    let stream = StreamId("nowhere".to_owned());
    client
        .frame(&ClientFrame::Resume {
            id: RequestId(1),
            stream,
            after: 3,
        })
        .await;
    match client.next().await.unwrap() {
        ServerFrame::Event(envelope) => {
            assert!(matches!(envelope.event, Event::Error(error) if error.code == ErrorCode::StreamGone));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn more_than_can_run_waits_and_much_more_is_refused() {
    let mut settings = settings();
    settings.daemon.max_running = 1;
    let daemon = Daemon::start_with(settings, |_| {});
    let mut client = daemon.connect().await;
    client.send(1, search("hang")).await;
    client.event(1).await;
    daemon.until(|daemon| daemon.num_hanging() == 1).await;
    // Eight may wait for the one that runs.
    for id in 2..=10 {
        client.send(id, search("retry")).await;
    }
    let mut refused = 0;
    while refused == 0 {
        let Some(ServerFrame::Event(envelope)) = client.next().await else {
            panic!("closed")
        };
        if let Event::Error(error) = envelope.event {
            assert_eq!(error.code, ErrorCode::Overloaded);
            refused += 1;
        }
    }
    client.frame(&ClientFrame::Cancel { id: RequestId(1) }).await;
    let mut done = 0;
    while done < 8 {
        let Some(ServerFrame::Event(envelope)) = client.next().await else {
            panic!("closed")
        };
        done += usize::from(matches!(envelope.event, Event::Done { .. }));
    }
}

#[tokio::test]
async fn the_other_verbs_answer() {
    let daemon = Daemon::start();
    let mut client = daemon.connect().await;
    let events = client.ask(1, Call::ListRepos {}).await;
    assert!(matches!(&events[1], Event::Repos { repos } if repos[0].root == "/fake"));
    let skipped = SkippedArgs {
        repo: "/fake".to_owned(),
        ..SkippedArgs::default()
    };
    let events = client.ask(2, Call::Skipped(skipped)).await;
    let Event::Skipped(report) = &events[1] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (report.reasons[0].reason.as_str(), report.redactions),
        ("secret", 2)
    );
    let events = client.ask(3, Call::Status(StatusArgs::default())).await;
    let Event::Status(status) = &events[1] else {
        panic!("{events:?}")
    };
    assert_eq!(status.clients, 1);
    assert!(
        status
            .components
            .iter()
            .any(|component| component.name == "socket")
    );
    let nowhere = StatusArgs {
        repo: Some("/elsewhere".to_owned()),
    };
    assert_eq!(
        error_of(&client.ask(4, Call::Status(nowhere)).await).code,
        ErrorCode::NotFound
    );
}
