//! The answer as its reader sees it. It does not know HTTP.

use tokio::sync::mpsc;

use crate::LlmError;

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delta {
    /// More text; never empty.
    Text(String),
    /// The end; nothing follows.
    Done {
        /// What it cost, if the provider said so.
        usage: Option<Usage>,
        /// Why the model stopped.
        finish: Finish,
    },
}

/// Why a model stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// It had said what it had to say.
    Stop,
    /// It ran into `max_output_tokens` or the end of its context: the answer is cut off.
    Length,
    /// The provider withheld the rest.
    ContentFilter,
    /// Another reason, in the provider's words.
    Other(String),
}

/// Tokens counted by the provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt. Ollama leaves them out when the whole prompt was cached.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the answer, thinking included.
    pub answer_tokens: Option<u64>,
}

/// A running answer. Dropping it closes the HTTP request at once.
#[derive(Debug)]
pub struct Answer {
    deltas: mpsc::Receiver<Result<Delta, LlmError>>,
}

impl Answer {
    pub(crate) fn new(deltas: mpsc::Receiver<Result<Delta, LlmError>>) -> Self {
        Self { deltas }
    }

    /// The next piece; `None` after [`Delta::Done`] or an error. Text that came before an error was the
    /// model's and may be kept.
    pub async fn next(&mut self) -> Option<Result<Delta, LlmError>> {
        self.deltas.recv().await
    }
}
