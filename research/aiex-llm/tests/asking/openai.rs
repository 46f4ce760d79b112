//! Every scenario of an OpenAI-compatible server has its class and its hint.

use std::net::TcpListener;
use std::time::Duration;

use aiex_llm::standin::openai;
use aiex_llm::standin::{Reply, StandIn};
use aiex_llm::{Failure, Finish, ProviderConfig, ProviderKind, Usage};

use crate::{LONG, ask, ask_scripted, ask_with, config};

const KIND: ProviderKind = ProviderKind::OpenAi;
const USAGE: Usage = Usage {
    prompt_tokens: Some(19),
    cached_tokens: Some(0),
    answer_tokens: Some(10),
};

#[tokio::test]
async fn an_answer_is_streamed_with_its_usage() {
    let server = StandIn::start([openai::answer(&["Because ", "it ", "is."])]).unwrap();
    let told = ask(config(KIND, &server)).await;
    assert_eq!(told.text, "Because it is.");
    assert_eq!(told.end, Ok((Some(USAGE), Finish::Stop)));

    let request = &server.received()[0];
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/v1/chat/completions")
    );
    assert_eq!(request.header("authorization"), Some("Bearer sk-test-1234567890"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.json()["messages"][1]["content"], "Why?");
    assert_eq!(request.json()["stream"], true);
}

#[tokio::test]
async fn usage_end_marker_and_streaming_itself_are_optional() {
    let (told, _) = ask_scripted(KIND, vec![openai::answer_without_usage(&["Yes."])]).await;
    assert_eq!(
        (told.text.as_str(), &told.end),
        ("Yes.", &Ok((None, Finish::Stop)))
    );

    let no_marker = openai::answer_without_usage(&["Yes."]).rewritten(|t| t.replace("data: [DONE]\n\n", ""));
    let (told, _) = ask_scripted(KIND, vec![no_marker]).await;
    assert_eq!((told.text.as_str(), told.finish()), ("Yes.", &Finish::Stop));

    let (told, _) = ask_scripted(KIND, vec![openai::answer_at_once("Yes.")]).await;
    let uncached = Usage {
        cached_tokens: None,
        ..USAGE
    };
    assert_eq!(
        (told.text.as_str(), &told.end),
        ("Yes.", &Ok((Some(uncached), Finish::Stop)))
    );

    let (told, _) = ask_scripted(KIND, vec![openai::answer_cut_by_limit(&["Yes, b"])]).await;
    assert_eq!((told.text.as_str(), told.finish()), ("Yes, b", &Finish::Length));
}

#[tokio::test]
async fn the_bytes_may_be_cut_and_written_in_any_way() {
    let texts = ["Grüße 😀", " \"quoted\"\n", "日本語\r\n"];
    let base = openai::answer(&texts);
    let variants = [
        base.clone().in_pieces_of(1),
        base.clone().in_pieces_of(7),
        base.clone()
            .rewritten(|t| t.replace('\n', "\r\n"))
            .in_pieces_of(3),
        base.clone().rewritten(|t| t.replace('\n', "\r")).in_pieces_of(5),
        base.clone()
            .rewritten(|t| t.replace("data: ", ": ping\n\ndata:"))
            .in_pieces_of(11),
        base.clone()
            .rewritten(|t| t.replace(",\"choices\"", "\ndata: ,\"choices\""))
            .in_pieces_of(13),
        base.clone()
            .rewritten(|t| format!("\u{feff}\n\n{t}trailing bytes"))
            .in_pieces_of(2),
        base.clone().with_content_type("text/plain"),
        base.rewritten(|t| t.trim_end().to_owned()),
    ];
    for (at, reply) in variants.into_iter().enumerate() {
        let (told, _) = ask_scripted(KIND, vec![reply]).await;
        assert_eq!(told.text, texts.concat(), "variant {at}");
        assert_eq!(told.end, Ok((Some(USAGE), Finish::Stop)), "variant {at}");
    }
}

#[tokio::test]
async fn thinking_is_dropped_however_it_is_cut() {
    let reply = openai::answer(&["<th", "ink>hm", "m</thi", "nk>\n\nBeca", "use."]);
    let (told, _) = ask_scripted(KIND, vec![reply]).await;
    assert_eq!(told.text, "Because.");
    let (told, _) = ask_scripted(KIND, vec![openai::answer(&["<think>never ", "closed"])]).await;
    assert_eq!(
        told.failure().failure,
        Failure::EmptyAnswer { only_thinking: true }
    );
}

#[tokio::test]
async fn a_rejected_key_is_told_and_not_tried_again() {
    let (told, requests) = ask_scripted(KIND, vec![openai::key_rejected("sk-test-1234567890")]).await;
    let error = told.failure();
    assert!(
        matches!(error.failure, Failure::KeyRejected { status: 401, .. }),
        "{error:?}"
    );
    assert!(!error.to_string().contains("sk-test"), "{error}");
    assert_eq!(
        error.hint(),
        "Check the key of provider `mine`: is it complete, still valid, and allowed to use `a-model`?"
    );
    assert_eq!(requests, 1);

    let (told, _) = ask_with(KIND, vec![openai::key_rejected("")], |config| config.key = None).await;
    assert_eq!(
        told.failure().hint(),
        "Set a key for provider `mine`: the server asks for one."
    );
}

#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    for (name, value) in [
        ("retry-after", "0"),
        ("retry-after-ms", "5"),
        ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("x-other", "1"),
    ] {
        let limited = openai::rate_limited().with_header(name, value);
        let (told, requests) =
            ask_scripted(KIND, vec![limited.clone(), limited, openai::answer(&["Now."])]).await;
        assert_eq!((told.text.as_str(), requests), ("Now.", 3), "{name}: {value}");
    }
}

#[tokio::test]
async fn a_rate_limit_that_outlasts_the_deadline_is_told_at_once() {
    let limited = openai::rate_limited().with_header("retry-after", "59");
    let (told, requests) = ask_with(KIND, vec![limited], |config| config.deadlines.total = LONG).await;
    let error = told.failure();
    let Failure::RateLimited { retry_after, .. } = &error.failure else {
        panic!("{error:?}")
    };
    assert_eq!(*retry_after, Some(Duration::from_secs(59)));
    assert_eq!(error.hint(), "Ask again in 59 s, or configure another provider.");
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn tries_are_bounded() {
    let (told, requests) = ask_scripted(KIND, vec![openai::unavailable()]).await;
    assert!(
        matches!(told.failure().failure, Failure::Overloaded { status: 503, .. }),
        "{told:?}"
    );
    assert!(told.failure().is_retryable());
    assert_eq!(
        told.failure().hint(),
        "Ask again in a minute; if it lasts, look at the server of provider `mine` or configure another."
    );
    assert_eq!(requests, 4);
}

#[tokio::test]
async fn a_loading_model_is_waited_for() {
    let (told, requests) = ask_scripted(KIND, vec![openai::loading(), openai::answer(&["Hi."])]).await;
    assert_eq!((told.text.as_str(), requests), ("Hi.", 2));
}

#[tokio::test]
async fn refusals_that_waiting_cannot_mend_are_not_tried_again() {
    let (told, requests) = ask_scripted(KIND, vec![openai::quota_spent()]).await;
    assert!(
        matches!(told.failure().failure, Failure::KeyExhausted { .. }),
        "{told:?}"
    );
    assert_eq!(
        told.failure().hint(),
        "Add credit to the account behind the key of provider `mine`, or configure another provider; waiting does not help."
    );
    assert_eq!(requests, 1);

    let (told, requests) = ask_scripted(KIND, vec![openai::context_overflow()]).await;
    let Failure::ContextOverflow { limit, requested, .. } = &told.failure().failure else {
        panic!("{told:?}")
    };
    assert_eq!((*limit, *requested, requests), (Some(128_000), Some(140_000), 1));
    assert_eq!(
        told.failure().hint(),
        "Ask with less evidence, lower `context_tokens` of provider `mine` to the model's real limit, or choose a model with a longer context."
    );

    let (told, _) = ask_scripted(KIND, vec![openai::model_missing()]).await;
    assert!(
        matches!(told.failure().failure, Failure::ModelMissing { .. }),
        "{told:?}"
    );
    assert_eq!(
        told.failure().hint(),
        "Set `model` of provider `mine` to one that the server lists under `/models`."
    );
}

#[tokio::test]
async fn a_refused_parameter_is_left_out() {
    let server = StandIn::start([
        openai::parameter_refused("max_tokens"),
        openai::parameter_refused("temperature"),
        openai::answer(&["Fine."]),
    ])
    .unwrap();
    let mut config = config(KIND, &server);
    config.temperature = Some(0.0);
    assert_eq!(ask(config).await.text, "Fine.");
    let bodies: Vec<_> = server
        .received()
        .iter()
        .map(aiex_llm::standin::Received::json)
        .collect();
    assert_eq!(bodies[0]["max_tokens"], 1500);
    assert_eq!(
        (&bodies[1]["max_completion_tokens"], &bodies[1]["temperature"]),
        (&1500.into(), &0.0.into())
    );
    assert_eq!(bodies[2].get("temperature"), None);

    let (told, requests) = ask_scripted(KIND, vec![openai::parameter_refused("max_tokens")]).await;
    assert!(
        matches!(told.failure().failure, Failure::Http { status: 400, .. }),
        "{told:?}"
    );
    assert_eq!(requests, 2);
}

#[tokio::test]
async fn a_web_page_is_not_an_answer() {
    for reply in [
        Reply::html(200),
        Reply::html(403),
        Reply::html(200).with_content_type("application/json"),
    ] {
        let (told, requests) = ask_scripted(KIND, vec![reply]).await;
        let error = told.failure();
        assert!(matches!(error.failure, Failure::NotJson { .. }), "{error:?}");
        assert!(
            error
                .hint()
                .starts_with("Check `url` of provider `mine`: no model server answers"),
            "{}",
            error.hint()
        );
        assert_eq!(requests, 1);
    }
    let (told, _) = ask_scripted(KIND, vec![Reply::new(200, "text/plain", "hello there")]).await;
    assert!(
        matches!(told.failure().failure, Failure::NotJson { status: 200, .. }),
        "{told:?}"
    );
    let (told, _) = ask_scripted(
        KIND,
        vec![Reply::new(200, "application/json", "{\"choices\":[{\"mess")],
    )
    .await;
    assert!(
        matches!(told.failure().failure, Failure::NotJson { status: 200, .. }),
        "{told:?}"
    );
    let (told, _) = ask_scripted(KIND, vec![Reply::html(404)]).await;
    assert!(
        matches!(told.failure().failure, Failure::NotJson { status: 404, .. }),
        "{told:?}"
    );
}

#[tokio::test]
async fn an_error_with_status_200_is_an_error() {
    let body = "{\"error\":\"Unexpected endpoint or method. (POST /x)\"}";
    let (told, _) = ask_scripted(KIND, vec![Reply::new(200, "application/json", body)]).await;
    let message = "Unexpected endpoint or method. (POST /x)".to_owned();
    assert_eq!(told.failure().failure, Failure::Http { status: 200, message });
}

#[tokio::test]
async fn an_empty_answer_is_an_error() {
    for reply in [
        openai::empty(),
        openai::answer(&[" \n", "  "]),
        Reply::new(200, "text/event-stream", ""),
        Reply::new(200, "text/event-stream", ": ping\n\n"),
        openai::answer_at_once(""),
    ] {
        let (told, requests) = ask_scripted(KIND, vec![reply]).await;
        assert_eq!(
            told.failure().failure,
            Failure::EmptyAnswer { only_thinking: false }
        );
        assert_eq!(
            told.failure().hint(),
            "Ask again; if it stays empty, try another model than `a-model` for provider `mine`."
        );
        assert_eq!(requests, 1);
    }
    let (told, _) = ask_scripted(KIND, vec![openai::only_thinking()]).await;
    assert_eq!(
        told.failure().failure,
        Failure::EmptyAnswer { only_thinking: true }
    );
    assert_eq!(
        told.failure().hint(),
        "Raise `max_output_tokens` of provider `mine`: the model spent all of them on thinking."
    );
}

#[tokio::test]
async fn no_server_is_told_with_its_address() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let told = ask(ProviderConfig::new(
        "mine",
        KIND,
        format!("http://{free}"),
        "a-model",
    ))
    .await;
    let Failure::Unreachable { endpoint, .. } = &told.failure().failure else {
        panic!("{told:?}")
    };
    assert_eq!(*endpoint, format!("http://{free}/v1/chat/completions"));
    assert_eq!(
        told.failure().hint(),
        format!(
            "Start the server, check the network, or correct `url` of provider `mine` (asked: {endpoint})."
        )
    );
}

#[tokio::test]
async fn redirects_are_told_and_not_followed() {
    let elsewhere = StandIn::start([openai::answer(&["stolen"])]).unwrap();
    let to = format!("{}/v1/chat/completions?token=x", elsewhere.url());
    let (told, _) = ask_scripted(KIND, vec![Reply::redirect(&to)]).await;
    let shown = format!("{}/v1/chat/completions", elsewhere.url());
    assert_eq!(
        told.failure().failure,
        Failure::Redirected {
            status: 307,
            to: shown.clone()
        }
    );
    assert_eq!(
        told.failure().hint(),
        format!("Set `url` of provider `mine` to where the server is (it points to {shown}).")
    );
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_before_asking() {
    let told = ask(ProviderConfig::new("mine", KIND, "localhost:1234", "m")).await;
    assert!(
        matches!(told.failure().failure, Failure::BadSettings { .. }),
        "{told:?}"
    );
    assert_eq!(told.failure().hint(), "Correct the settings of provider `mine`.");
}
