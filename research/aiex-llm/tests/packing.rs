//! Material that is packed for the model that is asked: into its context, by its tokens, and once more into less.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use aiex_llm::models::{Heard, ModelConfig, Policy, Settings, Stages};
use aiex_llm::pack::{LeftOut, Piece, Shorten};
use aiex_llm::price::Prices;
use aiex_llm::standin::{Fault, Received, Said, StandIn};
use aiex_llm::tokens::{Counter, Tokenizer};
use aiex_llm::{
    Material, Models, Prompt, ProviderConfig, ProviderKind, Request, Run, Schema, Stage, structured,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const BEFORE: &str = "The excerpts:\n";
const BEHIND: &str = "\nWhy is it retried?";

fn model(name: &str, server: &StandIn, context: Option<u32>) -> ModelConfig {
    let mut config = ProviderConfig::new(name, ProviderKind::OpenAi, server.url(), format!("{name}-model"));
    config.context_tokens = context;
    config.max_output_tokens = 200;
    ModelConfig::from(config)
}

fn run(configs: Vec<ModelConfig>) -> Arc<Run> {
    let mut settings = Settings::new(Prices::built_in().unwrap());
    settings.stages = Stages::all(Policy::Best);
    Models::new(configs, settings).unwrap().run()
}

/// A question about so many excerpts of some hundred tokens each.
fn about(excerpts: u32) -> Request {
    let piece = |n: u32| {
        let mut piece = Piece::new(
            format!("excerpt {n}"),
            "let a = b;\n".repeat(40),
            n,
            Shorten::Truncate,
        );
        piece.head = format!("[{n}]");
        piece
    };
    Request {
        material: Some(Material {
            at: BEFORE.len(),
            pieces: (1..=excerpts).map(piece).collect(),
            question: "Why is it retried?".to_owned(),
        }),
        ..Request::from(Prompt::question("Be brief.", format!("{BEFORE}{BEHIND}")))
    }
}

/// What the model was told, and how many excerpts that holds.
fn told(request: &Received) -> (String, usize) {
    let text = request.json()["messages"][1]["content"]
        .as_str()
        .unwrap()
        .to_owned();
    let excerpts = text
        .lines()
        .filter(|line| line.starts_with('[') && line.ends_with(']') && !line.contains('…'));
    let count = excerpts.count();
    (text, count)
}

async fn heard(run: &Arc<Run>, request: Request) -> (String, Vec<Vec<LeftOut>>) {
    let mut asking = run.ask(Stage::Write, request, &CancellationToken::new());
    let mut left_out = Vec::new();
    loop {
        match asking.next().await.unwrap().unwrap() {
            Heard::LeftOut(left) => left_out.push(left),
            Heard::Done(told) => {
                assert_eq!(Some(&told.left_out), left_out.last());
                return (told.text, left_out);
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn each_model_is_sent_what_it_has_room_for() {
    let small = StandIn::answering(|_: &Received| Fault::CutAfter("it seems".to_owned())).unwrap();
    let large = StandIn::answering(|_: &Received| "because").unwrap();
    let both = run(vec![
        model("small", &small, Some(1500)),
        model("large", &large, Some(100_000)),
    ]);
    let (text, left_out) = heard(&both, about(12)).await;
    assert_eq!(text, "because");
    // Each is told before its text: the first had room for some, the second for all.
    assert!(!left_out[0].is_empty() && left_out[1].is_empty(), "{left_out:?}");
    let (whole, all) = told(&large.received()[0]);
    assert_eq!(all, 12);
    assert!(whole.starts_with(BEFORE) && whole.ends_with(BEHIND), "{whole}");
    let (packed, some) = told(&small.received()[0]);
    assert!(packed.starts_with(BEFORE) && packed.ends_with(BEHIND), "{packed}");
    assert!(some > 1 && some < 12, "{some}");
    let left = left_out[0].iter().filter(|left| !left.shortened).count();
    assert_eq!(some + left, 12);
    let sent = Counter::ESTIMATE.prompt(&Prompt::question("Be brief.", packed));
    assert!(sent + 200 <= 1500, "{sent}");
}

#[tokio::test]
async fn by_its_own_vocabulary_a_model_is_sent_more_than_by_an_estimate() {
    // Every word is a token and `let a = b;` has four of them; the estimate takes it for more.
    let words = r#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"}}"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    std::fs::write(&path, words).unwrap();
    let counted = Tokenizer::read(&path).unwrap();
    let mut sent = Vec::new();
    for tokenizer in [None, Some(counted)] {
        let server = StandIn::answering(|_: &Received| "because").unwrap();
        let mut config = model("a", &server, Some(1500));
        config.provider.tokenizer = tokenizer;
        let (_, left_out) = heard(&run(vec![config]), about(12)).await;
        let (text, excerpts) = told(&server.received()[0]);
        let left = left_out[0].iter().filter(|left| !left.shortened).count();
        assert_eq!(excerpts + left, 12);
        sent.push(text.split_whitespace().count());
    }
    // The window less the answer, and little less than that.
    assert!((1200..=1300).contains(&sent[1]), "{sent:?}");
    assert!(sent[0] < 1000, "{sent:?}");
}

#[tokio::test]
async fn a_prompt_that_is_refused_as_too_long_is_made_shorter_once() {
    for fault in [Some(Fault::ContextOverflow), None] {
        // The settings say more than the server has: one of these names its limit, the other does not.
        let server = StandIn::answering(move |request: &Received| {
            if told(request).1 < 12 {
                return Said::from("because");
            }
            fault.clone().map_or_else(
                || {
                    Said::from(aiex_llm::standin::openai::refusal(
                        400,
                        "the input exceeds the context length",
                        "",
                        None,
                    ))
                },
                Said::from,
            )
        })
        .unwrap();
        let run = run(vec![model("a", &server, Some(100_000))]);
        let (text, left_out) = heard(&run, about(12)).await;
        assert_eq!((text.as_str(), server.requests()), ("because", 2));
        assert!(!left_out[0].is_empty());
        let (first, second) = (told(&server.received()[0]), told(&server.received()[1]));
        assert_eq!(first.1, 12);
        assert!(second.1 >= 1 && second.0.len() < first.0.len(), "{second:?}");
    }
}

#[tokio::test]
async fn a_prompt_that_is_refused_twice_goes_to_the_next_model() {
    let full = StandIn::answering(|_: &Received| Fault::ContextOverflow).unwrap();
    let other = StandIn::answering(|_: &Received| "because").unwrap();
    let both = run(vec![
        model("full", &full, Some(100_000)),
        model("other", &other, Some(100_000)),
    ]);
    assert_eq!(heard(&both, about(12)).await.0, "because");
    assert_eq!((full.requests(), other.requests()), (2, 1));
}

#[tokio::test]
async fn without_room_for_any_piece_nothing_is_sent() {
    let server = StandIn::answering(|_: &Received| "never asked").unwrap();
    let run = run(vec![model("a", &server, Some(260))]);
    let none = run
        .complete(Stage::Write, about(3), &CancellationToken::new())
        .await
        .unwrap_err();
    assert!(none.is_too_long(), "{none}");
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn values_are_asked_for_with_material_on_every_rung() {
    let server = StandIn::answering(
        |request: &Received| match told(request).0.contains("JSON Schema") {
            true if request.json()["messages"].as_array().unwrap().len() > 2 => r#"{"steps": ["read"]}"#,
            _ => "Let me think.",
        },
    )
    .unwrap();
    let run = run(vec![model("a", &server, Some(2000))]);
    let schema = Schema {
        name: "plan".to_owned(),
        value: json!({"type": "object", "required": ["steps"],
            "properties": {"steps": {"type": "array", "items": {"type": "string"}}}}),
    };
    let got = structured::<Value>(
        &run,
        Stage::Plan,
        &about(12),
        &schema,
        None,
        &CancellationToken::new(),
    )
    .await
    .unwrap();
    assert_eq!(got.value, Some(json!({"steps": ["read"]})));
    assert!(!got.left_out.is_empty());
    for request in server.received() {
        assert!(told(&request).1 > 0, "{request:?}");
    }
}
