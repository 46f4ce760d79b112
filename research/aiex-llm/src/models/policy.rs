//! Which model is preferred for what.

/// What a model is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Understanding the question and planning the work.
    Plan,
    /// Taking quotes out of pages.
    Extract,
    /// Writing answers and reports.
    Write,
    /// Checking claims against quotes.
    Verify,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plan, Self::Extract, Self::Write, Self::Verify];
}

/// In which order models are asked. The user's order decides among equals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Policy {
    /// What runs on this machine or in its own network first.
    #[default]
    LocalFirst,
    /// The lowest price for this request first; unknown prices last.
    Cheapest,
    /// The shortest expected time to a page of text first, as measured; models that were never measured go before
    /// those that were, so that each is.
    Fastest,
    /// The user's order.
    Best,
    /// The provider of this name first, then the user's order.
    Named(String),
}

/// The policy of each stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stages {
    /// For [`Stage::Plan`].
    pub plan: Policy,
    /// For [`Stage::Extract`].
    pub extract: Policy,
    /// For [`Stage::Write`].
    pub write: Policy,
    /// For [`Stage::Verify`].
    pub verify: Policy,
}

impl Stages {
    /// The same policy for all stages.
    pub fn all(policy: Policy) -> Self {
        Self {
            plan: policy.clone(),
            extract: policy.clone(),
            write: policy.clone(),
            verify: policy,
        }
    }

    /// The policy of `stage`.
    pub fn of(&self, stage: Stage) -> &Policy {
        match stage {
            Stage::Plan => &self.plan,
            Stage::Extract => &self.extract,
            Stage::Write => &self.write,
            Stage::Verify => &self.verify,
        }
    }
}
