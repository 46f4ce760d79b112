//! Answers that break off, stall or drip, told by a server of OpenAI's kind.

use std::time::Duration;

use aiex_llm::standin::openai::{self, ErrorShape};
use aiex_llm::standin::{Reply, Step};
use aiex_llm::{Failure, Finish, ProviderKind};

use crate::{SHORT, ask_scripted, ask_with};

const KIND: ProviderKind = ProviderKind::OpenAi;

#[tokio::test]
async fn an_answer_that_breaks_off_keeps_its_text_and_is_not_asked_again() {
    for reply in [
        openai::dies_after(&["Half ", "an"]),
        openai::ends_early_after(&["Half ", "an"]),
        openai::error_after(&["Half ", "an"], ErrorShape::Data),
        openai::error_after(&["Half ", "an"], ErrorShape::Event),
        openai::answer(&["Half ", "an", "x"]).ending_with(3, "data: {\"choices\":[{\"del"),
    ] {
        let (told, requests) = ask_scripted(KIND, vec![reply, openai::answer(&["Another."])]).await;
        assert_eq!((told.text.as_str(), requests), ("Half an", 1));
        assert!(
            matches!(
                told.failure().failure,
                Failure::BrokenStream { text_seen: true, .. }
            ),
            "{told:?}"
        );
        assert_eq!(
            told.failure().hint(),
            "Ask again; the text so far is all that the model sent."
        );
        assert!(!told.failure().is_retryable());
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_before_any_text_is_asked_again() {
    for reply in [
        openai::dies_after(&[]),
        openai::ends_early_after(&[]),
        openai::error_after(&[], ErrorShape::Data),
        openai::error_after(&[], ErrorShape::Event),
        openai::dies_after(&["<think>hm"]),
    ] {
        let (told, requests) = ask_scripted(KIND, vec![reply, openai::answer(&["Another."])]).await;
        assert_eq!((told.text.as_str(), requests), ("Another.", 2));
    }
}

#[tokio::test]
async fn silence_has_a_deadline() {
    let (told, requests) = ask_with(KIND, vec![Reply::hangs()], |config| {
        config.deadlines.first_byte = SHORT
    })
    .await;
    assert_eq!(told.failure().failure, Failure::FirstByteTimeout { after: SHORT });
    assert_eq!(
        told.failure().hint(),
        "Ask again, or raise the `first_byte` deadline of provider `mine`."
    );
    assert_eq!(requests, 1);

    let headers_only = openai::empty().ending_after(0, Step::Head);
    let headers_only = headers_only.ending_after(1, Step::Hang);
    let (told, _) = ask_with(KIND, vec![headers_only], |config| {
        config.deadlines.first_byte = SHORT
    })
    .await;
    assert_eq!(told.failure().failure, Failure::FirstByteTimeout { after: SHORT });

    // In one piece, so that no part of it can be late.
    let stalls = openai::hangs_after(&["Half"]).in_pieces_of(usize::MAX);
    let (told, _) = ask_with(KIND, vec![stalls], |config| config.deadlines.idle = SHORT).await;
    assert_eq!(told.text, "Half");
    assert_eq!(told.failure().failure, Failure::IdleTimeout { after: SHORT });
    assert_eq!(
        told.failure().hint(),
        "Ask again; if the model is just slow, raise the `idle` deadline of provider `mine`."
    );
}

#[tokio::test]
async fn a_slow_drip_is_fine_until_the_total_deadline() {
    let drip = || openai::answer(&["a", "b", "c"]).dripping(Duration::from_millis(20));
    let (told, _) = ask_scripted(KIND, vec![drip()]).await;
    assert_eq!((told.text.as_str(), told.finish()), ("abc", &Finish::Stop));

    let endless = openai::answer(&["a"; 200]).dripping(Duration::from_millis(50));
    let total = 4 * SHORT;
    let (told, _) = ask_with(KIND, vec![endless], |config| config.deadlines.total = total).await;
    assert_eq!(told.failure().failure, Failure::TotalTimeout { after: total });
    assert_eq!(
        told.failure().hint(),
        "Ask a narrower question, or raise the `total` deadline of provider `mine`."
    );
}
