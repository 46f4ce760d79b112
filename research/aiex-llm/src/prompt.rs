//! What is sent to a model. It does not know how a provider spells it.

use serde_json::Value;

use crate::models::Spent;
use crate::pack::{self, Piece};
use crate::price::Cost;
use crate::tokens;

/// A system text and a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Instructions; left out of the request when empty.
    pub system: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
}

/// One turn of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub text: String,
}

/// Who speaks in a [`Message`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The person who asks.
    User,
    /// The model, in an earlier turn.
    Assistant,
}

/// A prompt and what is asked of its answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// What is sent.
    pub prompt: Prompt,
    /// What the prompt is about, of which each model is sent what it has room for.
    pub material: Option<Material>,
    /// What is asked, where the prompt holds more than that; empty for all of it.
    pub asked: String,
    /// The answer is to be JSON of this shape. Providers that can are told to produce nothing else, see
    /// [`Answer::constrained`](crate::Answer::constrained).
    pub schema: Option<Schema>,
    /// The longest answer to ask for, in tokens; `None` leaves the provider's own setting.
    pub max_output_tokens: Option<u32>,
    /// An answer that consists of thoughts alone is an answer: some models put the JSON there.
    pub thoughts_count: bool,
    /// What it may come to, over every try and every model; `None` for anything.
    pub allowance: Option<Allowance>,
}

/// What a request may spend. A try that could pass it is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Tokens, read and written.
    pub tokens: u64,
    /// Money in millionths of a US dollar; a model whose price is not known is not asked then. `None` for any.
    pub micro_dollars: Option<u64>,
}

impl Allowance {
    /// What is left of it once so much is spent.
    pub fn less(&self, spent: &Spent) -> Self {
        Self {
            tokens: self.tokens.saturating_sub(spent.tokens()),
            micro_dollars: self
                .micro_dollars
                .map(|all| all.saturating_sub(spent.cost.known_part())),
        }
    }

    /// Whether there is so much in it.
    pub fn has(&self, tokens: u64, cost: Cost) -> bool {
        let is_paid = |all: u64| cost.is_known() && cost.known_part() <= all;
        tokens <= self.tokens && self.micro_dollars.is_none_or(is_paid)
    }
}

/// Evidence for a prompt. It is packed for the model that is asked: into its context, by its tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Material {
    /// It stands behind this many bytes of the prompt's first message.
    pub at: usize,
    /// In their order.
    pub pieces: Vec<Piece>,
    /// What is asked; its words decide which lines stay of a piece that is shortened to quotes.
    pub question: String,
}

impl From<Prompt> for Request {
    fn from(prompt: Prompt) -> Self {
        Self {
            prompt,
            ..Self::default()
        }
    }
}

/// The shape of an answer, as a JSON Schema with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// Letters, digits, `_` and `-`; providers refuse other names.
    pub name: String,
    /// The JSON Schema itself.
    pub value: Value,
}

impl Request {
    /// The prompt with all of its material.
    pub fn whole(&self) -> Prompt {
        match &self.material {
            Some(material) => self.prompt_with(material, &pack::whole(&material.pieces)),
            None => self.prompt.clone(),
        }
    }

    /// The prompt with `text` in the place of its material.
    pub(crate) fn prompt_with(&self, material: &Material, text: &str) -> Prompt {
        let mut prompt = self.prompt.clone();
        if let Some(first) = prompt.messages.first_mut() {
            let first = &mut first.text;
            if first.is_char_boundary(material.at) {
                first.insert_str(material.at, text);
            } else {
                first.push_str(text);
            }
        }
        prompt
    }
}

impl Role {
    pub(crate) fn as_wire(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

impl Prompt {
    /// A prompt of one question.
    pub fn question(system: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            system: system.into(),
            messages: vec![Message {
                role: Role::User,
                text: text.into(),
            }],
        }
    }

    /// A conservative estimate of the prompt's tokens, see [`tokens::estimate`].
    pub fn estimated_tokens(&self) -> usize {
        tokens::Counter::ESTIMATE.prompt(self)
    }

    /// `(role, text)` of every message on the wire, the system text first.
    pub(crate) fn turns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let system = (!self.system.is_empty()).then_some(("system", self.system.as_str()));
        system
            .into_iter()
            .chain(self.messages.iter().map(|m| (m.role.as_wire(), m.text.as_str())))
    }
}
