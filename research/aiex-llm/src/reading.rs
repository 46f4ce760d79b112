//! Reads one response as an answer: framing, meaning, thinking, turns, deadlines and the question of whether it is
//! whole. It does not know retries or who reads.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aiex_remote::clipped;
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use std::collections::VecDeque;
use tokio::time::{Instant, timeout_at};

use crate::answer::Piece;
use crate::cut;
use crate::dialect::{self, Signal};
use crate::failure::{Fault, judge};
use crate::framing::{Frame, Framing, TooLong};
use crate::provider::pulse::Heard;
use crate::repetition::Repetition;
use crate::thinking::{Part, ThinkFilter};
use crate::turns::Turns;
use crate::{Deadlines, Failure, Finish, ProviderKind, Usage};

/// The longest body that is read; far more than any model says in one answer.
const LONGEST_BODY: usize = 64 << 20;

/// How long to wait for the usage and the end marker once the model has said that it finished: they come
/// with it or not at all, and the answer is complete without them.
const GRACE: Duration = Duration::from_secs(2);

/// How long to wait for the same once the model has begun a turn that is not its own: a model that only wrote its mark ends
/// here, one that goes on does so for long.
const AFTER_TURN: Duration = Duration::from_millis(500);

/// When to stop waiting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) deadlines: Deadlines,
    /// When the first byte is due.
    pub(crate) first_byte: Instant,
    /// When everything is due.
    pub(crate) total: Instant,
}

/// An answer being read.
#[derive(Debug)]
pub(crate) struct Reader {
    response: Response,
    kind: ProviderKind,
    model: String,
    content_type: String,
    clock: Clock,
    /// Told of every byte.
    heard: Arc<Heard>,
    /// Known from the first byte that is not white space.
    framing: Option<Framing>,
    thinking: ThinkFilter,
    turns: Turns,
    /// When the model's turn was over although it went on.
    turned: Option<Instant>,
    /// An answer of thoughts alone is one.
    thoughts_count: bool,
    repetition: Repetition,
    ready: VecDeque<Piece>,
    /// The beginning of the body, for an error message.
    head: Vec<u8>,
    body_bytes: usize,
    frames: usize,
    text_seen: bool,
    thought: bool,
    finish: Option<Finish>,
    usage: Option<Usage>,
    /// What the prompt has at least, in tokens, where the server may cut it without a word.
    expected: Option<u64>,
    ended: bool,
}

impl Reader {
    pub(crate) fn new(
        response: Response,
        kind: ProviderKind,
        model: &str,
        clock: Clock,
        turns: Turns,
        thoughts_count: bool,
        heard: Arc<Heard>,
    ) -> Self {
        Self {
            content_type: content_type(&response),
            response,
            kind,
            model: model.to_owned(),
            clock,
            heard,
            framing: None,
            thinking: ThinkFilter::new(),
            turns,
            turned: None,
            thoughts_count,
            repetition: Repetition::default(),
            ready: VecDeque::new(),
            head: Vec::new(),
            body_bytes: 0,
            frames: 0,
            text_seen: false,
            thought: false,
            finish: None,
            usage: None,
            expected: None,
            ended: false,
        }
    }

    /// An answer to less than so many tokens is an overflow.
    pub(crate) fn expect(&mut self, tokens: Option<u64>) {
        self.expected = tokens;
    }

    /// The next piece. Not to be called again after [`Piece::Done`] or an error.
    pub(crate) async fn next(&mut self) -> Result<Piece, Failure> {
        if self.content_type.contains("html") {
            let piece = self.read().await?.unwrap_or_default();
            self.remember(&piece);
            return Err(self.not_json());
        }
        loop {
            if let Some(delta) = self.ready.pop_front() {
                return Ok(delta);
            }
            if self.ended {
                self.complete()?;
                continue;
            }
            match self.read().await {
                Ok(Some(bytes)) => self.take(&bytes)?,
                Ok(None) => self.close()?,
                // What was lost was only the usage or the end marker.
                Err(_) if self.finish.is_some() => self.ended = true,
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let Clock {
            deadlines,
            first_byte,
            total,
        } = self.clock;
        let step = if let Some(turned) = self.turned {
            turned + AFTER_TURN
        } else if self.finish.is_some() {
            Instant::now() + GRACE.min(deadlines.idle)
        } else if self.body_bytes == 0 {
            first_byte
        } else {
            Instant::now() + deadlines.idle
        };
        match timeout_at(step.min(total), self.response.chunk()).await {
            Ok(Ok(bytes)) => {
                self.heard.now();
                Ok(bytes.map(|bytes| bytes.to_vec()))
            }
            Ok(Err(error)) => Err(self.broken(format!("the connection was lost ({})", innermost(&error)))),
            Err(_) if total <= step => Err(Failure::TotalTimeout {
                after: deadlines.total,
            }),
            Err(_) if self.body_bytes == 0 => Err(Failure::FirstByteTimeout {
                after: deadlines.first_byte,
            }),
            Err(_) => Err(Failure::IdleTimeout {
                after: deadlines.idle,
            }),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.body_bytes += bytes.len();
        if self.body_bytes > LONGEST_BODY {
            return Err(self.broken("the answer is larger than any real one".to_owned()));
        }
        self.remember(bytes);
        if self.framing.is_none() {
            // The three bytes are a byte-order mark in UTF-8.
            let blank = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf);
            let Some(first) = bytes.iter().find(|byte| !blank(byte)) else {
                return Ok(());
            };
            if *first == b'<' {
                return Err(self.not_json());
            }
            self.framing = Some(dialect::framing(self.kind, *first));
        }
        let mut frames = Vec::new();
        let fits = self
            .framing
            .as_mut()
            .map_or(Ok(()), |framing| framing.push(bytes, &mut frames));
        self.hear_all(&frames)?;
        fits.map_err(|TooLong| self.broken("a message is larger than any real one".to_owned()))
    }

    /// The body is over.
    fn close(&mut self) -> Result<(), Failure> {
        let mut frames = Vec::new();
        if let Some(framing) = &mut self.framing {
            // A last event can only be refused for its length, and then it is not whole either.
            if framing.finish(&mut frames).is_err() {
                return Err(self.broken("a message is larger than any real one".to_owned()));
            }
        }
        self.hear_all(&frames)?;
        let whole = matches!(self.framing, Some(Framing::Whole(_)));
        if self.ended || self.finish.is_some() || whole && self.frames > 0 || self.framing.is_none() {
            self.ended = true;
            return Ok(());
        }
        if self.frames > 0 {
            return Err(self.broken("the stream ended without its end marker".to_owned()));
        }
        if self.content_type.contains("event-stream") {
            return Err(Failure::EmptyAnswer { only_thinking: false });
        }
        Err(self.not_json())
    }

    fn hear_all(&mut self, frames: &[Frame]) -> Result<(), Failure> {
        for frame in frames {
            if self.ended {
                break;
            }
            let Ok(signals) = dialect::read(self.kind, frame) else {
                return Err(if self.frames == 0 {
                    self.not_json()
                } else {
                    self.broken("a message is not JSON".to_owned())
                });
            };
            self.frames += 1;
            for signal in signals {
                self.hear(signal)?;
            }
        }
        Ok(())
    }

    fn hear(&mut self, signal: Signal) -> Result<(), Failure> {
        match signal {
            Signal::Text(text) => {
                let parts = self.thinking.push(&text);
                self.say(parts);
            }
            Signal::Thought(text) => self.think(text),
            Signal::Finish(_) if self.turned.is_some() => {}
            Signal::Finish(finish) => self.finish = Some(finish),
            Signal::Usage(usage) => self.usage = Some(self.usage.unwrap_or_default().then(usage)),
            Signal::End => self.ended = true,
            Signal::Fault(fault) => return Err(self.fault(&fault)),
        }
        Ok(())
    }

    fn say(&mut self, parts: Vec<Part>) {
        for part in parts {
            match part {
                Part::Thought(text) => self.think(text),
                Part::Text(text) => {
                    let own = self.turns.push(&text);
                    self.say_own(own);
                }
            }
        }
    }

    /// Of the model's own turn.
    fn say_own(&mut self, parts: Vec<Part>) {
        for part in parts {
            match part {
                Part::Thought(text) => self.think(text),
                Part::Text(text) => {
                    self.text_seen = true;
                    self.watch(&text);
                    self.ready.push_back(Piece::Text(text));
                }
            }
        }
        if self.turns.is_over() && self.turned.is_none() {
            self.turned = Some(Instant::now());
            self.finish.get_or_insert(Finish::Stop);
        }
    }

    fn think(&mut self, text: String) {
        self.thought = true;
        if !text.is_empty() {
            self.watch(&text);
            self.ready.push_back(Piece::Thought(text));
        }
    }

    /// A model that only repeats itself is not listened to any longer: it would go on to its limit.
    fn watch(&mut self, text: &str) {
        if self.repetition.push(text) {
            self.finish = Some(Finish::looping());
            self.ended = true;
        }
    }

    fn complete(&mut self) -> Result<(), Failure> {
        let rest = self.thinking.finish();
        self.say(rest);
        let rest = self.turns.finish();
        self.say_own(rest);
        let said = self.text_seen || self.thoughts_count && self.thought;
        if !said {
            return Err(Failure::EmptyAnswer {
                only_thinking: self.thought,
            });
        }
        let read = self.usage.and_then(|usage| usage.prompt_tokens);
        if let Some(overflow) = cut::overflow(&self.model, self.expected, read) {
            return Err(overflow);
        }
        let finish = self.finish.take().unwrap_or(Finish::Stop);
        self.ready.push_back(Piece::Done {
            usage: self.usage,
            finish,
        });
        Ok(())
    }

    /// An error told inside a successful response.
    fn fault(&self, fault: &Fault) -> Failure {
        if self.text_seen {
            return self.broken(clipped(&fault.message));
        }
        // A code that is a status is one; without one, the stream's "200" says nothing.
        let status = fault
            .code
            .parse()
            .ok()
            .filter(|code| (400..=599).contains(code))
            .unwrap_or(500);
        match judge(status, None, fault, &self.model) {
            Failure::Http { message, .. } if matches!(self.framing, Some(Framing::Whole(_))) => {
                Failure::Http {
                    status: self.response.status().as_u16(),
                    message,
                }
            }
            Failure::Http { message, .. } => self.broken(message),
            failure => failure,
        }
    }

    fn broken(&self, reason: String) -> Failure {
        Failure::BrokenStream {
            text_seen: self.text_seen,
            reason,
        }
    }

    fn not_json(&self) -> Failure {
        not_json(self.response.status().as_u16(), &self.content_type, &self.head)
    }

    fn remember(&mut self, bytes: &[u8]) {
        let room = 400usize.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
    }
}

/// Something other than a model server answered.
pub(crate) fn not_json(status: u16, content_type: &str, head: &[u8]) -> Failure {
    let content_type = if content_type.is_empty() {
        "no content type"
    } else {
        content_type
    };
    let excerpt = clipped(&String::from_utf8_lossy(head))
        .chars()
        .take(120)
        .collect();
    Failure::NotJson {
        status,
        content_type: content_type.to_owned(),
        excerpt,
    }
}

/// The response's content type without parameters, in lower case; empty if there is none.
pub(crate) fn content_type(response: &Response) -> String {
    let value = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    clipped(value.split(';').next().unwrap_or_default()).to_lowercase()
}

/// The innermost cause: the outer ones repeat it and add the URL, query included.
pub(crate) fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
