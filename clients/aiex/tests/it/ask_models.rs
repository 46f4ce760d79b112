//! `aiex ask` with several models: when one fails the next is asked, what one request learned the next one knows, and a
//! model is sent what it has room for.

use std::path::PathBuf;

use aiex_llm::ProviderKind;
use aiex_llm::standin::{Fault, Received, Said, StandIn};
use serde_json::Value;

use crate::world::{Outcome, World};

const QUESTION: &str = "how long to wait before the next attempt";

fn saying(text: &'static str) -> StandIn {
    StandIn::answering(move |_: &Received| text).unwrap()
}

fn failing(fault: Fault) -> StandIn {
    StandIn::answering(move |_: &Received| fault.clone()).unwrap()
}

fn provider(name: &str, kind: ProviderKind, server: &StandIn) -> String {
    let (kind, path) = match kind {
        ProviderKind::Anthropic => ("anthropic", ""),
        ProviderKind::Ollama => ("ollama", ""),
        _ => ("openai", "/v1"),
    };
    format!(
        "[[provider]]\nname = \"{name}\"\nkind = \"{kind}\"\nurl = \"{}{path}\"\nmodel = \"{name}-model\"\n",
        server.url()
    )
}

/// The sample, indexed, under settings in which the first model is the best.
fn indexed(world: &World, providers: &[String]) -> PathBuf {
    world.configure(&format!("[research]\nwrite = \"best\"\n{}", providers.concat()));
    let repo = world.sample();
    world.ok(&repo, &["repos", "add"]);
    repo
}

/// The answer that a relay of events ends with.
fn answer(outcome: &Outcome) -> Value {
    let rows = outcome.rows();
    let found = rows.iter().rfind(|row| row["event"] == "answer");
    found.unwrap_or_else(|| panic!("{}", outcome.stdout))["data"].clone()
}

#[test]
fn whatever_is_wrong_with_the_first_model_the_next_one_answers() {
    use ProviderKind::{Anthropic, Ollama, OpenAi};
    for (kind, fault) in [
        (OpenAi, Fault::KeyRejected),
        (OpenAi, Fault::KeyExhausted),
        (Anthropic, Fault::KeyExhausted),
        (OpenAi, Fault::RateLimited("50".to_owned())),
        (Anthropic, Fault::Overloaded),
        (OpenAi, Fault::Broken),
        (OpenAi, Fault::Empty),
        (OpenAi, Fault::Page(200)),
        (Anthropic, Fault::ErrorAfter("The first half".to_owned())),
        (Ollama, Fault::ErrorAfter("The first half".to_owned())),
        (OpenAi, Fault::CutAfter("The first half".to_owned())),
    ] {
        let world = World::new();
        let (first, second) = (failing(fault.clone()), saying("It doubles the delay [1]."));
        let providers = [
            provider("first", kind, &first),
            provider("second", OpenAi, &second),
        ];
        let repo = indexed(&world, &providers);
        let outcome = world.ok(&repo, &["ask", QUESTION]);
        let told = format!("{fault:?}\n{}\n{}", outcome.stdout, outcome.stderr);
        assert!(outcome.stdout.contains("It doubles the delay [1]."), "{told}");
        assert!(!outcome.stdout.contains("The first half"), "{told}");
        assert!(outcome.stderr.contains("provider `first`: "), "{told}");
        assert_eq!((first.requests(), second.requests()), (1, 1), "{told}");

        // To a key that is refused, spent or limited nothing is sent again, in no other request either.
        let is_of_key = matches!(
            fault,
            Fault::KeyRejected | Fault::KeyExhausted | Fault::RateLimited(_)
        );
        if is_of_key {
            world.ok(&repo, &["ask", "where are the settings read"]);
            assert_eq!((first.requests(), second.requests()), (1, 2), "{fault:?}");
        }
    }
}

#[test]
fn an_answer_that_breaks_off_is_replaced_by_that_of_the_next_model() {
    let world = World::new();
    let first = failing(Fault::CutAfter("It triples [1]".to_owned()));
    let second = saying("It doubles the delay [1].");
    let providers = [
        provider("first", ProviderKind::OpenAi, &first),
        provider("second", ProviderKind::OpenAi, &second),
    ];
    let repo = indexed(&world, &providers);
    let outcome = world.ok(&repo, &["ask", QUESTION, "--json"]);
    let rows = outcome.rows();
    let streamed: String = rows
        .iter()
        .filter(|row| row["event"] == "answer_delta")
        .filter_map(|row| row["data"]["text"].as_str())
        .collect();
    assert_eq!(streamed, "It triples [1]\n\nIt doubles the delay [1].");
    let answer = answer(&outcome);
    assert_eq!(answer["text"], "It doubles the delay [1].");
    assert_eq!(answer["author"], "second second-model");
    let notices: Vec<&str> = rows
        .iter()
        .filter(|row| row["event"] == "notice")
        .filter_map(|row| row["data"]["message"].as_str())
        .collect();
    assert!(
        notices.len() == 1 && notices[0].ends_with("what it has said does not count"),
        "{notices:?}"
    );
}

#[test]
fn links_and_html_of_a_model_are_neither_shown_nor_kept() {
    let world = World::new();
    let model = saying(
        "It waits longer [1]. Cobol [7]. See https://evil.example/x or [the docs](http://evil.example). \
         <b>So</b>.",
    );
    let repo = indexed(&world, &[provider("first", ProviderKind::OpenAi, &model)]);
    let told = "It waits longer [1]. Cobol . See (link removed) or the docs. So.";
    let ask = || world.ok(&repo, &["ask", QUESTION, "-n", "3", "--complete", "--json"]);
    let first = ask();
    let rows = first.rows();
    let streamed: String = rows
        .iter()
        .filter(|row| row["event"] == "answer_delta")
        .filter_map(|row| row["data"]["text"].as_str())
        .collect();
    assert_eq!(streamed, told);
    let again = ask();
    assert_eq!(model.requests(), 1, "the answer is kept");
    for outcome in [first, again] {
        assert_eq!(answer(&outcome)["text"], told);
        assert!(!outcome.stdout.contains("evil.example"), "{}", outcome.stdout);
    }
}

#[test]
fn an_answer_that_cites_nothing_is_told_to_be_unchecked() {
    let is_told = |outcome: &Outcome| {
        let stderr = &outcome.stderr;
        stderr.contains("the model's answer cites none of the sources; nothing in it was checked")
    };
    for (text, is_unchecked) in [
        ("It doubles the delay.", true),
        ("It doubles the delay [99].", true),
        ("It doubles the delay [1].", false),
    ] {
        let world = World::new();
        let model = saying(text);
        let repo = indexed(&world, &[provider("first", ProviderKind::OpenAi, &model)]);
        // The second time it is told of an answer that was kept.
        for _ in 0..2 {
            let outcome = world.ok(&repo, &["ask", QUESTION, "--complete"]);
            assert_eq!(is_told(&outcome), is_unchecked, "{text}\n{}", outcome.stderr);
        }
        assert_eq!(model.requests(), 1);
        let alone = world.ok(&repo, &["ask", QUESTION, "--extractive"]);
        assert!(!is_told(&alone), "{}", alone.stderr);
    }
}

#[test]
fn when_all_fail_the_evidence_stays_and_each_is_named() {
    let world = World::new();
    let (first, second) = (failing(Fault::KeyRejected), failing(Fault::KeyExhausted));
    let providers = [
        provider("first", ProviderKind::OpenAi, &first),
        provider("second", ProviderKind::OpenAi, &second),
    ];
    let repo = indexed(&world, &providers);
    let outcome = world.run(&repo, &["ask", QUESTION]);
    assert_eq!(outcome.code, Some(7), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("[1]"), "{}", outcome.stdout);
    for name in ["`first`", "`second`", "hint: "] {
        assert!(outcome.stderr.contains(name), "{}", outcome.stderr);
    }
}

#[test]
fn a_model_that_is_named_is_not_replaced_by_another() {
    let world = World::new();
    let (first, second) = (failing(Fault::KeyRejected), saying("It doubles the delay [1]."));
    let providers = [
        provider("first", ProviderKind::OpenAi, &first),
        provider("second", ProviderKind::OpenAi, &second),
    ];
    let repo = indexed(&world, &providers);
    let outcome = world.run(&repo, &["ask", QUESTION, "--provider", "first"]);
    assert_eq!(outcome.code, Some(7), "{}", outcome.stderr);
    assert_eq!((first.requests(), second.requests()), (1, 0));
}

#[test]
fn the_keys_of_a_provider_take_turns() {
    let world = World::new();
    let server = StandIn::answering(|request: &Received| match request.header("authorization") {
        Some("Bearer good") => Said::from("It doubles the delay [1]."),
        _ => Said::from(Fault::KeyExhausted),
    })
    .unwrap();
    let with_keys = provider("first", ProviderKind::OpenAi, &server) + "key_env = \"FIRST_KEYS\"\n";
    world.configure(&with_keys);
    let repo = world.sample();
    let run = |args: &[&str]| {
        let mut command = world.aiex(&repo, args);
        crate::world::outcome(command.env("FIRST_KEYS", "spent, good").output().unwrap())
    };
    assert_eq!(run(&["repos", "add"]).code, Some(0));
    let outcome = run(&["ask", QUESTION]);
    assert!(
        outcome.stdout.contains("It doubles the delay [1]."),
        "{}\n{}",
        outcome.stdout,
        outcome.stderr
    );
    assert_eq!(server.requests(), 2);
}

#[test]
fn what_research_learned_of_a_model_a_question_knows() {
    let world = World::new();
    let (first, second) = (failing(Fault::KeyRejected), saying("It doubles the delay [1]."));
    let providers = [
        provider("first", ProviderKind::OpenAi, &first),
        provider("second", ProviderKind::OpenAi, &second),
    ];
    let repo = indexed(&world, &providers);
    world.run(&repo, &["research", QUESTION, "--sources", "code"]);
    assert_eq!(first.requests(), 1, "its key was refused once");
    let before = second.requests();
    let outcome = world.ok(&repo, &["ask", QUESTION]);
    assert!(outcome.stdout.contains("It doubles the delay [1]."));
    assert_eq!((first.requests(), second.requests()), (1, before + 1));
}

/// A repository with more to say of a question than a small model can read.
fn talkative(world: &World) -> PathBuf {
    let file = |n: usize| {
        let body =
            "    // waits before the next attempt, longer after each that failed\n    pause(attempt);\n";
        let text = format!(
            "/// How long to wait before the next attempt, number {n}.\npub fn wait_{n}(attempt: u32) {{\n{}}}\n",
            body.repeat(12)
        );
        (format!("src/wait_{n}.rs"), text)
    };
    let files: Vec<(String, String)> = (0..12).map(file).collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let repo = world.repo("talkative", &files);
    world.ok(&repo, &["repos", "add"]);
    repo
}

#[test]
fn a_small_model_is_sent_what_it_has_room_for_and_the_rest_is_told() {
    let world = World::new();
    let model = saying("It waits longer after each [1] [12].");
    let small =
        provider("small", ProviderKind::OpenAi, &model) + "context_tokens = 2048\nmax_output_tokens = 256\n";
    world.configure(&small);
    let repo = talkative(&world);
    let told = |outcome: &Outcome| {
        let notice = outcome
            .stderr
            .lines()
            .find(|line| line.contains("of 12 excerpts"));
        let notice = notice.unwrap_or_else(|| panic!("{}", outcome.stderr)).to_owned();
        assert!(notice.contains(" left out"), "{notice}");
        // An excerpt that it was not shown is not one that it may cite.
        assert!(outcome.stderr.contains("[12]"), "{}", outcome.stderr);
        assert!(
            outcome.stdout.contains("It waits longer after each [1]"),
            "{}",
            outcome.stdout
        );
        notice
    };
    let first = told(&world.ok(&repo, &["ask", QUESTION, "-n", "12"]));
    let sent = model.received()[0].asked();
    assert!(sent.contains("[1] src/") && !sent.contains("[12] src/"), "{sent}");
    // The answer is kept, and so is what is to be said of it.
    let again = told(&world.ok(&repo, &["ask", QUESTION, "-n", "12"]));
    assert_eq!((first, model.requests()), (again, 1));
}

#[test]
fn a_model_that_says_the_prompt_is_too_long_is_asked_once_more_with_less() {
    for kind in [
        ProviderKind::OpenAi,
        ProviderKind::Anthropic,
        ProviderKind::Ollama,
    ] {
        let world = World::new();
        let excerpts = |request: &Received| request.asked().matches("] src/").count();
        let model = StandIn::answering(move |request: &Received| {
            if excerpts(request) > 10 {
                Said::from(Fault::ContextOverflow)
            } else {
                Said::from("It waits longer after each [1].")
            }
        })
        .unwrap();
        world.configure(&(provider("big", kind, &model) + "context_tokens = 100000\n"));
        let repo = talkative(&world);
        let outcome = world.ok(&repo, &["ask", QUESTION, "-n", "12"]);
        assert!(
            outcome.stdout.contains("It waits longer after each [1]."),
            "{kind:?}\n{}\n{}",
            outcome.stdout,
            outcome.stderr
        );
        assert!(outcome.stderr.contains("of 12 excerpts"), "{}", outcome.stderr);
        let sent: Vec<usize> = model.received().iter().map(excerpts).collect();
        assert!(
            matches!(sent[..], [12, less] if (1..=10).contains(&less)),
            "{kind:?}: {sent:?}"
        );
    }
}
