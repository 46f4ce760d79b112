//! A rate that is kept: a token bucket. It does not know what the tokens stand for.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// So many at once, and then one each so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many may go at once after a rest; at least one always may.
    pub burst: u32,
    /// The time in which one more becomes free.
    pub every: Duration,
}

impl Rate {
    /// `count` in `window`, all of which may go at once.
    pub fn per(count: u32, window: Duration) -> Self {
        let count = count.max(1);
        Self {
            burst: count,
            every: window / count,
        }
    }

    /// One each `every`, never two at once.
    pub fn spaced(every: Duration) -> Self {
        Self { burst: 1, every }
    }
}

/// A token bucket. It keeps no tokens but the moment at which it would be full again (the generic cell rate algorithm
/// of ITU-T I.371), so there is nothing to refill.
#[derive(Debug)]
pub struct Bucket {
    rate: Rate,
    full_at: Mutex<Option<Instant>>,
}

/// The bucket cannot give in time. Nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the rate allows the next request only in {} ms", .free_in.as_millis())]
pub struct Late {
    /// When it could.
    pub free_in: Duration,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            full_at: Mutex::default(),
        }
    }

    /// Takes one token, waiting for it if it comes before `deadline`. A caller that goes away while waiting has used
    /// its token all the same.
    pub async fn take(&self, deadline: Instant) -> Result<(), Late> {
        self.take_many(1, deadline).await
    }

    /// Takes `cost` tokens; more than the burst are taken as a full bucket and what comes after it.
    pub async fn take_many(&self, cost: u32, deadline: Instant) -> Result<(), Late> {
        let now = Instant::now();
        let at = self.reserve(cost, now, deadline)?;
        if at > now {
            sleep_until(at).await;
        }
        Ok(())
    }

    /// When `cost` tokens are there for somebody who comes at `from`. Takes nothing.
    pub fn free_at(&self, cost: u32, from: Instant) -> Instant {
        let full_at = *self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        self.free_for(cost, from, full_at)
    }

    /// Takes `cost` tokens for somebody who comes at `from`, if they are there before `deadline`, and says when they
    /// are.
    pub fn reserve(&self, cost: u32, from: Instant, deadline: Instant) -> Result<Instant, Late> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let at = self.free_for(cost, from, *full_at);
        if at > deadline {
            let free_in = at.saturating_duration_since(Instant::now());
            return Err(Late { free_in });
        }
        let begin = full_at.map_or(from, |full_at| full_at.max(from));
        *full_at = Some(begin + self.rate.every.saturating_mul(cost));
        Ok(at)
    }

    fn free_for(&self, cost: u32, from: Instant, full_at: Option<Instant>) -> Instant {
        let spare = self.rate.burst.max(1).saturating_sub(cost);
        let room = self.rate.every.saturating_mul(spare);
        let over = self
            .rate
            .every
            .saturating_mul(cost.saturating_sub(self.rate.burst.max(1)));
        full_at.map_or(from + over, |full_at| {
            let free = full_at.checked_sub(room).unwrap_or(from);
            (free + over).max(from + over)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let bucket = Bucket::new(Rate {
            burst: 3,
            every: SECOND,
        });
        let begun = Instant::now();
        let mut at = Vec::new();
        for _ in 0..6 {
            bucket.take(begun + 60 * SECOND).await.unwrap();
            at.push(begun.elapsed().as_secs());
        }
        assert_eq!(at, [0, 0, 0, 1, 2, 3]);
        tokio::time::advance(60 * SECOND).await;
        for _ in 0..3 {
            bucket.take(Instant::now()).await.unwrap();
        }
        assert_eq!(bucket.take(Instant::now()).await, Err(Late { free_in: SECOND }));
    }

    #[tokio::test(start_paused = true)]
    async fn who_cannot_wait_takes_nothing() {
        let bucket = Bucket::new(Rate::spaced(10 * SECOND));
        let begun = Instant::now();
        bucket.take(begun).await.unwrap();
        for _ in 0..5 {
            let late = bucket.take(begun + 9 * SECOND).await;
            assert_eq!(late, Err(Late { free_in: 10 * SECOND }));
        }
        bucket.take(begun + 10 * SECOND).await.unwrap();
        assert_eq!(begun.elapsed(), 10 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn dear_requests_count_for_several() {
        let bucket = Bucket::new(Rate::per(4, 4 * SECOND));
        let begun = Instant::now();
        let far = begun + 60 * SECOND;
        bucket.take_many(3, far).await.unwrap();
        bucket.take_many(3, far).await.unwrap();
        assert_eq!(begun.elapsed(), 2 * SECOND);
        bucket.take_many(6, far).await.unwrap();
        assert_eq!(begun.elapsed(), 8 * SECOND);
    }

    proptest::proptest! {
        /// In no window of time do more go than the burst and what the rate adds.
        #[test]
        fn the_rate_is_never_exceeded(burst in 1_u32..5, gaps in proptest::collection::vec(0_u64..3000, 1..60)) {
            let rate = Rate { burst, every: SECOND };
            let bucket = Bucket::new(rate);
            let begun = Instant::now();
            let mut come = begun;
            let mut went = Vec::new();
            for gap in gaps {
                come += Duration::from_millis(gap);
                went.push(bucket.reserve(1, come, begun + 100_000 * SECOND).unwrap());
            }
            for (i, first) in went.iter().enumerate() {
                for (j, last) in went.iter().enumerate().skip(i) {
                    let allowed = f64::from(burst) + last.duration_since(*first).as_secs_f64();
                    proptest::prop_assert!((j - i + 1) as f64 <= allowed + 1e-6);
                }
            }
        }
    }
}
