//! All streams: those that run, and for a while those that ended, so that a client that lost its
//! connection finds its answer. Bounded in number and bytes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aiex_protocol::{Event, StreamId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::stream::{Interest, Retention, Stream};
use crate::token;

/// Streams that run at once, those that only wait included. Each costs a few kilobytes.
const MAX_RUNNING: usize = 512;
/// Ended streams kept at most, in number and bytes: a script that asks hundreds of questions a second
/// must not fill the memory with answers that nobody comes back for.
const MAX_ENDED: usize = 64;
const MAX_ENDED_BYTES: usize = 4 << 20;

#[derive(Default)]
struct Table {
    streams: HashMap<StreamId, Arc<Stream>>,
    ended: VecDeque<(StreamId, usize)>,
    ended_bytes: usize,
}

/// The table of streams.
pub(crate) struct Streams {
    retention: Retention,
    cancel: CancellationToken,
    table: Mutex<Table>,
    running: watch::Sender<usize>,
}

impl Streams {
    pub(crate) fn new(retention: Retention) -> Self {
        Self {
            retention,
            cancel: CancellationToken::new(),
            table: Mutex::default(),
            running: watch::Sender::new(0),
        }
    }

    /// A new stream, unless there are too many or there is no randomness to name it.
    pub(crate) fn create(&self, interest: Interest) -> Option<Arc<Stream>> {
        let id = StreamId(token::random_hex(8).ok()?);
        let mut table = self.table();
        table.purge(self.retention.linger);
        if *self.running.borrow() >= MAX_RUNNING {
            return None;
        }
        let stream = Stream::new(id.clone(), interest, self.retention, self.cancel.child_token());
        table.streams.insert(id, stream.clone());
        self.running.send_modify(|running| *running += 1);
        Some(stream)
    }

    /// The stream of this name.
    pub(crate) fn get(&self, id: &StreamId) -> Option<Arc<Stream>> {
        self.table().streams.get(id).cloned()
    }

    /// Ends a stream. It can be read for a while yet.
    pub(crate) fn end(&self, stream: &Stream, last: Event) {
        stream.tell(last);
        stream.cancel().cancel();
        let bytes = stream.kept_bytes();
        let mut table = self.table();
        table.ended.push_back((stream.id().clone(), bytes));
        table.ended_bytes += bytes;
        table.purge(self.retention.linger);
        drop(table);
        self.running
            .send_modify(|running| *running = running.saturating_sub(1));
    }

    /// Drops what has been kept long enough.
    pub(crate) fn purge(&self) {
        self.table().purge(self.retention.linger);
    }

    /// Streams that run.
    pub(crate) fn num_running(&self) -> usize {
        *self.running.borrow()
    }

    /// Returns when no stream runs.
    pub(crate) async fn wait_until_none_runs(&self) {
        // The sender lives in `self`.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
    }

    /// Cancels every stream, those to come included.
    pub(crate) fn cancel_all(&self) {
        self.cancel.cancel();
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn purge(&mut self, linger: Duration) {
        let now = Instant::now();
        while let Some((id, bytes)) = self.ended.front() {
            let is_old = self
                .streams
                .get(id)
                .and_then(|stream| stream.ended_at())
                .is_none_or(|at| now.duration_since(at) > linger);
            if !is_old && self.ended.len() <= MAX_ENDED && self.ended_bytes <= MAX_ENDED_BYTES {
                return;
            }
            self.ended_bytes -= bytes;
            self.streams.remove(id);
            self.ended.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ended_streams_are_kept_within_bounds() {
        let streams = Streams::new(Retention::default());
        let first = streams.create(Interest::Interactive).unwrap();
        streams.end(&first, Event::Done { summary: None });
        assert_eq!(streams.num_running(), 0);
        assert!(streams.get(first.id()).is_some());
        for _ in 0..MAX_ENDED {
            let stream = streams.create(Interest::Interactive).unwrap();
            streams.end(&stream, Event::Done { summary: None });
        }
        assert!(streams.get(first.id()).is_none());
        assert_eq!(streams.table().streams.len(), MAX_ENDED);
    }

    #[test]
    fn too_many_at_once_are_refused() {
        let streams = Streams::new(Retention::default());
        let all: Vec<_> = (0..MAX_RUNNING)
            .map(|_| streams.create(Interest::Interactive).unwrap())
            .collect();
        assert!(streams.create(Interest::Interactive).is_none());
        streams.cancel_all();
        assert!(all.iter().all(|stream| stream.cancel().is_cancelled()));
    }
}
