//! An answer that a model writes, streamed, its citations checked and its links taken out on the way. Which model, and
//! what happens when it fails, is the pool's matter; here it is told.

use std::sync::Arc;

use aiex_llm::models::Heard;
use aiex_llm::pack::LeftOut;
use aiex_llm::{Finish, NoAnswer, Run, Stage};
use aiex_protocol::search::{Answer, Hit, TokenUsage};
use aiex_protocol::{ErrorCode, Event, WireError};

use super::scrubber::Scrubber;
use super::{Question, prompt, resolve};
use crate::models::{Models, Pool, Problem};
use crate::token;
use crate::verb::Running;

/// What is said of an answer that rests on nothing that was found.
const UNCITED: &str = "the model's answer cites none of the sources; nothing in it was checked";

/// The models that may write an answer.
pub(crate) struct Writer {
    pool: Arc<Pool>,
    run: Arc<Run>,
    /// The one that the user named, and no other.
    only: Option<String>,
}

/// An answer, and what is to be said of it whenever it is given.
pub(crate) struct Written {
    pub(crate) answer: Answer,
    pub(crate) notices: Vec<String>,
}

impl Writer {
    /// Every model of the settings, or the one named. An error when none of them can be asked.
    pub(crate) async fn of(models: &Models, only: Option<String>) -> Result<Self, WireError> {
        let pool = models.pool().await.map_err(unasked)?;
        let run = pool.begin(only.as_deref()).map_err(unasked)?;
        Ok(Self { pool, run, only })
    }

    /// What an answer depends on, besides what is asked.
    pub(super) fn identity(&self) -> Vec<String> {
        self.pool.identity(Stage::Write, self.only.as_deref())
    }

    /// Asks, and streams what is said. What was streamed before a failure of all stays with the reader.
    pub(crate) async fn write(
        &self,
        running: &Running,
        question: &Question,
        evidence: &[Hit],
    ) -> Result<Written, WireError> {
        let nonce = token::random_hex(8)
            .map_err(|error| WireError::new(ErrorCode::Internal, format!("no random bytes: {error}")))?;
        let request = prompt::build(question, evidence, &nonce);
        let tell = |event: Event| running.stream.tell(event);
        let mut asking = self.run.ask(Stage::Write, request, running.stream.cancel());
        let mut draft = Draft::of(shown(evidence.len(), &[]));
        // Who failed before a word came is told at the end: until then it is none of the reader's concern.
        let mut failed: Vec<String> = match self.only {
            None => {
                let missing = self.pool.missing();
                missing
                    .map(|problem| format!("{problem}; going on without it"))
                    .collect()
            }
            Some(_) => Vec::new(),
        };
        while let Some(heard) = asking.next().await {
            let heard = match heard {
                Ok(heard) => heard,
                Err(none) => {
                    draft.end(tell);
                    return Err(unanswered(&none));
                }
            };
            match heard {
                Heard::LeftOut(left_out) => {
                    running.enter("the model was writing");
                    draft = Draft::of(shown(evidence.len(), &left_out));
                }
                Heard::Text(piece) => draft.push(&piece, tell),
                Heard::Restart(notice) => {
                    // What was read cannot be taken back. The whole answer that comes in the end is without it.
                    draft.end(tell);
                    tell(Event::AnswerDelta {
                        text: "\n\n".to_owned(),
                    });
                    tell(Event::Notice {
                        message: format!("{notice}; what it has said does not count"),
                    });
                }
                Heard::Notice(notice) => failed.push(notice.0),
                Heard::Done(told) => {
                    draft.end(tell);
                    for message in failed {
                        tell(Event::Notice { message });
                    }
                    let citations = resolve(draft.scrubber.cited(), evidence);
                    let notices = cut_short(&told.finish).into_iter();
                    let notices = notices.chain(unseen(evidence.len(), &told.left_out));
                    let notices = notices.chain(citations.is_empty().then(|| UNCITED.to_owned()));
                    let counted = !told.spent.estimated;
                    return Ok(Written {
                        notices: notices.collect(),
                        answer: Answer {
                            citations,
                            rejected_citations: draft.scrubber.rejected(),
                            text: draft.text,
                            author: format!("{} {}", told.provider, told.model),
                            usage: counted.then_some(TokenUsage {
                                input: told.spent.prompt_tokens,
                                output: told.spent.answer_tokens,
                            }),
                        },
                    });
                }
            }
        }
        Err(WireError::new(ErrorCode::Cancelled, "the daemon is ending"))
    }
}

/// What one model has written so far.
struct Draft {
    scrubber: Scrubber,
    text: String,
}

impl Draft {
    /// Nothing yet, by a model that knows these excerpts.
    fn of(shown: impl IntoIterator<Item = u32>) -> Self {
        Self {
            scrubber: Scrubber::new(shown),
            text: String::new(),
        }
    }

    fn push(&mut self, piece: &str, tell: impl Fn(Event)) {
        let settled = self.scrubber.push(piece);
        self.add(settled, tell);
    }

    fn end(&mut self, tell: impl Fn(Event)) {
        let rest = self.scrubber.finish();
        self.add(rest, tell);
    }

    fn add(&mut self, text: String, tell: impl Fn(Event)) {
        if !text.is_empty() {
            self.text.push_str(&text);
            tell(Event::AnswerDelta { text });
        }
    }
}

/// The numbers of the excerpts that a model sees at least a part of.
fn shown(count: usize, left_out: &[LeftOut]) -> impl Iterator<Item = u32> {
    let is_gone = |at: usize| left_out.iter().any(|left| left.piece == at && !left.shortened);
    (0..count)
        .zip(1_u32..)
        .filter_map(move |(at, id)| (!is_gone(at)).then_some(id))
}

/// What did not fit, in words.
fn unseen(count: usize, left_out: &[LeftOut]) -> Option<String> {
    let shortened = left_out.iter().filter(|left| left.shortened).count();
    let gone = left_out.len() - shortened;
    let what = match (gone, shortened) {
        (0, 0) => return None,
        (0, shortened) => format!("{shortened} shortened"),
        (gone, 0) => format!("{gone} left out"),
        (gone, shortened) => format!("{gone} left out and {shortened} shortened"),
    };
    Some(format!(
        "of {count} excerpts {what}: the model's context has no room for more"
    ))
}

fn cut_short(finish: &Finish) -> Option<String> {
    match finish {
        Finish::Stop => None,
        Finish::Length => Some(
            "the answer is cut off: the model reached its limit; raise `max_output_tokens` of the provider"
                .to_owned(),
        ),
        Finish::ContentFilter => Some("the provider withheld the rest of the answer".to_owned()),
        Finish::Other(reason) => Some(format!("the model stopped early: {reason}")),
    }
}

/// No model can be asked, as it travels.
fn unasked(problem: Problem) -> WireError {
    WireError::new(ErrorCode::Provider, problem.message).with_hint(problem.hint)
}

/// No model answered, as it travels.
fn unanswered(none: &NoAnswer) -> WireError {
    let code = if none.cancelled {
        ErrorCode::Cancelled
    } else {
        ErrorCode::Provider
    };
    let hint = none.hint();
    let hint = format!(
        "{}; the evidence above stands on its own",
        hint.trim_end_matches('.')
    );
    WireError::new(code, none.to_string()).with_hint(hint)
}
