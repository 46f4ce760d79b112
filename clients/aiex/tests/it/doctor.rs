//! `aiex doctor`.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::world::{Outcome, World};

fn verdicts(outcome: &Outcome, check: &str) -> Vec<String> {
    outcome
        .rows()
        .iter()
        .filter(|row| row["check"] == check)
        .map(|row| row["verdict"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_healthy_setup_has_no_failure() {
    let world = World::new();
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    let outcome = world.ok(&repo, &["doctor", "--json"]);
    for check in [
        "state",
        "cache",
        "disk",
        "socket",
        "settings",
        "embedder",
        "daemon",
        "history",
        "research",
        "repository",
    ] {
        assert_eq!(verdicts(&outcome, check), ["ok"], "{check}\n{}", outcome.stdout);
    }
    assert!(
        outcome.rows().iter().all(|row| row["verdict"] != "fail"),
        "{}",
        outcome.stdout
    );
    assert!(world.ok(&repo, &["doctor"]).stdout.contains("ok    daemon"));
}

#[test]
fn settings_that_cannot_be_read_are_shown_with_their_place() {
    let world = World::new();
    world.configure("[daemon]\nidle_exit = \"soon\"\n");
    let outcome = world.run(&world.home(), &["doctor", "--json"]);
    assert_eq!(outcome.code, Some(8), "{}", outcome.stdout);
    assert_eq!(verdicts(&outcome, "settings"), ["fail"]);
    assert!(outcome.stdout.contains("config.toml:2"), "{}", outcome.stdout);
    // The daemon is not blamed for what lies before it.
    assert_eq!(verdicts(&outcome, "daemon"), ["warn"]);
}

#[test]
fn a_setting_that_nobody_knows_is_a_warning() {
    let world = World::new();
    world.configure("[daemon]\nidle_exti = \"5m\"\n");
    let outcome = world.ok(&world.home(), &["doctor", "--json"]);
    assert_eq!(verdicts(&outcome, "settings"), ["ok", "warn"]);
    assert!(outcome.stdout.contains("idle_exit"), "{}", outcome.stdout);
    world.configure("[ranking]\nlexical_kept = 90\nlexical_keptt = 90\n");
    let outcome = world.ok(&world.home(), &["doctor", "--json"]);
    assert_eq!(verdicts(&outcome, "settings"), ["ok", "warn"]);
    assert!(
        outcome.stdout.contains("ranking.lexical_keptt"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_file_of_prices_that_cannot_be_read_is_found() {
    let world = World::new();
    let path = world.path("prices.toml");
    world.configure(&format!("[research]\nprices = \"{}\"\n", path.display()));
    let outcome = world.run(&world.home(), &["doctor"]);
    assert_eq!(outcome.code, Some(8), "{}", outcome.stdout);
    for told in ["fail  prices", "`research.prices`", path.to_str().unwrap()] {
        assert!(outcome.stdout.contains(told), "{told}\n{}", outcome.stdout);
    }

    fs::write(&path, "[[price]]\nmodel = \"m\"\n").unwrap();
    let outcome = world.run(&world.home(), &["doctor", "--json"]);
    assert_eq!(outcome.code, Some(8), "{}", outcome.stdout);
    assert_eq!(verdicts(&outcome, "prices"), ["fail"]);
    assert!(outcome.stdout.contains("[[price]]"), "{}", outcome.stdout);
    // The daemon works without them.
    assert_eq!(verdicts(&outcome, "daemon"), ["ok"]);

    fs::write(&path, "[[price]]\nmodel = \"m\"\ninput = 1.0\noutput = 2.0\n").unwrap();
    let outcome = world.ok(&world.home(), &["doctor", "--json"]);
    assert_eq!(verdicts(&outcome, "prices"), ["ok"]);
}

#[test]
fn a_vocabulary_that_cannot_be_read_is_found_and_its_model_not_asked() {
    let world = World::new();
    let repo = world.repo("r", &[("src/a.rs", "/// Weighs a parcel.\nfn weigh() {}\n")]);
    let path = world.path("tokenizer.json");
    fs::write(&path, "{}").unwrap();
    world.configure(&format!(
        "[[provider]]\nname = \"near\"\nkind = \"ollama\"\nurl = \"http://127.0.0.1:9\"\nmodel = \"m\"\n\
         tokenizer = \"{}\"\n",
        path.display()
    ));
    let outcome = world.run(&world.home(), &["doctor"]);
    assert_eq!(outcome.code, Some(8), "{}", outcome.stdout);
    for told in [
        "fail  tokenizer",
        "provider `near`",
        path.to_str().unwrap(),
        "is no tokenizer.json",
    ] {
        assert!(outcome.stdout.contains(told), "{told}\n{}", outcome.stdout);
    }
    let outcome = world.run(&repo, &["ask", "how is a parcel weighed?"]);
    assert_ne!(outcome.code, Some(0), "{}", outcome.stdout);
    assert!(
        outcome.stderr.contains("is no tokenizer.json"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("remove `tokenizer`"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_file_in_the_place_of_the_state_folder_is_found() {
    let world = World::new();
    fs::create_dir_all(world.aiex_home()).unwrap();
    fs::write(world.aiex_home().join("state"), "in the way").unwrap();
    let outcome = world.run(&world.home(), &["doctor"]);
    assert_eq!(outcome.code, Some(8), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("fail  state"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("is not a folder"), "{}", outcome.stdout);
}

#[test]
fn a_state_folder_that_others_can_write_is_a_warning() {
    let world = World::new();
    let state = world.aiex_home().join("state");
    fs::create_dir_all(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).unwrap();
    let outcome = world.run(&world.home(), &["doctor", "--json"]);
    assert_eq!(verdicts(&outcome, "state"), ["warn"], "{}", outcome.stdout);
}

#[test]
fn providers_that_cannot_work_are_found() {
    let world = World::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    world.configure(&format!(
        "[[provider]]\nname = \"down\"\nkind = \"ollama\"\nurl = \"http://{closed}\"\nmodel = \"m\"\n\
         [[provider]]\nname = \"keyless\"\nkind = \"openai\"\nurl = \"http://{closed}\"\nmodel = \"m\"\nkey_env = \"AIEX_TEST_NO_SUCH_KEY\"\n"
    ));
    let outcome = world.run(&world.home(), &["doctor"]);
    assert_eq!(outcome.code, Some(8));
    assert!(
        outcome.stdout.contains("down: ") && outcome.stdout.contains("cannot be reached"),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome
            .stdout
            .contains("keyless: missing: the variable AIEX_TEST_NO_SUCH_KEY is not set")
            && outcome.stdout.contains("aiex keys set keyless"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn what_a_crashed_daemon_left_is_shown_and_does_no_harm() {
    let world = World::new();
    world.ok(&world.home(), &["daemon", "start"]);
    let pid = world.daemon_status()["pid"].as_u64().unwrap() as i32;
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    crate::world::wait_until("it is gone", || world.daemon_status()["running"] == false);
    let outcome = world.ok(&world.home(), &["doctor", "--json"]);
    assert_eq!(verdicts(&outcome, "info file"), ["warn"], "{}", outcome.stdout);
    assert_eq!(verdicts(&outcome, "daemon"), ["ok"]);
}

#[test]
fn a_repository_that_is_gone_is_found() {
    let world = World::new();
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    fs::remove_dir_all(&repo).unwrap();
    let outcome = world.run(&world.home(), &["doctor", "--json"]);
    assert_eq!(verdicts(&outcome, "repository"), ["warn"], "{}", outcome.stdout);
}
