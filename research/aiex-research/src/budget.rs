//! What a run may spend, and what it has spent.
//!
//! Nothing is spent without a [`Permit`], and a permit is only given when everything spent, everything promised and
//! this call at its most fit under the limits together. A permit that is lost (a killed call, a restart) is charged in
//! full. So no order of events can pass a limit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aiex_evidence::Ledger;
use serde::{Deserialize, Serialize};

use crate::ports::{Clock, Usage};
use crate::request::Limits;

/// The part of tokens, money and time that gathering leaves for the report, in hundredths.
const RESERVE_PERCENT: u64 = 35;

/// The part of the time that the plan may take, in hundredths: what is searched and read must not wait for a model that
/// hangs over it.
const PLAN_PERCENT: u64 = 40;

/// The part of the time that no call may take, in hundredths, …
const CLOSING_PERCENT: u64 = 20;
/// … and at most so much of it, in milliseconds: behind the last call the report is still to be checked by code, put together
/// and kept.
const MOST_CLOSING_MS: u64 = 2_000;

/// A model is not asked with less of the time than so many hundredths, …
const ANSWER_PERCENT: u64 = 2;
/// … or so many milliseconds: it would only be cut off, and what it began would be paid for.
const MOST_ANSWER_MS: u64 = 2_000;

/// What a call costs: at its most before it, in fact after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Cost {
    pub(crate) searches: u32,
    pub(crate) fetches: u32,
    pub(crate) model_calls: u32,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) micro_dollars: u64,
}

impl Cost {
    pub(crate) const SEARCH: Self = Self {
        searches: 1,
        fetches: 0,
        model_calls: 0,
        input_tokens: 0,
        output_tokens: 0,
        micro_dollars: 0,
    };
    pub(crate) const FETCH: Self = Self {
        searches: 0,
        fetches: 1,
        model_calls: 0,
        input_tokens: 0,
        output_tokens: 0,
        micro_dollars: 0,
    };

    /// A model call's. Without a price the money is nothing here; [`Purse::take`] refuses it where money is capped.
    pub(crate) fn model(usage: Usage) -> Self {
        Self {
            searches: 0,
            fetches: 0,
            model_calls: 1,
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            micro_dollars: usage.micro_dollars.unwrap_or(0),
        }
    }

    fn tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    fn plus(self, other: Self) -> Self {
        Self {
            searches: self.searches.saturating_add(other.searches),
            fetches: self.fetches.saturating_add(other.fetches),
            model_calls: self.model_calls.saturating_add(other.model_calls),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            micro_dollars: self.micro_dollars.saturating_add(other.micro_dollars),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            searches: self.searches.saturating_sub(other.searches),
            fetches: self.fetches.saturating_sub(other.fetches),
            model_calls: self.model_calls.saturating_sub(other.model_calls),
            input_tokens: self.input_tokens.saturating_sub(other.input_tokens),
            output_tokens: self.output_tokens.saturating_sub(other.output_tokens),
            micro_dollars: self.micro_dollars.saturating_sub(other.micro_dollars),
        }
    }
}

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// What is to be searched; may not touch the time for searching.
    Plan,
    /// Evidence; may not touch the reserve.
    Gather,
    /// The report.
    Finish,
}

/// Why a call may not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    #[error("the budget of {0} is used")]
    Used(&'static str),
    #[error("money is capped, and the model's price is not known")]
    NoPrice,
}

/// A run's money.
#[derive(Clone)]
pub(crate) struct Purse {
    limits: Limits,
    clock: Arc<dyn Clock>,
    began_ms: u64,
    /// Wall time of earlier processes.
    earlier_ms: u64,
    account: Arc<Mutex<Account>>,
}

#[derive(Debug, Default)]
struct Account {
    spent: Cost,
    promised: Cost,
}

impl Purse {
    /// A purse from which some has been spent in earlier processes.
    pub(crate) fn new(limits: Limits, clock: Arc<dyn Clock>, spent: Cost, earlier_ms: u64) -> Self {
        let began_ms = clock.unix_ms();
        let account = Arc::new(Mutex::new(Account {
            spent,
            promised: Cost::default(),
        }));
        Self {
            limits,
            clock,
            began_ms,
            earlier_ms,
            account,
        }
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wall time spent, in milliseconds.
    pub(crate) fn wall_ms(&self) -> u64 {
        self.earlier_ms + self.clock.unix_ms().saturating_sub(self.began_ms)
    }

    /// Wall time left for a purpose.
    pub(crate) fn time_left(&self, purpose: Purpose) -> Duration {
        let limit = self.limits.wall_ms;
        let allowed = match purpose {
            Purpose::Plan => part(limit, PLAN_PERCENT),
            Purpose::Gather => allowed(limit, purpose),
            Purpose::Finish => limit - part(limit, CLOSING_PERCENT).min(MOST_CLOSING_MS),
        };
        Duration::from_millis(allowed.saturating_sub(self.wall_ms()))
    }

    /// Reserves a call's most, or says what is used up.
    pub(crate) fn take(&self, most: Cost, priced: bool, purpose: Purpose) -> Result<Permit, Denied> {
        let mut account = self.account();
        let after = account.spent.plus(account.promised).plus(most);
        let limits = &self.limits;
        let left = self.time_left(purpose);
        let least = if most.model_calls > 0 {
            Duration::from_millis(part(limits.wall_ms, ANSWER_PERCENT).min(MOST_ANSWER_MS))
        } else {
            Duration::ZERO
        };
        if left <= least {
            return Err(Denied::Used("time"));
        }
        if most.searches > 0 && after.searches > limits.searches {
            return Err(Denied::Used("searches"));
        }
        if most.fetches > 0 && after.fetches > limits.fetches {
            return Err(Denied::Used("fetches"));
        }
        if most.tokens() > 0 && after.tokens() > allowed(limits.tokens, purpose) {
            return Err(Denied::Used("tokens"));
        }
        if let (true, Some(cap)) = (most.model_calls > 0, limits.micro_dollars) {
            if !priced {
                return Err(Denied::NoPrice);
            }
            if after.micro_dollars > allowed(cap, purpose) {
                return Err(Denied::Used("money"));
            }
        }
        account.promised = account.promised.plus(most);
        Ok(Permit {
            purse: self.clone(),
            most,
            open: true,
        })
    }

    /// What was spent so far; promises are not in it.
    pub(crate) fn ledger(&self) -> Ledger {
        let spent = self.account().spent;
        Ledger {
            wall_ms: self.wall_ms(),
            input_tokens: spent.input_tokens,
            output_tokens: spent.output_tokens,
            micro_dollars: spent.micro_dollars,
            searches: spent.searches,
            fetches: spent.fetches,
            model_calls: spent.model_calls,
        }
    }
}

fn allowed(limit: u64, purpose: Purpose) -> u64 {
    match purpose {
        Purpose::Finish => limit,
        Purpose::Plan | Purpose::Gather => limit - part(limit, RESERVE_PERCENT),
    }
}

/// Some hundredths of a limit, however large it is.
fn part(limit: u64, percent: u64) -> u64 {
    limit / 100 * percent + limit % 100 * percent / 100
}

/// The right to make one call. Settle it with what the call cost; otherwise its most is charged.
pub(crate) struct Permit {
    purse: Purse,
    most: Cost,
    open: bool,
}

impl Permit {
    /// What was reserved.
    pub(crate) fn most(&self) -> Cost {
        self.most
    }

    /// Charges what the call cost in fact.
    pub(crate) fn settle(mut self, cost: Cost) {
        self.close(cost);
    }

    fn close(&mut self, cost: Cost) {
        if std::mem::replace(&mut self.open, false) {
            let mut account = self.purse.account();
            account.promised = account.promised.minus(self.most);
            account.spent = account.spent.plus(cost);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let most = self.most;
        self.close(most);
    }
}

/// The sum of costs.
pub(crate) fn sum(costs: impl IntoIterator<Item = Cost>) -> Cost {
    costs.into_iter().fold(Cost::default(), Cost::plus)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ports::SystemClock;

    const LIMITS: Limits = Limits {
        wall_ms: 1_000_000,
        tokens: 1000,
        micro_dollars: Some(500),
        fetches: 3,
        searches: 5,
    };

    fn purse() -> Purse {
        Purse::new(LIMITS, Arc::new(SystemClock::new()), Cost::default(), 0)
    }

    fn call(input_tokens: u64, micro_dollars: u64) -> Cost {
        Cost::model(Usage {
            input_tokens,
            output_tokens: 0,
            micro_dollars: Some(micro_dollars),
        })
    }

    #[test]
    fn gathering_may_not_touch_the_reserve() {
        let purse = purse();
        assert!(purse.take(call(651, 0), true, Purpose::Gather).is_err());
        assert!(purse.take(call(650, 0), true, Purpose::Gather).is_ok());
    }

    #[test]
    fn planning_may_not_take_the_time_for_searching() {
        let purse = purse();
        assert!(purse.time_left(Purpose::Plan) <= Duration::from_millis(LIMITS.wall_ms * 2 / 5));
        assert!(purse.time_left(Purpose::Gather) > purse.time_left(Purpose::Plan));
        let late = Purse::new(
            LIMITS,
            Arc::new(SystemClock::new()),
            Cost::default(),
            LIMITS.wall_ms / 2,
        );
        let denied = late.take(call(1, 0), true, Purpose::Plan).err();
        assert_eq!(denied, Some(Denied::Used("time")));
        assert!(late.take(Cost::SEARCH, true, Purpose::Gather).is_ok());
    }

    #[test]
    fn a_model_is_not_asked_for_an_answer_that_it_has_no_time_for() {
        let finish = |left_ms: u64| {
            let clock = Arc::new(SystemClock::new());
            let spent = LIMITS.wall_ms - MOST_CLOSING_MS - left_ms;
            Purse::new(LIMITS, clock, Cost::default(), spent)
        };
        let denied = finish(1_500).take(call(1, 0), true, Purpose::Finish).err();
        assert_eq!(denied, Some(Denied::Used("time")));
        assert!(finish(1_500).take(Cost::SEARCH, true, Purpose::Finish).is_ok());
        assert!(finish(9_000).take(call(1, 0), true, Purpose::Finish).is_ok());
    }

    #[test]
    fn the_last_call_leaves_time_to_put_the_report_together() {
        let finish = |wall_ms: u64| {
            let limits = Limits { wall_ms, ..LIMITS };
            let purse = Purse::new(limits, Arc::new(SystemClock::new()), Cost::default(), 0);
            purse.time_left(Purpose::Finish)
        };
        assert!(finish(1_000) <= Duration::from_millis(800));
        assert!(finish(600_000) <= Duration::from_millis(598_000));
        assert!(
            finish(600_000) > Duration::from_secs(500),
            "of a long run it takes next to nothing"
        );
    }

    #[test]
    fn a_lost_permit_is_charged_in_full() {
        let purse = purse();
        drop(purse.take(call(400, 10), true, Purpose::Finish).unwrap());
        assert_eq!(purse.ledger().input_tokens, 400);
        purse
            .take(call(400, 10), true, Purpose::Finish)
            .unwrap()
            .settle(call(1, 1));
        assert_eq!(purse.ledger().input_tokens, 401);
    }

    #[test]
    fn a_call_without_a_price_is_refused_where_money_is_capped() {
        let refused = purse().take(call(1, 0), false, Purpose::Finish);
        assert_eq!(refused.err(), Some(Denied::NoPrice));
    }

    proptest! {
        #[test]
        fn no_order_of_calls_passes_a_limit(
            calls in prop::collection::vec((0_u8..3, 0_u64..400, 0_u64..200, 0_u64..=100, any::<bool>()), 0..60)
        ) {
            let purse = purse();
            let mut open: Vec<(Permit, Cost)> = Vec::new();
            for (sort, tokens, money, percent, settles) in calls {
                let most = match sort {
                    0 => Cost::SEARCH,
                    1 => Cost::FETCH,
                    _ => call(tokens, money),
                };
                let cost = if sort == 2 { call(tokens * percent / 100, money * percent / 100) } else { most };
                if let Ok(permit) = purse.take(most, true, Purpose::Finish) {
                    open.push((permit, cost));
                }
                if settles && let Some((permit, cost)) = open.pop() {
                    permit.settle(cost);
                }
            }
            drop(open);
            let ledger = purse.ledger();
            prop_assert!(ledger.searches <= LIMITS.searches && ledger.fetches <= LIMITS.fetches);
            prop_assert!(ledger.input_tokens + ledger.output_tokens <= LIMITS.tokens);
            prop_assert!(ledger.micro_dollars <= 500);
        }
    }
}
