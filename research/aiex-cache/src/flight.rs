//! One computation for everybody who asks for the same thing at the same time.
//!
//! The computation is a task of its own: a caller that goes away does not end it, the last one that goes away does.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::{Dependency, Key};

/// What a computation gives: bytes, and what they were made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Computed {
    /// The bytes.
    pub value: Vec<u8>,
    /// What makes them wrong when it changes.
    pub dependencies: Vec<Dependency>,
}

impl From<Vec<u8>> for Computed {
    fn from(value: Vec<u8>) -> Self {
        Self {
            value,
            dependencies: Vec::new(),
        }
    }
}

/// Why there is no value. It is not kept: the next caller computes again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failed {
    /// The computation said so. Everybody who waited for it gets the same error.
    #[error("{0}")]
    Computation(Arc<dyn Error + Send + Sync>),
    /// The computation panicked, or its runtime is shutting down.
    #[error("the computation was broken off")]
    BrokenOff,
}

impl Failed {
    /// The computation's own error.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        match self {
            Self::Computation(error) => error.downcast_ref(),
            Self::BrokenOff => None,
        }
    }
}

pub(crate) type Outcome = Result<Arc<[u8]>, Failed>;

/// The computations under way.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    flights: Mutex<Board>,
}

#[derive(Debug, Default)]
struct Board {
    next: u64,
    by_key: HashMap<Key, (u64, Weak<Flight>)>,
}

/// A computation under way. Dropped by the last caller that waits for it, it is broken off.
#[derive(Debug)]
pub(crate) struct Flight {
    outcome: watch::Receiver<Option<Outcome>>,
    task: AbortHandle,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How a caller came to wait.
pub(crate) enum Joined {
    /// Somebody else's computation.
    Waiting(Arc<Flight>),
    /// Its own.
    Started(Arc<Flight>),
    /// It came while nobody looked.
    There(Arc<[u8]>),
}

/// Takes the flight off the board when its task ends, however it ends.
pub(crate) struct Landing {
    flights: Arc<Flights>,
    key: Key,
    number: u64,
    outcome: watch::Sender<Option<Outcome>>,
}

impl Landing {
    /// Gives the outcome to everybody who waits. Callers that come from now on start anew, or find the value in memory.
    pub(crate) fn land(self, outcome: Outcome) {
        let sender = self.outcome.clone();
        drop(self);
        sender.send_replace(Some(outcome));
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.flights.locked(|board| {
            if board
                .by_key
                .get(&self.key)
                .is_some_and(|(number, _)| *number == self.number)
            {
                board.by_key.remove(&self.key);
            }
        });
    }
}

impl Flights {
    /// Joins the computation of a key or starts one. `there` is asked once more when nobody computes: a computation that
    /// has just ended has put its value there first.
    pub(crate) fn join(
        self: &Arc<Self>,
        key: Key,
        there: impl FnOnce() -> Option<Arc<[u8]>>,
        start: impl FnOnce(Landing) -> AbortHandle,
    ) -> Joined {
        self.locked(|board| {
            if let Some(flight) = board.by_key.get(&key).and_then(|(_, flight)| flight.upgrade()) {
                return Joined::Waiting(flight);
            }
            if let Some(value) = there() {
                return Joined::There(value);
            }
            let number = board.next;
            board.next += 1;
            let (sender, outcome) = watch::channel(None);
            let task = start(Landing {
                flights: Arc::clone(self),
                key,
                number,
                outcome: sender,
            });
            let flight = Arc::new(Flight { outcome, task });
            board.by_key.insert(key, (number, Arc::downgrade(&flight)));
            Joined::Started(flight)
        })
    }

    fn locked<T>(&self, work: impl FnOnce(&mut Board) -> T) -> T {
        // The board is whole after every step, also when a thread died holding it.
        work(&mut self.flights.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Flight {
    /// Waits for the outcome.
    pub(crate) async fn outcome(&self) -> Outcome {
        let mut outcome = self.outcome.clone();
        match outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(Failed::BrokenOff)),
            Err(_) => Err(Failed::BrokenOff),
        }
    }
}
