//! What is sent to a model. It does not know how a provider spells it.

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
        let texts = self.messages.iter().map(|message| message.text.as_str());
        texts
            .chain((!self.system.is_empty()).then_some(self.system.as_str()))
            .map(|text| tokens::estimate(text) + tokens::PER_MESSAGE)
            .sum()
    }

    /// `(role, text)` of every message on the wire, the system text first.
    pub(crate) fn turns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let system = (!self.system.is_empty()).then_some(("system", self.system.as_str()));
        system
            .into_iter()
            .chain(self.messages.iter().map(|m| (m.role.as_wire(), m.text.as_str())))
    }
}
