//! Following a run of research: without holes, whatever happens to the connection.

use aiex_client::{Client, Followed, RequestError, RequestOptions};
use aiex_config::info::write_info;
use aiex_protocol::journal::{RunEntry, RunEvent};
use aiex_protocol::{Call, ClientFrame, ErrorCode, Event, Request, RequestId, WireError};
use tokio::sync::mpsc;

use crate::fake::{Fake, Peer, Scratch, connect, info};

const DONE: Event = Event::Done { summary: None };

fn entry(seq: u64) -> Event {
    Event::RunEntry(Box::new(RunEntry {
        seq,
        at_ms: seq,
        event: RunEvent::Resumed,
    }))
}

/// The entry from which this request wants a run's journal.
fn from_seq(request: &Request) -> u64 {
    match &request.call {
        Call::ResearchFollow(follow) => follow.from_seq,
        other => panic!("{other:?}"),
    }
}

/// Accepts and tells these entries.
async fn tell(peer: &mut Peer, id: RequestId, entries: impl IntoIterator<Item = u64>) -> u64 {
    peer.accept(id, "s").await;
    let mut seq = 0;
    for number in entries {
        seq += 1;
        peer.event(id, seq, entry(number)).await;
    }
    seq
}

/// The numbers of all entries, the notices, and how it ended.
async fn all(client: &Client, from_seq: u64) -> (Vec<u64>, Vec<String>, Option<RequestError>) {
    let mut follow = client.follow("20260131-0af3c9", from_seq);
    let (mut entries, mut notices) = (Vec::new(), Vec::new());
    loop {
        match follow.next().await {
            Ok(Some(Followed::Entry(entry))) => entries.push(entry.seq),
            Ok(Some(Followed::Notice(message))) => notices.push(message),
            Ok(None) => return (entries, notices, None),
            Err(error) => return (entries, notices, Some(error)),
        }
    }
}

#[tokio::test]
async fn a_journal_is_read_from_anywhere_to_its_end() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |_, stream| async {
        let mut peer = Peer::welcome(stream).await;
        let request = peer.request().await;
        let seq = tell(&mut peer, request.id, from_seq(&request)..=9).await;
        peer.event(request.id, seq + 1, DONE).await;
        peer.linger().await;
    });
    let client = connect(scratch.options()).await.0.unwrap();
    assert_eq!(all(&client, 4).await, (vec![4, 5, 6, 7, 8, 9], vec![], None));
}

#[tokio::test]
async fn what_a_slow_reader_missed_is_read_again() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |_, stream| async {
        let mut peer = Peer::welcome(stream).await;
        let first = peer.request().await;
        assert_eq!(from_seq(&first), 1);
        let seq = tell(&mut peer, first.id, [1, 2]).await;
        peer.event(first.id, seq + 40, Event::Gap { missed: 40 }).await;
        peer.event(first.id, seq + 41, entry(43)).await;
        // The client gives this stream up.
        assert!(peer.receive().await.is_some());
        let again = peer.request().await;
        let seq = tell(&mut peer, again.id, from_seq(&again)..=43).await;
        peer.event(again.id, seq + 1, DONE).await;
        peer.linger().await;
    });
    let client = connect(scratch.options()).await.0.unwrap();
    let (entries, notices, error) = all(&client, 0).await;
    assert_eq!(
        (entries, notices, error),
        ((1..=43).collect::<Vec<u64>>(), vec![], None)
    );
}

#[tokio::test]
async fn a_reader_that_stalls_misses_nothing() {
    /// More than a socket and the client's queue hold together.
    const ENTRIES: u64 = 8_000;
    let scratch = Scratch::new();
    let (sent, mut all_sent) = mpsc::channel(ENTRIES as usize);
    let _fake = Fake::start(&scratch.home, move |_, stream| {
        let sent = sent.clone();
        async move {
            let mut peer = Peer::welcome(stream).await;
            while let Some(frame) = peer.receive().await {
                // What it gives up it cancels.
                let ClientFrame::Request(request) = frame else {
                    continue;
                };
                let seq = tell(&mut peer, request.id, from_seq(&request)..=ENTRIES).await;
                peer.event(request.id, seq + 1, DONE).await;
                sent.send(from_seq(&request)).await.unwrap();
            }
        }
    });
    let client = connect(scratch.options()).await.0.unwrap();
    let mut follow = client.follow("20260131-0af3c9", 0);
    let mut expected = 1;
    while let Some(followed) = follow.next().await.unwrap() {
        let Followed::Entry(entry) = followed else {
            panic!("{followed:?}")
        };
        assert_eq!(entry.seq, expected);
        if expected == 1 {
            // Everything is sent while nobody reads.
            assert_eq!(all_sent.recv().await, Some(1));
        }
        expected += 1;
    }
    assert_eq!(expected, ENTRIES + 1);
    assert!(
        all_sent.recv().await > Some(1),
        "it was followed again, from further on"
    );
}

#[tokio::test]
async fn a_run_is_followed_across_daemons() {
    let scratch = Scratch::new();
    let home = scratch.home.clone();
    let _fake = Fake::start(&scratch.home, move |number, stream| {
        let home = home.clone();
        async move {
            let mut peer = Peer::welcome(stream).await;
            let request = peer.request().await;
            let from = from_seq(&request);
            assert_eq!(from, number as u64 * 3 + 1);
            let seq = tell(&mut peer, request.id, from..from + 3).await;
            if number < 3 {
                // To the client, a process that started at another time is another process.
                write_info(&home, &info(&home, number as u64 + 2)).unwrap();
                return;
            }
            peer.event(request.id, seq + 1, DONE).await;
            peer.linger().await;
        }
    });
    let client = connect(scratch.options()).await.0.unwrap();
    let (entries, notices, error) = all(&client, 0).await;
    assert_eq!((entries, error), ((1..=12).collect::<Vec<u64>>(), None));
    assert_eq!(notices.len(), 3, "{notices:?}");
}

#[tokio::test]
async fn a_daemon_that_drains_is_asked_again() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |_, stream| async {
        let mut peer = Peer::welcome(stream).await;
        let first = peer.request().await;
        let seq = tell(&mut peer, first.id, [1]).await;
        let draining = WireError::new(ErrorCode::Draining, "the daemon is about to exit");
        peer.event(first.id, seq + 1, Event::Error(draining)).await;
        let again = peer.request().await;
        assert_eq!(from_seq(&again), 2);
        let seq = tell(&mut peer, again.id, [2]).await;
        peer.event(again.id, seq + 1, DONE).await;
        peer.linger().await;
    });
    let client = connect(scratch.options()).await.0.unwrap();
    assert_eq!(all(&client, 0).await, (vec![1, 2], vec![], None));
}

#[tokio::test]
async fn a_run_that_does_not_exist_is_told() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |_, stream| async {
        let mut peer = Peer::welcome(stream).await;
        let id = peer.request().await.id;
        let error = WireError::new(ErrorCode::NotFound, "there is no run x");
        peer.event(id, 0, Event::Error(error)).await;
        peer.linger().await;
    });
    let client = connect(scratch.options()).await.0.unwrap();
    let mut follow = client.follow("x", 0);
    let error = follow.next().await.unwrap_err();
    assert_eq!(error.to_string(), "there is no run x");
    assert_eq!(follow.next().await, Ok(None));
}

#[tokio::test]
async fn what_the_daemon_does_not_announce_is_not_sent() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |_, stream| async {
        let mut peer = Peer::welcome(stream).await;
        assert!(peer.receive().await.is_none(), "nothing was to be sent");
    });
    let client = connect(scratch.options()).await.0.unwrap();
    assert!(client.is_able("research") && !client.is_able("cache"));
    let error = client
        .request(Call::CacheStats {}, RequestOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the daemon that runs does not know `cache.stats`"
    );
    assert!(error.hint().is_some());
    client.close().await;
}
