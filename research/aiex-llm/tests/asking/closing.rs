//! Whoever stops listening closes the request.

use aiex_llm::standin::{Reply, StandIn, ollama, openai};
use aiex_llm::{Delta, Failure, Prompt, Provider, ProviderKind};
use tokio_util::sync::CancellationToken;

use crate::{LONG, config};

fn provider(server: &StandIn, kind: ProviderKind) -> Provider {
    Provider::new(config(kind, server)).unwrap()
}

/// Whether the server saw the client go, asked from a thread that may block.
async fn hung_up(server: StandIn) -> bool {
    let wait = move || server.wait_until(LONG, |received| received.iter().any(|request| request.hung_up));
    tokio::task::spawn_blocking(wait).await.unwrap()
}

#[tokio::test]
async fn cancelling_before_the_first_byte_closes_the_request() {
    let server = StandIn::start([Reply::hangs()]).unwrap();
    let provider = provider(&server, ProviderKind::OpenAi);
    let cancel = CancellationToken::new();
    let asking = tokio::spawn({
        let cancel = cancel.clone();
        async move {
            provider
                .stream(&Prompt::question("", "Why?"), &cancel)
                .await
                .map(|_| ())
        }
    });
    let server = tokio::task::spawn_blocking(move || {
        assert!(server.wait_until(LONG, |received| !received.is_empty()));
        server
    })
    .await
    .unwrap();
    cancel.cancel();
    let error = asking.await.unwrap().unwrap_err();
    assert_eq!(error.failure, Failure::Cancelled);
    assert_eq!(error.hint(), "Ask again when you want the answer.");
    assert!(hung_up(server).await);
}

#[tokio::test]
async fn cancelling_mid_answer_closes_the_request_even_if_nobody_reads() {
    for (kind, reply) in [
        (ProviderKind::OpenAi, openai::hangs_after(&["Half"])),
        (ProviderKind::Ollama, ollama::hangs_after(&["Half"])),
    ] {
        let server = StandIn::start([reply]).unwrap();
        let cancel = CancellationToken::new();
        let prompt = Prompt::question("", "Why?");
        let mut answer = provider(&server, kind).stream(&prompt, &cancel).await.unwrap();
        assert_eq!(answer.next().await, Some(Ok(Delta::Text("Half".to_owned()))));
        cancel.cancel();
        assert!(hung_up(server).await);
        assert_eq!(
            answer.next().await.unwrap().unwrap_err().failure,
            Failure::Cancelled
        );
        assert_eq!(answer.next().await, None);
    }
}

#[tokio::test]
async fn dropping_the_answer_closes_the_request() {
    let server = StandIn::start([openai::hangs_after(&["Half"])]).unwrap();
    let prompt = Prompt::question("", "Why?");
    let provider = provider(&server, ProviderKind::OpenAi);
    let answer = provider.stream(&prompt, &CancellationToken::new()).await.unwrap();
    drop(answer);
    assert!(hung_up(server).await);
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_the_server_back() {
    // More pieces than the queue holds: cancelling must work while the task waits for a place.
    let texts = vec!["piece "; 500];
    let server = StandIn::start([openai::hangs_after(&texts)]).unwrap();
    let cancel = CancellationToken::new();
    let prompt = Prompt::question("", "Why?");
    let provider = provider(&server, ProviderKind::OpenAi);
    let mut answer = provider.stream(&prompt, &cancel).await.unwrap();
    cancel.cancel();
    assert!(hung_up(server).await);
    let mut last = None;
    while let Some(next) = answer.next().await {
        last = Some(next);
    }
    assert_eq!(last.unwrap().unwrap_err().failure, Failure::Cancelled);
}
