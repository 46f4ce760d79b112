//! Providers against a stand-in that answers like the real services.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod asking {
    mod breaking;
    mod closing;
    mod ollama;
    mod openai;
    mod secrecy;
}

use std::time::Duration;

use aiex_llm::standin::{Reply, StandIn};
use aiex_llm::{
    Deadlines, Delta, Finish, LlmError, Prompt, Provider, ProviderConfig, ProviderKind, Retry, Secret, Usage,
};
use tokio_util::sync::CancellationToken;

/// No test waits this long; it only keeps a broken one from hanging.
const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(150);

fn config(kind: ProviderKind, server: &StandIn) -> ProviderConfig {
    let mut config = ProviderConfig::new("mine", kind, server.url(), "a-model");
    config.key = Some(Secret::new("sk-test-1234567890"));
    config.deadlines = Deadlines {
        connect: LONG,
        first_byte: LONG,
        idle: LONG,
        total: 2 * LONG,
    };
    config.retry = Retry {
        attempts: 3,
        pause: Duration::from_millis(1),
    };
    config
}

/// What an answer was.
#[derive(Debug, PartialEq)]
struct Told {
    text: String,
    end: Result<(Option<Usage>, Finish), LlmError>,
}

impl Told {
    fn failure(&self) -> &LlmError {
        self.end.as_ref().expect_err("the answer should have failed")
    }

    fn finish(&self) -> &Finish {
        &self.end.as_ref().expect("the answer should be whole").1
    }
}

async fn ask(config: ProviderConfig) -> Told {
    ask_for(config, &Prompt::question("Answer briefly.", "Why?")).await
}

async fn ask_for(config: ProviderConfig, prompt: &Prompt) -> Told {
    let provider = match Provider::new(config) {
        Ok(provider) => provider,
        Err(error) => {
            return Told {
                text: String::new(),
                end: Err(error),
            };
        }
    };
    let mut answer = match provider.stream(prompt, &CancellationToken::new()).await {
        Ok(answer) => answer,
        Err(error) => {
            return Told {
                text: String::new(),
                end: Err(error),
            };
        }
    };
    let mut text = String::new();
    loop {
        match answer.next().await.expect("an answer ends in `Done` or an error") {
            Ok(Delta::Text(more)) => {
                assert!(!more.is_empty());
                text.push_str(&more);
            }
            Ok(Delta::Done { usage, finish }) => {
                assert!(answer.next().await.is_none(), "nothing follows the end");
                return Told {
                    text,
                    end: Ok((usage, finish)),
                };
            }
            Err(error) => {
                assert!(answer.next().await.is_none(), "nothing follows an error");
                return Told {
                    text,
                    end: Err(error),
                };
            }
        }
    }
}

/// Asks a server with this script; also says how many requests it took.
async fn ask_scripted(kind: ProviderKind, replies: Vec<Reply>) -> (Told, usize) {
    ask_with(kind, replies, |_| {}).await
}

async fn ask_with(
    kind: ProviderKind,
    replies: Vec<Reply>,
    change: impl FnOnce(&mut ProviderConfig),
) -> (Told, usize) {
    let server = StandIn::start(replies).unwrap();
    let mut config = config(kind, &server);
    change(&mut config);
    let told = ask(config).await;
    (told, server.received().len())
}
