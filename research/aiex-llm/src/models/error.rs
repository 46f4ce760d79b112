//! When no model could answer.

use std::fmt;

use super::Spent;
use crate::LlmError;

/// No model gave an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer {
    /// What came of each model, in the order in which they were asked; of several tries the last.
    pub tried: Vec<Tried>,
    /// What the tries took.
    pub spent: Spent,
    /// The caller cancelled.
    pub cancelled: bool,
}

/// What came of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It was asked and failed.
    Failed(LlmError),
    /// It was not asked: its keys or the service rest.
    Resting {
        /// The provider's name.
        provider: String,
        /// Why.
        reason: String,
        /// Whether that is over in a moment.
        passes: bool,
    },
    /// It was not asked: the request does not fit into its context.
    TooSmall {
        /// The provider's name.
        provider: String,
        /// What the request needs, in tokens, the answer included.
        needed: u64,
        /// What the model has.
        context: u32,
    },
    /// It was not asked: the request could come to more than it may.
    TooDear {
        /// The provider's name.
        provider: String,
        /// What the request could come to, in tokens.
        needed: u64,
        /// What is left of the allowance, in tokens.
        left: u64,
    },
}

impl Tried {
    /// The provider's name.
    pub fn provider(&self) -> &str {
        match self {
            Self::Failed(error) => &error.target.provider,
            Self::Resting { provider, .. }
            | Self::TooSmall { provider, .. }
            | Self::TooDear { provider, .. } => provider,
        }
    }

    /// Whether its server is there and has not loaded it yet.
    pub fn is_loading(&self) -> bool {
        matches!(self, Self::Failed(error) if error.failure.is_loading())
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Failed(error) => error.hint(),
            Self::Resting { provider, .. } => {
                format!("Wait, or configure another provider beside `{provider}`.")
            }
            Self::TooSmall { provider, .. } => format!(
                "Ask with less evidence, or configure a model with a longer context than that of provider `{provider}`."
            ),
            Self::TooDear { .. } => "Allow more tokens, or more money.".to_owned(),
        }
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Resting { provider, reason, .. } => write!(f, "provider `{provider}`: {reason}"),
            Self::TooSmall {
                provider,
                needed,
                context,
            } => write!(
                f,
                "provider `{provider}`: the request needs {needed} tokens, the model's context has {context}"
            ),
            Self::TooDear {
                provider,
                needed,
                left,
            } if needed > left => write!(
                f,
                "provider `{provider}`: the request may take {needed} tokens, and {left} are left for it"
            ),
            Self::TooDear { provider, .. } => {
                write!(
                    f,
                    "provider `{provider}`: the request may cost more than is left for it"
                )
            }
        }
    }
}

impl NoAnswer {
    /// What to do next: the advice for the model that was asked first, which is the one the user wants.
    pub fn hint(&self) -> String {
        match self.tried.first() {
            _ if self.cancelled => "Ask again when you want the answer.".to_owned(),
            Some(first) => first.hint(),
            None => "Configure a model provider; without one, answers are made of quotes alone.".to_owned(),
        }
    }

    /// Whether every model said that the request is too long for it: the caller should send less.
    pub fn is_too_long(&self) -> bool {
        let too_long = |tried: &Tried| match tried {
            Tried::TooSmall { .. } => true,
            Tried::Failed(error) => matches!(error.failure, crate::Failure::ContextOverflow { .. }),
            Tried::Resting { .. } | Tried::TooDear { .. } => false,
        };
        !self.tried.is_empty() && self.tried.iter().all(too_long)
    }

    /// Whether nothing was sent because no model could be paid for.
    pub fn is_too_dear(&self) -> bool {
        let too_dear = |tried: &Tried| matches!(tried, Tried::TooDear { .. });
        !self.tried.is_empty() && self.tried.iter().all(too_dear)
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cancelled {
            return f.write_str("cancelled");
        }
        f.write_str(match self.tried.len() {
            0 => "no model is configured",
            1 => "no answer: ",
            _ => "no model answered: ",
        })?;
        for (at, tried) in self.tried.iter().enumerate() {
            let comma = if at == 0 { "" } else { "; " };
            write!(f, "{comma}{tried}")?;
        }
        Ok(())
    }
}

impl std::error::Error for NoAnswer {}
