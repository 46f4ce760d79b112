//! One model among several: its keys, its limits, its speed, its health.

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aiex_remote::{Breaker, KeyRing, Lease, NoKey, ParkedKey, Rate, Resting, Rests};
use tokio::time::Instant;

use super::ModelConfig;
use crate::tokens::Counter;
use crate::{LlmError, Provider, ProviderConfig, Retry};

const MINUTE: Duration = Duration::from_secs(60);

/// No limit of our own: more than any machine sends.
const UNLIMITED: u32 = 1_000_000;

/// The weight of the newest measurement in the moving averages: the last five or so count.
const NEWEST: f64 = 0.3;

/// The length of the text whose time is compared, in tokens: about a page.
const PAGE_TOKENS: f64 = 500.0;

#[derive(Debug)]
pub(super) struct Member {
    pub(super) provider: Provider,
    pub(super) counter: Counter,
    pub(super) keys: KeyRing,
    pub(super) breaker: Breaker,
    pub(super) speed: Pace,
    /// How many keys there are; one where none is needed.
    pub(super) key_count: usize,
    /// It does better when it is not bound to schemas.
    pub(super) unbound: AtomicBool,
}

/// How a model does.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// The provider's name.
    pub provider: String,
    /// Its model.
    pub model: String,
    /// Whether it runs on this machine or in its own network.
    pub local: bool,
    /// Why it is not asked now, if it is not.
    pub resting: Option<Resting>,
    /// Its keys that rest.
    pub parked: Vec<ParkedKey>,
    /// How fast it was, if it was asked.
    pub speed: Option<Speed>,
}

/// Moving averages over the last answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// From the request to the first text.
    pub first_text: Duration,
    /// Tokens a second after that.
    pub tokens_per_second: f64,
}

impl Member {
    /// A member that counts by `counter`, or by one of its own.
    pub(super) fn new(config: ModelConfig, counter: Option<Counter>) -> Result<Self, LlmError> {
        let ModelConfig {
            provider,
            mut keys,
            requests_per_minute,
            tokens_per_minute,
        } = config;
        keys.splice(0..0, provider.key.clone());
        keys.retain(|key| !key.is_empty());
        let rate = Rate::per(requests_per_minute.unwrap_or(UNLIMITED), MINUTE);
        let provider = Provider::new(ProviderConfig {
            key: None,
            retry: Retry::NEVER,
            ..provider
        })?;
        // A key that no header can carry is a mistake in the settings, to be told now.
        for key in &keys {
            provider.with_key(key)?;
        }
        let key_count = keys.len().max(1);
        let keys = if keys.is_empty() {
            KeyRing::anonymous(rate)
        } else {
            KeyRing::new(keys, rate)
        };
        let keys = match tokens_per_minute {
            Some(tokens) => keys.weighed(Rate::per(tokens, MINUTE)),
            None => keys,
        };
        Ok(Self {
            counter: counter.unwrap_or_else(|| Counter::of(provider.config())),
            provider,
            keys,
            breaker: Breaker::new(Rests::default()),
            speed: Pace::default(),
            key_count,
            unbound: AtomicBool::new(false),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.provider.config().name
    }

    /// Waits for the key that may send a request of so many tokens, prompt and answer, soonest. Fails at once when that
    /// is after `due`.
    pub(super) async fn lease(&self, tokens: u64, due: Instant) -> Result<Lease, NoKey> {
        let weight = u32::try_from(tokens).unwrap_or(u32::MAX);
        self.keys.lease_weighing(1, weight, due).await
    }

    pub(super) fn health(&self) -> Health {
        Health {
            provider: self.name().to_owned(),
            model: self.provider.config().model.clone(),
            local: self.provider.is_local(),
            resting: self.breaker.resting(),
            parked: self.keys.parked(),
            speed: *self.speed.lock(),
        }
    }
}

/// A [`Speed`] that is measured on.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Option<Speed>>);

impl Pace {
    /// Takes in an answer of so many tokens.
    pub(super) fn measured(&self, first_text: Duration, rest: Duration, tokens: u64) {
        #[expect(clippy::cast_precision_loss, reason = "no answer has 2^52 tokens")]
        let rate = tokens as f64 / rest.as_secs_f64().max(1e-3);
        let mut speed = self.lock();
        *speed = Some(match *speed {
            None => Speed {
                first_text,
                tokens_per_second: rate,
            },
            Some(old) => Speed {
                first_text: old.first_text.mul_f64(1.0 - NEWEST) + first_text.mul_f64(NEWEST),
                tokens_per_second: old.tokens_per_second * (1.0 - NEWEST) + rate * NEWEST,
            },
        });
    }

    /// The expected time to a page of text; nothing for a model that was never measured.
    pub(super) fn expected(&self) -> Duration {
        self.lock().map_or(Duration::ZERO, |speed| {
            let writing = PAGE_TOKENS / speed.tokens_per_second.max(1e-3);
            speed.first_text + Duration::from_secs_f64(writing)
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Speed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_follows_the_newest_answers() {
        let pace = Pace::default();
        assert_eq!(pace.expected(), Duration::ZERO);
        pace.measured(Duration::from_secs(1), Duration::from_secs(10), 500);
        assert_eq!(pace.expected(), Duration::from_secs(11));
        for _ in 0..20 {
            pace.measured(Duration::from_secs(2), Duration::from_secs(1), 500);
        }
        let expected = pace.expected();
        assert!(
            expected > Duration::from_millis(2900) && expected < Duration::from_millis(3100),
            "{expected:?}"
        );
    }
}
