//! A value of a type out of a model that writes badly.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod structured {
    pub(crate) mod corpus;
}

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aiex_llm::models::{ModelConfig, Settings};
use aiex_llm::price::Prices;
use aiex_llm::standin::{Fault, Received, Said, StandIn, lmstudio};
use aiex_llm::{
    Models, NoAnswer, Prompt, ProviderConfig, ProviderKind, Request, Run, Rung, Schema, Stage, Structured,
    structured,
};
use serde::Deserialize;
use serde_json::json;
use structured::corpus::{Made, OUTPUTS};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Plan {
    kind: String,
    queries: Vec<String>,
    #[serde(default)]
    note: Option<String>,
}

const GOOD: &str = "{\"kind\": \"find\", \"queries\": [\"a\", \"b\"], \"note\": \"n\"}";

fn schema() -> Schema {
    Schema {
        name: "plan".to_owned(),
        value: json!({"type": "object", "required": ["kind", "queries"], "additionalProperties": false, "properties": {
            "kind": {"type": "string", "enum": ["find", "compare", "explain"]},
            "queries": {"type": "array", "maxItems": 5, "items": {"type": "string"}},
            "note": {"type": "string", "description": "Anything else."}}}),
    }
}

fn run(kind: ProviderKind, server: &StandIn) -> Arc<Run> {
    let config = ProviderConfig::new("mine", kind, server.url(), "a-model");
    let settings = Settings::new(Prices::built_in().unwrap());
    Models::new(vec![ModelConfig::from(config)], settings)
        .unwrap()
        .run()
}

async fn plan(run: &Arc<Run>) -> Result<Structured<Plan>, NoAnswer> {
    let request = Request::from(Prompt::question("You plan searches.", "How do retries work?"));
    let cancel = CancellationToken::new();
    structured(run, Stage::Plan, &request, &schema(), None, &cancel).await
}

/// Answers with these in turn; the last repeats.
fn saying(answers: Vec<Said>) -> StandIn {
    let count = AtomicUsize::new(0);
    StandIn::answering(move |_: &Received| {
        let at = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
        answers[at].clone()
    })
    .unwrap()
}

#[tokio::test]
async fn every_broken_output_is_handled_and_none_ends_the_run() {
    assert!(OUTPUTS.len() >= 60);
    let mut wrong = Vec::new();
    for (name, output, made) in OUTPUTS {
        let server = saying(vec![Said::from(*output)]);
        let got = plan(&run(ProviderKind::OpenAi, &server))
            .await
            .unwrap_or_else(|none| panic!("{name}: {none}"));
        let (expected, attempts) = match made {
            Made::Queries(expected) => (Some(*expected), 1),
            Made::Nothing => (None, 3),
        };
        let queries = got
            .value
            .as_ref()
            .map(|plan| plan.queries.iter().map(String::as_str).collect::<Vec<_>>());
        let handled = queries.as_deref() == expected
            && got.attempts == attempts
            && (got.rung == Rung::None) == expected.is_none()
            && got
                .value
                .as_ref()
                .is_none_or(|plan| plan.kind == "find" && got.rung <= Rung::Mended);
        if !handled {
            wrong.push(format!("{name}: {got:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        OUTPUTS.len(),
        wrong.join("\n")
    );
}

#[tokio::test]
async fn every_broken_output_is_followed_by_a_good_one() {
    for (name, output, made) in OUTPUTS {
        if *made == Made::Nothing {
            let server = saying(vec![Said::from(*output), Said::from(GOOD)]);
            let got = plan(&run(ProviderKind::LmStudio, &server)).await.unwrap();
            assert_eq!((got.rung, got.attempts), (Rung::AskedAgain, 2), "{name}");
            assert!(got.value.is_some(), "{name}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_keeps_to_the_schema_needs_one_answer() {
    for kind in ProviderKind::ALL {
        let server = saying(vec![Said::from(GOOD)]);
        let got = plan(&run(kind, &server)).await.unwrap();
        assert_eq!((got.rung, got.attempts), (Rung::Constrained, 1), "{kind:?}");
        assert_eq!(got.answered_by, Some(("mine".to_owned(), "a-model".to_owned())));
        assert!(got.spent.tokens() > 0 && got.problem.is_none());
        let received = &server.received()[0];
        assert_eq!(received.schema(), Some(schema().value), "{kind:?}");
        // The schema is in the prompt too.
        assert!(
            received.asked().contains("\"maxItems\":5"),
            "{}",
            received.asked()
        );
    }
}

#[tokio::test]
async fn without_schemas_it_is_found_in_the_answer() {
    let server = StandIn::answering(|received: &Received| {
        if received.schema().is_some() {
            Said::from(lmstudio::format_refused())
        } else {
            Said::from(GOOD)
        }
    })
    .unwrap();
    let run = run(ProviderKind::OpenAi, &server);
    for _ in 0..2 {
        assert_eq!(plan(&run).await.unwrap().rung, Rung::Found);
    }
    assert_eq!(server.requests(), 3);
    assert_eq!(run.models().rung("mine"), Some(Rung::Found));
}

#[tokio::test]
async fn json_among_the_thoughts_is_found() {
    for kind in ProviderKind::ALL {
        let server = saying(vec![Said::Thoughts(format!("I say {GOOD}."), String::new())]);
        let got = plan(&run(kind, &server)).await.unwrap();
        assert_eq!((got.rung, got.attempts), (Rung::Thoughts, 1), "{kind:?}");
    }
}

#[tokio::test]
async fn the_second_question_says_what_was_wrong() {
    let server = saying(vec![
        Said::from("{\"kind\": \"search\", \"queries\": []}"),
        Said::from(GOOD),
    ]);
    let run = run(ProviderKind::OpenAi, &server);
    let got = plan(&run).await.unwrap();
    let problem = "`kind` must be one of \"find\", \"compare\", \"explain\"";
    assert_eq!(got.problem.as_deref(), Some(problem));
    let asked = server.received()[1].asked();
    assert!(asked.contains("{\"kind\": \"search\""), "{asked}");
    assert!(
        asked.contains(&format!("That cannot be used: {problem}.")),
        "{asked}"
    );
    assert!(got.spent.requests == 2);
}

#[tokio::test]
async fn a_model_that_does_better_unbound_is_not_bound_again() {
    let server = StandIn::answering(|received: &Received| {
        if received.schema().is_some() {
            Said::from("{\"kind\":   ")
        } else {
            Said::from(GOOD)
        }
    })
    .unwrap();
    let run = run(ProviderKind::Ollama, &server);
    assert_eq!(plan(&run).await.unwrap().rung, Rung::AskedAgain);
    assert_eq!(
        (plan(&run).await.unwrap().rung, server.requests()),
        (Rung::Found, 3)
    );
}

#[tokio::test]
async fn less_is_asked_for_in_the_end_and_first_the_next_time() {
    let server = StandIn::answering(|received: &Received| {
        if received.asked().contains("Anything else.") {
            "{\"kind\": \"find\"}"
        } else {
            GOOD
        }
    })
    .unwrap();
    let run = run(ProviderKind::OpenAi, &server);
    let got = plan(&run).await.unwrap();
    assert_eq!((got.rung, got.attempts), (Rung::Smaller, 3));
    let got = plan(&run).await.unwrap();
    assert_eq!((got.rung, got.attempts, server.requests()), (Rung::Smaller, 1, 4));
}

#[tokio::test]
async fn loops_and_cuts_are_survived() {
    for fault in [
        Said::from(format!(
            "{{\"kind\": \"find\", \"queries\": [{}",
            "\"a\", ".repeat(400)
        )),
        Said::from(format!("{{\"kind\":{}", " ".repeat(4000))),
        Said::from(Fault::LimitAfter("{\"kind\": \"find\", \"quer".to_owned())),
    ] {
        let server = saying(vec![fault.clone(), Said::from(GOOD)]);
        let got = plan(&run(ProviderKind::OpenAi, &server)).await.unwrap();
        assert!(got.value.is_some(), "{fault:?}");
    }
    let server = saying(vec![
        Said::from(Fault::LimitAfter("{\"kind\": \"fi".to_owned())),
        Said::from(GOOD),
    ]);
    plan(&run(ProviderKind::OpenAi, &server)).await.unwrap();
    let asked = server.received()[1].clone();
    assert!(
        asked.asked().contains("cut off by its limit. Be shorter."),
        "{}",
        asked.asked()
    );
    // The schema was no hindrance, so it stays.
    assert!(asked.schema().is_some());
}

#[tokio::test]
async fn only_no_answer_at_all_is_an_error() {
    let server = saying(vec![Said::from("nonsense"), Said::from(Fault::KeyRejected)]);
    let none = plan(&run(ProviderKind::OpenAi, &server)).await.unwrap_err();
    assert!(none.hint().starts_with("Set a key"), "{}", none.hint());
    // The answer that could not be used was paid for all the same.
    assert_eq!(none.spent.requests, 1);
}
