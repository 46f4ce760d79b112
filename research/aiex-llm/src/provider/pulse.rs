//! Whether a server that is silent is there at all: when it was heard last, and calling it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Provider;
use crate::{Failure, LlmError, ProviderKind};

/// When a byte was last heard of a server, by whichever request.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<Option<Instant>>);

impl Heard {
    pub(crate) fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn within(&self, time: Duration) -> bool {
        let heard = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.is_some_and(|at| at.elapsed() < time)
    }
}

impl Provider {
    /// Whether anything was heard of the server within a time, or it answers within the same time when it is called. It
    /// is asked which models it has, which costs nothing, and which servers answer while a model thinks or is loaded.
    pub(crate) async fn has_pulse(&self, time: Duration) -> bool {
        if self.heard.within(time) {
            return true;
        }
        let beside = match self.config.kind {
            ProviderKind::Ollama => "tags",
            ProviderKind::Anthropic | ProviderKind::OpenAiResponses => "models",
            ProviderKind::OpenAi | ProviderKind::LmStudio => "../models",
        };
        let Ok(url) = self.endpoint.url.join(beside) else {
            return false;
        };
        let mut calling = self.client.get(url);
        if let Some((name, value)) = &self.authorization {
            calling = calling.header(name, value);
        }
        // Whatever it answers, it is there.
        let answered = matches!(timeout(time, calling.send()).await, Ok(Ok(_)));
        if answered {
            self.heard.now();
        }
        // A server that does one thing at a time answers no calls, but whoever it works for hears it.
        answered || self.heard.within(time)
    }

    /// Nothing was heard for so long, and there was no pulse.
    pub(crate) fn silent(&self, after: Duration) -> LlmError {
        self.error(Failure::Silent { after })
    }

    /// An answer stopped for so long.
    pub(crate) fn stalled(&self, after: Duration) -> LlmError {
        self.error(Failure::IdleTimeout { after })
    }
}
