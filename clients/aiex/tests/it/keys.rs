//! Keys from the encrypted file and the system's store: they reach the service that they are for, and nothing else.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use aiex_llm::Secret;
use aiex_llm::keys::SystemStore;
use aiex_llm::standin::{Received, Reply, StandIn as ModelStandIn};
use aiex_web::EngineKind;
use aiex_web::standin::{KEY as ENGINE_KEY, Page, StandIn as EngineStandIn};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::world::{Outcome, World, wait_for, wait_until};

const PASSPHRASE: &str = "planted horse battery staple";
const KEY: &str = "sk-planted-0123456789";

fn spawn(world: &World, args: &[&str], input: &str) -> Child {
    let mut command = world.aiex(&world.home(), args);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // One that refuses before it reads is gone by now.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child
}

/// Runs the program with something piped in.
fn piped(world: &World, args: &[&str], input: &str) -> Outcome {
    wait_for(spawn(world, args, input))
}

fn piped_ok(world: &World, args: &[&str], input: &str) -> Outcome {
    let outcome = piped(world, args, input);
    assert_eq!(outcome.code, Some(0), "{args:?}\n{}", outcome.stderr);
    outcome
}

fn model() -> ModelStandIn {
    ModelStandIn::answering(|_: &Received| "It doubles the delay [1].").unwrap()
}

fn provider(name: &str, model: &ModelStandIn) -> String {
    format!(
        "[[provider]]\nname = \"{name}\"\nkind = \"openai\"\nurl = \"{}/v1\"\nmodel = \"m\"\n",
        model.url()
    )
}

/// The keys that a model was sent, one for each request.
fn sent(model: &ModelStandIn) -> Vec<Option<String>> {
    let received = model.received();
    let keys = received
        .iter()
        .map(|request| request.header("authorization").map(str::to_owned));
    keys.collect()
}

fn bearer(key: &str) -> Option<String> {
    Some(format!("Bearer {key}"))
}

fn list(world: &World) -> Value {
    world
        .ok(&world.home(), &["keys", "list", "--json"])
        .rows()
        .remove(0)
}

fn state_of(world: &World, name: &str) -> String {
    let list = list(world);
    let keys = list["keys"].as_array().unwrap();
    let status = keys.iter().find(|status| status["name"] == name);
    status.map_or("absent".to_owned(), |status| {
        status["state"].as_str().unwrap().to_owned()
    })
}

fn sealed(world: &World) -> PathBuf {
    world.aiex_home().join("state/keys/sealed")
}

fn daemon(world: &World) -> Pid {
    let pid = world.daemon_status()["pid"].as_i64().unwrap();
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

/// Every file below a folder that contains one of the texts.
fn that_contain(folder: &Path, texts: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(that_contain(&path, texts));
        } else if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            let holds = |text: &&str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
            found.extend(texts.iter().any(holds).then_some(path));
        }
    }
    found
}

#[test]
fn a_key_of_the_file_reaches_its_provider_and_is_seen_nowhere_else() {
    let world = World::new();
    let model = model();
    world.configure(&format!(
        "[daemon]\nlog_level = \"trace\"\n{}",
        provider("planted", &model)
    ));
    let repo = world.sample();
    let mut seen = String::new();
    let mut note = |outcome: Outcome| {
        seen.push_str(&outcome.stdout);
        seen.push_str(&outcome.stderr);
    };
    note(piped_ok(&world, &["keys", "unlock"], &format!("{PASSPHRASE}\n")));
    note(piped_ok(
        &world,
        &["keys", "set", "planted", "--in", "file"],
        &format!("  {KEY}\n"),
    ));
    note(world.ok(&repo, &["ask", "how long is the delay"]));
    assert_eq!(sent(&model), [bearer(KEY)]);

    // Another key is used at once, without a daemon that is started anew.
    let pid = daemon(&world);
    note(piped_ok(&world, &["keys", "set", "planted"], "sk-planted-second"));
    note(world.ok(&repo, &["ask", "what limits the attempts"]));
    assert_eq!(sent(&model).last().unwrap(), &bearer("sk-planted-second"));
    assert_eq!(daemon(&world), pid);

    note(world.ok(&repo, &["keys", "list"]));
    note(world.ok(&repo, &["keys", "list", "--json"]));
    note(world.ok(&repo, &["status", "--json"]));
    note(world.run(&repo, &["doctor"]));
    note(world.run(&repo, &["daemon", "logs"]));
    note(piped(&world, &["keys", "unlock"], "planted wrong"));
    note(piped(
        &world,
        &["keys", "set", "planted", "--in", "file"],
        "sk-planted with blanks",
    ));
    assert!(seen.contains("planted  "), "the list names it:\n{seen}");

    let secrets = [KEY, "sk-planted", PASSPHRASE, "planted horse", "planted wrong"];
    for secret in secrets {
        assert!(!seen.contains(secret), "{secret}:\n{seen}");
    }
    assert!(that_contain(&world.aiex_home(), &["keys.set"]).len() <= 1);
    assert_eq!(
        that_contain(&world.aiex_home(), &secrets),
        Vec::<PathBuf>::new(),
        "log, state and caches"
    );
    // What `ps` shows, where the system shows it as files.
    for name in ["cmdline", "environ"] {
        let path = format!("/proc/{}/{name}", pid.as_raw_nonzero());
        if let Ok(bytes) = fs::read(path) {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("planted"), "{text}");
        }
    }
    let log = fs::read_to_string(world.aiex_home().join("state/c1/aiexd.log")).unwrap();
    assert!(log.contains("keys.set"), "the log tells what was done:\n{log}");
}

/// A service of vectors that takes only requests with [`KEY`].
fn embedder() -> ModelStandIn {
    ModelStandIn::answering(|request: &Received| {
        let told = |status: u16, body: Value| Reply::new(status, "application/json", body.to_string());
        if request.header("authorization").map(str::to_owned) != bearer(KEY) {
            return told(401, json!({"error": {"message": "no such key"}}));
        }
        let texts = request.json()["input"].as_array().map_or(0, Vec::len);
        let vector = |index: usize| json!({"index": index, "embedding": [1.0, index as f64]});
        told(200, json!({"data": (0..texts).map(vector).collect::<Vec<_>>()}))
    })
    .unwrap()
}

#[test]
fn an_embedder_takes_the_key_that_is_there_when_it_is_asked() {
    let world = World::new();
    let embedder = embedder();
    world.configure(&format!(
        "[embedder]\nkind = \"openai\"\nurl = \"{}\"\nmodel = \"vectors\"\n",
        embedder.url()
    ));
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    let pid = daemon(&world);
    let accepted = || sent(&embedder).iter().filter(|key| **key == bearer(KEY)).count();
    let status = || world.ok(&repo, &["status", "--json"]).stdout;
    let search = || {
        world
            .ok(&repo, &["search", "how long is the delay before an attempt"])
            .stdout
    };
    assert!(status().contains("rejected the key"), "{}", status());
    assert!(search().contains("src/retry.rs"), "full text serves alone");
    assert_eq!(accepted(), 0);

    // Kept in a file that was not there when the daemon was started.
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    piped_ok(&world, &["keys", "set", "embedder", "--in", "file"], KEY);
    wait_until("the vectors are made", || {
        let status: Value = serde_json::from_str(&status()).unwrap();
        let has_vectors = |repo: &Value| repo["chunks"] == repo["chunks_embedded"] && repo["chunks"] != 0;
        let repos = status["repos"].as_array().unwrap();
        status["embedder"].as_str().unwrap().contains("http:vectors@") && repos.iter().all(has_vectors)
    });
    assert!(accepted() > 1);
    assert!(!status().contains("rejected the key"), "{}", status());
    let is_sent = |before: usize, key: &str| {
        let sent = sent(&embedder);
        assert_eq!((sent.len(), sent.last()), (before + 1, Some(&bearer(key))));
    };
    let before = sent(&embedder).len();
    search();
    is_sent(before, KEY);

    // Locked away: it is not asked, with no key either.
    world.ok(&repo, &["keys", "lock"]);
    let before = sent(&embedder).len();
    assert!(
        world
            .ok(&repo, &["search", "what limits the attempts"])
            .stdout
            .contains("src/retry.rs")
    );
    assert_eq!(sent(&embedder).len(), before);
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    world.ok(&repo, &["search", "which settings are read from the environment"]);
    is_sent(before, KEY);

    // Another one counts from the next request on.
    piped_ok(&world, &["keys", "set", "embedder"], "sk-planted-second");
    world.ok(&repo, &["search", "turn rows into lines"]);
    is_sent(before + 1, "sk-planted-second");
    assert_eq!(daemon(&world), pid, "nothing was started anew");
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&sealed(&world)), 0o600);
    assert_eq!(mode(sealed(&world).parent().unwrap()), 0o700);
}

#[test]
fn a_locked_file_is_told_with_the_next_step_and_nobody_is_asked() {
    let world = World::new();
    let (model, engine) = (model(), EngineStandIn::start().unwrap());
    engine.publish([Page::new(
        "https://docs.example/retry",
        "Retry",
        "How a retry is done",
    )]);
    let local = self::model();
    world.configure(&format!(
        "[web]\nenabled = true\nkeyless = false\n\
         [[web.engine]]\nkind = \"serper\"\nurl = \"{}\"\n{}{}",
        engine.url(&EngineKind::Serper),
        provider("hosted", &model),
        provider("local", &local),
    ));
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    piped_ok(&world, &["keys", "set", "hosted", "--in", "file"], KEY);
    piped_ok(&world, &["keys", "set", "serper", "--in", "file"], ENGINE_KEY);
    world.ok(&repo, &["search", "retry", "--sources", "web"]);
    assert_eq!(engine.count(&EngineKind::Serper), 1);

    world.ok(&repo, &["keys", "lock"]);
    let told = |outcome: &Outcome, code| {
        assert_eq!(outcome.code, Some(code), "{}", outcome.stderr);
        assert!(
            outcome.stderr.contains("is in the key file, which is locked"),
            "{}",
            outcome.stderr
        );
        assert!(outcome.stderr.contains("aiex keys unlock"), "{}", outcome.stderr);
    };
    let ask_hosted = ["ask", "how long is the delay", "--provider", "hosted"];
    told(&world.run(&repo, &ask_hosted), 7);
    told(
        &world.run(&repo, &["search", "how is a retry done", "--sources", "web"]),
        7,
    );
    assert_eq!(state_of(&world, "hosted"), "locked");
    // Whoever needs no key is not held up.
    world.ok(&repo, &["ask", "how long is the delay", "--provider", "local"]);
    assert_eq!(sent(&local), [None]);
    // Nor is anybody who asks whichever model there is; that one is left out is told.
    let answered = world.ok(&repo, &["ask", "what limits the attempts"]);
    assert!(
        answered.stderr.contains("provider `hosted`") && answered.stderr.contains("which is locked"),
        "{}",
        answered.stderr
    );
    assert_eq!(sent(&local), [None, None]);
    assert_eq!((model.requests(), engine.count(&EngineKind::Serper)), (0, 1));

    // With the doctor a locked key is no failure.
    let doctor = world.run(&repo, &["doctor"]);
    assert!(
        doctor
            .stdout
            .contains("warn  keys        hosted: in the key file, which is locked"),
        "{}",
        doctor.stdout
    );

    // A daemon that is started anew knows no passphrase.
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    assert_eq!(state_of(&world, "hosted"), "file");
    world.ok(&repo, &["daemon", "restart"]);
    told(&world.run(&repo, &ask_hosted), 7);
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    world.ok(&repo, &["ask", "how long is the delay"]);
    world.ok(&repo, &["search", "how is a retry done", "--sources", "web"]);
    assert_eq!(sent(&model), [bearer(KEY)]);
    assert_eq!(engine.received().last().unwrap().key.as_deref(), Some(ENGINE_KEY));
}

#[test]
fn research_is_not_begun_while_nobody_could_write_it_for_want_of_a_passphrase() {
    let world = World::new();
    let (hosted, local) = (model(), model());
    world.configure(&provider("hosted", &hosted));
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    piped_ok(&world, &["keys", "set", "hosted", "--in", "file"], KEY);
    world.ok(&repo, &["keys", "lock"]);
    let asked = ["research", "how long is the delay", "--sources", "code"];
    let refused = world.run(&repo, &asked);
    assert_eq!(refused.code, Some(7), "{}", refused.stderr);
    assert!(refused.stderr.contains("which is locked"), "{}", refused.stderr);
    assert!(refused.stderr.contains("aiex keys unlock"), "{}", refused.stderr);
    let runs = world.run(&repo, &["research", "list", "--json"]);
    assert_eq!(runs.stdout, "", "nothing was begun");

    // Another model can do it; that one is left out is told.
    world.configure(&format!(
        "{}{}",
        provider("hosted", &hosted),
        provider("local", &local)
    ));
    let went_on = world.run(&repo, &asked);
    assert!(
        went_on.stderr.contains("provider `hosted`") && went_on.stderr.contains("is left out"),
        "{}",
        went_on.stderr
    );
    assert_eq!(hosted.requests(), 0);
    assert!(local.requests() > 0);

    // Unlocked, the same daemon asks it.
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    world.run(
        &repo,
        &["research", "what limits the attempts", "--sources", "code"],
    );
    assert!(sent(&hosted).contains(&bearer(KEY)), "{:?}", sent(&hosted));
}

#[test]
fn a_wrong_passphrase_and_a_damaged_file_are_told_as_what_they_are() {
    let world = World::new();
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    piped_ok(&world, &["keys", "set", "a", "--in", "file"], KEY);
    world.ok(&world.home(), &["keys", "lock"]);
    let wrong = piped(&world, &["keys", "unlock"], "another");
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
    assert!(
        wrong.stderr.contains("the passphrase does not open"),
        "{}",
        wrong.stderr
    );
    assert_eq!(state_of(&world, "a"), "locked");

    let good = fs::read(sealed(&world)).unwrap();
    fs::write(sealed(&world), &good[..20]).unwrap();
    let damaged = piped(&world, &["keys", "unlock"], PASSPHRASE);
    assert_eq!(damaged.code, Some(4), "{}", damaged.stderr);
    for words in [
        "is not a key file of this program, or is damaged",
        "put a copy of it back",
    ] {
        assert!(damaged.stderr.contains(words), "{}", damaged.stderr);
    }
    assert_eq!(list(&world)["file"], "unreadable");
    assert_eq!(
        fs::read(sealed(&world)).unwrap(),
        &good[..20],
        "nothing was begun anew"
    );

    fs::write(sealed(&world), &good).unwrap();
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    assert_eq!(state_of(&world, "a"), "file");
}

#[test]
fn a_value_that_is_no_key_is_refused_and_the_old_one_stays() {
    let world = World::new();
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    piped_ok(&world, &["keys", "set", "a", "--in", "file"], KEY);
    let before = fs::read(sealed(&world)).unwrap();
    let (long, longer) = ("k".repeat(5_000), "k".repeat(100_000));
    for (value, why) in [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("one\ntwo", "line breaks"),
        ("a key", "blanks"),
        (&long, "longer than 4096 bytes"),
        (&longer, "longer than 65536 bytes"),
    ] {
        let refused = piped(&world, &["keys", "set", "a", "--in", "file"], value);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(why), "{why}: {}", refused.stderr);
    }
    let refused = piped(&world, &["keys", "unlock"], " \n");
    assert!(
        refused.stderr.contains("the passphrase is empty"),
        "{}",
        refused.stderr
    );
    // A key is no argument.
    let refused = world.run(&world.home(), &["keys", "set", "a", KEY]);
    assert_eq!(refused.code, Some(2));
    assert_eq!(fs::read(sealed(&world)).unwrap(), before);
}

#[test]
fn without_a_passphrase_nothing_is_kept_and_the_next_step_is_told() {
    let world = World::new();
    let refused = piped(&world, &["keys", "set", "a", "--in", "file"], KEY);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(refused.stderr.contains("aiex keys unlock"), "{}", refused.stderr);
    assert!(!sealed(&world).exists());
    let gone = world.run(&world.home(), &["keys", "forget", "a"]);
    assert!(gone.stderr.contains("no key is kept as `a`"), "{}", gone.stderr);
}

#[test]
fn what_several_programs_keep_at_once_is_all_kept() {
    let world = World::new();
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    let children: Vec<Child> = (0..4)
        .map(|number| {
            spawn(
                &world,
                &["keys", "set", &format!("p{number}"), "--in", "file"],
                KEY,
            )
        })
        .collect();
    for child in children {
        let outcome = wait_for(child);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    }
    let list = list(&world);
    let names: Vec<&str> = list["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|status| status["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["p0", "p1", "p2", "p3"]);
    world.ok(&world.home(), &["keys", "forget", "p1"]);
    assert_eq!(state_of(&world, "p1"), "absent");
    assert_eq!(state_of(&world, "p2"), "file");
}

#[test]
fn killed_while_it_writes_the_file_opens_as_it_was_or_as_it_should_be() {
    let world = World::new();
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    piped_ok(&world, &["keys", "set", "steady", "--in", "file"], KEY);
    for round in 0..4u64 {
        let pid = daemon(&world);
        let name = format!("round{round}");
        let setting = spawn(&world, &["keys", "set", &name, "--in", "file"], KEY);
        std::thread::park_timeout(std::time::Duration::from_millis(30 + 60 * round));
        let _ = kill_process(pid, Signal::KILL);
        // It may have been kept, may have failed, or may have found another daemon with a locked file.
        wait_for(setting);
        piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
        assert_eq!(state_of(&world, "steady"), "file");
        assert!(["file", "absent"].contains(&state_of(&world, &name).as_str()));
    }
    piped_ok(&world, &["keys", "set", "last", "--in", "file"], KEY);
}

#[test]
fn a_machine_without_anybody_takes_the_passphrase_from_a_file() {
    let world = World::new();
    let model = model();
    world.configure(&provider("hosted", &model));
    let repo = world.sample();
    let secret = world.path("passphrase");
    fs::write(&secret, format!("{PASSPHRASE}\n")).unwrap();
    let unattended = |args: &[&str], input: &str| {
        let mut command = world.aiex(&repo, args);
        command
            .env("AIEX_KEYS_PASSPHRASE_FILE", &secret)
            .stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let outcome = wait_for(child);
        assert_eq!(outcome.code, Some(0), "{args:?}\n{}", outcome.stderr);
        outcome
    };
    unattended(&["keys", "set", "hosted", "--in", "file"], KEY);
    unattended(&["ask", "how long is the delay"], "");
    unattended(&["daemon", "restart"], "");
    unattended(&["ask", "what limits the attempts"], "");
    // A private daemon has the user's keys too.
    unattended(
        &["ask", "--no-daemon", "what doubles with every failed attempt"],
        "",
    );
    assert_eq!(sent(&model), [bearer(KEY), bearer(KEY), bearer(KEY)]);
    world.ok(&repo, &["keys", "lock"]);
    assert_eq!(state_of(&world, "hosted"), "locked", "until somebody unlocks it");
}

#[test]
fn a_name_that_nothing_uses_and_a_variable_that_goes_before_are_told() {
    let world = World::new();
    let model = model();
    let provider = provider("hosted", &model).replace("model =", "key_env = \"HOSTED_KEY\"\nmodel =");
    world.configure(&provider);
    let repo = world.sample();
    let missing = world.run(&repo, &["ask", "how long is the delay"]);
    assert_eq!(missing.code, Some(7), "{}", missing.stderr);
    assert!(
        missing.stderr.contains("HOSTED_KEY is not set"),
        "{}",
        missing.stderr
    );
    assert!(
        missing.stderr.contains("aiex keys set hosted"),
        "{}",
        missing.stderr
    );

    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    let unknown = piped_ok(&world, &["keys", "set", "hostde", "--in", "file"], KEY);
    assert!(
        unknown
            .stderr
            .contains("nothing in the settings is called `hostde`"),
        "{}",
        unknown.stderr
    );
    assert!(unknown.stderr.contains("hosted"), "{}", unknown.stderr);
    piped_ok(&world, &["keys", "set", "hosted", "--in", "file"], KEY);
    world.ok(&repo, &["ask", "how long is the delay"]);
    assert_eq!(sent(&model), [bearer(KEY)], "the variable is not set");

    world.ok(&repo, &["daemon", "stop"]);
    let mut with_variable = world.aiex(&repo, &["ask", "what limits the attempts"]);
    let outcome = with_variable.env("HOSTED_KEY", "sk-variable").output().unwrap();
    assert!(outcome.status.success());
    assert_eq!(sent(&model).last().unwrap(), &bearer("sk-variable"));
    assert_eq!(state_of(&world, "hosted"), "variable");
}

/// Whether this machine has a store decides which half is tested; which it is, is asked of the store itself.
#[test]
fn the_systems_store_keeps_a_key_or_says_that_it_cannot() {
    let world = World::new();
    let model = model();
    world.configure(&provider("hosted", &model));
    let repo = world.sample();
    let probe = SystemStore::new(format!("aiex-probe-{}", std::process::id()), world.path("probe"));
    let tried = probe.write("probe", &Secret::new("sk-probe"));
    if tried.is_ok() {
        assert!(probe.forget("probe").unwrap());
    }
    let set = piped(&world, &["keys", "set", "hosted", "--in", "system"], KEY);
    if let Err(why) = tried {
        assert_eq!(set.code, Some(2), "{}; the probe: {why}", set.stderr);
        assert!(
            set.stderr.contains("the system's key store cannot be used"),
            "{}",
            set.stderr
        );
        assert!(set.stderr.contains("encrypted key file"), "{}", set.stderr);
        assert!(!set.stderr.contains(KEY));
        assert_eq!(state_of(&world, "hosted"), "none");
        world.ok(&repo, &["ask", "how long is the delay"]);
        assert_eq!(sent(&model), [None]);
        return;
    }
    assert_eq!(set.code, Some(0), "{}", set.stderr);
    assert_eq!(state_of(&world, "hosted"), "system");
    world.ok(&repo, &["ask", "how long is the delay"]);
    // It outlives the daemon.
    world.ok(&repo, &["daemon", "restart"]);
    world.ok(&repo, &["ask", "what limits the attempts"]);
    assert_eq!(sent(&model), [bearer(KEY), bearer(KEY)]);
    assert_eq!(that_contain(&world.aiex_home(), &[KEY]), Vec::<PathBuf>::new());
    // Kept in the file it is in the system's store no longer.
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    piped_ok(&world, &["keys", "set", "hosted", "--in", "file"], "sk-in-file");
    assert_eq!(state_of(&world, "hosted"), "file");
    world.ok(&repo, &["keys", "lock"]);
    piped_ok(&world, &["keys", "set", "hosted", "--in", "system"], KEY);
    assert_eq!(
        state_of(&world, "hosted"),
        "system",
        "the older one is locked away"
    );
    piped_ok(&world, &["keys", "unlock"], PASSPHRASE);
    world.ok(&repo, &["keys", "forget", "hosted"]);
    assert_eq!(state_of(&world, "hosted"), "none");
}
