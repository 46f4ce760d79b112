//! When work for a search has to end: at its deadline, or when nobody waits any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aiex_research::SearchFailure;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What is left of a deadline for handing the results over.
const MARGIN: f64 = 0.05;

/// The end of a piece of work.
#[derive(Debug, Clone)]
pub(super) struct Stop {
    cancel: CancellationToken,
    began: Instant,
    at: Instant,
    /// Of the whole work, whichever part of it fell short.
    fell_short: Arc<AtomicBool>,
}

impl Stop {
    /// Ends a little before `deadline` has passed, and when `cancel` is cancelled.
    pub(super) fn new(deadline: Duration, cancel: &CancellationToken) -> Self {
        let began = Instant::now();
        Self {
            cancel: cancel.child_token(),
            began,
            at: began + deadline.mul_f64(1.0 - MARGIN),
            fell_short: Arc::default(),
        }
    }

    /// Ends the work when the guard goes: with the future that waits for it.
    pub(super) fn ends_with_caller(&self) -> DropGuard {
        self.cancel.clone().drop_guard()
    }

    /// The end of a part of the work: after a share of the whole time, and after `most` from now.
    pub(super) fn part(&self, share: f64, most: Duration) -> Self {
        let whole = self.at.saturating_duration_since(self.began);
        Self {
            cancel: self.cancel.clone(),
            began: self.began,
            at: (self.began + whole.mul_f64(share)).min(Instant::now() + most),
            fell_short: self.fell_short.clone(),
        }
    }

    /// When the whole work began.
    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// Whether it is time to stop.
    pub(super) fn is_due(&self) -> bool {
        self.is_cancelled() || Instant::now() >= self.at
    }

    /// Whether nobody waits any more.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Notes that not everything was taken in that there is: the same work may find more in a moment.
    pub(super) fn fall_short(&self) {
        self.fell_short.store(true, Ordering::Release);
    }

    /// Whether some part of the work noted that.
    pub(super) fn fell_short(&self) -> bool {
        self.fell_short.load(Ordering::Acquire)
    }

    /// Waits until it is time to stop.
    pub(super) async fn due(&self) {
        tokio::select! {
            () = self.cancel.cancelled() => {}
            () = tokio::time::sleep_until(self.at.into()) => {}
        }
    }
}

/// Runs what blocks on a worker thread.
pub(super) async fn blocking<T: Send + 'static>(
    stop: &Stop,
    work: impl FnOnce(&Stop) -> T + Send + 'static,
) -> Result<T, SearchFailure> {
    let stop = stop.clone();
    tokio::task::spawn_blocking(move || work(&stop))
        .await
        .map_err(|error| SearchFailure {
            message: format!("the search broke off: {error}"),
            hint: "`aiex daemon logs` may say more".to_owned(),
            retryable: false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_when_the_time_is_over_or_the_caller_is_gone() {
        let outer = CancellationToken::new();
        assert!(Stop::new(Duration::ZERO, &outer).is_due());

        let long = Stop::new(Duration::from_secs(3_600), &outer);
        assert!(!long.is_due());
        assert!(long.part(0.5, Duration::ZERO).is_due());
        assert!(long.part(0.0, Duration::from_secs(60)).is_due());
        assert!(!long.part(0.5, Duration::from_secs(60)).is_due());
        assert_eq!(long.part(0.5, Duration::ZERO).began(), long.began());

        assert!(!long.fell_short());
        long.part(0.5, Duration::ZERO).fall_short();
        assert!(long.fell_short(), "what a part lacks, the whole lacks");

        drop(long.ends_with_caller());
        assert!(long.is_due());
        assert!(!outer.is_cancelled());
    }
}
