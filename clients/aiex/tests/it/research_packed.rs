//! Research by models that have no room for all that was found: prose all the same, and what they did not see is told.

use std::path::{Path, PathBuf};

use aiex_llm::standin::{Fault, Received, Said, StandIn};
use aiex_outside::good_model;
use serde_json::Value;

use crate::research_outside::report_of;
use crate::world::World;

const QUESTION: &str = "how long does each policy wait before the next attempt";

/// A repository with more quotes than a small model can read at once.
fn talkative(world: &World) -> PathBuf {
    let file = |n: usize| {
        let line = "/// The policy waits before the next attempt, longer after each one that failed, up to a limit.\n";
        let text = format!(
            "{}pub fn policy_{n}_waits_before_the_next_attempt(attempt: u32) -> u32 {{\n    {n} * attempt\n}}\n",
            line.repeat(6)
        );
        (format!("src/policy_{n}.rs"), text)
    };
    let files: Vec<(String, String)> = (1..=16).map(file).collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let repo = world.repo("talkative", &files);
    world.ok(&repo, &["repos", "add"]);
    repo
}

fn configured(world: &World, model: &StandIn, context_tokens: u32) {
    world.configure(&format!(
        "[[provider]]\nname = \"scripted\"\nkind = \"openai\"\nurl = \"{}/v1\"\nmodel = \"m\"\n\
         context_tokens = {context_tokens}\n",
        model.url()
    ));
}

fn is_writing(request: &Received) -> bool {
    request.asked().contains("The quotes. ")
}

fn quotes(request: &Received) -> usize {
    request.asked().matches("\n[S").count()
}

/// Runs the question; the journal's rows.
fn researched(world: &World, repo: &Path) -> Vec<Value> {
    world
        .ok(repo, &["research", QUESTION, "--sources", "code", "--json"])
        .rows()
}

/// What was told of the writing that was done otherwise than meant.
fn told(rows: &[Value]) -> Vec<&str> {
    let rows = rows.iter();
    let told = rows.filter(|row| row["kind"] == "fallback" && row["stage"] == "write");
    told.filter_map(|row| row["reason"].as_str()).collect()
}

#[test]
fn a_small_model_writes_from_what_it_has_room_for() {
    let world = World::new();
    let model = StandIn::answering(good_model).unwrap();
    configured(&world, &model, 2560);
    let repo = talkative(&world);
    let rows = researched(&world, &repo);
    assert_eq!(report_of(&rows)["model"], "m", "{rows:?}");
    let told = told(&rows);
    let is_packed = |reason: &&str| reason.contains("was not shown all that was found");
    assert!(!told.is_empty() && told.iter().all(is_packed), "{told:?}");
    let writing = model.received().into_iter().filter(is_writing);
    assert!(writing.map(|request| quotes(&request)).all(|quotes| quotes > 0));
}

#[test]
fn a_model_that_says_the_prompt_is_too_long_is_asked_once_more_with_less() {
    let world = World::new();
    let model = StandIn::answering(|request: &Received| {
        if is_writing(request) && quotes(request) > 9 {
            Said::from(Fault::ContextOverflow)
        } else {
            good_model(request)
        }
    })
    .unwrap();
    configured(&world, &model, 100_000);
    let repo = talkative(&world);
    let rows = researched(&world, &repo);
    assert_eq!(report_of(&rows)["model"], "m", "{rows:?}");
    let sent: Vec<usize> = model
        .received()
        .iter()
        .filter(|request| is_writing(request))
        .map(quotes)
        .collect();
    let refused = sent.iter().filter(|quotes| **quotes > 9).count();
    assert!(refused > 0, "{sent:?}");
    let told = told(&rows);
    assert_eq!(told.len(), refused, "each was shrunk once: {told:?} {sent:?}");
}
