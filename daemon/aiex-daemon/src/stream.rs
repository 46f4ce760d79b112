//! The events of one request: numbered, kept for a while, read by any number of watchers.
//!
//! Readers pull. A reader that is slow falls behind, and when what it wants is no longer kept it gets
//! one `gap` that counts what it missed; the work itself never waits for a reader. What a reader must
//! have in the end (the latest hits, the answer, the last event) is kept whatever happens.
//!
//! Work that can be read again from where it lies, such as a run's journal, need not drop anything: it tells no more than
//! its slowest reader takes ([`Stream::until_read`]).

mod kept;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aiex_protocol::{Event, StreamId};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use kept::Kept;

/// How much a stream keeps for readers that come late or back.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Events.
    pub events: usize,
    /// Bytes, as far as events are large.
    pub bytes: usize,
    /// How long a stream goes on that nobody watches.
    pub linger: Duration,
}

impl Default for Retention {
    /// A megabyte is some ten thousand words of an answer; half a minute is enough for an editor to
    /// reconnect after the machine slept.
    fn default() -> Self {
        Self {
            events: 1024,
            bytes: 1 << 20,
            linger: Duration::from_secs(30),
        }
    }
}

/// What becomes of the work when nobody watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// It is for the one who asked: cancelled after a while.
    Interactive,
    /// It has a lasting effect: it goes on.
    Lasting,
}

#[derive(Debug)]
struct State {
    kept: Kept,
    next_seq: u64,
    is_over: bool,
    /// The event that each watcher wants next, by the number of its arrival.
    watchers: HashMap<u64, u64>,
    /// Counts arrivals, so that a departure can tell whether somebody came since.
    arrivals: u64,
    /// The event that the last watcher wanted next when it left. It may come back for it.
    left_at: u64,
    ended_at: Option<Instant>,
}

/// The events of one request.
#[derive(Debug)]
pub struct Stream {
    id: StreamId,
    interest: Interest,
    linger: Duration,
    cancel: CancellationToken,
    state: Mutex<State>,
    tick: watch::Sender<u64>,
    /// Told when a watcher has read something or left.
    read: Notify,
}

impl Stream {
    /// An empty stream.
    pub fn new(
        id: StreamId,
        interest: Interest,
        retention: Retention,
        cancel: CancellationToken,
    ) -> Arc<Self> {
        let state = State {
            kept: Kept::new(retention.events, retention.bytes),
            next_seq: 0,
            is_over: false,
            watchers: HashMap::new(),
            arrivals: 0,
            left_at: 0,
            ended_at: None,
        };
        Arc::new(Self {
            id,
            interest,
            linger: retention.linger,
            cancel,
            state: Mutex::new(state),
            tick: watch::Sender::new(0),
            read: Notify::new(),
        })
    }

    /// Its name across connections.
    pub fn id(&self) -> &StreamId {
        &self.id
    }

    /// Cancelled when the work is to stop.
    pub fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Tells an event. After the last one nothing more is told.
    pub fn tell(&self, event: Event) {
        let mut state = self.state();
        if state.is_over {
            return;
        }
        let seq = state.next_seq;
        state.next_seq += 1;
        if event.is_last() {
            state.is_over = true;
            state.ended_at = Some(Instant::now());
        }
        state.kept.push(seq, event);
        drop(state);
        self.tick.send_modify(|count| *count += 1);
    }

    /// Waits until there is room for an event beside all that the slowest reader has not read yet; without a reader, that
    /// the last one had not. Ends too when the work is cancelled.
    pub async fn until_read(&self) {
        loop {
            let mut read = std::pin::pin!(self.read.notified());
            // Before the look: what is read between it and the wait counts.
            read.as_mut().enable();
            {
                let state = self.state();
                let slowest = state.watchers.values().min().copied().unwrap_or(state.left_at);
                if state.kept.has_room_behind(slowest) {
                    return;
                }
            }
            tokio::select! {
                () = read => {}
                () = self.cancel.cancelled() => return,
            }
        }
    }

    /// Whether the last event was told.
    pub fn is_over(&self) -> bool {
        self.state().is_over
    }

    /// When the last event was told.
    pub fn ended_at(&self) -> Option<Instant> {
        self.state().ended_at
    }

    /// Bytes kept.
    pub fn kept_bytes(&self) -> usize {
        self.state().kept.bytes()
    }

    /// Reads from the beginning, or behind the event that was seen last. `None` when no such event was told.
    pub fn watch(self: &Arc<Self>, after: Option<u64>) -> Option<Watcher> {
        let mut state = self.state();
        let next = after.map_or(0, |seen| seen.saturating_add(1));
        if next > state.next_seq {
            return None;
        }
        state.arrivals += 1;
        let number = state.arrivals;
        state.watchers.insert(number, next);
        drop(state);
        Some(Watcher {
            number,
            tick: self.tick.subscribe(),
            stream: self.clone(),
            next,
        })
    }

    fn left(self: &Arc<Self>, number: u64) {
        let mut state = self.state();
        state.left_at = state.watchers.remove(&number).unwrap_or(state.left_at);
        self.read.notify_waiters();
        let is_abandoned =
            state.watchers.is_empty() && !state.is_over && self.interest == Interest::Interactive;
        let arrivals = state.arrivals;
        drop(state);
        if !is_abandoned {
            return;
        }
        // Without a runtime the daemon is on its way out and everything is cancelled anyway.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let this = self.clone();
        runtime.spawn(async move {
            tokio::time::sleep(this.linger).await;
            if this.state().arrivals == arrivals {
                tracing::debug!(stream = %this.id.0, "nobody watches; cancelled");
                this.cancel.cancel();
            }
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a stream at its own pace.
#[derive(Debug)]
pub struct Watcher {
    stream: Arc<Stream>,
    /// Of its arrival.
    number: u64,
    tick: watch::Receiver<u64>,
    next: u64,
}

impl Watcher {
    /// The next event and its number; `None` after the last. What was dropped meanwhile is told by one
    /// `gap`, which takes the number of the last event that it stands for.
    pub async fn next(&mut self) -> Option<(u64, Arc<Event>)> {
        loop {
            self.tick.borrow_and_update();
            {
                let mut state = self.stream.state();
                // Only who asks for more has taken what it was given before.
                state.watchers.insert(self.number, self.next);
                self.stream.read.notify_waiters();
                if let Some((seq, event)) = state.kept.at_or_behind(self.next) {
                    if seq > self.next {
                        let missed = seq - self.next;
                        self.next = seq;
                        return Some((seq - 1, Arc::new(Event::Gap { missed })));
                    }
                    self.next = seq + 1;
                    return Some((seq, event));
                }
                if state.is_over {
                    return None;
                }
            }
            // The sender lives as long as the stream, which this watcher holds.
            self.tick.changed().await.ok()?;
        }
    }

    /// The stream.
    pub fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stream.left(self.number);
    }
}

#[cfg(test)]
mod tests {
    use aiex_protocol::search::{Answer, Hits, Stage};

    use super::*;

    fn stream(events: usize, bytes: usize, linger: Duration) -> Arc<Stream> {
        let retention = Retention {
            events,
            bytes,
            linger,
        };
        Stream::new(
            StreamId("s".to_owned()),
            Interest::Interactive,
            retention,
            CancellationToken::new(),
        )
    }

    fn delta(text: &str) -> Event {
        Event::AnswerDelta {
            text: text.to_owned(),
        }
    }

    fn hits(stage: Stage) -> Event {
        Event::Hits(Hits {
            stage,
            hits: Vec::new(),
        })
    }

    async fn read_all(mut watcher: Watcher) -> Vec<(u64, Event)> {
        let mut seen = Vec::new();
        while let Some((seq, event)) = watcher.next().await {
            seen.push((seq, Event::clone(&event)));
        }
        seen
    }

    #[tokio::test]
    async fn a_reader_that_keeps_up_sees_every_number() {
        let stream = stream(4, 1 << 20, Duration::ZERO);
        let mut watcher = stream.watch(None).unwrap();
        for number in 0..10 {
            stream.tell(delta(&number.to_string()));
            let (seq, event) = watcher.next().await.unwrap();
            assert_eq!((seq, Event::clone(&event)), (number, delta(&number.to_string())));
        }
        stream.tell(Event::Done { summary: None });
        assert_eq!(watcher.next().await.unwrap().0, 10);
        assert!(watcher.next().await.is_none());
    }

    #[tokio::test]
    async fn a_slow_reader_gets_a_gap_and_what_counts() {
        let stream = stream(8, 1 << 20, Duration::ZERO);
        stream.tell(hits(Stage::Early));
        stream.tell(hits(Stage::Final));
        for _ in 0..1000 {
            stream.tell(delta("word"));
        }
        let answer = Answer {
            text: "whole".to_owned(),
            citations: Vec::new(),
            author: "test".to_owned(),
            rejected_citations: Vec::new(),
            usage: None,
        };
        stream.tell(Event::Answer(answer.clone()));
        stream.tell(Event::Done { summary: None });
        stream.tell(delta("too late"));

        let seen = read_all(stream.watch(None).unwrap()).await;
        assert_eq!(seen[0], (0, Event::Gap { missed: 1 }));
        assert_eq!(seen[1], (1, hits(Stage::Final)));
        assert!(matches!(seen[2], (_, Event::Gap { missed }) if missed > 900));
        assert!(
            seen.iter()
                .any(|(_, event)| *event == Event::Answer(answer.clone()))
        );
        assert_eq!(seen.last().unwrap().1, Event::Done { summary: None });
        // Numbers rise, and the gaps account for every hole.
        for pair in seen.windows(2) {
            let step = pair[1].0 - pair[0].0;
            let missed = match &pair[1].1 {
                Event::Gap { missed } => *missed,
                _ => 1,
            };
            assert_eq!(step, missed, "{pair:?}");
        }
    }

    #[tokio::test]
    async fn a_large_event_pushes_out_small_ones_but_never_the_last() {
        let stream = stream(100, 1000, Duration::ZERO);
        stream.tell(delta(&"x".repeat(700)));
        stream.tell(delta(&"y".repeat(700)));
        stream.tell(Event::Done { summary: None });
        let seen = read_all(stream.watch(None).unwrap()).await;
        assert_eq!(seen[0].1, Event::Gap { missed: 1 });
        assert_eq!(seen.last().unwrap().1, Event::Done { summary: None });
    }

    #[tokio::test]
    async fn who_waits_until_it_is_read_drops_nothing_however_slow_a_reader_is() {
        let stream = stream(8, 1 << 20, Duration::from_secs(60));
        let (mut slow, quick) = (stream.watch(None).unwrap(), stream.watch(None).unwrap());
        let telling = tokio::spawn({
            let stream = stream.clone();
            async move {
                for number in 0..1000 {
                    stream.until_read().await;
                    stream.tell(delta(&number.to_string()));
                }
                // There is always room left for the last one.
                stream.tell(Event::Done { summary: None });
            }
        });
        let quick = tokio::spawn(read_all(quick));
        let mut seen = Vec::new();
        for _ in 0..100 {
            tokio::task::yield_now().await;
            seen.push(slow.next().await.unwrap());
        }
        // It goes, and somebody comes back for the rest.
        drop(slow);
        let again = stream.watch(Some(99)).unwrap();
        seen.extend(
            read_all(again)
                .await
                .into_iter()
                .map(|(seq, event)| (seq, Arc::new(event))),
        );
        telling.await.unwrap();
        assert_eq!(
            seen.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(),
            (0..=1000).collect::<Vec<_>>()
        );
        assert!(
            seen.iter()
                .all(|(_, event)| !matches!(**event, Event::Gap { .. }))
        );
        assert_eq!(quick.await.unwrap().len(), 1001);
    }

    #[tokio::test]
    async fn a_reader_that_never_comes_back_does_not_hold_what_is_cancelled() {
        let stream = stream(8, 1 << 20, Duration::from_millis(1));
        drop(stream.watch(None).unwrap());
        for number in 0..8 {
            stream.tell(delta(&number.to_string()));
        }
        let patience = Duration::from_secs(60);
        tokio::time::timeout(patience, stream.until_read()).await.unwrap();
        assert!(stream.cancel().is_cancelled());
    }

    #[tokio::test]
    async fn a_reader_takes_up_where_it_left() {
        let stream = stream(100, 1 << 20, Duration::from_secs(60));
        for word in ["a", "b", "c"] {
            stream.tell(delta(word));
        }
        drop(stream.watch(None).unwrap());
        stream.tell(Event::Done { summary: None });
        let seen = read_all(stream.watch(Some(0)).unwrap()).await;
        assert_eq!(seen.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(stream.watch(Some(9)).is_none());
    }

    #[tokio::test]
    async fn work_is_cancelled_a_while_after_the_last_watcher_left() {
        let stream = stream(4, 1 << 20, Duration::from_millis(1));
        let (one, two) = (stream.watch(None).unwrap(), stream.watch(None).unwrap());
        drop(one);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!stream.cancel().is_cancelled());
        drop(two);
        let patience = Duration::from_secs(60);
        tokio::time::timeout(patience, stream.cancel().cancelled())
            .await
            .unwrap();
    }
}
