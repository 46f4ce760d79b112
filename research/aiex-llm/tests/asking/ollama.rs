//! Every scenario of Ollama has its class and its hint.

use std::net::TcpListener;
use std::time::Duration;

use aiex_llm::standin::{Counts, Reply, StandIn, ollama, openai};
use aiex_llm::{Failure, Finish, Prompt, ProviderConfig, ProviderKind, Usage};

use crate::{SHORT, ask, ask_for, ask_scripted, ask_with, config};

const KIND: ProviderKind = ProviderKind::Ollama;
const USAGE: Usage = Usage {
    prompt_tokens: Some(169),
    cached_tokens: None,
    answer_tokens: Some(15),
};

#[tokio::test]
async fn an_answer_is_streamed_with_its_usage() {
    let server =
        StandIn::start([ollama::thinking_answer("Okay", &["The ", "sky."]).in_pieces_of(9)]).unwrap();
    let told = ask(config(KIND, &server)).await;
    assert_eq!(
        (told.text.as_str(), &told.end),
        ("The sky.", &Ok((Some(USAGE), Finish::Stop)))
    );

    let request = &server.received()[0];
    assert_eq!(request.path, "/api/chat");
    let body = request.json();
    assert_eq!(
        (&body["think"], &body["truncate"]),
        (&false.into(), &false.into())
    );
    assert!(body["options"]["num_ctx"].as_u64() >= Some(8192), "{body}");
}

#[tokio::test]
async fn the_bytes_may_be_cut_and_written_in_any_way() {
    let base = ollama::answer(&["Grüße 😀", "\n日本語"]);
    for reply in [
        base.clone().in_pieces_of(1),
        base.clone()
            .rewritten(|t| t.replace('\n', "\r\n\r\n"))
            .in_pieces_of(4),
        base.rewritten(|t| format!("\u{feff}{}", t.trim_end())),
    ] {
        let (told, _) = ask_scripted(KIND, vec![reply]).await;
        assert_eq!(
            (told.text.as_str(), told.finish()),
            ("Grüße 😀\n日本語", &Finish::Stop)
        );
    }
}

#[tokio::test]
async fn a_missing_model_is_told_with_the_command_that_gets_it() {
    let (told, requests) = ask_scripted(KIND, vec![ollama::model_missing("a-model")]).await;
    assert!(
        matches!(told.failure().failure, Failure::ModelMissing { .. }),
        "{told:?}"
    );
    assert_eq!(told.failure().hint(), "Run `ollama pull a-model`.");
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn refusals_have_their_classes() {
    let (told, _) = ask_scripted(KIND, vec![ollama::context_overflow()]).await;
    assert!(
        matches!(told.failure().failure, Failure::ContextOverflow { .. }),
        "{told:?}"
    );
    assert_eq!(
        told.failure().hint(),
        "Ask with less evidence, or raise `context_tokens` of provider `mine` if the model and its memory allow it."
    );
    let (told, requests) = ask_scripted(KIND, vec![ollama::model_too_large()]).await;
    assert!(
        matches!(told.failure().failure, Failure::ModelTooLarge { .. }),
        "{told:?}"
    );
    assert_eq!(
        told.failure().hint(),
        "Choose a smaller model or a smaller `context_tokens` for provider `mine`."
    );
    assert_eq!(requests, 1);
    let (told, requests) = ask_scripted(KIND, vec![ollama::busy(), ollama::answer(&["Yes."])]).await;
    assert_eq!((told.text.as_str(), requests), ("Yes.", 2));
    let (told, _) = ask_scripted(KIND, vec![Reply::html(200)]).await;
    assert!(
        matches!(told.failure().failure, Failure::NotJson { status: 200, .. }),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_prompt_that_was_cut_without_a_word_is_an_overflow() {
    let counted = |prompt| {
        let counts = Counts { prompt, answer: 15 };
        StandIn::start([ollama::counted_answer("", &["The ", "sky."], counts)]).unwrap()
    };
    // 12,600 characters are some 2,600 tokens.
    let long = "The sky is blue because light of short waves is scattered more. ".repeat(197);
    let prompt = Prompt::question("Answer briefly.", long);
    let whole = counted(2_570);
    let told = ask_for(config(KIND, &whole), &prompt).await;
    assert_eq!(told.finish(), &Finish::Stop);

    let cut = counted(1_800);
    let told = ask_for(config(KIND, &cut), &prompt).await;
    let failure = told.failure();
    assert!(
        matches!(
            failure.failure,
            Failure::ContextOverflow {
                requested: Some(3_106),
                ..
            }
        ),
        "{told:?}"
    );
    assert!(
        failure.to_string().contains("read 1800 tokens of a prompt"),
        "{failure}"
    );
    assert_eq!(
        (told.text.as_str(), cut.requests()),
        ("The sky.", 1),
        "it is not asked again"
    );
    assert!(failure.hint().contains("context_tokens"), "{}", failure.hint());

    // Elsewhere the count may leave out what was cached.
    let hosted = StandIn::start([openai::answer(&["The sky."])]).unwrap();
    let told = ask_for(config(ProviderKind::OpenAi, &hosted), &prompt).await;
    assert_eq!(told.finish(), &Finish::Stop);
}

#[tokio::test]
async fn an_answer_that_breaks_off_keeps_its_text() {
    for reply in [
        ollama::error_after(&["Half"]),
        ollama::dies_after(&["Half"]),
        ollama::ends_early_after(&["Half"]),
    ] {
        let (told, requests) = ask_scripted(KIND, vec![reply, ollama::answer(&["Another."])]).await;
        assert_eq!((told.text.as_str(), requests), ("Half", 1));
        assert!(
            matches!(
                told.failure().failure,
                Failure::BrokenStream { text_seen: true, .. }
            ),
            "{told:?}"
        );
    }
    let (told, requests) = ask_scripted(
        KIND,
        vec![ollama::error_after(&[]), ollama::answer(&["Another."])],
    )
    .await;
    assert_eq!((told.text.as_str(), requests), ("Another.", 2));
}

#[tokio::test]
async fn loading_takes_its_time_or_meets_the_deadline() {
    let loads = ollama::answer(&["Hi."]).dripping(Duration::from_millis(30));
    let (told, _) = ask_scripted(KIND, vec![loads]).await;
    assert_eq!(told.text, "Hi.");

    let (told, _) = ask_with(KIND, vec![Reply::hangs()], |config| {
        config.deadlines.first_byte = SHORT
    })
    .await;
    assert_eq!(told.failure().failure, Failure::FirstByteTimeout { after: SHORT });
    assert_eq!(
        told.failure().hint(),
        "The model may still be loading: ask again, or raise the `first_byte` deadline of provider `mine`."
    );

    let (told, _) = ask_with(KIND, vec![ollama::hangs_after(&["H"])], |config| {
        config.deadlines.idle = SHORT
    })
    .await;
    assert_eq!(told.failure().failure, Failure::IdleTimeout { after: SHORT });

    let (told, _) = ask_scripted(KIND, vec![ollama::only_loaded()]).await;
    assert_eq!(
        told.failure().failure,
        Failure::EmptyAnswer { only_thinking: false }
    );
}

#[tokio::test]
async fn no_server_is_told_with_the_command_that_starts_it() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let told = ask(ProviderConfig::new("mine", KIND, format!("http://{free}"), "m")).await;
    assert!(
        matches!(told.failure().failure, Failure::Unreachable { .. }),
        "{told:?}"
    );
    assert_eq!(
        told.failure().hint(),
        "Start it with `ollama serve`, or correct `url` of provider `mine`."
    );
}
