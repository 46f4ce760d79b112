//! Many connections follow one run.

use aiex_protocol::research::{ApproveArgs, FollowArgs, ResearchArgs, RunArgs, RunState};
use aiex_protocol::source::SourceKind;
use aiex_protocol::{Call, Event};
use futures_util::future::join_all;
use tokio::net::UnixStream;

use crate::harness::{Client, Daemon, settings};

const FOLLOWERS: usize = 200;
/// Streams of the connection that reads nothing: together more than the socket between holds.
const STALLED: u64 = 64;

fn follow(run: &str) -> Call {
    Call::ResearchFollow(FollowArgs {
        run: run.to_owned(),
        from_seq: 1,
    })
}

/// The numbers of a run's entries as one request tells them, from the first to the last.
async fn journal(mut client: Client<UnixStream>, run: String) -> Vec<u64> {
    let events = client.ask(1, follow(&run)).await;
    assert!(
        matches!(events.last(), Some(Event::Done { .. })),
        "{:?}",
        events.last()
    );
    numbers(&events)
}

fn numbers(events: &[Event]) -> Vec<u64> {
    let number = |event: &Event| match event {
        Event::RunEntry(entry) => Some(entry.seq),
        Event::Accepted { .. } | Event::Done { .. } => None,
        other => panic!("{other:?}"),
    };
    events.iter().filter_map(number).collect()
}

async fn run_of(client: &mut Client<UnixStream>, id: u64, call: Call) -> aiex_protocol::research::RunSummary {
    let events = client.ask(id, call).await;
    let run = events.iter().find_map(|event| match event {
        Event::Run(run) => Some(run.clone()),
        _ => None,
    });
    run.unwrap_or_else(|| panic!("{events:?}"))
}

async fn state(client: &mut Client<UnixStream>, id: u64, run: &str) -> RunState {
    let look = Call::ResearchShow(RunArgs { run: run.to_owned() });
    let events = client.ask(id, look).await;
    let state = events.iter().find_map(|event| match event {
        Event::RunView(view) => Some(view.summary.state),
        _ => None,
    });
    state.unwrap_or_else(|| panic!("{events:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_misses_an_entry_and_one_that_reads_nothing_holds_up_nobody() {
    // Next to nothing is kept for slow readers: whoever is told more than it reads would miss some of it.
    let mut settings = settings();
    settings.daemon.max_connections = 2 * FOLLOWERS;
    let daemon = Daemon::start_with(settings, |options| options.retention.events = 4);
    let mut client = daemon.connect().await;
    let wanted = ResearchArgs {
        question: "how are retries decided".to_owned(),
        sources: vec![SourceKind::Code],
        repos: vec!["/fake".to_owned()],
        approve: true,
        ..ResearchArgs::default()
    };
    let run = run_of(&mut client, 1, Call::ResearchStart(wanted)).await.id;

    let mut stalled = daemon.connect().await;
    for id in 1..=STALLED {
        stalled.send(id, follow(&run)).await;
    }
    let mut followers = Vec::new();
    for _ in 1..FOLLOWERS {
        followers.push(tokio::spawn(journal(daemon.connect().await, run.clone())));
    }
    let approval = ApproveArgs {
        run: run.clone(),
        ..ApproveArgs::default()
    };
    // The plan may be a moment in coming.
    let mut id = 2;
    while state(&mut client, id, &run).await != RunState::AwaitingApproval {
        id += 1;
    }
    run_of(&mut client, id + 1, Call::ResearchApprove(approval)).await;

    // The run comes to its end and everybody sees all of it, while one reads nothing.
    let all = join_all(followers).await;
    let whole: Vec<u64> = (1..=all[0].as_ref().unwrap().len() as u64).collect();
    assert!(whole.len() > 20, "{whole:?}");
    for seen in all {
        assert_eq!(seen.unwrap(), whole);
    }
    // Then it reads, and has missed nothing either.
    let mut told: Vec<Vec<Event>> = vec![Vec::new(); STALLED as usize + 1];
    let is_over = |events: &Vec<Event>| events.last().is_some_and(Event::is_last);
    while !told.iter().skip(1).all(is_over) {
        let Some(aiex_protocol::ServerFrame::Event(envelope)) = stalled.next().await else {
            panic!("the connection ended")
        };
        told[envelope.id.0 as usize].push(envelope.event);
    }
    for events in told.iter().skip(1) {
        assert_eq!(numbers(events), whole);
    }
}
