//! How long to wait before trying again. It does not know what failed.

use std::time::Duration;

use crate::LONGEST_WAIT;

/// How often to try again, and with which pauses: exponential with full jitter (Brooker, "Exponential Backoff And
/// Jitter", AWS Architecture Blog, 2015), so that many clients do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Further tries after the first.
    pub attempts: u32,
    /// The longest pause before the first further try; doubled for each one after it.
    pub first: Duration,
    /// The longest pause of all.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            attempts: 2,
            first: Duration::from_millis(400),
            longest: Duration::from_secs(10),
        }
    }
}

impl Backoff {
    /// The pause before further try number `attempt` (from 0), or `None` when there is none left. What the server
    /// asked for goes before the jittered pause; it is at most [`LONGEST_WAIT`].
    pub fn pause_before(&self, attempt: u32, asked: Option<Duration>) -> Option<Duration> {
        (attempt < self.attempts).then(|| match asked {
            Some(asked) => asked.min(LONGEST_WAIT),
            None => self.ceiling(attempt).mul_f64(fastrand::f64()),
        })
    }

    /// What a jittered pause stays below.
    fn ceiling(&self, attempt: u32) -> Duration {
        self.first
            .saturating_mul(2_u32.saturating_pow(attempt))
            .min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_double_up_to_the_longest() {
        let backoff = Backoff {
            attempts: 40,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(10),
        };
        let ceilings = (0..6).map(|attempt| backoff.ceiling(attempt).as_secs());
        assert_eq!(ceilings.collect::<Vec<_>>(), [1, 2, 4, 8, 10, 10]);
        for attempt in 0..40 {
            assert!(backoff.pause_before(attempt, None).unwrap() <= backoff.ceiling(attempt));
        }
        assert_eq!(backoff.pause_before(40, None), None);
    }

    #[test]
    fn the_server_is_obeyed_up_to_a_minute() {
        let backoff = Backoff::default();
        let asked = |seconds| backoff.pause_before(0, Some(Duration::from_secs(seconds)));
        assert_eq!(asked(7), Some(Duration::from_secs(7)));
        assert_eq!(asked(3600), Some(LONGEST_WAIT));
        assert_eq!(asked(0), Some(Duration::ZERO));
        assert_eq!(backoff.pause_before(2, Some(Duration::ZERO)), None);
    }
}
