//! Starting and replacing daemons: each is a process of its own.

use std::time::Duration;

use aiex_client::{Client, ConnectError, ConnectOptions, RequestOptions, Step, Stopped, stop};
use aiex_config::info::write_info;
use aiex_config::{exits, is_daemon_alive};
use aiex_protocol::hello::Build;
use aiex_protocol::{Call, Event, ServerFrame, Welcome};

use crate::fake::{CONFIG, Fake, Peer, Scratch, connect, info, welcome};
use crate::process::{command, command_of_version, starts};

impl Scratch {
    fn starting(&self, behaviour: &str) -> ConnectOptions {
        ConnectOptions {
            spawn: Some(command(behaviour)),
            ..self.options()
        }
    }
}

async fn stop_it(scratch: &Scratch) {
    assert_eq!(
        stop(&scratch.options(), "the test is over").await.unwrap(),
        Stopped::Exited
    );
    assert!(!is_daemon_alive(&scratch.home));
}

async fn ask(client: &Client) -> Result<(), aiex_client::RequestError> {
    let mut stream = client
        .request(Call::ListRepos {}, RequestOptions::default())
        .await?;
    while stream.next().await?.is_some() {}
    Ok(())
}

#[tokio::test]
async fn a_daemon_is_started_used_and_stopped() {
    let scratch = Scratch::new();
    let (client, notices) = connect(scratch.starting("serve")).await;
    let client = client.unwrap();
    ask(&client).await.unwrap();
    assert_ne!(client.welcome().pid, 0);
    assert_eq!((notices, starts(&scratch.home)), (vec![], 1));
    stop_it(&scratch).await;
}

#[tokio::test]
async fn a_stale_info_file_and_a_dead_socket_do_not_stand_in_the_way() {
    let scratch = Scratch::new();
    write_info(&scratch.home, &info(&scratch.home, 1)).unwrap();
    drop(std::os::unix::net::UnixListener::bind(scratch.home.socket_file()).unwrap());
    connect(scratch.starting("serve")).await.0.unwrap();
    assert_eq!(
        exits::read(&scratch.home).len(),
        1,
        "what was left behind counts as a crash"
    );
    stop_it(&scratch).await;

    std::fs::write(scratch.home.info_file(), "half").unwrap();
    connect(scratch.starting("serve")).await.0.unwrap();
    stop_it(&scratch).await;
}

#[tokio::test]
async fn fifty_clients_at_once_start_one_daemon() {
    let scratch = Scratch::new();
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let options = ConnectOptions {
                deadline: Duration::from_secs(60),
                ..scratch.starting("serve")
            };
            tokio::spawn(async move { connect(options).await.0.unwrap() })
        })
        .collect();
    let mut pids = Vec::new();
    for client in clients {
        let client = client.await.unwrap();
        ask(&client).await.unwrap();
        pids.push(client.welcome().pid);
    }
    pids.dedup();
    assert_eq!((pids.len(), starts(&scratch.home)), (1, 1));
    stop_it(&scratch).await;
}

#[tokio::test]
async fn an_older_daemon_is_drained_and_replaced_with_one_line_that_says_why() {
    let scratch = Scratch::new();
    let build = Build {
        version: "0.0.9".into(),
        digest: "another".into(),
    };
    let old = ConnectOptions {
        spawn: Some(command_of_version("0.0.9")),
        build: build.clone(),
        ..scratch.options()
    };
    assert_eq!(connect(old).await.0.unwrap().welcome().build, build);

    let (client, notices) = connect(scratch.starting("serve")).await;
    assert_eq!(client.unwrap().welcome().build, welcome().build);
    let [notice] = &notices[..] else {
        panic!("{notices:?}")
    };
    assert!(
        notice.starts_with("restarted the daemon: it ran 0.0.9 (another), this is "),
        "{notice}"
    );
    assert_eq!(starts(&scratch.home), 2);
    assert_eq!(exits::read(&scratch.home), [], "an orderly exit is no crash");
    stop_it(&scratch).await;
}

#[tokio::test]
async fn another_build_of_the_version_or_other_settings_are_replaced() {
    let scratch = Scratch::new();
    connect(scratch.starting("serve")).await.0.unwrap();

    // As a program that was built again sees it. What it starts is the old file all the same, which must not
    // send it round in circles.
    let rebuilt = Build {
        digest: "rebuilt".into(),
        ..welcome().build
    };
    let (client, notices) = connect(ConnectOptions {
        build: rebuilt,
        ..scratch.starting("serve")
    })
    .await;
    client.unwrap();
    assert_eq!((notices.len(), starts(&scratch.home)), (2, 2), "{notices:?}");

    let changed = ConnectOptions {
        config_digest: Some("changed".into()),
        ..scratch.starting("serve")
    };
    let (client, notices) = connect(changed).await;
    client.unwrap();
    assert!(notices[0].contains("settings"), "{notices:?}");
    assert_eq!(starts(&scratch.home), 3);
    stop_it(&scratch).await;
}

#[tokio::test]
async fn an_old_daemon_that_does_not_go_is_waited_for_in_vain() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |_, stream| async {
        let mut peer = Peer::upgrade(stream).await;
        peer.hello().await;
        let build = Build {
            version: "0.0.1".into(),
            digest: "old".into(),
        };
        peer.send(ServerFrame::Welcome(Welcome { build, ..welcome() }))
            .await;
        let Some(request) = peer.receive().await else {
            return;
        };
        let aiex_protocol::ClientFrame::Request(request) = request else {
            panic!()
        };
        assert!(matches!(request.call, Call::Drain { .. }));
        peer.event(request.id, 0, Event::Done { summary: None }).await;
        peer.linger().await;
    });
    let options = ConnectOptions {
        deadline: Duration::from_millis(300),
        ..scratch.starting("serve")
    };
    let error = connect(options).await.0.unwrap_err();
    assert!(
        matches!(
            error,
            ConnectError::Deadline {
                step: Step::OldDaemonExit,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(starts(&scratch.home), 0);
}

#[tokio::test]
async fn a_daemon_that_cannot_start_is_quoted() {
    let scratch = Scratch::new();
    let error = connect(scratch.starting("explain and exit")).await.0.unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(error.hint().as_deref(), Some("make room"));

    // What the last one wrote is not taken for this one's.
    let error = connect(scratch.starting("die")).await.0.unwrap_err();
    assert!(error.to_string().contains("the stars are wrong"), "{error}");
    assert!(matches!(error, ConnectError::StartFailed { failure: None, .. }));
    assert_eq!(exits::read(&scratch.home).len(), 2);
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let scratch = Scratch::new();
    let mut options = scratch.starting("serve");
    options.spawn.as_mut().unwrap().exe = "/nowhere/aiex".into();
    let error = connect(options).await.0.unwrap_err();
    assert_eq!(error.to_string(), "cannot start /nowhere/aiex");
}

#[tokio::test]
async fn a_daemon_that_is_never_ready_runs_out_the_deadline() {
    let scratch = Scratch::new();
    let options = ConnectOptions {
        deadline: Duration::from_millis(500),
        ..scratch.starting("hang")
    };
    let error = connect(options).await.0.unwrap_err();
    assert!(
        matches!(
            error,
            ConnectError::Deadline {
                step: Step::Ready,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_daemon_that_keeps_failing_is_left_alone_for_a_while() {
    let scratch = Scratch::new();
    for _ in 0..=exits::LIMIT {
        let error = connect(scratch.starting("explain and exit")).await.0.unwrap_err();
        assert!(matches!(error, ConnectError::StartFailed { .. }), "{error:?}");
    }
    let error = connect(scratch.starting("serve")).await.0.unwrap_err();
    let text = format!("{error}; {}", error.hint().unwrap());
    for part in [
        "6 times",
        "the disk is full",
        "aiex daemon logs",
        "aiex doctor",
        "--no-daemon",
    ] {
        assert!(text.contains(part), "{text}\nlacks {part}");
    }
    assert_eq!(starts(&scratch.home), exits::LIMIT + 1);

    exits::clear(&scratch.home).unwrap();
    connect(scratch.starting("serve")).await.0.unwrap();
    stop_it(&scratch).await;
}

#[tokio::test]
async fn a_request_that_kills_daemons_is_not_sent_for_ever() {
    let scratch = Scratch::new();
    let client = connect(scratch.starting("abort at the first request"))
        .await
        .0
        .unwrap();
    let error = ask(&client).await.unwrap_err();
    assert!(
        matches!(error, aiex_client::RequestError::Lost { .. }),
        "{error:?}"
    );
    assert_eq!(starts(&scratch.home), 2, "it was sent once more");
}

#[tokio::test]
async fn a_dead_daemon_is_started_again_for_the_next_request() {
    let scratch = Scratch::new();
    let client = connect(scratch.starting("serve")).await.0.unwrap();
    ask(&client).await.unwrap();
    stop_it(&scratch).await;
    ask(&client).await.unwrap();
    assert_eq!(starts(&scratch.home), 2);
    assert_eq!(client.welcome().config_digest, CONFIG);
    stop_it(&scratch).await;
}
