//! The keys of one service: which may be used next, and which rest for what reason. It does not know the service.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::failure::rough;
use crate::{Bucket, Failure, Late, Rate, Secret};

/// How long a key rests whose quota is used up: quotas renew by the day or month, and credit is bought by people.
const EXHAUSTED: Duration = Duration::from_secs(6 * 3600);

/// How long a key rests after "too many requests" without a word on how long.
const LIMITED: Duration = Duration::from_secs(5);

/// Several keys of one service, each with a rate of its own for requests, and for what they weigh if the service
/// counts that too; or the one nameless place of a service that is asked without a key.
#[derive(Debug)]
pub struct KeyRing {
    slots: Vec<Slot>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct Slot {
    secret: Option<Secret>,
    bucket: Bucket,
    weights: Option<Bucket>,
}

#[derive(Debug)]
struct State {
    parked: Vec<Option<Parked>>,
    /// Where the next round begins.
    turn: usize,
}

/// Why a key is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parked {
    /// It was rejected: left alone until the settings change.
    Rejected {
        /// The server's words.
        message: String,
    },
    /// Its quota is used up.
    Exhausted {
        /// The server's words.
        message: String,
        /// When it is tried again.
        until: Instant,
    },
    /// It was used too often.
    Limited {
        /// When it may be used again.
        until: Instant,
    },
}

/// Leave to make one request with one key.
#[derive(Debug, Clone)]
pub struct Lease {
    slot: usize,
    /// The key; none for a service that is asked without one.
    pub secret: Option<Secret>,
}

/// No key can be used before the deadline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct NoKey {
    /// The keys that rest, by their place in the settings.
    pub parked: Vec<ParkedKey>,
    /// When the first one can be used again; `None` when that takes a change of settings.
    pub free_in: Option<Duration>,
    /// Whether the service is asked without a key.
    anonymous: bool,
}

/// A key that rests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedKey {
    /// Its place in the settings, from 1.
    pub number: usize,
    /// Why.
    pub why: Parked,
}

impl KeyRing {
    /// A ring of `keys`, each of which keeps `rate`. Empty keys count for nothing.
    pub fn new(keys: impl IntoIterator<Item = Secret>, rate: Rate) -> Self {
        let keys = keys.into_iter().filter(|key| !key.is_empty());
        Self::of(keys.map(Some).collect(), rate)
    }

    /// The place of a service that is asked without a key.
    pub fn anonymous(rate: Rate) -> Self {
        Self::of(vec![None], rate)
    }

    fn of(secrets: Vec<Option<Secret>>, rate: Rate) -> Self {
        let slots: Vec<Slot> = secrets
            .into_iter()
            .map(|secret| Slot {
                secret,
                bucket: Bucket::new(rate),
                weights: None,
            })
            .collect();
        let parked = vec![None; slots.len()];
        Self {
            slots,
            state: Mutex::new(State { parked, turn: 0 }),
        }
    }

    /// The same ring, each key of which keeps `rate` for the weights of its requests besides.
    pub fn weighed(mut self, rate: Rate) -> Self {
        for slot in &mut self.slots {
            slot.weights = Some(Bucket::new(rate));
        }
        self
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Lends the key that can be used soonest, the next in turn among equals, and waits until it can be used. Fails at
    /// once when that is after `deadline`. A request of `cost` counts for so many.
    pub async fn lease(&self, cost: u32, deadline: Instant) -> Result<Lease, NoKey> {
        self.lease_weighing(cost, 0, deadline).await
    }

    /// The same for a request that weighs so much, where keys keep a rate of [weights](Self::weighed).
    pub async fn lease_weighing(&self, cost: u32, weight: u32, deadline: Instant) -> Result<Lease, NoKey> {
        let now = Instant::now();
        let (lease, at) = self.choose(cost, weight, now, deadline)?;
        if at > now {
            sleep_until(at).await;
        }
        Ok(lease)
    }

    /// Learns from what came of a request.
    pub fn report(&self, lease: &Lease, failure: &Failure) {
        let now = Instant::now();
        let parked = match failure {
            Failure::KeyRejected { message } => Parked::Rejected {
                message: message.clone(),
            },
            Failure::KeyExhausted { message } => Parked::Exhausted {
                message: message.clone(),
                until: now + EXHAUSTED,
            },
            Failure::RateLimited { after, .. } => Parked::Limited {
                until: now + after.unwrap_or(LIMITED),
            },
            _ => return,
        };
        if let Some(slot) = self.state().parked.get_mut(lease.slot) {
            *slot = Some(parked);
        }
    }

    /// Leaves a key alone for a while although its request succeeded: some services ask for that.
    pub fn rest(&self, lease: &Lease, pause: Duration) {
        if let Some(slot) = self.state().parked.get_mut(lease.slot) {
            let until = Instant::now() + pause;
            *slot = Some(Parked::Limited { until });
        }
    }

    /// The keys that rest now.
    pub fn parked(&self) -> Vec<ParkedKey> {
        parked(&self.state(), Instant::now())
    }

    /// Whether every key is rejected or used up.
    pub fn is_spent(&self) -> bool {
        let parked = self.parked();
        parked.len() == self.slots.len()
            && !parked.iter().any(|key| matches!(key.why, Parked::Limited { .. }))
    }

    fn choose(
        &self,
        cost: u32,
        weight: u32,
        now: Instant,
        deadline: Instant,
    ) -> Result<(Lease, Instant), NoKey> {
        let mut state = self.state();
        let count = self.slots.len();
        let soonest = (0..count)
            .map(|step| (state.turn + step) % count)
            .filter_map(|slot| {
                let from = free_from(state.parked[slot].as_ref(), now)?;
                Some((self.slots[slot].free_at(cost, weight, from), from, slot))
            })
            // The first of equals: the one whose turn it is.
            .min_by_key(|(at, _, _)| *at);
        let refusal = |state: &State, free_in| NoKey {
            parked: parked(state, now),
            free_in,
            anonymous: self.slots.first().is_some_and(|slot| slot.secret.is_none()),
        };
        let Some((_, from, slot)) = soonest else {
            return Err(refusal(&state, None));
        };
        match self.slots[slot].reserve(cost, weight, from, deadline) {
            Ok(at) => {
                state.turn = (slot + 1) % count;
                let secret = self.slots[slot].secret.clone();
                Ok((Lease { slot, secret }, at))
            }
            Err(late) => Err(refusal(&state, Some(late.free_in))),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// When a request can be sent by somebody who comes at `from`: what it weighs is taken when its turn has come.
    fn free_at(&self, cost: u32, weight: u32, from: Instant) -> Instant {
        let at = self.bucket.free_at(cost, from);
        self.weights
            .as_ref()
            .map_or(at, |weights| weights.free_at(weight, at))
    }

    /// Takes both, or nothing if they are not there before `deadline`. Nobody else takes anything meanwhile: whoever
    /// does holds the ring's state.
    fn reserve(&self, cost: u32, weight: u32, from: Instant, deadline: Instant) -> Result<Instant, Late> {
        let at = self.free_at(cost, weight, from);
        if at > deadline {
            let free_in = at.saturating_duration_since(Instant::now());
            return Err(Late { free_in });
        }
        let at = self.bucket.reserve(cost, from, deadline)?;
        match &self.weights {
            Some(weights) => weights.reserve(weight, at, deadline),
            None => Ok(at),
        }
    }
}

/// From when a key may be used; `None` if never.
fn free_from(parked: Option<&Parked>, now: Instant) -> Option<Instant> {
    match parked {
        None => Some(now),
        Some(Parked::Rejected { .. }) => None,
        Some(Parked::Exhausted { until, .. } | Parked::Limited { until }) => Some((*until).max(now)),
    }
}

fn parked(state: &State, now: Instant) -> Vec<ParkedKey> {
    let keys = state.parked.iter().enumerate();
    keys.filter(|(_, parked)| free_from(parked.as_ref(), now) != Some(now))
        .filter_map(|(at, parked)| {
            let why = parked.clone()?;
            Some(ParkedKey { number: at + 1, why })
        })
        .collect()
}

impl fmt::Display for Parked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = |until: &Instant| rough(until.saturating_duration_since(Instant::now()));
        match self {
            Self::Rejected { message } => write!(f, "was rejected ({message})"),
            Self::Exhausted { message, until } => {
                write!(f, "is used up ({message}) and is tried again in {}", left(until))
            }
            Self::Limited { until } => write!(f, "was used too often and rests for {}", left(until)),
        }
    }
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.parked.is_empty() {
            return match self.free_in {
                Some(free_in) => write!(f, "the rate allows the next request only in {}", rough(free_in)),
                None => f.write_str("no key is set"),
            };
        }
        for (at, key) in self.parked.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            if self.anonymous {
                write!(f, "{comma}asking without a key {}", key.why)?;
            } else {
                write!(f, "{comma}key {} {}", key.number, key.why)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
