//! Keeps requests from a service that is down, and looks now and then whether it is back. It does not know the
//! service.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::Failure;
use crate::failure::rough;

/// How long an answer shows that a service is there.
const LATELY: Duration = Duration::from_secs(60);

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rests {
    /// Failures in a row that open it.
    pub failures: u32,
    /// The first rest; doubled each time the one request after a rest fails too.
    pub short: Duration,
    /// The rest of a service whose quota is used up, and the longest of all.
    pub long: Duration,
}

impl Default for Rests {
    fn default() -> Self {
        Self {
            failures: 3,
            short: Duration::from_secs(20),
            long: Duration::from_secs(3600),
        }
    }
}

/// A circuit breaker: closed (requests go), open (none go), half open (one goes to look).
#[derive(Debug)]
pub struct Breaker {
    rests: Rests,
    state: Mutex<State>,
    /// When the service answered last.
    answered: Mutex<Option<Instant>>,
}

#[derive(Debug)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
        rest: Duration,
        reason: String,
    },
    /// One request is on its way.
    Looking {
        rest: Duration,
        reason: String,
    },
}

/// The breaker is open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it rests for {} because of: {reason}", rough(*.left))]
pub struct Resting {
    /// For how much longer.
    pub left: Duration,
    /// What opened it.
    pub reason: String,
}

/// Leave to send one request. Dropped without a verdict, as when the caller goes away, it changes nothing.
#[derive(Debug)]
#[must_use = "tell what came of the request"]
pub struct Pass<'b> {
    breaker: &'b Breaker,
    looking: bool,
    told: bool,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(rests: Rests) -> Self {
        Self {
            rests,
            state: Mutex::new(State::Closed { failures: 0 }),
            answered: Mutex::default(),
        }
    }

    /// Asks for leave to send a request.
    pub fn enter(&self) -> Result<Pass<'_>, Resting> {
        let mut state = self.state();
        let looking = match &*state {
            State::Closed { .. } => false,
            State::Open { until, rest, reason } => {
                let left = until.saturating_duration_since(Instant::now());
                let reason = reason.clone();
                if !left.is_zero() {
                    return Err(Resting { left, reason });
                }
                let rest = *rest;
                *state = State::Looking { rest, reason };
                true
            }
            State::Looking { reason, .. } => {
                return Err(Resting {
                    // As long as the one that looks may take.
                    left: Duration::from_secs(1),
                    reason: reason.clone(),
                });
            }
        };
        Ok(Pass {
            breaker: self,
            looking,
            told: false,
        })
    }

    /// Opens it for the long rest, whatever came before.
    pub fn open_long(&self, reason: &str) {
        self.open(&mut self.state(), self.rests.long, reason);
    }

    /// How much longer it is open; `None` when requests may go.
    pub fn resting(&self) -> Option<Resting> {
        match &*self.state() {
            State::Open { until, reason, .. } => {
                let left = until.saturating_duration_since(Instant::now());
                let reason = reason.clone();
                (!left.is_zero()).then_some(Resting { left, reason })
            }
            State::Closed { .. } | State::Looking { .. } => None,
        }
    }

    fn open(&self, state: &mut State, rest: Duration, reason: &str) {
        let until = Instant::now() + rest;
        let reason = reason.to_owned();
        *state = State::Open { until, rest, reason };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The service answered; a refusal of one key or one request is an answer too.
    pub fn answered(mut self) {
        self.told = true;
        let now = Some(Instant::now());
        *self
            .breaker
            .answered
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = now;
        let mut state = self.breaker.state();
        // A request that began before the breaker opened does not close it.
        if self.looking || matches!(*state, State::Closed { .. }) {
            *state = State::Closed { failures: 0 };
        }
    }

    /// The service failed.
    pub fn failed(self, failure: &Failure) {
        let enough = self.breaker.rests.failures;
        self.rest_after(failure, enough);
    }

    /// The service is not there: one such failure is enough.
    pub fn gone(self, failure: &Failure) {
        self.rest_after(failure, 1);
    }

    /// The service said nothing until a deadline. One that has not answered lately is taken for gone; one that has may be
    /// slow once.
    pub fn silent(self, failure: &Failure) {
        let answered = *self
            .breaker
            .answered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if answered.is_some_and(|at| at.elapsed() < LATELY) {
            self.failed(failure);
        } else {
            self.gone(failure);
        }
    }

    /// It rests once so many failures have come in a row.
    fn rest_after(mut self, failure: &Failure, enough: u32) {
        if !failure.blames_service() {
            return self.answered();
        }
        self.told = true;
        let rests = self.breaker.rests;
        let asked = failure.after().unwrap_or_default();
        let mut state = self.breaker.state();
        let rest = match &mut *state {
            State::Closed { failures } => {
                *failures += 1;
                if *failures < enough {
                    return;
                }
                rests.short
            }
            State::Looking { rest, .. } if self.looking => *rest * 2,
            State::Open { .. } | State::Looking { .. } => return,
        };
        let rest = rest.max(asked).min(rests.long);
        self.breaker.open(&mut state, rest, &failure.to_string());
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.told || !self.looking {
            return;
        }
        let mut state = self.breaker.state();
        if let State::Looking { rest, reason } = &*state {
            // The next one looks.
            *state = State::Open {
                until: Instant::now(),
                rest: *rest,
                reason: reason.clone(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn breaker() -> Breaker {
        Breaker::new(Rests {
            failures: 3,
            short: 10 * SECOND,
            long: 60 * SECOND,
        })
    }

    fn down() -> Failure {
        Failure::Unreachable {
            message: "refused".to_owned(),
        }
    }

    fn fail(breaker: &Breaker, times: u32) {
        for _ in 0..times {
            breaker.enter().unwrap().failed(&down());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_it_and_one_request_looks_after_the_rest() {
        let breaker = breaker();
        fail(&breaker, 2);
        breaker.enter().unwrap().answered();
        fail(&breaker, 3);
        let resting = breaker.enter().unwrap_err();
        assert_eq!(resting.left, 10 * SECOND);
        assert!(resting.to_string().contains("refused"));
        tokio::time::advance(10 * SECOND).await;
        let looking = breaker.enter().unwrap();
        assert!(breaker.enter().is_err(), "only one looks");
        looking.answered();
        fail(&breaker, 2);
        assert!(breaker.enter().is_ok(), "it counts from the start again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_is_gone_rests_at_once() {
        let breaker = breaker();
        breaker.enter().unwrap().gone(&down());
        assert_eq!(breaker.enter().unwrap_err().left, 10 * SECOND);
        tokio::time::advance(10 * SECOND).await;
        breaker.enter().unwrap().gone(&down());
        assert_eq!(breaker.enter().unwrap_err().left, 20 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_may_be_silent_when_it_has_answered_lately() {
        let breaker = breaker();
        breaker.enter().unwrap().answered();
        tokio::time::advance(30 * SECOND).await;
        breaker.enter().unwrap().silent(&down());
        assert_eq!(breaker.resting(), None);
        tokio::time::advance(31 * SECOND).await;
        breaker.enter().unwrap().silent(&down());
        assert_eq!(breaker.resting().unwrap().left, 10 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn rests_double_up_to_the_long_one() {
        let breaker = breaker();
        fail(&breaker, 3);
        let mut rests = Vec::new();
        for _ in 0..5 {
            let resting = breaker.resting().unwrap();
            rests.push(resting.left.as_secs());
            tokio::time::advance(resting.left).await;
            fail(&breaker, 1);
        }
        assert_eq!(rests, [10, 20, 40, 60, 60]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_is_given_up_is_made_by_the_next() {
        let breaker = breaker();
        fail(&breaker, 3);
        tokio::time::advance(10 * SECOND).await;
        drop(breaker.enter().unwrap());
        breaker.enter().unwrap().answered();
        assert_eq!(breaker.resting(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_key_is_an_answer_and_a_late_answer_closes_nothing() {
        let breaker = breaker();
        let early = breaker.enter().unwrap();
        for _ in 0..9 {
            breaker.enter().unwrap().failed(&Failure::KeyMissing);
        }
        breaker.open_long("the quota of all keys is used up");
        early.answered();
        assert_eq!(breaker.resting().unwrap().left, 60 * SECOND);
    }
}
