//! What the log holds. Alone in its process: whether an event is logged is decided once for all threads, so
//! tests beside it that log nowhere would silence it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiex_llm::standin::{StandIn, openai};
use aiex_llm::{Prompt, Provider, ProviderConfig, ProviderKind, Secret};
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;

const KEY: &str = "sk-test-1234567890";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_holds_neither_key_nor_prompt() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let quoting = openai::refusal(503, &format!("key {KEY} is busy"), "server_error", None);
    let server = StandIn::start([quoting, openai::rate_limited(), openai::answer(&["Said."])]).unwrap();
    let mut config = ProviderConfig::new("mine", ProviderKind::OpenAi, server.url(), "a-model");
    config.key = Some(Secret::new(KEY));
    config.retry.pause = Duration::from_millis(1);
    let provider = Provider::new(config).unwrap();
    let prompt = Prompt::question("a secret system text", "a secret question");
    let mut answer = provider.stream(&prompt, &CancellationToken::new()).await.unwrap();
    while answer.next().await.is_some() {}

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("trying again") && log.contains("key *** is busy"),
        "{log}"
    );
    for secret in [KEY, "a secret", "Said."] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
    assert!(!format!("{provider:?}").contains(KEY));
}
