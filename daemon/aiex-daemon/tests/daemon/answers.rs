//! Answers: from the evidence, from a model, and from a model that fails.

use std::time::Duration;

use aiex_config::{ProviderKind, ProviderSettings};
use aiex_llm::standin::{Reply, StandIn, openai};
use aiex_protocol::search::{AskArgs, SearchArgs, Stage};
use aiex_protocol::{Call, ClientFrame, ErrorCode, Event, RequestId};

use crate::harness::{Daemon, settings};

fn daemon(model: &StandIn) -> Daemon {
    let mut settings = settings();
    settings.providers.push(ProviderSettings {
        name: "local".to_owned(),
        kind: ProviderKind::OpenAi,
        url: model.url(),
        model: "little".to_owned(),
        key_env: String::new(),
        tokenizer: String::new(),
        context_tokens: 8192,
        max_output_tokens: 512,
        requests_per_minute: 0,
        tokens_per_minute: 0,
        first_byte: Duration::from_secs(60),
        idle: Duration::from_secs(60),
        total: Duration::from_secs(60),
    });
    Daemon::start_with(settings, |_| {})
}

fn ask() -> AskArgs {
    let search = SearchArgs {
        query: "where is it retried?".to_owned(),
        repo: "/fake".to_owned(),
        ..SearchArgs::default()
    };
    AskArgs {
        search,
        ..AskArgs::default()
    }
}

#[tokio::test]
async fn a_model_answers_from_the_evidence_and_made_up_citations_go() {
    let model = StandIn::start([openai::answer(&[
        "It is retried in ",
        "`retry` [1",
        "] and",
        " waits [2, 7]",
        ".",
    ])])
    .unwrap();
    let daemon = daemon(&model);
    let events = daemon.connect().await.ask(1, Call::Ask(ask())).await;
    let place = |wanted: fn(&Event) -> bool| events.iter().position(wanted).unwrap();
    let hits = place(|event| matches!(event, Event::Hits(hits) if hits.stage == Stage::Final));
    let delta = place(|event| matches!(event, Event::AnswerDelta { .. }));
    let answered = place(|event| matches!(event, Event::Answer(_)));
    assert!(hits < delta && delta < answered, "{events:?}");
    let Event::Answer(answer) = &events[answered] else {
        unreachable!()
    };
    assert_eq!(answer.text, "It is retried in `retry` [1] and waits [2].");
    let streamed: String = events
        .iter()
        .filter_map(|event| match event {
            Event::AnswerDelta { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(streamed, answer.text);
    assert_eq!(answer.rejected_citations, [7]);
    assert_eq!(answer.author, "local little");
    let cited: Vec<_> = answer
        .citations
        .iter()
        .map(|citation| citation.path.as_str())
        .collect();
    assert_eq!(cited, ["src/retry.rs", "src/wait.rs"]);
    assert!(answer.usage.is_some_and(|usage| usage.input > 0));
    assert!(matches!(events.last(), Some(Event::Done { summary: Some(_) })));

    let sent = model.received()[0].body.clone();
    assert!(sent.contains("[1] src/retry.rs:3-9"), "{sent}");
    assert!(sent.contains("where is it retried?"), "{sent}");
}

#[tokio::test]
async fn a_model_that_dies_leaves_the_evidence_and_says_what_to_do() {
    let model = StandIn::start([openai::dies_after(&["It is retried", " in several"])]).unwrap();
    let daemon = daemon(&model);
    let events = daemon.connect().await.ask(1, Call::Ask(ask())).await;
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::Hits(hits) if hits.stage == Stage::Final))
    );
    let Some(Event::Error(error)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(error.code, ErrorCode::Provider);
    assert!(error.hint.as_deref().unwrap().contains("evidence"), "{error:?}");
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::AnswerDelta { .. }))
    );
    assert!(!events.iter().any(|event| matches!(event, Event::Answer(_))));
}

#[tokio::test]
async fn cancelling_closes_the_request_to_the_model() {
    let model = StandIn::start([Reply::hangs()]).unwrap();
    let daemon = daemon(&model);
    let mut client = daemon.connect().await;
    client.send(1, Call::Ask(ask())).await;
    loop {
        if matches!(client.event(1).await.event, Event::Hits(hits) if hits.stage == Stage::Final) {
            break;
        }
    }
    let asked = |received: &[aiex_llm::standin::Received]| !received.is_empty();
    assert!(model.wait_until(std::time::Duration::from_secs(30), asked));
    client.frame(&ClientFrame::Cancel { id: RequestId(1) }).await;
    let Event::Error(error) = client.event(1).await.event else {
        panic!("no error")
    };
    assert_eq!(error.code, ErrorCode::Cancelled);
    let hung_up = |received: &[aiex_llm::standin::Received]| received[0].hung_up;
    assert!(model.wait_until(std::time::Duration::from_secs(30), hung_up));
}

#[tokio::test]
async fn without_a_model_or_when_told_so_the_evidence_answers() {
    let model = StandIn::start([openai::answer(&["never asked"])]).unwrap();
    for (daemon, extractive) in [(Daemon::start(), false), (daemon(&model), true)] {
        let args = AskArgs { extractive, ..ask() };
        let events = daemon.connect().await.ask(1, Call::Ask(args)).await;
        let Some(Event::Answer(answer)) = events.iter().find(|event| matches!(event, Event::Answer(_)))
        else {
            panic!("{events:?}")
        };
        assert_eq!(answer.author, "extractive");
        assert!(
            answer.text.contains("src/retry.rs\n  3-9 retry (function)"),
            "{}",
            answer.text
        );
        assert_eq!(answer.citations.len(), 2);
    }
    assert!(model.received().is_empty());
}

#[tokio::test]
async fn a_provider_that_is_not_configured_is_told_before_the_search() {
    let daemon = Daemon::start();
    let args = AskArgs {
        provider: Some("other".to_owned()),
        ..ask()
    };
    let events = daemon.connect().await.ask(1, Call::Ask(args)).await;
    assert_eq!(events.len(), 2);
    let Some(Event::Error(error)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(error.code, ErrorCode::InvalidRequest);
}
