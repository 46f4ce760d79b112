//! How many repositories may be indexed at once, and who goes first. Small updates do not come here:
//! what somebody just saved must not wait for a large index elsewhere.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Two, so that a first look at a repository does not wait for the long index of another, and no more,
/// because each uses several threads and tens of megabytes.
const PLACES: usize = 2;
/// How soon a waiting worker notices that it is to stop.
const LOOK: Duration = Duration::from_millis(250);

/// Who goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// Somebody waits: a first index, a guarantee of freshness.
    Urgent,
    /// Nobody waits: scans to be sure, vectors.
    Background,
}

#[derive(Debug, Default)]
struct State {
    inside: usize,
    urgent: usize,
    waiting: usize,
}

/// The gate.
#[derive(Debug, Default)]
pub(super) struct IndexGate {
    state: Mutex<State>,
    changed: Condvar,
}

impl IndexGate {
    /// Waits for a place. None when the caller is to stop.
    pub(super) fn enter(&self, urgency: Urgency, is_cancelled: &dyn Fn() -> bool) -> Option<Place<'_>> {
        let is_urgent = usize::from(urgency == Urgency::Urgent);
        let mut state = self.state();
        state.waiting += 1;
        state.urgent += is_urgent;
        let place = loop {
            if is_cancelled() {
                break None;
            }
            if state.inside < PLACES && (is_urgent == 1 || state.urgent == 0) {
                state.inside += 1;
                break Some(Place(self));
            }
            state = self
                .changed
                .wait_timeout(state, LOOK)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        };
        state.waiting -= 1;
        state.urgent -= is_urgent;
        drop(state);
        self.changed.notify_all();
        place
    }

    /// Whether somebody waits for a place.
    pub(super) fn is_contended(&self) -> bool {
        self.state().waiting > 0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place inside. Dropping it lets the next one in.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a IndexGate);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.state().inside -= 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn the_urgent_go_first() {
        let gate = IndexGate::default();
        let never = || false;
        let one = gate.enter(Urgency::Background, &never).unwrap();
        let _two = gate.enter(Urgency::Background, &never).unwrap();
        let (sender, order) = sync_channel(2);
        std::thread::scope(|scope| {
            for urgency in [Urgency::Background, Urgency::Urgent] {
                let (gate, sender) = (&gate, sender.clone());
                scope.spawn(move || {
                    let _place = gate.enter(urgency, &never).unwrap();
                    sender.send(urgency).unwrap();
                });
            }
            while gate.state().waiting < 2 {
                std::thread::yield_now();
            }
            drop(one);
            assert_eq!(order.recv().unwrap(), Urgency::Urgent);
            assert_eq!(order.recv().unwrap(), Urgency::Background);
        });
        assert!(!gate.is_contended());
    }

    #[test]
    fn who_is_to_stop_does_not_wait() {
        let gate = IndexGate::default();
        let _places: Vec<_> = (0..PLACES)
            .map(|_| gate.enter(Urgency::Urgent, &|| false).unwrap())
            .collect();
        assert!(gate.enter(Urgency::Urgent, &|| true).is_none());
        assert!(!gate.is_contended());
    }
}
