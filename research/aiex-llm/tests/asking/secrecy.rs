//! Keys stay where they belong.

use aiex_llm::ProviderKind;
use aiex_llm::standin::{Reply, StandIn, openai};

use crate::{ask, config};

const KEY: &str = "sk-test-1234567890";

#[tokio::test]
async fn no_error_shows_the_key() {
    let long = format!("{} {KEY}", "x".repeat(290));
    for reply in [
        openai::key_rejected(KEY),
        openai::refusal(400, &long, "invalid_request_error", None),
        Reply::new(500, "text/plain", format!("trace: {KEY}")),
        Reply::redirect(&format!("/{KEY}/x")),
        Reply::new(200, "text/html", format!("<p>{KEY}</p>")),
    ] {
        let server = StandIn::start([reply]).unwrap();
        let told = ask(config(ProviderKind::OpenAi, &server)).await;
        let error = told.failure();
        let shown = format!("{error} {error:?} {}", error.hint());
        assert!(!shown.contains("sk-test"), "{shown}");
    }
}

#[test]
fn settings_can_be_printed() {
    let server = StandIn::start([]).unwrap();
    let shown = format!("{:#?}", config(ProviderKind::OpenAi, &server));
    assert!(shown.contains("***") && !shown.contains(KEY), "{shown}");
}
