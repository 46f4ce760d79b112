//! The bounded queue between the connection and one stream's reader.
//!
//! A reader that is too slow loses events in the middle, is told how many by a `gap`, and always gets the
//! end. So one slow stream neither grows without bound nor holds up the others of its connection.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aiex_protocol::Event;
use tokio::sync::Notify;

use crate::error::RequestError;

/// Events held for a reader. A search has a handful; a long answer is read faster than models write.
const CAPACITY: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Event>,
    /// Dropped since the last event that was kept.
    missed: u64,
    /// Put behind the last event, once.
    failure: Option<RequestError>,
    is_ended: bool,
    is_abandoned: bool,
}

impl Inbox {
    /// Adds an event, or counts it as missed. The last one is always kept.
    pub(crate) fn push(&self, event: Event) {
        let mut state = self.lock();
        if state.is_ended || state.is_abandoned {
            return;
        }
        let is_last = event.is_last();
        if state.events.len() >= CAPACITY && !is_last {
            state.missed += 1;
            return;
        }
        let missed = std::mem::take(&mut state.missed);
        if missed > 0 {
            state.events.push_back(Event::Gap { missed });
        }
        state.events.push_back(event);
        state.is_ended = is_last;
        drop(state);
        self.changed.notify_one();
    }

    /// Ends the stream in a failure that the daemon did not report itself.
    pub(crate) fn fail(&self, error: RequestError) {
        let mut state = self.lock();
        if !state.is_ended {
            state.is_ended = true;
            state.failure = Some(error);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// The reader is gone: nothing need be kept.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.is_abandoned = true;
        state.events.clear();
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.lock().is_abandoned
    }

    /// Whether the end, or a failure, has been put in.
    pub(crate) fn is_ended(&self) -> bool {
        self.lock().is_ended
    }

    /// The next event, waiting for it. Cancel-safe.
    pub(crate) async fn pop(&self) -> Result<Event, RequestError> {
        loop {
            // Made before looking, so that what is put in between is noticed.
            let changed = self.changed.notified();
            {
                let mut state = self.lock();
                if let Some(event) = state.events.pop_front() {
                    return Ok(event);
                }
                if let Some(error) = state.failure.take() {
                    return Err(error);
                }
            }
            changed.await;
        }
    }

    /// No code path panics while it holds the lock, and the state is whole after every statement.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(n: usize) -> Event {
        Event::AnswerDelta { text: n.to_string() }
    }

    async fn drain(inbox: &Inbox) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = inbox.pop().await.unwrap();
            let is_last = event.is_last();
            events.push(event);
            if is_last {
                return events;
            }
        }
    }

    #[tokio::test]
    async fn a_slow_reader_gets_a_gap_and_the_end_and_memory_is_bounded() {
        let inbox = Inbox::default();
        for n in 0..CAPACITY + 10 {
            inbox.push(delta(n));
        }
        inbox.push(Event::Done { summary: None });
        let events = drain(&inbox).await;
        assert_eq!(events.len(), CAPACITY + 2);
        assert_eq!(events[CAPACITY - 1], delta(CAPACITY - 1));
        assert_eq!(events[CAPACITY], Event::Gap { missed: 10 });
    }

    #[tokio::test]
    async fn a_gap_in_the_middle_stands_where_the_events_were() {
        let inbox = Inbox::default();
        for n in 0..CAPACITY + 1 {
            inbox.push(delta(n));
        }
        assert_eq!(inbox.pop().await, Ok(delta(0)));
        inbox.push(delta(999));
        inbox.push(Event::Done { summary: None });
        let events = drain(&inbox).await;
        let tail = &events[events.len() - 3..];
        assert_eq!(
            tail,
            [
                Event::Gap { missed: 1 },
                delta(999),
                Event::Done { summary: None }
            ]
        );
    }

    #[tokio::test]
    async fn a_failure_comes_behind_what_was_received_and_nothing_behind_it() {
        let inbox = Inbox::default();
        inbox.push(delta(1));
        inbox.fail(RequestError::Lost {
            reason: "gone".into(),
        });
        inbox.push(delta(2));
        assert_eq!(inbox.pop().await, Ok(delta(1)));
        assert_eq!(
            inbox.pop().await,
            Err(RequestError::Lost {
                reason: "gone".into()
            })
        );
    }
}
