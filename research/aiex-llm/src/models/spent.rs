//! What an answer took, the failed tries before it included.

use std::ops::AddAssign;

use crate::Usage;
use crate::price::Cost;

/// Tokens and money that were spent. Where a provider did not count, our own estimate stands in, which errs on
/// the high side; a budget kept with these numbers is not exceeded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests that reached a model.
    pub requests: u32,
    /// Tokens of prompts.
    pub prompt_tokens: u64,
    /// Tokens of answers.
    pub answer_tokens: u64,
    /// What they cost.
    pub cost: Cost,
    /// Some of the counts are estimates.
    pub estimated: bool,
}

impl Spent {
    /// Prompt and answer together.
    pub fn tokens(&self) -> u64 {
        self.prompt_tokens.saturating_add(self.answer_tokens)
    }

    /// One request, from the provider's counts where it gave them and from `own` where it did not.
    pub(super) fn request(counted: Option<Usage>, own: Usage, cost: impl Fn(&Usage) -> Cost) -> Self {
        let counted = counted.unwrap_or_default();
        let usage = own.then(counted);
        Self {
            requests: 1,
            prompt_tokens: usage.prompt_tokens.unwrap_or(0),
            answer_tokens: usage.answer_tokens.unwrap_or(0),
            cost: cost(&usage),
            estimated: counted.prompt_tokens.is_none() || counted.answer_tokens.is_none(),
        }
    }
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.prompt_tokens = self.prompt_tokens.saturating_add(other.prompt_tokens);
        self.answer_tokens = self.answer_tokens.saturating_add(other.answer_tokens);
        self.cost = self.cost + other.cost;
        self.estimated |= other.estimated;
    }
}
