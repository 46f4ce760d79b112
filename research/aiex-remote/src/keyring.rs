//! The keys of one service: which may be used next, and which rest for what reason. It does not know the service.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::failure::rough;
use crate::{Bucket, Failure, Rate, Secret};

/// How long a key rests whose quota is used up: quotas renew by the day or month, and credit is bought by people.
const EXHAUSTED: Duration = Duration::from_secs(6 * 3600);

/// How long a key rests after "too many requests" without a word on how long.
const LIMITED: Duration = Duration::from_secs(5);

/// Several keys of one service, each with a rate of its own; or the one nameless place of a service that is asked
/// without a key.
#[derive(Debug)]
pub struct KeyRing {
    slots: Vec<Slot>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct Slot {
    secret: Option<Secret>,
    bucket: Bucket,
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
            })
            .collect();
        let parked = vec![None; slots.len()];
        Self {
            slots,
            state: Mutex::new(State { parked, turn: 0 }),
        }
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Lends the key that can be used soonest, the next in turn among equals, and waits until it can be used. Fails at
    /// once when that is after `deadline`. A request of weight `cost` counts for so many.
    pub async fn lease(&self, cost: u32, deadline: Instant) -> Result<Lease, NoKey> {
        let now = Instant::now();
        let (lease, at) = self.choose(cost, now, deadline)?;
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

    fn choose(&self, cost: u32, now: Instant, deadline: Instant) -> Result<(Lease, Instant), NoKey> {
        let mut state = self.state();
        let count = self.slots.len();
        let soonest = (0..count)
            .map(|step| (state.turn + step) % count)
            .filter_map(|slot| {
                let from = free_from(state.parked[slot].as_ref(), now)?;
                Some((self.slots[slot].bucket.free_at(cost, from), from, slot))
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
        match self.slots[slot].bucket.reserve(cost, from, deadline) {
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
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn ring(keys: &[&str]) -> KeyRing {
        KeyRing::new(keys.iter().map(Secret::new), Rate::per(100, SECOND))
    }

    async fn lent(ring: &KeyRing) -> Lease {
        ring.lease(1, Instant::now()).await.unwrap()
    }

    async fn names(ring: &KeyRing, times: usize) -> String {
        let mut names = String::new();
        for _ in 0..times {
            names.push_str(lent(ring).await.secret.unwrap().expose());
        }
        names
    }

    fn rejected() -> Failure {
        Failure::KeyRejected {
            message: "Unauthorized.".to_owned(),
        }
    }

    fn exhausted() -> Failure {
        Failure::KeyExhausted {
            message: "Not enough credits".to_owned(),
        }
    }

    fn limited(after: Option<Duration>) -> Failure {
        Failure::RateLimited {
            after,
            message: "slow down".to_owned(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn keys_take_turns_and_a_rejected_one_never_comes_back() {
        let ring = ring(&["a", "", "b", "c"]);
        assert_eq!(names(&ring, 4).await, "abca");
        let b = lent(&ring).await;
        ring.report(&b, &rejected());
        assert_eq!(names(&ring, 4).await, "caca");
        tokio::time::advance(Duration::from_secs(30 * 86_400)).await;
        assert_eq!(names(&ring, 3).await, "cac");
    }

    #[tokio::test(start_paused = true)]
    async fn a_used_up_key_rests_for_hours_and_a_limited_one_as_asked() {
        let ring = ring(&["a", "b"]);
        ring.report(&lent(&ring).await, &exhausted());
        ring.report(&lent(&ring).await, &limited(Some(7 * SECOND)));
        let none = ring.lease(1, Instant::now() + SECOND).await.unwrap_err();
        assert_eq!(none.free_in, Some(7 * SECOND));
        assert_eq!(
            none.to_string(),
            "key 1 is used up (Not enough credits) and is tried again in 6 h, \
             key 2 was used too often and rests for 7 s"
        );
        let begun = Instant::now();
        let lease = ring.lease(1, begun + 10 * SECOND).await.unwrap();
        assert_eq!(
            (lease.secret.unwrap().expose(), begun.elapsed()),
            ("b", 7 * SECOND)
        );
        assert_eq!(names(&ring, 2).await, "bb");
        tokio::time::advance(EXHAUSTED).await;
        assert_eq!(names(&ring, 2).await, "ab");
    }

    #[tokio::test(start_paused = true)]
    async fn when_no_key_is_left_the_reasons_are_told() {
        let ring = ring(&["a", "b"]);
        assert!(!ring.is_spent());
        for _ in 0..2 {
            ring.report(&lent(&ring).await, &rejected());
        }
        let none = ring.lease(1, Instant::now() + 60 * SECOND).await.unwrap_err();
        assert_eq!(none.free_in, None);
        assert_eq!(
            none.to_string(),
            "key 1 was rejected (Unauthorized.), key 2 was rejected (Unauthorized.)"
        );
        assert!(ring.is_spent());
        let none = self::ring(&[]).lease(1, Instant::now()).await.unwrap_err();
        assert_eq!(none.to_string(), "no key is set");
    }

    #[tokio::test(start_paused = true)]
    async fn each_key_keeps_its_own_rate() {
        let keys = ["a", "b"].map(Secret::new);
        let ring = KeyRing::new(keys, Rate::spaced(SECOND));
        let begun = Instant::now();
        let mut at = Vec::new();
        for _ in 0..6 {
            ring.lease(1, begun + 60 * SECOND).await.unwrap();
            at.push(begun.elapsed().as_secs());
        }
        assert_eq!(at, [0, 0, 1, 1, 2, 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn asking_without_a_key_rests_too() {
        let ring = KeyRing::anonymous(Rate::per(10, SECOND));
        let lease = lent(&ring).await;
        assert_eq!(lease.secret, None);
        ring.report(&lease, &limited(None));
        let none = ring.lease(1, Instant::now()).await.unwrap_err();
        assert_eq!(
            none.to_string(),
            "asking without a key was used too often and rests for 5 s"
        );
    }
}
