//! Finding a daemon, without starting one.

use std::fs;
use std::time::Duration;

use aiex_client::{ConnectError, ConnectOptions, Step, Stopped, stop};
use aiex_config::info::write_info;
use aiex_config::{DaemonLock, StartLock};
use aiex_protocol::hello::Build;
use aiex_protocol::{RefusalReason, ServerFrame, Welcome};

use crate::fake::{Fake, Peer, Scratch, connect, exists, info, refusal, welcome};
use crate::process;

#[tokio::test]
async fn a_running_daemon_is_used_without_any_lock() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |_, stream| async {
        let mut peer = Peer::upgrade(stream).await;
        let hello = peer.hello().await;
        assert_eq!(hello.client, "test");
        peer.send(ServerFrame::Welcome(welcome())).await;
        peer.linger().await;
    });
    let (client, notices) = connect(scratch.options()).await;
    assert_eq!(client.unwrap().welcome(), welcome());
    assert_eq!(notices, Vec::<String>::new());
    assert!(!exists(&scratch.home.starting_lock()));
}

#[tokio::test]
async fn every_refusal_is_shown_with_what_to_do() {
    for reason in [
        RefusalReason::ClientTooOld,
        RefusalReason::DaemonTooOld,
        RefusalReason::Draining,
        RefusalReason::TokenRejected,
        RefusalReason::OriginRejected,
        RefusalReason::Overloaded,
        RefusalReason::BadHello,
    ] {
        let scratch = Scratch::new();
        let _fake = Fake::start(&scratch.home, move |_, stream| async move {
            let mut peer = Peer::upgrade(stream).await;
            peer.hello().await;
            peer.send(ServerFrame::Refused(refusal(reason))).await;
            peer.linger().await;
        });
        let error = connect(scratch.options()).await.0.unwrap_err();
        assert!(
            matches!(&error, ConnectError::Refused(seen) if *seen == refusal(reason)),
            "{error:?}"
        );
        assert!(error.to_string().contains(&refusal(reason).message), "{error}");
        assert_eq!(error.hint(), Some(refusal(reason).hint));
        assert_eq!(error.is_client_too_old(), reason == RefusalReason::ClientTooOld);
    }
}

#[tokio::test]
async fn a_client_that_may_start_daemons_leaves_a_newer_one_alone() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |_, stream| async {
        let mut peer = Peer::upgrade(stream).await;
        peer.hello().await;
        peer.send(ServerFrame::Refused(refusal(RefusalReason::ClientTooOld)))
            .await;
        peer.linger().await;
    });
    let options = ConnectOptions {
        spawn: Some(process::command("serve")),
        ..scratch.options()
    };
    let error = connect(options).await.0.unwrap_err();
    assert!(error.is_client_too_old());
    assert_eq!(process::starts(&scratch.home), 0);
}

#[tokio::test]
async fn the_deadline_names_the_step() {
    let short = Duration::from_millis(150);
    let step_of = |error: ConnectError| match error {
        ConnectError::Deadline { step, budget } => {
            assert_eq!(budget, short);
            step
        }
        other => panic!("{other:?}"),
    };

    let scratch = Scratch::new();
    let options = || ConnectOptions {
        deadline: short,
        ..scratch.options()
    };
    let fake = Fake::start(&scratch.home, |_, stream| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    });
    assert_eq!(step_of(connect(options()).await.0.unwrap_err()), Step::Handshake);
    drop(fake);

    let fake = Fake::start(&scratch.home, |_, stream| async move {
        let mut peer = Peer::upgrade(stream).await;
        peer.hello().await;
        std::future::pending::<()>().await;
    });
    let error = connect(options()).await.0.unwrap_err();
    assert!(
        error.to_string().contains("the daemon to answer the hello"),
        "{error}"
    );
    assert_eq!(step_of(error), Step::Welcome);
    drop(fake);

    let lock = DaemonLock::try_acquire(&scratch.home).unwrap().unwrap();
    assert_eq!(step_of(connect(options()).await.0.unwrap_err()), Step::Listening);
    drop(lock);

    let _lock = StartLock::try_acquire(&scratch.home).unwrap().unwrap();
    let starting = ConnectOptions {
        spawn: Some(process::command("serve")),
        ..options()
    };
    assert_eq!(step_of(connect(starting).await.0.unwrap_err()), Step::StartLock);
    assert_eq!(process::starts(&scratch.home), 0);
}

#[tokio::test]
async fn without_a_daemon_it_says_what_it_saw() {
    let scratch = Scratch::new();
    let reason = |error: ConnectError| match error {
        ConnectError::NotRunning { reason } => reason,
        other => panic!("{other:?}"),
    };
    let none = reason(connect(scratch.options()).await.0.unwrap_err());
    assert_eq!(none, "there is no info file");

    fs::write(scratch.home.info_file(), "{\"contract\": 1, \"pi").unwrap();
    let half = reason(connect(scratch.options()).await.0.unwrap_err());
    assert!(half.contains("is not a daemon's info file"), "{half}");

    write_info(&scratch.home, &info(&scratch.home, 1)).unwrap();
    let stale = reason(connect(scratch.options()).await.0.unwrap_err());
    assert!(stale.contains("nobody listens on"), "{stale}");

    // A socket file that nobody serves any more is another error of the system, and the same to us.
    drop(std::os::unix::net::UnixListener::bind(scratch.home.socket_file()).unwrap());
    let dead = reason(connect(scratch.options()).await.0.unwrap_err());
    assert!(dead.contains("nobody listens on"), "{dead}");
}

#[tokio::test]
async fn something_else_on_the_socket_is_told_from_a_daemon() {
    let scratch = Scratch::new();
    let _fake = Fake::start(&scratch.home, |_, stream| async move {
        let mut peer = Peer::upgrade(stream).await;
        peer.hello().await;
        peer.text("{\"say\": \"what?\"}").await;
        peer.linger().await;
    });
    let error = connect(scratch.options()).await.0.unwrap_err();
    assert!(matches!(error, ConnectError::Protocol { .. }), "{error:?}");
}

#[tokio::test]
async fn a_client_that_starts_none_uses_a_daemon_that_differs_and_says_so() {
    for (different, expected) in [
        (
            Build {
                version: "0.0.1".into(),
                digest: "old".into(),
            },
            Some("it ran 0.0.1 (old)"),
        ),
        (
            Build {
                version: "99.0.0".into(),
                digest: "new".into(),
            },
            None,
        ),
    ] {
        let scratch = Scratch::new();
        let theirs = different.clone();
        let _fake = Fake::start(&scratch.home, move |_, stream| {
            let build = theirs.clone();
            async move {
                let mut peer = Peer::upgrade(stream).await;
                peer.hello().await;
                peer.send(ServerFrame::Welcome(Welcome { build, ..welcome() }))
                    .await;
                peer.linger().await;
            }
        });
        let (client, notices) = connect(scratch.options()).await;
        assert_eq!(client.unwrap().welcome().build, different);
        match expected {
            Some(text) => {
                assert!(
                    matches!(&notices[..], [notice] if notice.contains(text)),
                    "{notices:?}"
                );
            }
            None => assert_eq!(notices, Vec::<String>::new()),
        }
    }
}

#[tokio::test]
async fn stopping_where_nothing_runs_is_no_failure() {
    let scratch = Scratch::new();
    assert_eq!(
        stop(&scratch.options(), "test").await.unwrap(),
        Stopped::WasNotRunning
    );
}
