//! A whole run of research with a model of every kind of provider: the same work in each one's own dialect.

use aiex_config::ProviderKind;
use aiex_llm::standin::{Received, StandIn};
use aiex_outside::{QUESTION, answer};
use serde_json::Value;

use crate::research_outside::report_of;
use crate::world::{World, outcome};

const KEY: &str = "sk-scripted";

/// Of each kind, where it is asked, and the header that holds the key with what that says.
const KINDS: [(ProviderKind, &str, [&str; 2]); 5] = [
    (
        ProviderKind::OpenAi,
        "/v1/chat/completions",
        ["authorization", "Bearer sk-scripted"],
    ),
    (
        ProviderKind::OpenAiResponses,
        "/v1/responses",
        ["authorization", "Bearer sk-scripted"],
    ),
    (ProviderKind::Anthropic, "/v1/messages", ["x-api-key", KEY]),
    (
        ProviderKind::Ollama,
        "/api/chat",
        ["authorization", "Bearer sk-scripted"],
    ),
    (
        ProviderKind::LmStudio,
        "/v1/chat/completions",
        ["authorization", "Bearer sk-scripted"],
    ),
];

/// What the model is told where every run asks it.
const TOLD: [&str; 5] = [
    "You read a developer's question",
    "You plan a search",
    "You write one section",
    "You write the answer in short",
    "You compare sentences",
];

/// The scripted model, with a word of its own in every sentence, so that none is borne out before a model has compared it.
fn in_its_own_words(request: &Received) -> String {
    let said = answer(request);
    if request.asked().starts_with("You write") {
        said.replace(" [", ", plainly [")
    } else {
        said
    }
}

/// The tokens that the model said it had read and written: four bytes each.
fn counted(received: &[Received]) -> [u64; 2] {
    let tokens = |text: String| text.len().div_ceil(4) as u64;
    let read = received.iter().map(|request| tokens(request.asked())).sum();
    let written = received
        .iter()
        .map(|request| tokens(in_its_own_words(request)))
        .sum();
    [read, written]
}

#[test]
fn a_model_of_every_kind_plans_writes_and_checks_a_report() {
    let kinds = KINDS.map(|(kind, ..)| kind.as_str());
    assert_eq!(kinds, ProviderKind::NAMES, "each has its turn");
    for (kind, path, [header, credential]) in KINDS {
        let world = World::new();
        let model = StandIn::answering(in_its_own_words).unwrap();
        world.configure(&format!(
            "[[provider]]\nname = \"scripted\"\nkind = \"{kind}\"\nurl = \"{}\"\nmodel = \"{kind}-model\"\n\
             key_env = \"SCRIPTED_KEY\"\n",
            model.url()
        ));
        let repo = world.sample();
        let run = |args: &[&str]| {
            let mut command = world.aiex(&repo, args);
            outcome(command.env("SCRIPTED_KEY", KEY).output().unwrap())
        };
        assert_eq!(run(&["repos", "add"]).code, Some(0));
        let command = [
            "research",
            QUESTION,
            "--depth",
            "quick",
            "--sources",
            "code",
            "--json",
        ];
        let ended = run(&command);
        let said = format!("{kind}\n{}\n{}", ended.stdout, ended.stderr);
        assert_eq!(ended.code, Some(0), "{said}");

        let rows = ended.rows();
        let report = report_of(&rows);
        assert_eq!(report["model"], format!("{kind}-model"), "{report}");
        assert_eq!(report["partial"], Value::Null, "{kind}: {report}");
        let tally = &report["tally"];
        assert!(tally["claims"].as_u64() > Some(0), "{kind}: {report}");
        assert_eq!(tally["claims"], tally["supported"], "{kind}: {report}");

        let received = model.received();
        for request in &received {
            assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", path));
            for name in ["authorization", "x-api-key"] {
                let expected = (name == header).then_some(credential);
                assert_eq!(request.header(name), expected, "{kind}: {name}");
            }
        }
        for told in TOLD {
            let is_told = |request: &Received| request.asked().starts_with(told);
            assert!(received.iter().any(is_told), "{kind}: {told}");
        }

        let ledger = &report["ledger"];
        let tokens = ["input_tokens", "output_tokens"].map(|name| ledger[name].as_u64().unwrap());
        assert!(tokens.iter().all(|tokens| *tokens > 0), "{kind}: {ledger}");
        assert_eq!(tokens, counted(&received), "{kind}: as the service says");
    }
}
