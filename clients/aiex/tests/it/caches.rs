//! `aiex cache`: what is kept, what goes, and what is wrong with it.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use aiex_llm::standin::{Received, StandIn};
use serde_json::Value;

use crate::world::{World, wait_until};

const QUESTION: &str = "how long does the back-off policy wait before the next attempt";

fn indexed(world: &World) -> PathBuf {
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    repo
}

/// What the caches hold.
fn stats(world: &World) -> Value {
    let stats = world.ok(&world.home(), &["cache", "stats", "--json"]);
    stats.rows().remove(0)
}

fn entries(stats: &Value, kind: &str) -> u64 {
    let kinds = stats["kinds"].as_array().unwrap();
    let one = kinds.iter().find(|one| one["name"] == kind);
    one.and_then(|one| one["entries"].as_u64()).unwrap()
}

#[test]
fn caches_are_shown_and_emptied() {
    let world = World::new();
    let repo = indexed(&world);
    world.ok(&repo, &["research", QUESTION, "--sources", "code"]);
    let stats = world.ok(&repo, &["cache", "stats", "--json"]).rows().remove(0);
    assert!(
        stats["kinds"].as_array().is_some_and(|kinds| !kinds.is_empty()),
        "{stats}"
    );
    let cleared = world.ok(&repo, &["cache", "clear"]);
    assert!(cleared.stderr.starts_with("took out "), "{}", cleared.stderr);
    let empty = world.ok(&repo, &["cache", "stats", "--json"]).rows().remove(0);
    for kind in empty["kinds"].as_array().unwrap() {
        assert_eq!(kind["entries"], 0, "{kind}");
    }
    let wrong = world.run(&repo, &["cache", "clear", "nonsense"]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
}

/// What a collector of metrics is told.
fn metrics(world: &World) -> String {
    let status = world.daemon_status();
    let mut stream = UnixStream::connect(status["socket"].as_str().unwrap()).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn metrics_tell_what_each_layer_of_the_caches_answered() {
    let world = World::new();
    let model = StandIn::answering(|_: &Received| "It doubles the pause [1].").unwrap();
    world.configure(&format!(
        "[[provider]]\nname = \"scripted\"\nkind = \"openai\"\nurl = \"{}/v1\"\nmodel = \"m\"\n",
        model.url()
    ));
    let repo = indexed(&world);
    assert!(
        !metrics(&world).contains("aiex_kept_"),
        "nobody has needed them yet"
    );
    world.ok(&repo, &["ask", QUESTION]);
    world.ok(&repo, &["ask", QUESTION]);
    let told = metrics(&world);
    for line in [
        "# TYPE aiex_kept_hit_ratio gauge",
        "aiex_kept_hits_total{kind=\"answers\",layer=\"memory\"} 1",
        "aiex_kept_hits_total{kind=\"answers\",layer=\"disk\"} 0",
        "aiex_kept_misses_total{kind=\"answers\"} 1",
        "aiex_kept_hit_ratio{kind=\"answers\",layer=\"memory\"} 0.5",
        "aiex_kept_hit_ratio{kind=\"answers\",layer=\"disk\"} 0",
        "aiex_kept_entries{kind=\"answers\"} 1",
        "aiex_kept_hits_total{kind=\"pages\",layer=\"memory\"} 0",
    ] {
        assert!(told.contains(&format!("{line}\n")), "{line} in {told}");
    }
    // Nobody asked for a page, so there is nothing to take a share of.
    assert!(!told.contains("aiex_kept_hit_ratio{kind=\"pages\""), "{told}");

    // Another daemon has them on disk, or has warmed its memory with them; either way they are found.
    world.ok(&repo, &["daemon", "restart"]);
    world.ok(&repo, &["ask", QUESTION]);
    let told = metrics(&world);
    assert!(
        told.contains("aiex_kept_misses_total{kind=\"answers\"} 0\n"),
        "{told}"
    );
    assert_eq!(model.received().len(), 1);
}

#[test]
fn an_answer_goes_when_a_file_that_it_is_from_changes() {
    let world = World::new();
    let model = StandIn::answering(|_: &Received| "It doubles the pause [1].").unwrap();
    world.configure(&format!(
        "[[provider]]\nname = \"scripted\"\nkind = \"openai\"\nurl = \"{}/v1\"\nmodel = \"m\"\n",
        model.url()
    ));
    let repo = indexed(&world);
    let other = world.repo(
        "other",
        &[(
            "src/lib.rs",
            "/// Waits for the back-off policy.\npub fn wait() {}\n",
        )],
    );
    world.ok(&other, &["repos", "add"]);
    world.ok(&repo, &["ask", QUESTION, "--complete"]);
    world.ok(&other, &["ask", QUESTION, "--complete"]);
    assert_eq!(entries(&stats(&world), "answers"), 2);

    // A file from which no answer is may change: the index follows, the answers stay.
    fs::write(repo.join("src/unheard.txt"), "of nothing that was asked").unwrap();
    world.ok(&repo, &["search", "unheard", "--wait-fresh"]);
    // The file is changed twice, at once and in the midst of the rest: one look finds both.
    let cited = repo.join("src/retry.rs");
    let text = fs::read_to_string(&cited).unwrap();
    fs::write(&cited, text.replace("attempt", "try")).unwrap();
    world.ok(&repo, &["search", "try", "--wait-fresh"]);
    fs::write(&cited, text.replace("attempt", "trial")).unwrap();
    wait_until("the answer of the first repository is gone", || {
        entries(&stats(&world), "answers") == 1
    });
    world.ok(&other, &["ask", QUESTION]);
    assert_eq!(
        model.received().len(),
        2,
        "the other repository's answer is still there"
    );
}

#[test]
fn a_damaged_cache_is_told_wherever_one_looks() {
    let world = World::new();
    let repo = indexed(&world);
    let healthy = world.ok(&repo, &["cache", "stats"]);
    assert!(!healthy.stdout.contains("begun anew"), "{}", healthy.stdout);
    world.ok(&repo, &["daemon", "stop"]);
    let file = world.aiex_home().join("cache/kept.db");
    assert!(file.exists(), "the caches lie where they are damaged below");
    fs::write(
        &file,
        "this is not a database, and it is long enough to be read as one".repeat(64),
    )
    .unwrap();

    let told = world.ok(&repo, &["cache", "stats"]);
    assert!(
        told.stdout.contains("begun anew: the cache is damaged"),
        "{}",
        told.stdout
    );
    let status = world.ok(&repo, &["status"]);
    assert!(status.stdout.contains("begun anew"), "{}", status.stdout);
    let findings = world.run(&repo, &["doctor", "--json"]).rows();
    let finding = findings.iter().find(|finding| finding["check"] == "caches");
    let finding = finding.unwrap_or_else(|| panic!("{findings:?}"));
    assert_eq!(finding["verdict"], "warn");
    assert!(
        finding["hint"].as_str().unwrap().contains("nothing is lost"),
        "{finding}"
    );
}
