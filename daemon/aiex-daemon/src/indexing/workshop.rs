//! What the workers of all repositories share.

use std::sync::Arc;

use aiex_files::rules::RulesOptions;
use aiex_files::watch::{WatchBudget, WatchOptions};

use super::gate::IndexGate;
use crate::event::Bus;
use crate::power::Power;

/// What workers share.
pub(crate) struct Workshop {
    pub(super) gate: IndexGate,
    /// None when the user wants no work to wait for mains power.
    pub(super) power: Option<Power>,
    pub(super) bus: Bus,
    pub(super) rules: RulesOptions,
    pub(super) watch: WatchOptions,
    pub(super) budget: Arc<WatchBudget>,
}

impl Workshop {
    /// Whether work that nobody waits for is better done another time.
    pub(super) fn spares_power(&self) -> bool {
        self.power.as_ref().is_some_and(Power::is_scarce)
    }
}
