//! Every vendor's dialect: the same answers and the same failures, however each of them says it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use aiex_llm::standin::{Fault, Received, Reply, Said, StandIn, Step, anthropic, lmstudio, responses};
use aiex_llm::{
    Answer, Delta, Failure, Finish, Prompt, Provider, ProviderConfig, ProviderKind, Request, Retry, Schema,
    Secret, Usage,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

const SHORT: Duration = Duration::from_millis(150);

fn provider(kind: ProviderKind, server: &StandIn) -> Provider {
    let mut config = ProviderConfig::new("mine", kind, server.url(), "a-model");
    config.key = Some(Secret::new("sk-test"));
    config.retry = Retry::NEVER;
    config.deadlines.idle = SHORT;
    Provider::new(config).unwrap()
}

struct Whole {
    text: String,
    thoughts: String,
    constrained: bool,
    end: Result<(Option<Usage>, Finish), Failure>,
}

async fn whole(asked: Result<Answer, aiex_llm::LlmError>) -> Whole {
    let mut told = Whole {
        text: String::new(),
        thoughts: String::new(),
        constrained: false,
        end: Err(Failure::Cancelled),
    };
    let mut answer = match asked {
        Ok(answer) => answer,
        Err(error) => {
            told.end = Err(error.failure);
            return told;
        }
    };
    told.constrained = answer.constrained();
    while let Some(delta) = answer.next().await {
        match delta {
            Ok(Delta::Text(text)) => told.text.push_str(&text),
            Ok(Delta::Done { usage, finish }) => told.end = Ok((usage, finish)),
            Err(error) => told.end = Err(error.failure),
        }
    }
    answer.thoughts().clone_into(&mut told.thoughts);
    told
}

async fn ask(provider: &Provider, request: &Request) -> Whole {
    whole(provider.ask(request, &CancellationToken::new()).await).await
}

fn question() -> Request {
    Request::from(Prompt::question("Be brief.", "Why is the sky blue?"))
}

async fn asked_with_fault(kind: ProviderKind, fault: Fault) -> Whole {
    let server = StandIn::answering(move |_| fault.clone()).unwrap();
    ask(&provider(kind, &server), &question()).await
}

#[tokio::test]
async fn every_dialect_carries_text_thoughts_and_counts() {
    for kind in ProviderKind::ALL {
        let server = StandIn::answering(|request: &Received| {
            let blue = request.asked().contains("sky blue");
            Said::Thoughts(
                "Let me see.".to_owned(),
                format!("It scatters: {blue} {{}} \"ü\""),
            )
        })
        .unwrap();
        let told = ask(&provider(kind, &server), &question()).await;
        assert_eq!(told.text, "It scatters: true {} \"ü\"", "{kind:?}");
        assert_eq!(told.thoughts, "Let me see.", "{kind:?}");
        let (usage, finish) = told.end.unwrap();
        let usage = usage.unwrap();
        let asked = "Be brief.\n\nWhy is the sky blue?".len() as u64;
        assert_eq!(usage.prompt_tokens, Some(asked.div_ceil(4)), "{kind:?}");
        assert_eq!(
            usage.answer_tokens,
            Some(("Let me see.".len() + told.text.len()).div_ceil(4) as u64)
        );
        assert_eq!(finish, Finish::Stop);
    }
}

#[tokio::test]
async fn any_cut_of_the_bytes_gives_the_same_answer() {
    for (kind, reply) in [
        (
            ProviderKind::OpenAiResponses,
            responses::answer(&["Grüße ", "😀\n"]),
        ),
        (ProviderKind::Anthropic, anthropic::answer(&["Grüße ", "😀\n"])),
    ] {
        for length in [1, 7, 64] {
            let server = StandIn::start([reply.clone().in_pieces_of(length)]).unwrap();
            let told = ask(&provider(kind, &server), &question()).await;
            assert_eq!(told.text, "Grüße 😀\n", "{kind:?} in pieces of {length}");
        }
    }
}

#[tokio::test]
async fn an_answer_at_once_is_read_too() {
    for (kind, reply) in [
        (ProviderKind::OpenAiResponses, responses::answer_at_once("Yes.")),
        (ProviderKind::Anthropic, anthropic::answer_at_once("Yes.")),
    ] {
        let server = StandIn::start([reply]).unwrap();
        let told = ask(&provider(kind, &server), &question()).await;
        assert_eq!((told.text.as_str(), told.end.is_ok()), ("Yes.", true), "{kind:?}");
    }
}

#[tokio::test]
async fn refusals_have_the_same_classes_everywhere() {
    type Class = fn(&Failure) -> bool;
    let limited = Duration::from_secs(7);
    let table: [(Fault, Class); 10] = [
        (Fault::KeyRejected, |f| matches!(f, Failure::KeyRejected { .. })),
        (Fault::KeyExhausted, |f| {
            matches!(f, Failure::KeyExhausted { .. } | Failure::KeyRejected { .. })
        }),
        (Fault::RateLimited("7".to_owned()), |f| {
            matches!(
                f,
                Failure::RateLimited {
                    retry_after: Some(_),
                    ..
                }
            )
        }),
        (Fault::RateLimited(String::new()), |f| {
            matches!(
                f,
                Failure::RateLimited {
                    retry_after: None,
                    ..
                }
            )
        }),
        (Fault::Overloaded, |f| matches!(f, Failure::Overloaded { .. })),
        (Fault::Broken, |f| matches!(f, Failure::Http { status: 500, .. })),
        (Fault::ContextOverflow, |f| {
            matches!(f, Failure::ContextOverflow { .. })
        }),
        (Fault::ModelMissing, |f| matches!(f, Failure::ModelMissing { .. })),
        (Fault::Page(200), |f| {
            matches!(f, Failure::NotJson { status: 200, .. })
        }),
        (Fault::Empty, |f| {
            matches!(f, Failure::EmptyAnswer { only_thinking: false })
        }),
    ];
    for kind in ProviderKind::ALL {
        for (fault, class) in &table {
            let told = asked_with_fault(kind, fault.clone()).await;
            let failure = told.end.unwrap_err();
            assert!(class(&failure), "{kind:?} {fault:?}: {failure:?}");
            if let Failure::RateLimited {
                retry_after: Some(after),
                ..
            } = failure
            {
                assert_eq!(after, limited);
            }
        }
    }
}

#[tokio::test]
async fn only_ollama_cannot_tell_an_empty_purse_from_a_wrong_key() {
    for kind in ProviderKind::ALL {
        let failure = asked_with_fault(kind, Fault::KeyExhausted).await.end.unwrap_err();
        let exhausted = matches!(failure, Failure::KeyExhausted { .. });
        assert_eq!(exhausted, kind != ProviderKind::Ollama, "{kind:?}: {failure:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_keeps_its_text_everywhere() {
    let text = || "half of an answer and".to_owned();
    for kind in ProviderKind::ALL {
        for fault in [
            Fault::ErrorAfter(text()),
            Fault::CutAfter(text()),
            Fault::EndAfter(text()),
        ] {
            let told = asked_with_fault(kind, fault.clone()).await;
            assert_eq!(told.text, text(), "{kind:?} {fault:?}");
            let failure = told.end.unwrap_err();
            assert!(
                matches!(failure, Failure::BrokenStream { text_seen: true, .. }),
                "{kind:?} {fault:?}: {failure:?}"
            );
        }
        let told = asked_with_fault(kind, Fault::StallAfter(text())).await;
        assert_eq!(
            told.end.unwrap_err(),
            Failure::IdleTimeout { after: SHORT },
            "{kind:?}"
        );
        let told = asked_with_fault(kind, Fault::LimitAfter(text())).await;
        assert_eq!(
            (told.text, told.end.unwrap().1),
            (text(), Finish::Length),
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn cancelling_closes_the_request_everywhere() {
    for kind in ProviderKind::ALL {
        let server = StandIn::answering(|_: &Received| Fault::StallAfter("half of it".to_owned())).unwrap();
        let cancel = CancellationToken::new();
        let mut config = provider(kind, &server).config().clone();
        config.deadlines.idle = Duration::from_secs(60);
        let provider = Provider::new(config).unwrap();
        let mut answer = provider.ask(&question(), &cancel).await.unwrap();
        assert!(matches!(answer.next().await, Some(Ok(Delta::Text(_)))));
        cancel.cancel();
        let hung_up = tokio::task::spawn_blocking(move || {
            server.wait_until(Duration::from_secs(30), |received| received[0].hung_up)
        });
        assert!(hung_up.await.unwrap(), "{kind:?}");
    }
}

#[tokio::test]
async fn errors_before_any_text_inside_a_stream_are_told_by_their_code() {
    let overloaded = anthropic::error_after(&[]);
    let server = StandIn::start([overloaded]).unwrap();
    let told = ask(&provider(ProviderKind::Anthropic, &server), &question()).await;
    assert!(
        matches!(told.end, Err(Failure::Overloaded { .. })),
        "{:?}",
        told.end
    );

    let limited = responses::fails_after(&[], "rate_limit_exceeded", "Rate limit reached.");
    let server = StandIn::start([limited]).unwrap();
    let told = ask(&provider(ProviderKind::OpenAiResponses, &server), &question()).await;
    assert!(
        matches!(told.end, Err(Failure::RateLimited { .. })),
        "{:?}",
        told.end
    );
}

#[tokio::test]
async fn each_vendor_is_asked_in_its_own_way() {
    let server = StandIn::answering(|_: &Received| "Yes.").unwrap();
    for kind in ProviderKind::ALL {
        ask(&provider(kind, &server), &question()).await;
    }
    let received = server.received();
    let paths: Vec<&str> = received.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/v1/chat/completions",
            "/v1/responses",
            "/v1/messages",
            "/api/chat",
            "/v1/chat/completions"
        ]
    );
    let anthropic = &received[2];
    assert_eq!(anthropic.header("x-api-key"), Some("sk-test"));
    assert_eq!(anthropic.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(anthropic.header("authorization"), None);
    assert_eq!(received[1].header("authorization"), Some("Bearer sk-test"));
    assert_eq!(received[1].json()["store"], false);
    assert_eq!(
        (
            server.requests(),
            server.count(|request| request.model() == "a-model")
        ),
        (5, 5)
    );
}

#[tokio::test]
async fn a_schema_binds_every_vendor_in_its_own_field() {
    let mut request = question();
    request.schema = Some(Schema {
        name: "answer".to_owned(),
        value: json!({"type": "object", "required": ["why"]}),
    });
    for kind in ProviderKind::ALL {
        let server = StandIn::answering(|_: &Received| "{\"why\": 1}").unwrap();
        let told = ask(&provider(kind, &server), &request).await;
        assert!(told.constrained, "{kind:?}");
        let schema = server.received()[0].schema();
        assert_eq!(
            schema,
            request.schema.as_ref().map(|schema| schema.value.clone()),
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn a_refused_schema_is_left_out_and_not_sent_again() {
    let mut request = question();
    request.schema = Some(Schema {
        name: "answer".to_owned(),
        value: json!({"type": "object"}),
    });
    for kind in ProviderKind::ALL {
        let server = StandIn::answering(move |received: &Received| {
            if received.schema().is_none() {
                return Said::from("{}");
            }
            Said::from(match kind {
                ProviderKind::Anthropic => {
                    let field = if received.json().get("tools").is_some() {
                        "tool_choice"
                    } else {
                        "output_config"
                    };
                    anthropic::refusal(400, "invalid_request_error", &format!("{field}: not supported"))
                }
                _ => lmstudio::format_refused(),
            })
        })
        .unwrap();
        let provider = provider(kind, &server);
        for round in 0..2 {
            let told = ask(&provider, &request).await;
            assert_eq!(
                (told.text.as_str(), told.constrained),
                ("{}", false),
                "{kind:?} round {round}"
            );
        }
        let refused = if kind == ProviderKind::Anthropic { 2 } else { 1 };
        let bound = server.count(|received| received.schema().is_some());
        assert_eq!((bound, server.requests()), (refused, refused + 2), "{kind:?}");
    }
}

#[tokio::test]
async fn a_forced_tool_s_input_is_the_answer() {
    let reply = anthropic::tool_answer("answer", &["{\"why\":", " \"it scatters\"}"]);
    let server = StandIn::start([reply]).unwrap();
    let told = ask(&provider(ProviderKind::Anthropic, &server), &question()).await;
    assert_eq!(told.text, "{\"why\": \"it scatters\"}");
    assert_eq!(told.end.unwrap().1, Finish::Stop);
}

#[tokio::test]
async fn lm_studio_s_answers_among_the_thoughts_count_when_asked_for() {
    let server = StandIn::start([lmstudio::answer_in_reasoning("{\"why\": 1}")]).unwrap();
    let provider = provider(ProviderKind::LmStudio, &server);
    let told = ask(&provider, &question()).await;
    assert_eq!(
        told.end.unwrap_err(),
        Failure::EmptyAnswer { only_thinking: true }
    );
    let mut request = question();
    request.thoughts_count = true;
    let told = ask(&provider, &request).await;
    assert_eq!((told.text.as_str(), told.thoughts.as_str()), ("", "{\"why\": 1}"));
}

#[tokio::test]
async fn lm_studio_s_error_with_status_200_is_an_error() {
    let server = StandIn::start([lmstudio::unexpected_endpoint("/v1/chat/completions")]).unwrap();
    let told = ask(&provider(ProviderKind::LmStudio, &server), &question()).await;
    assert!(
        matches!(told.end, Err(Failure::Http { status: 200, .. })),
        "{:?}",
        told.end
    );
}

#[tokio::test]
async fn an_answer_ends_with_the_model_s_turn() {
    let going_on = ["It is so.", "<|im", "_end|>\n<|im_start|>user\n", "And why?"];
    for kind in [ProviderKind::Ollama, ProviderKind::OpenAi, ProviderKind::LmStudio] {
        let reply = |words: &[&str]| match kind {
            ProviderKind::Ollama => aiex_llm::standin::ollama::answer(words),
            _ => aiex_llm::standin::openai::answer(words),
        };
        // A server that only left a mark in the text says soon what the answer took.
        let server = StandIn::start([reply(&["It is so.", "<end_of_turn>"])]).unwrap();
        let told = ask(&provider(kind, &server), &question()).await;
        assert_eq!(told.text, "It is so.", "{kind:?}");
        let (usage, finish) = told.end.unwrap();
        assert_eq!(finish, Finish::Stop, "{kind:?}");
        assert!(usage.is_some(), "{kind:?}");
        // One that goes on is not waited for.
        let whole = reply(&going_on);
        let count = whole.steps.len();
        let server = StandIn::start([whole.ending_after(count - 1, Step::Hang)]).unwrap();
        let told = ask(&provider(kind, &server), &question()).await;
        assert_eq!(told.text, "It is so.", "{kind:?}");
        assert_eq!(told.end.unwrap().1, Finish::Stop, "{kind:?}");
    }
}

#[tokio::test]
async fn a_model_that_repeats_itself_is_stopped() {
    for (kind, looping) in [
        (ProviderKind::Ollama, "\n    ".repeat(400)),
        (ProviderKind::OpenAi, "and so it goes on. ".repeat(400)),
    ] {
        let text = format!("{{\"a\": {looping}");
        let reply = match kind {
            ProviderKind::Ollama => aiex_llm::standin::ollama::answer(&[&text]),
            _ => aiex_llm::standin::openai::answer(&[&text]),
        };
        // What follows never comes: the reader must not wait for it.
        let pieces = reply.in_pieces_of(64);
        let count = pieces.steps.len();
        let server = StandIn::start([pieces.ending_after(count - 1, Step::Hang)]).unwrap();
        let told = ask(&provider(kind, &server), &question()).await;
        // One message of the stream holds it all here, so only the end shows that it was noticed.
        let noticed = match &told.end {
            Ok((_, finish)) => finish.is_loop(),
            Err(failure) => matches!(failure, Failure::IdleTimeout { .. }),
        };
        assert!(noticed, "{kind:?}: {:?}", told.end);
    }
    let words = ["over and ", "over "].repeat(400);
    let server =
        StandIn::start([aiex_llm::standin::openai::answer(&words).dripping(Duration::from_micros(200))])
            .unwrap();
    let told = ask(&provider(ProviderKind::OpenAi, &server), &question()).await;
    assert!(told.end.unwrap().1.is_loop());
    assert!(told.text.len() < 1200, "{}", told.text.len());
    let hung_up = tokio::task::spawn_blocking(move || {
        server.wait_until(Duration::from_secs(30), |received| {
            received[0].hung_up || received[0].answered
        })
    });
    assert!(hung_up.await.unwrap());
}

#[tokio::test]
async fn the_stand_in_can_be_slow() {
    let server = StandIn::answering(|_: &Received| Said::Slowly(2 * SHORT, "Late.".to_owned())).unwrap();
    let mut config = provider(ProviderKind::OpenAi, &server).config().clone();
    config.deadlines.first_byte = SHORT;
    let told = ask(&Provider::new(config).unwrap(), &question()).await;
    assert_eq!(told.end.unwrap_err(), Failure::FirstByteTimeout { after: SHORT });
    let reply = Reply::html(200).delayed(Duration::ZERO);
    assert_eq!(reply.steps[0], Step::Pause(Duration::ZERO));
}
