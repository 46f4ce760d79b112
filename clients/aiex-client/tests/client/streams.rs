//! Requests and their events over one connection, and what happens when it drops.

use std::time::Duration;

use aiex_client::{Client, RequestError, RequestOptions};
use aiex_config::info::write_info;
use aiex_protocol::search::{Hits, SearchArgs, Stage};
use aiex_protocol::status::StatusArgs;
use aiex_protocol::{Call, ClientFrame, ErrorCode, Event, RequestId, StreamId, WireError};
use tokio::sync::mpsc;

use crate::fake::{Fake, Peer, Scratch, connect, info};

fn search(query: &str) -> Call {
    Call::Search(SearchArgs {
        query: query.into(),
        ..SearchArgs::default()
    })
}

fn notice(message: &str) -> Event {
    Event::Notice {
        message: message.into(),
    }
}

fn hits(stage: Stage) -> Event {
    Event::Hits(Hits { stage, hits: vec![] })
}

const DONE: Event = Event::Done { summary: None };

/// Every event until the end, and how it ended.
async fn all(client: &Client, call: Call) -> (Vec<Event>, Option<RequestError>) {
    let mut stream = client.request(call, RequestOptions::default()).await.unwrap();
    let mut events = Vec::new();
    loop {
        match stream.next().await {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return (events, None),
            Err(error) => return (events, Some(error)),
        }
    }
}

fn accepted() -> Event {
    Event::Accepted {
        stream: StreamId("s".into()),
    }
}

#[tokio::test]
async fn streams_run_side_by_side() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |_, stream| async {
        let mut peer = Peer::welcome(stream).await;
        let first = peer.request().await;
        let second = peer.request().await;
        assert_ne!(first.id, second.id);
        for (seq, name) in ["a", "b", "c"].into_iter().enumerate() {
            for request in [&second, &first] {
                peer.event(
                    request.id,
                    seq as u64,
                    notice(&format!("{name} {:?}", request.trace)),
                )
                .await;
            }
        }
        peer.event(first.id, 3, DONE).await;
        peer.event(second.id, 3, DONE).await;
        peer.linger().await;
    });
    let client = connect(scratch.options()).await.0.unwrap();
    let traced = |trace: &str| RequestOptions {
        trace: Some(trace.into()),
        ..RequestOptions::default()
    };
    let mut first = client.request(search("1"), traced("1")).await.unwrap();
    let mut second = client.request(search("2"), traced("2")).await.unwrap();
    for (stream, trace) in [(&mut first, "1"), (&mut second, "2")] {
        for name in ["a", "b", "c"] {
            let expected = notice(&format!("{name} {:?}", Some(trace)));
            assert_eq!(stream.next().await, Ok(Some(expected)));
        }
        assert_eq!(stream.next().await, Ok(Some(DONE)));
        assert_eq!(stream.next().await, Ok(None));
        assert_eq!(stream.next().await, Ok(None));
    }
}

#[tokio::test]
async fn unknown_events_are_skipped_and_gaps_are_passed_on() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |_, stream| async {
        let mut peer = Peer::welcome(stream).await;
        let id = peer.request().await.id;
        peer.accept(id, "s").await;
        peer.text(&format!(
            "{{\"type\":\"event\",\"id\":{},\"seq\":1,\"event\":\"confetti\"}}",
            id.0
        ))
        .await;
        peer.text("{\"type\":\"weather\"}").await;
        peer.text("not even JSON").await;
        peer.event(id, 2, Event::Gap { missed: 7 }).await;
        peer.event(id, 9, DONE).await;
        peer.linger().await;
    });
    let client = connect(scratch.options()).await.0.unwrap();
    let (events, error) = all(&client, search("q")).await;
    assert_eq!(
        (events, error),
        (vec![accepted(), Event::Gap { missed: 7 }, DONE], None)
    );
}

#[tokio::test]
async fn a_failed_request_ends_in_the_daemons_error() {
    let scratch = Scratch::new();
    let failure = WireError::new(ErrorCode::RootRefused, "no").with_hint("pass --yes");
    let sent = failure.clone();
    let _fake = Fake::start(&scratch.home, move |_, stream| {
        let sent = sent.clone();
        async move {
            let mut peer = Peer::welcome(stream).await;
            let id = peer.request().await.id;
            peer.event(id, 0, Event::Error(sent)).await;
            let id = peer.request().await.id.0;
            let code = "{\"code\":\"not_known_yet\",\"message\":\"m\"}";
            peer.text(&format!(
                "{{\"type\":\"event\",\"id\":{id},\"seq\":0,\"event\":\"error\",\"data\":{code}}}"
            ))
            .await;
            let id = peer.request().await.id;
            peer.event(id, 0, DONE).await;
            peer.linger().await;
        }
    });
    let client = connect(scratch.options()).await.0.unwrap();
    let error = all(&client, search("q")).await.1.unwrap();
    assert_eq!(error.hint().as_deref(), Some("pass --yes"));
    assert_eq!(error, RequestError::Wire(failure));
    let error = all(&client, search("q")).await.1.unwrap();
    assert!(matches!(error, RequestError::Protocol { .. }), "{error:?}");
    let error = client
        .status(StatusArgs::default(), RequestOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the daemon's answer cannot be understood: status ended without a result"
    );
}

#[tokio::test]
async fn a_dropped_connection_is_resumed_where_it_stopped() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |number, stream| async move {
        let mut peer = Peer::welcome(stream).await;
        if number == 0 {
            let id = peer.request().await.id;
            peer.accept(id, "s").await;
            peer.event(id, 1, hits(Stage::Final)).await;
            return;
        }
        let Some(ClientFrame::Resume { id, stream, after }) = peer.receive().await else {
            panic!()
        };
        assert_eq!((stream, after), (StreamId("s".into()), 1));
        peer.event(id, 1, hits(Stage::Final)).await;
        peer.event(id, 2, notice("behind")).await;
        peer.event(id, 3, DONE).await;
        peer.linger().await;
    });
    let client = connect(scratch.options()).await.0.unwrap();
    let (events, error) = all(&client, search("q")).await;
    assert_eq!(
        (events, error),
        (vec![accepted(), hits(Stage::Final), notice("behind"), DONE], None)
    );
}

/// A daemon that dies in the middle of the first connection, after these events, and whose successor is
/// asked again.
fn dying(scratch: &Scratch, event: fn() -> Event) -> Fake {
    let home = scratch.home.clone();
    Fake::start(&scratch.home, move |number, stream| {
        let home = home.clone();
        async move {
            let mut peer = Peer::welcome(stream).await;
            let request = peer.request().await;
            peer.accept(request.id, "s").await;
            if number == 0 {
                peer.event(request.id, 1, event()).await;
                // To the client, a process that started at another time is another process.
                write_info(&home, &info(&home, 2)).unwrap();
                return;
            }
            peer.event(request.id, 1, hits(Stage::Final)).await;
            peer.event(request.id, 2, DONE).await;
            peer.linger().await;
        }
    })
}

#[tokio::test]
async fn after_a_new_start_an_answer_that_was_not_firm_is_asked_for_again() {
    let scratch = Scratch::new();
    let _fake = dying(&scratch, || hits(Stage::Early));
    let client = connect(scratch.options()).await.0.unwrap();
    let (events, error) = all(&client, search("q")).await;
    assert_eq!(error, None);
    let again = notice("the connection to the daemon was lost; asked again");
    assert_eq!(
        events,
        [
            accepted(),
            hits(Stage::Early),
            again,
            accepted(),
            hits(Stage::Final),
            DONE
        ]
    );
}

#[tokio::test]
async fn after_a_new_start_a_firm_answer_is_lost_but_the_client_is_not() {
    let scratch = Scratch::new();
    let _fake = dying(&scratch, || Event::AnswerDelta {
        text: "half an".into(),
    });
    let client = connect(scratch.options()).await.0.unwrap();
    let (events, error) = all(&client, search("q")).await;
    assert_eq!(events.len(), 2);
    let Some(RequestError::Lost { reason }) = error else {
        panic!("{error:?}")
    };
    assert!(
        reason.contains("a part of the answer had already come"),
        "{reason}"
    );
    let (events, error) = all(&client, search("q")).await;
    assert_eq!((events.len(), error), (3, None));
}

#[tokio::test]
async fn after_a_new_start_what_must_not_be_done_twice_is_not() {
    let scratch = Scratch::new();
    let _fake = dying(&scratch, || notice("working"));
    let client = connect(scratch.options()).await.0.unwrap();
    let reindex = Call::ReindexRepo(aiex_protocol::repos::ReindexRepo::default());
    let error = all(&client, reindex).await.1.unwrap();
    assert!(
        error
            .to_string()
            .contains("it is not known whether the request was carried out"),
        "{error}"
    );
}

#[tokio::test]
async fn a_stream_that_the_daemon_forgot_is_asked_for_again() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |number, stream| async move {
        let mut peer = Peer::welcome(stream).await;
        if number == 0 {
            let id = peer.request().await.id;
            peer.accept(id, "s").await;
            return;
        }
        let Some(ClientFrame::Resume { id, .. }) = peer.receive().await else {
            panic!()
        };
        peer.event(
            id,
            0,
            Event::Error(WireError::new(ErrorCode::StreamGone, "what stream?")),
        )
        .await;
        let again = peer.request().await.id;
        assert_eq!(again, id);
        peer.accept(id, "t").await;
        peer.event(id, 1, DONE).await;
        peer.linger().await;
    });
    let client = connect(scratch.options()).await.0.unwrap();
    let (events, error) = all(&client, search("q")).await;
    assert_eq!((events.len(), error), (4, None));
}

#[tokio::test]
async fn a_connection_that_drops_each_time_is_given_up() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |number, stream| async move {
        let mut peer = Peer::welcome(stream).await;
        if number == 0 {
            let id = peer.request().await.id;
            peer.accept(id, "s").await;
        } else {
            peer.receive().await;
        }
    });
    let client = connect(scratch.options()).await.0.unwrap();
    let (events, error) = all(&client, search("q")).await;
    assert_eq!(events, [accepted()]);
    assert!(matches!(error, Some(RequestError::Lost { .. })), "{error:?}");
}

#[tokio::test]
async fn cancelling_and_dropping_both_reach_the_daemon() {
    let scratch = Scratch::new();
    let (seen, mut cancelled) = mpsc::channel::<RequestId>(4);
    let _fake = Fake::start(&scratch.home, move |_, stream| {
        let seen = seen.clone();
        async move {
            let mut peer = Peer::welcome(stream).await;
            while let Some(frame) = peer.receive().await {
                match frame {
                    ClientFrame::Request(request) => peer.accept(request.id, "s").await,
                    ClientFrame::Cancel { id } => {
                        seen.send(id).await.unwrap();
                        let error = WireError::new(ErrorCode::Cancelled, "cancelled");
                        peer.event(id, 1, Event::Error(error)).await;
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    });
    let client = connect(scratch.options()).await.0.unwrap();
    let mut stream = client
        .request(search("q"), RequestOptions::default())
        .await
        .unwrap();
    assert_eq!(stream.next().await, Ok(Some(accepted())));
    assert_eq!(stream.stream_id(), Some(&StreamId("s".into())));
    stream.cancel().await;
    let error = stream.next().await.unwrap_err();
    assert!(matches!(
        error,
        RequestError::Wire(WireError {
            code: ErrorCode::Cancelled,
            ..
        })
    ));
    assert_eq!(cancelled.recv().await, Some(RequestId(1)));

    let mut stream = client
        .request(search("q"), RequestOptions::default())
        .await
        .unwrap();
    assert_eq!(stream.next().await, Ok(Some(accepted())));
    drop(stream);
    assert_eq!(cancelled.recv().await, Some(RequestId(2)));
    client.close().await;
}

#[tokio::test]
async fn a_daemon_that_keeps_no_deadline_is_overtaken() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |_, stream| async {
        let mut peer = Peer::welcome(stream).await;
        let request = peer.request().await;
        assert_eq!(request.deadline_ms.map(|ms| ms <= 50), Some(true));
        peer.linger().await;
    });
    let client = connect(scratch.options()).await.0.unwrap();
    let options = RequestOptions {
        deadline: Some(Duration::from_millis(50)),
        trace: None,
    };
    let mut stream = client.request(search("q"), options).await.unwrap();
    let error = stream.next().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the deadline passed while waiting for the daemon's next event"
    );
    assert_eq!(stream.next().await, Ok(None));
}
