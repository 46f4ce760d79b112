//! A run's journal, entry by entry, whatever happens to the connection or the daemon.
//!
//! A stream may drop events that its reader is too slow for, and ends with its daemon. The journal itself is
//! kept, so both cost only time: it is followed again from behind the last entry that was given out.

use std::time::Duration;

use aiex_protocol::journal::RunEntry;
use aiex_protocol::research::FollowArgs;
use aiex_protocol::{Call, ErrorCode, Event};

use crate::client::{Client, RequestOptions};
use crate::error::RequestError;
use crate::stream::EventStream;

/// A daemon that drains is asked again after this long …
const DRAIN_PAUSE: Duration = Duration::from_millis(250);
/// … and so often before its word is taken for the last, unless an entry comes in between. Unless told otherwise a
/// daemon gives what runs ten seconds, and its parts ten more.
const MOST_DRAINS: u32 = 100;

/// What comes of following a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Followed {
    /// The next entry of the journal; none is left out and none comes twice.
    Entry(Box<RunEntry>),
    /// Something that the user should know: the connection was lost and taken up again.
    Notice(String),
}

/// Follows a run. Dropping it never stops the run.
#[derive(Debug)]
pub struct RunFollow<'a> {
    client: &'a Client,
    run: String,
    next_seq: u64,
    stream: Option<EventStream>,
    drains: u32,
    is_over: bool,
}

impl Client {
    /// Follows a run from an entry of its journal on; 0 and 1 are the beginning.
    pub fn follow(&self, run: impl Into<String>, from_seq: u64) -> RunFollow<'_> {
        RunFollow {
            client: self,
            run: run.into(),
            next_seq: from_seq.max(1),
            stream: None,
            drains: 0,
            is_over: false,
        }
    }
}

impl RunFollow<'_> {
    /// What comes next; `None` when the run is over and all of it was given out. Cancel-safe.
    pub async fn next(&mut self) -> Result<Option<Followed>, RequestError> {
        while !self.is_over {
            let event = match self.stream().await?.next().await {
                Ok(event) => event,
                Err(RequestError::Wire(error))
                    if error.code == ErrorCode::Draining && self.drains < MOST_DRAINS =>
                {
                    self.stream = None;
                    self.drains += 1;
                    tokio::time::sleep(DRAIN_PAUSE).await;
                    continue;
                }
                Err(error) => {
                    self.is_over = true;
                    return Err(error);
                }
            };
            match event {
                Some(Event::RunEntry(entry)) if entry.seq >= self.next_seq => {
                    self.next_seq = entry.seq + 1;
                    self.drains = 0;
                    return Ok(Some(Followed::Entry(entry)));
                }
                Some(Event::Notice { message }) => return Ok(Some(Followed::Notice(message))),
                Some(Event::Gap { .. }) => self.stream = None,
                Some(Event::Done { .. }) | None => self.is_over = true,
                Some(_) => {}
            }
        }
        Ok(None)
    }

    async fn stream(&mut self) -> Result<&mut EventStream, RequestError> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let follow = Call::ResearchFollow(FollowArgs {
                    run: self.run.clone(),
                    from_seq: self.next_seq,
                });
                self.client.request(follow, RequestOptions::default()).await?
            }
        };
        Ok(self.stream.insert(stream))
    }
}
