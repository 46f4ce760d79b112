//! The events of one request, as its reader sees them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aiex_protocol::{Event, RequestId, StreamId};
use tokio::sync::mpsc;

use crate::budget::Step;
use crate::error::RequestError;
use crate::inbox::Inbox;
use crate::link::within;
use crate::session::Command;

/// The daemon keeps deadlines itself and says so; only one that does not answer at all is overtaken.
const GRACE: Duration = Duration::from_secs(2);

/// The events of one request. Dropping it before its end cancels the request.
#[derive(Debug)]
pub struct EventStream {
    id: RequestId,
    inbox: Arc<Inbox>,
    commands: mpsc::Sender<Command>,
    deadline: Option<Instant>,
    stream: Option<StreamId>,
    is_finished: bool,
}

impl EventStream {
    pub(crate) fn new(
        id: RequestId,
        inbox: Arc<Inbox>,
        commands: mpsc::Sender<Command>,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            id,
            inbox,
            commands,
            deadline,
            stream: None,
            is_finished: false,
        }
    }

    /// The request's number on its connection.
    pub fn request_id(&self) -> RequestId {
        self.id
    }

    /// The next event; `done` is the last, and behind it comes `None`. A request that failed ends in an error.
    /// Cancel-safe.
    pub async fn next(&mut self) -> Result<Option<Event>, RequestError> {
        if self.is_finished {
            return Ok(None);
        }
        let next = match self.deadline {
            None => self.inbox.pop().await,
            Some(deadline) => match within(deadline + GRACE, self.inbox.pop()).await {
                Some(next) => next,
                None => {
                    self.cancel_quietly();
                    Err(RequestError::Deadline { step: Step::Event })
                }
            },
        };
        let event = next.inspect_err(|_| self.is_finished = true)?;
        self.is_finished = event.is_last();
        match event {
            Event::Error(error) => Err(error.into()),
            event => {
                if let Event::Accepted { stream } = &event {
                    self.stream = Some(stream.clone());
                }
                Ok(Some(event))
            }
        }
    }

    /// The name under which another client can watch it, once it was accepted.
    pub fn stream_id(&self) -> Option<&StreamId> {
        self.stream.as_ref()
    }

    /// Stops the work in the daemon. The stream then ends in the error `cancelled`; read on to see it.
    pub async fn cancel(&self) {
        let _ = self.commands.send(Command::Cancel(self.id)).await;
    }

    fn cancel_quietly(&self) {
        self.inbox.abandon();
        // When the queue is full, the connection is in trouble, and the daemon cancels by itself.
        let _ = self.commands.try_send(Command::Cancel(self.id));
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        if !self.is_finished && !self.inbox.is_ended() {
            self.cancel_quietly();
        }
    }
}
