//! What a run may spend, and what it has spent.
//!
//! Nothing is spent without a [`Permit`], and a permit is only given when everything spent, everything promised and
//! this call at its most fit under the limits together. What does not fit beside calls on their way waits for them: they
//! seldom come to what was promised. A permit that is lost (a killed call, a restart) is charged in full. So no order of
//! events can pass a limit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aiex_evidence::Ledger;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::ports::{Allowance, Bound, Clock, Usage};
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

    /// The same, with so many tokens at most, taken from the answer first.
    fn with_tokens(self, tokens: u64) -> Self {
        let input_tokens = self.input_tokens.min(tokens);
        Self {
            input_tokens,
            output_tokens: self.output_tokens.min(tokens - input_tokens),
            ..self
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

/// What a call may cost, before it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Price {
    /// Without so much it is not made.
    least: Cost,
    most: Cost,
    /// Whether its money is known.
    is_known: bool,
}

impl Price {
    /// A model call's.
    pub(crate) fn model(bound: Bound) -> Self {
        Self {
            least: Cost::model(bound.least),
            most: Cost::model(bound.most),
            is_known: bound.least.micro_dollars.is_some(),
        }
    }
}

impl From<Cost> for Price {
    fn from(cost: Cost) -> Self {
        Self {
            least: cost,
            most: cost,
            is_known: true,
        }
    }
}

/// How much of what a call may take there is.
enum Room {
    Whole,
    /// Less than its most, and at least its least.
    Part(u64),
    /// There may be enough once calls on their way have ended.
    Later,
    None,
}

impl Room {
    fn of(limit: u64, spent: u64, promised: u64, least: u64, most: u64) -> Self {
        let unspent = limit.saturating_sub(spent);
        let left = unspent.saturating_sub(promised);
        if most <= left {
            Self::Whole
        } else if least > unspent {
            Self::None
        } else if promised > 0 {
            Self::Later
        } else {
            Self::Part(left)
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
    #[error("the budget of {0} is used, or has no room for another call")]
    Used(&'static str),
    #[error(
        "money is capped, and the model's price is not known: add it to the file that `research.prices` of the settings \
         names, or leave out the cap"
    )]
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
    /// Calls of theirs whose cost nobody knows.
    lost_calls: u32,
    account: Arc<Mutex<Account>>,
    /// Changes whenever a permit is closed.
    closed: watch::Sender<()>,
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
            lost_calls: 0,
            account,
            closed: watch::Sender::default(),
        }
    }

    /// The same purse, of which so many calls of earlier processes are counted at their most.
    pub(crate) fn with_lost(mut self, calls: u32) -> Self {
        self.lost_calls = calls;
        self
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

    /// Reserves what a call may cost, or says what is used up. Waits while calls on their way hold what it needs; each of
    /// them has its deadline.
    pub(crate) async fn take(&self, price: Price, purpose: Purpose) -> Result<Permit, Denied> {
        let mut closed = self.closed.subscribe();
        loop {
            closed.mark_unchanged();
            if let Some(permit) = self.take_now(price, purpose)? {
                return Ok(permit);
            }
            // The sender is this purse's own.
            let _ = closed.changed().await;
        }
    }

    /// `None` while too much is promised to others.
    fn take_now(&self, price: Price, purpose: Purpose) -> Result<Option<Permit>, Denied> {
        let Price {
            least,
            most,
            is_known,
        } = price;
        let mut account = self.account();
        let (spent, promised) = (account.spent, account.promised);
        let limits = &self.limits;
        let asks_model = most.model_calls > 0;
        let least_ms = if asks_model {
            part(limits.wall_ms, ANSWER_PERCENT).min(MOST_ANSWER_MS)
        } else {
            0
        };
        if self.time_left(purpose) <= Duration::from_millis(least_ms) {
            return Err(Denied::Used("time"));
        }
        // These come to what was promised, whatever becomes of them.
        let after = spent.plus(promised).plus(most);
        if most.searches > 0 && after.searches > limits.searches {
            return Err(Denied::Used("searches"));
        }
        if most.fetches > 0 && after.fetches > limits.fetches {
            return Err(Denied::Used("fetches"));
        }
        let mut granted = most;
        if most.tokens() > 0 {
            let limit = allowed(limits.tokens, purpose);
            let (least, most) = (least.tokens(), most.tokens());
            match Room::of(limit, spent.tokens(), promised.tokens(), least, most) {
                Room::Whole => {}
                Room::Part(tokens) => granted = granted.with_tokens(tokens),
                Room::Later => return Ok(None),
                Room::None => return Err(Denied::Used("tokens")),
            }
        }
        if let (true, Some(cap)) = (asks_model, limits.micro_dollars) {
            if !is_known {
                return Err(Denied::NoPrice);
            }
            let limit = allowed(cap, purpose);
            let (spent, promised) = (spent.micro_dollars, promised.micro_dollars);
            match Room::of(limit, spent, promised, least.micro_dollars, most.micro_dollars) {
                Room::Whole => {}
                Room::Part(micro_dollars) => granted.micro_dollars = micro_dollars,
                Room::Later => return Ok(None),
                Room::None => return Err(Denied::Used("money")),
            }
        }
        account.promised = promised.plus(granted);
        Ok(Some(Permit {
            purse: self.clone(),
            most: granted,
            open: true,
        }))
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
            lost_calls: self.lost_calls,
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

    /// The same, as a model is told it.
    pub(crate) fn allowance(&self) -> Allowance {
        let is_capped = self.purse.limits.micro_dollars.is_some();
        Allowance {
            tokens: self.most.tokens(),
            micro_dollars: is_capped.then_some(self.most.micro_dollars),
        }
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
            drop(account);
            self.purse.closed.send_replace(());
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

    fn usage(input_tokens: u64, micro_dollars: u64) -> Usage {
        Usage {
            input_tokens,
            output_tokens: 0,
            micro_dollars: Some(micro_dollars),
        }
    }

    fn call(input_tokens: u64, micro_dollars: u64) -> Cost {
        Cost::model(usage(input_tokens, micro_dollars))
    }

    /// What is granted at once; an error also while others hold it.
    fn take(purse: &Purse, price: impl Into<Price>, purpose: Purpose) -> Result<Permit, Option<Denied>> {
        purse.take_now(price.into(), purpose).map_err(Some)?.ok_or(None)
    }

    #[test]
    fn gathering_may_not_touch_the_reserve() {
        let purse = purse();
        assert!(take(&purse, call(651, 0), Purpose::Gather).is_err());
        assert!(take(&purse, call(650, 0), Purpose::Gather).is_ok());
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
        let denied = take(&late, call(1, 0), Purpose::Plan).err();
        assert_eq!(denied, Some(Some(Denied::Used("time"))));
        assert!(take(&late, Cost::SEARCH, Purpose::Gather).is_ok());
    }

    #[test]
    fn a_model_is_not_asked_for_an_answer_that_it_has_no_time_for() {
        let finish = |left_ms: u64| {
            let clock = Arc::new(SystemClock::new());
            let spent = LIMITS.wall_ms - MOST_CLOSING_MS - left_ms;
            Purse::new(LIMITS, clock, Cost::default(), spent)
        };
        let denied = take(&finish(1_500), call(1, 0), Purpose::Finish).err();
        assert_eq!(denied, Some(Some(Denied::Used("time"))));
        assert!(take(&finish(1_500), Cost::SEARCH, Purpose::Finish).is_ok());
        assert!(take(&finish(9_000), call(1, 0), Purpose::Finish).is_ok());
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
        drop(take(&purse, call(400, 10), Purpose::Finish).unwrap());
        assert_eq!(purse.ledger().input_tokens, 400);
        take(&purse, call(400, 10), Purpose::Finish)
            .unwrap()
            .settle(call(1, 1));
        assert_eq!(purse.ledger().input_tokens, 401);
    }

    #[test]
    fn a_call_without_a_price_is_refused_where_money_is_capped() {
        let unpriced = Usage {
            micro_dollars: None,
            ..usage(1, 0)
        };
        let refused = take(&purse(), Price::model(unpriced.into()), Purpose::Finish);
        assert_eq!(refused.err(), Some(Some(Denied::NoPrice)));
    }

    #[test]
    fn a_call_is_granted_what_is_left_of_its_most_down_to_its_least() {
        let bound = |least, most| {
            Price::model(Bound {
                least: usage(least, 1),
                most: usage(most, 1),
            })
        };
        let purse = purse();
        take(&purse, call(700, 0), Purpose::Finish)
            .unwrap()
            .settle(call(700, 0));
        let denied = take(&purse, bound(301, 2_000), Purpose::Finish).err();
        assert_eq!(denied, Some(Some(Denied::Used("tokens"))));
        let part = take(&purse, bound(300, 2_000), Purpose::Finish).unwrap();
        assert_eq!(
            part.allowance(),
            Allowance {
                tokens: 300,
                micro_dollars: Some(1)
            }
        );
        assert_eq!(
            take(&purse, bound(1, 1), Purpose::Finish).err(),
            Some(None),
            "it may be enough in a moment"
        );
        part.settle(call(100, 0));
        assert!(take(&purse, bound(1, 1), Purpose::Finish).is_ok());
    }

    #[tokio::test]
    async fn what_is_promised_is_waited_for_and_seldom_spent() {
        let purse = purse();
        let first = take(&purse, call(900, 0), Purpose::Finish).unwrap();
        let second = purse.take(call(800, 0).into(), Purpose::Finish);
        let end = async {
            tokio::task::yield_now().await;
            first.settle(call(50, 0));
        };
        let (second, ()) = tokio::join!(second, end);
        second.unwrap().settle(call(800, 0));
        assert_eq!(
            purse.take(call(800, 0).into(), Purpose::Finish).await.err(),
            Some(Denied::Used("tokens")),
            "nobody is waited for in vain"
        );
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
                if let Ok(permit) = take(&purse, most, Purpose::Finish) {
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
