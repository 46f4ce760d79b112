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

/// A full disk is where a log is wanted most and can be written least.
#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_stands_in_nobodys_way() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let repo = world.sample();
    let state = world.aiex_home().join("state/c1");
    std::fs::create_dir_all(&state).unwrap();
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink("/dev/full", state.join("aiexd.log")).unwrap();
    for _ in 0..3 {
        world.ok(&repo, &["search", "next_delay", "--wait-fresh"]);
    }
    let status = world.daemon_status();
    assert_eq!(status["clients"], 1, "{status:#}");
    let well = status["components"].as_array().unwrap();
    assert!(
        well.iter().all(|component| component["restarts"] == 0),
        "{status:#}"
    );
}

#[test]
fn a_second_daemon_in_the_foreground_is_refused() {
    let world = World::new();
    world.ok(&world.home(), &["daemon", "start"]);
    let outcome = world.run(&world.home(), &["daemon", "run"]);
    assert_eq!(outcome.code, Some(3), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("another daemon"), "{}", outcome.stderr);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_daemon_keeps_few_heaps_and_leaves_the_users_settings_alone() {
    let heaps_of = |world: &World| {
        let pid = world.daemon_status()["pid"].as_u64().unwrap();
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
        let environment = String::from_utf8_lossy(&environment).into_owned();
        let heaps = environment
            .split('\0')
            .find_map(|entry| entry.strip_prefix("MALLOC_ARENA_MAX="));
        heaps.map(str::to_owned)
    };
    let world = World::new();
    world.ok(&world.home(), &["daemon", "start"]);
    assert_eq!(heaps_of(&world).as_deref(), Some("2"));

    let own = World::new();
    let mut start = own.aiex(&own.home(), &["daemon", "start"]);
    let started = start.env("MALLOC_TRIM_THRESHOLD_", "4096").output().unwrap();
    assert!(started.status.success());
    assert_eq!(heaps_of(&own), None);
}
