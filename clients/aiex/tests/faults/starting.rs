//! Many want a daemon at once; there is one.

use std::time::Duration;

use crate::world::{World, is_running, wait_for};

#[test]
fn two_clients_that_start_the_daemon_at_once_share_one() {
    let world = World::new();
    let here = world.path("home");
    for round in 0..50 {
        let clients = [(); 2].map(|()| world.aiex(&here, &["daemon", "start"]).spawn().unwrap());
        let pids = clients.map(|client| {
            let outcome = wait_for(client);
            assert_eq!(
                outcome.code,
                Some(0),
                "round {round}: {outcome:#?}\n{}",
                world.log()
            );
            let (_, pid) = outcome.stderr.trim().rsplit_once("pid ").expect("a pid");
            pid.to_owned()
        });
        assert_eq!(pids[0], pids[1], "round {round}");
        let pid = world.pid().unwrap();
        assert_eq!(pid.as_raw_nonzero().to_string(), pids[0], "round {round}");
        world.ok(&here, &["daemon", "stop"]);
        assert!(!world.is_alive(), "round {round}");
        let gone = std::time::Instant::now() + Duration::from_secs(10);
        while is_running(pid) {
            assert!(
                std::time::Instant::now() < gone,
                "round {round}: the stopped daemon runs on"
            );
            std::thread::yield_now();
        }
        assert!(
            !world.state("aiexd.exits.json").exists(),
            "round {round}: a clean stop counts as a crash"
        );
    }
}

#[test]
fn a_daemon_of_another_build_is_replaced_once() {
    let world = World::new();
    let here = world.path("home");
    let other = world.path("aiex-of-another-build");
    std::fs::copy(env!("CARGO_BIN_EXE_aiex"), &other).unwrap();
    {
        use std::io::Write as _;
        let mut file = std::fs::OpenOptions::new().append(true).open(&other).unwrap();
        file.write_all(b"\n# another build\n").unwrap();
    }
    let started = world
        .command(other.to_str().unwrap())
        .args(["daemon", "start"])
        .output()
        .unwrap();
    assert!(started.status.success(), "{started:?}");
    let first = world.pid().unwrap();

    let replaced = world.ok(&here, &["daemon", "start"]);
    let second = world.pid().unwrap();
    assert_ne!(first, second, "{}", replaced.stderr);
    assert!(
        replaced.stderr.contains("restarted the daemon"),
        "{}",
        replaced.stderr
    );
    world.ok(&here, &["daemon", "start"]);
    assert_eq!(world.pid(), Some(second));
}
