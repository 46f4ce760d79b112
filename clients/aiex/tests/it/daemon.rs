//! `aiex daemon`.

use crate::world::World;

#[test]
fn the_daemon_is_started_stopped_and_restarted() {
    let world = World::new();
    let here = world.home();
    let absent = world.run(&here, &["daemon", "status", "--json"]);
    assert_eq!(absent.code, Some(3));
    insta::assert_snapshot!(absent.stdout, @r#"
    {
      "running": false
    }
    "#);
    assert!(
        world
            .ok(&here, &["daemon", "stop"])
            .stderr
            .contains("does not run")
    );

    assert!(
        world
            .ok(&here, &["daemon", "start"])
            .stderr
            .contains("the daemon started, pid ")
    );
    assert!(
        world
            .ok(&here, &["daemon", "start"])
            .stderr
            .contains("already runs")
    );
    let first = world.daemon_status()["pid"].as_u64().unwrap();
    world.ok(&here, &["daemon", "restart"]);
    let second = world.daemon_status()["pid"].as_u64().unwrap();
    assert_ne!(first, second);
    assert!(
        world
            .ok(&here, &["daemon", "status"])
            .stdout
            .contains(&format!("pid {second}"))
    );
    world.ok(&here, &["daemon", "stop"]);
    assert_eq!(world.daemon_status()["running"], false);
}

#[test]
fn status_names_what_a_script_needs() {
    let world = World::new();
    world.ok(&world.home(), &["daemon", "start"]);
    let status = world.daemon_status();
    for key in [
        "pid",
        "build",
        "socket",
        "budgets",
        "repos",
        "home",
        "embedder",
        "components",
    ] {
        assert!(status.get(key).is_some(), "{key} is missing: {status}");
    }
}

#[test]
fn the_log_can_be_read() {
    let world = World::new();
    assert!(
        world
            .ok(&world.home(), &["daemon", "logs"])
            .stderr
            .contains("there is no log yet")
    );
    world.ok(&world.home(), &["daemon", "start"]);
    let log = world.ok(&world.home(), &["daemon", "logs", "-n", "1"]).stdout;
    assert_eq!(log.lines().count(), 1, "{log}");
}

#[test]
fn a_second_daemon_in_the_foreground_is_refused() {
    let world = World::new();
    world.ok(&world.home(), &["daemon", "start"]);
    let outcome = world.run(&world.home(), &["daemon", "run"]);
    assert_eq!(outcome.code, Some(3), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("another daemon"), "{}", outcome.stderr);
}
