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

impl Finish {
    /// The model said the same again and again until it was stopped, see [`Finish::is_loop`].
    pub(crate) fn looping() -> Self {
        Self::Other(LOOPING.to_owned())
    }

    /// Whether the answer was broken off here because the model only repeated itself.
    pub fn is_loop(&self) -> bool {
        matches!(self, Self::Other(reason) if reason == LOOPING)
    }
}

const LOOPING: &str = "it only repeated itself";

/// Tokens counted by the provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included. Ollama leaves them out when the whole prompt was cached.
    pub prompt_tokens: Option<u64>,
    /// Those of the prompt's tokens that the provider had in its cache.
    pub cached_tokens: Option<u64>,
    /// Tokens of the answer, thinking included.
    pub answer_tokens: Option<u64>,
}

impl Usage {
    /// The later of two counts, field by field: some providers count the prompt at the beginning and the
    /// answer at the end.
    pub(crate) fn then(self, later: Self) -> Self {
        Self {
            prompt_tokens: later.prompt_tokens.or(self.prompt_tokens),
            cached_tokens: later.cached_tokens.or(self.cached_tokens),
            answer_tokens: later.answer_tokens.or(self.answer_tokens),
        }
    }
}

/// What a provider's task sends to the answer's reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Thought(String),
    Done { usage: Option<Usage>, finish: Finish },
}

/// The most thoughts that are kept, in bytes; more than any JSON that is looked for in them.
const MOST_THOUGHTS: usize = 256 << 10;

/// A running answer. Dropping it closes the HTTP request at once.
#[derive(Debug)]
pub struct Answer {
    pieces: mpsc::Receiver<Result<Piece, LlmError>>,
    thoughts: String,
    constrained: bool,
}

impl Answer {
    pub(crate) fn new(pieces: mpsc::Receiver<Result<Piece, LlmError>>, constrained: bool) -> Self {
        Self {
            pieces,
            thoughts: String::new(),
            constrained,
        }
    }

    /// The next piece; `None` after [`Delta::Done`] or an error. Text that came before an error was the
    /// model's and may be kept.
    pub async fn next(&mut self) -> Option<Result<Delta, LlmError>> {
        loop {
            return Some(match self.pieces.recv().await? {
                Ok(Piece::Thought(thought)) => {
                    if self.thoughts.len() + thought.len() <= MOST_THOUGHTS {
                        self.thoughts.push_str(&thought);
                    }
                    continue;
                }
                Ok(Piece::Text(text)) => Ok(Delta::Text(text)),
                Ok(Piece::Done { usage, finish }) => Ok(Delta::Done { usage, finish }),
                Err(error) => Err(error),
            });
        }
    }

    /// What the model thought so far, in the words it let be seen. No part of the answer.
    pub fn thoughts(&self) -> &str {
        &self.thoughts
    }

    /// Whether the provider took the schema of the request, so that the answer should have its shape. `false`
    /// too when it was asked for none.
    pub fn constrained(&self) -> bool {
        self.constrained
    }
}
